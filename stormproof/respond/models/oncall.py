"""Who is on call: schedules with their layers, what changes them for a while, and who was on call when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from stormproof.respond.choices import HolidayMode, SwapState, TurnUnit

LATER = Q(ends_at__gt=F("starts_at"))


class Schedule(models.Model):
    """A plan that says who is on call at each moment; its layers take turns, a later layer goes before an earlier."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    team = models.ForeignKey("people.Team", models.PROTECT, null=True, blank=True, related_name="+")
    zone = models.CharField(max_length=64)
    holidays = models.JSONField(default=list, blank=True)  # ["2026-12-25", ...]
    made_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    recorded_until = models.DateTimeField()  # who was on call is history until here

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class ScheduleLayer(models.Model):
    """A rotation of a schedule: people take turns by the clocks of its zone, at certain hours or always."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="layers")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    zone = models.CharField(max_length=64)
    starts_on = models.DateField()
    hand_off = models.TimeField()
    unit = models.CharField(max_length=8, choices=TurnUnit)
    length = models.PositiveSmallIntegerField(default=1)
    windows = models.JSONField(default=list, blank=True)  # [{"days": [0, 1], "from": "09:00", "to": "17:00"}]
    holiday_mode = models.CharField(max_length=8, choices=HolidayMode, default=HolidayMode.COUNT)
    sites = models.JSONField(default=list, blank=True)  # follow the sun: [{"zone": ..., "from": "08:00", "days": 7}]

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "position"], name="respond_layer_position"),
            models.CheckConstraint(condition=Q(length__gte=1), name="respond_layer_turns_have_length"),
            models.CheckConstraint(condition=Q(unit__in=TurnUnit.values), name="respond_layer_unit"),
        ]

    def __str__(self) -> str:
        return self.name


class LayerMember(models.Model):
    """A person's place in the turns of a layer; `site` counts the sites of one that follows the sun."""

    layer = models.ForeignKey(ScheduleLayer, models.CASCADE, related_name="members")
    site = models.PositiveSmallIntegerField(default=0)
    position = models.PositiveSmallIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        ordering = ["site", "position"]
        constraints = [
            models.UniqueConstraint(fields=["layer", "site", "position"], name="respond_layer_member_position"),
        ]

    def __str__(self) -> str:
        return str(self.person)


class Swap(models.Model):
    """A shift that one person asks another to take; on call changes once the other accepts."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="swaps")
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    asked = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    back_starts_at = models.DateTimeField(null=True, blank=True)  # what the asker takes in return
    back_ends_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=SwapState, default=SwapState.ASKED)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=LATER, name="respond_swap_has_length"),
            models.CheckConstraint(condition=~Q(asker=F("asked")), name="respond_swap_is_between_two"),
            models.CheckConstraint(
                condition=Q(back_starts_at__isnull=True, back_ends_at__isnull=True)
                | Q(back_ends_at__gt=F("back_starts_at")),
                name="respond_swap_return_has_length",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asker} asks {self.asked}"


class CalendarImport(models.Model):
    """A calendar elsewhere that is read each quarter of an hour: absences of a person, or overrides of a schedule."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    schedule = models.ForeignKey(Schedule, models.CASCADE, null=True, blank=True, related_name="imports")
    sealed_url = models.TextField()
    host = models.CharField(max_length=255)
    made_at = models.DateTimeField()
    next_at = models.DateTimeField(db_index=True)
    read_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.host


class ScheduleOverride(models.Model):
    """For a while `person` is on call; with `replaces` only where that person would have been."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="overrides")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    replaces = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    swap = models.ForeignKey(Swap, models.CASCADE, null=True, blank=True, related_name="overrides")
    calendar = models.ForeignKey(CalendarImport, models.CASCADE, null=True, blank=True, related_name="overrides")
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["made_at", "id"]
        constraints = [models.CheckConstraint(condition=LATER, name="respond_override_has_length")]

    def __str__(self) -> str:
        return f"{self.person} from {self.starts_at:%Y-%m-%d %H:%M}"


class TemporarySchedule(models.Model):
    """For a while the layers of a schedule do not count; the shifts named here do, and nobody else."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="temporaries")
    name = models.CharField(max_length=120)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["made_at", "id"]
        constraints = [models.CheckConstraint(condition=LATER, name="respond_temporary_has_length")]

    def __str__(self) -> str:
        return self.name


class TemporaryShift(models.Model):
    """A person's shift inside a temporary schedule."""

    temporary = models.ForeignKey(TemporarySchedule, models.CASCADE, related_name="shifts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=LATER, name="respond_temporary_shift_has_length"),
            models.UniqueConstraint(fields=["temporary", "starts_at"], name="respond_temporary_shift_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person} from {self.starts_at:%Y-%m-%d %H:%M}"


class Absence(models.Model):
    """A time in which a person cannot be on call: the next of the rotation stands in."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    note = models.CharField(max_length=200, blank=True)
    calendar = models.ForeignKey(CalendarImport, models.CASCADE, null=True, blank=True, related_name="absences")

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [models.CheckConstraint(condition=LATER, name="respond_absence_has_length")]

    def __str__(self) -> str:
        return f"{self.person} away from {self.starts_at:%Y-%m-%d %H:%M}"


class CalendarAddress(models.Model):
    """The secret address under which a calendar program reads the shifts of a person or of a schedule."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    schedule = models.OneToOneField(Schedule, models.CASCADE, null=True, blank=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    sealed_token = models.TextField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=True, schedule__isnull=False)
                | Q(person__isnull=False, schedule__isnull=True),
                name="respond_calendar_address_of_one",
            )
        ]

    def __str__(self) -> str:
        return str(self.person or self.schedule)


class Duty(models.Model):
    """Who was on call when: an interval in UTC, written as it passes and never changed by later plans."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="duties")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(condition=LATER, name="respond_duty_has_length"),
            models.UniqueConstraint(fields=["schedule", "starts_at"], name="respond_duty_once"),
        ]
        indexes = [models.Index(fields=["schedule", "-ends_at"], name="respond_duty_latest")]

    def __str__(self) -> str:
        return f"{self.person} {self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M}"


class CoverageGap(models.Model):
    """A time ahead in which nobody would be on call; told once, and taken away when somebody fills it."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="gaps")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    found_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at"]
        constraints = [models.UniqueConstraint(fields=["schedule", "starts_at"], name="respond_gap_once")]

    def __str__(self) -> str:
        return f"{self.schedule} from {self.starts_at:%Y-%m-%d %H:%M}"


class HandOffNote(models.Model):
    """What somebody who leaves tells who comes."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField()
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["-written_at", "-id"]

    def __str__(self) -> str:
        return self.text

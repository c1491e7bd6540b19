"""Who: users by e-mail address, teams, contact points, API tokens and one-time links."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from stormproof.people.choices import PERMISSIONS, Channel, LinkPurpose, Role


class UserManager(BaseUserManager["User"]):
    """Makes users; an e-mail address is the name."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A user with a hashed password, or with none that works when `password` is None."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in with an e-mail address; the roles say what the person may do."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    roles = ArrayField(models.CharField(max_length=32, choices=Role.choices), default=list, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    invited_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(roles__contained_by=list(Role.values)), name="user_roles_are_known"),
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="user_email_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def role_names(self) -> list[str]:
        """The roles as people read them."""
        return [str(Role(role).label) for role in self.roles]


class Team(models.Model):
    """People who look after something together; an asset belongs to a team, and a team is paged."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    members = models.ManyToManyField(User, through="TeamMembership", related_name="teams")
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class TeamMembership(models.Model):
    """That a person belongs to a team; `position` is the order in which continuity.yaml names the members."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="a_person_is_in_a_team_once")]
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class ContactPoint(models.Model):
    """A way to reach a person; pages go to position 0 first, then to the next. Only verified ones are used."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="contact_points")
    channel = models.CharField(max_length=16, choices=Channel.choices)
    address = models.CharField(max_length=500)
    position = models.PositiveSmallIntegerField()
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "channel", "address"], name="a_contact_point_is_listed_once"),
            models.UniqueConstraint(
                fields=["user", "position"], name="contact_points_have_one_order", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="contact_channel_is_known"),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.address}"


class ApiToken(models.Model):
    """A key for programs. Only its SHA-256 is kept; it may do what its scopes and its owner's roles both allow."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40))
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scopes__contained_by=list(PERMISSIONS)), name="token_scopes_are_known"),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("issued_at")),
                name="token_expires_later",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class OneTimeLink(models.Model):
    """A link that works once and until it expires: first set-up, invitation, verifying a contact point."""

    purpose = models.CharField(max_length=16, choices=LinkPurpose.choices)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    contact_point = models.ForeignKey(ContactPoint, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"],
                condition=Q(purpose=LinkPurpose.SET_UP, used_at__isnull=False),
                name="the_first_set_up_happens_once",
            ),
            models.CheckConstraint(
                condition=Q(purpose=LinkPurpose.SET_UP)
                | Q(purpose=LinkPurpose.INVITATION, user__isnull=False)
                | Q(purpose=LinkPurpose.CONTACT, contact_point__isnull=False),
                name="a_link_knows_whom_it_is_for",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}, until {self.expires_at:%Y-%m-%d %H:%M}"


class CacheEntry(models.Model):
    """A row of the cache that all web processes share (sign-in limits, used codes); Django's cache writes it."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "people_cache_entry"

    def __str__(self) -> str:
        return self.cache_key

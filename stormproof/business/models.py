"""What the shop is: one table of nodes with a table of details per kind, what needs what, promises and revenue."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from stormproof.business.choices import AssetType, Door, Kind, Service, Source
from stormproof.people.models import Team


class Business(models.Model):
    """The shop itself: its name, the currency of its figures and the zone of its days. There is exactly one."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3, default="EUR")
    time_zone = models.CharField(max_length=64, default="UTC")
    address = models.URLField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="there_is_one_business"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="currency_is_three_letters"),
        ]

    def __str__(self) -> str:
        return self.name


class Node(models.Model):
    """Something the business consists of or depends on: a function, an asset, a supplier or a site."""

    slug = models.SlugField(max_length=64, unique=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="nodes")
    rehearsable = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        indexes = [models.Index(fields=["kind"], condition=Q(retired_at__isnull=True), name="nodes_in_use")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="node_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Function(models.Model):
    """What the shop does for its customers and for itself: checkout, payment, order processing, customer service."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="function")
    public_name = models.CharField(max_length=120, blank=True)
    revenue_share = models.DecimalField(max_digits=7, decimal_places=6, default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(revenue_share__gte=0, revenue_share__lte=1), name="revenue_share_is_a_fraction"
            )
        ]

    def __str__(self) -> str:
        return self.public_name or self.node.name


class Asset(models.Model):
    """Something of the shop's own that functions run on: a database, a web server, a warehouse scanner."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="asset")
    type = models.CharField(max_length=24, choices=AssetType.choices, default=AssetType.OTHER)
    site = models.ForeignKey(Node, on_delete=models.PROTECT, null=True, blank=True, related_name="assets_here")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(type__in=AssetType.values), name="asset_type_is_known"),
            models.CheckConstraint(condition=~Q(site=F("node")), name="an_asset_is_not_its_own_site"),
        ]

    def __str__(self) -> str:
        return self.node.name


class Supplier(models.Model):
    """Somebody else's service that functions run on: a payment provider, a CDN, a carrier."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="supplier")
    service = models.CharField(max_length=24, choices=Service.choices, default=Service.OTHER)
    status_page = models.URLField(max_length=500, blank=True)
    contact = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(service__in=Service.values), name="service_is_known")]

    def __str__(self) -> str:
        return self.node.name


class Site(models.Model):
    """A place where assets are: a data centre, an office, a warehouse."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="site")
    address = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.node.name


class Dependency(models.Model):
    """One need of a node: at least `at_least` of its members must work. A plain dependency is 1 of 1."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="dependencies")
    label = models.CharField(max_length=120, blank=True)
    at_least = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.CheckConstraint(condition=Q(at_least__gte=1), name="a_need_needs_someone")]

    def __str__(self) -> str:
        return self.label or f"{self.node} needs {self.at_least}"


class DependencyMember(models.Model):
    """A node that counts towards a dependency."""

    dependency = models.ForeignKey(Dependency, on_delete=models.CASCADE, related_name="members")
    on = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="needed_in")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["dependency", "on"], name="a_member_counts_once"),
        ]

    def __str__(self) -> str:
        return f"{self.dependency} on {self.on}"


class Objective(models.Model):
    """What is promised for a node. Zero is a promise (nothing may be lost); null is no promise.

    RTO: back within. RPO: no more than this much data lost. MTPD: beyond this the damage is unacceptable.
    MBCO: the least share of normal business that must go on meanwhile.
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, related_name="objective")
    rto_seconds = models.PositiveIntegerField(null=True, blank=True)
    rpo_seconds = models.PositiveIntegerField(null=True, blank=True)
    mtpd_seconds = models.PositiveIntegerField(null=True, blank=True)
    mbco_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rto_seconds__isnull=True)
                | Q(mtpd_seconds__isnull=True)
                | Q(rto_seconds__lte=F("mtpd_seconds")),
                name="rto_is_within_mtpd",
            ),
            models.CheckConstraint(
                condition=Q(mbco_percent__isnull=True) | Q(mbco_percent__gte=0, mbco_percent__lte=100),
                name="mbco_is_a_percentage",
            ),
        ]

    def __str__(self) -> str:
        return f"objectives of {self.node}"


class RevenueProfile(models.Model):
    """What the shop earns: money per hour for each hour of the week (Monday 00:00 first), times a factor per month.

    Hours and months are those of the shop's own zone. There is at most one.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    hour_of_week = ArrayField(models.DecimalField(max_digits=18, decimal_places=6), size=168)
    season = ArrayField(models.DecimalField(max_digits=9, decimal_places=6), size=12)
    yearly = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    source = models.CharField(max_length=16, choices=Source.choices, default=Source.HAND)
    note = models.CharField(max_length=300, blank=True)
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="there_is_one_revenue_profile"),
            models.CheckConstraint(condition=Q(hour_of_week__len=168), name="a_week_has_168_hours"),
            models.CheckConstraint(condition=Q(season__len=12), name="a_year_has_12_months"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="revenue_source_is_known"),
        ]

    def __str__(self) -> str:
        return f"revenue profile of {self.set_at:%Y-%m-%d}"


class Revision(models.Model):
    """A document that was applied: its text, what it changed, who did it. Never changed afterwards."""

    number = models.PositiveIntegerField(unique=True)
    text = models.TextField()
    changes = models.JSONField(default=list)
    door = models.CharField(max_length=16, choices=Door.choices)
    applied_by = models.CharField(max_length=120)
    applied_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1), name="revisions_count_from_one"),
            models.CheckConstraint(condition=Q(door__in=Door.values), name="door_is_known"),
        ]

    def __str__(self) -> str:
        return f"revision {self.number}"

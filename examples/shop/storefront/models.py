"""Two things Oscar does not have: requests already handled, and which payment provider is in use."""

from django.db import models


class HandledRequest(models.Model):
    """A customer's act that took effect. Written in the same transaction as the effect, so it is never without it."""

    request_id = models.CharField(max_length=80, unique=True)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.TextField(blank=True)
    handled_at = models.DateTimeField(auto_now_add=True)


class PaymentSetting(models.Model):
    """The payment provider in use: one row."""

    only = models.BooleanField(primary_key=True, default=True)
    provider = models.CharField(max_length=1, default="a")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(only=True), name="one_payment_setting"),
            models.CheckConstraint(condition=models.Q(provider__in=["a", "b"]), name="a_known_provider"),
        ]

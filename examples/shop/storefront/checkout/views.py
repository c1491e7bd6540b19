"""The last step: money, then the order, in one transaction with the request's id (see storefront/once.py)."""

import logging

from django.conf import settings
from django.db import transaction
from oscar.apps.checkout import views
from oscar.core.loading import get_model

from storefront.payments import charge

log = logging.getLogger(__name__)
Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")


class PaymentDetailsView(views.PaymentDetailsView):
    """Charges the provider in use. The order number is the idempotency key there, and unique in our own table."""

    def handle_payment(self, order_number, total, **kwargs):
        amount = total.incl_tax
        provider, reference = charge(str(order_number), amount, total.currency)
        kind, _ = SourceType.objects.get_or_create(
            code=f"psp-{provider}", defaults={"name": settings.PROVIDER_NAMES[provider]}
        )
        source = Source(
            source_type=kind,
            currency=total.currency,
            amount_allocated=amount,
            amount_debited=amount,
            reference=reference,
        )
        self.add_payment_source(source)
        self.add_payment_event("Settled", amount, reference=reference)

    def send_order_placed_email(self, order):
        """After the commit, and never at the order's expense: a dead mail server must not undo a paid order."""
        send = super().send_order_placed_email
        transaction.on_commit(lambda: send(order), robust=True)

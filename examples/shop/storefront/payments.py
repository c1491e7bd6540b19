"""Taking money: which provider is in use, and the call to it."""

from decimal import Decimal

import httpx
from django.conf import settings
from django.http import HttpRequest
from oscar.apps.payment.exceptions import GatewayError, UnableToTakePayment

from storefront.models import PaymentSetting

TIMEOUT_S = 4.0


def active_provider() -> str:
    """The key of the provider in use."""
    found = PaymentSetting.objects.values_list("provider", flat=True).first()
    return found or "a"


def use_provider(provider: str) -> None:
    """Switch to another provider; the next payment goes there."""
    PaymentSetting.objects.update_or_create(only=True, defaults={"provider": provider})


def charge(order_number: str, amount: Decimal, currency: str) -> tuple[str, str]:
    """Charge once per order number, however often we ask. Returns the provider and its reference."""
    provider = active_provider()
    try:
        answer = httpx.post(
            f"{settings.PROVIDERS[provider]}/payments/v1/charges",
            json={"order": order_number, "amount": str(amount), "currency": currency},
            headers={"Idempotency-Key": order_number},
            timeout=TIMEOUT_S,
        )
    except httpx.HTTPError as error:
        raise GatewayError(f"{provider}: {type(error).__name__}") from error
    if answer.status_code == 402:
        raise UnableToTakePayment("The payment was declined. Please try another card.")
    if answer.status_code != 201:
        raise GatewayError(f"{provider}: HTTP {answer.status_code}")
    return provider, answer.json()["id"]


def provider_is_well(provider: str) -> bool:
    """Whether a provider says it can take payments."""
    try:
        return httpx.get(f"{settings.PROVIDERS[provider]}/healthz", timeout=TIMEOUT_S).status_code == 200
    except httpx.HTTPError:
        return False


def payment_script(request: HttpRequest) -> dict[str, object]:
    """For templates: the script the provider in use wants on basket and checkout pages."""
    if not request.path.startswith(("/checkout", "/basket")):
        return {}
    provider = active_provider()
    return {
        "payment_script": f"{settings.PROVIDERS[provider]}/payments/v1/pay.js",
        "payment_provider": settings.PROVIDER_NAMES[provider],
    }

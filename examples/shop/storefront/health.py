"""What machines ask: is this instance alive, can it take orders, who takes the money."""

import hmac
import json

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from oscar.core.loading import get_model

from storefront.payments import active_provider, provider_is_well, use_provider

Product = get_model("catalogue", "Product")
Order = get_model("order", "Order")


def livez(request: HttpRequest) -> JsonResponse:
    """This process answers. HAProxy asks this one, so that a lost database does not empty the whole pool."""
    return JsonResponse({"instance": settings.INSTANCE, "alive": True})


def healthz(request: HttpRequest) -> JsonResponse:
    """This instance reaches a database that takes writes; 503 (from the outer middleware) when it does not."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_is_in_recovery()")
        writable = not cursor.fetchone()[0]
    return JsonResponse({"instance": settings.INSTANCE, "database": writable}, status=200 if writable else 503)


def payments_health(request: HttpRequest) -> JsonResponse:
    """Whether the provider in use can take payments."""
    provider = active_provider()
    well = provider_is_well(provider)
    return JsonResponse({"provider": provider, "ok": well}, status=200 if well else 503)


def products(request: HttpRequest) -> JsonResponse:
    """Addresses of products, for people and simulators who want one without the whole catalogue."""
    found = Product.objects.filter(is_public=True).order_by("pk")
    return JsonResponse({"products": [product.get_absolute_url() for product in found]})


@csrf_exempt
def payment_provider(request: HttpRequest) -> JsonResponse:
    """Operations: read (GET) or switch (PUT {"provider": "b"}) the payment provider. Bearer token only."""
    if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {settings.OPS_TOKEN}"):
        return JsonResponse({"error": "a valid bearer token is needed"}, status=401)
    if request.method == "PUT":
        try:
            wanted = json.loads(request.body)["provider"]
        except (ValueError, KeyError, TypeError):
            return JsonResponse({"error": 'send {"provider": "a"} or {"provider": "b"}'}, status=400)
        if wanted not in settings.PROVIDERS:
            return JsonResponse({"error": f"unknown provider {wanted!r}: a or b"}, status=400)
        use_provider(wanted)
    return JsonResponse({"provider": active_provider()})

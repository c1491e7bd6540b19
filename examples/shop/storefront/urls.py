"""Addresses: our own few, then all of Oscar's."""

from django.apps import apps
from django.conf import settings
from django.urls import include, path, re_path
from django.views.static import serve

from storefront import health, home

urlpatterns = [
    path("", home.home, name="home"),
    path("livez", health.livez),
    path("healthz", health.healthz),
    path("healthz/payments", health.payments_health),
    path("products.json", health.products),
    path("ops/payment-provider", health.payment_provider),
    path("i18n/", include("django.conf.urls.i18n")),
    re_path(r"^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT}),
    path("", include(apps.get_app_config("oscar").urls[0])),
]

handler500 = "storefront.once.server_error"

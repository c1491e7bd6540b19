"""Settings of the storefront. Everything that differs between two shops comes from the supervisor's environment."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from oscar import INSTALLED_APPS as OSCAR_APPS
from oscar.defaults import *  # noqa: F403  (Oscar asks for it: its apps read these names from here)

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ["SHOP_DATA"])
DATABASE = urlsplit(os.environ["SHOP_DATABASE_URL"])
INSTANCE = os.environ.get("SHOP_INSTANCE", "command")

SECRET_KEY = os.environ["SHOP_SECRET_KEY"]
OPS_TOKEN = os.environ["SHOP_OPS_TOKEN"]
PROVIDERS = {"a": os.environ["SHOP_PSP_A"], "b": os.environ["SHOP_PSP_B"]}
PROVIDER_NAMES = {"a": "Harbour Pay", "b": "Northwind Pay"}

DEBUG = False
ALLOWED_HOSTS = ["*"]
SITE_ID = 1
ROOT_URLCONF = "storefront.urls"
WSGI_APPLICATION = "storefront.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English")]

CHECKOUT = {"oscar.apps.checkout.apps.CheckoutConfig": "storefront.checkout.apps.CheckoutConfig"}
INSTALLED_APPS = [
    *[CHECKOUT.get(name, name) for name in OSCAR_APPS],
    "django.contrib.postgres",
    "sorl.thumbnail",
    "storefront",
]

MIDDLEWARE = [
    "storefront.once.OncePerRequestId",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
                "storefront.payments.payment_script",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": DATABASE.hostname,
        "PORT": DATABASE.port,
        "NAME": DATABASE.path.lstrip("/"),
        "USER": DATABASE.username,
        "PASSWORD": DATABASE.password,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 3, "options": "-c statement_timeout=8000 -c lock_timeout=5000"},
    }
}

HAYSTACK_CONNECTIONS = {
    "default": {"ENGINE": "haystack.backends.whoosh_backend.WhooshEngine", "PATH": str(DATA / "search")}
}
AUTHENTICATION_BACKENDS = ["oscar.apps.customer.auth_backends.EmailBackend"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

STATIC_URL = "/static/"
STATICFILES_DIRS = [HERE / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
MEDIA_URL = "/media/"
MEDIA_ROOT = str(DATA / "media")
THUMBNAIL_PRESERVE_FORMAT = True

EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["SHOP_SMTP_PORT"])
EMAIL_TIMEOUT = 3
OSCAR_FROM_EMAIL = "orders@harbour-outdoor.example"

OSCAR_SHOP_NAME = "Harbour Outdoor"
OSCAR_SHOP_TAGLINE = "Kit for weather"
OSCAR_DEFAULT_CURRENCY = "EUR"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_ALLOW_GUEST_CHECKOUT_WITH_ACCOUNT = True
OSCAR_HIDDEN_FEATURES = ["wishlists", "reviews"]
OSCAR_SAVE_SENT_EMAILS_TO_DB = False
OSCAR_EAGER_ALERTS = False
OSCAR_HOMEPAGE = "/"
OSCAR_INITIAL_ORDER_STATUS = "Pending"
OSCAR_INITIAL_LINE_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE = {"Pending": ("Packed", "Cancelled"), "Packed": ("Sent",), "Sent": (), "Cancelled": ()}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}

"""The composition root of Django: which apps there are and what they run on. Values come from `core.env`."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from stormproof.core.embedded import address_of
from stormproof.core.env import env
from stormproof.core.keys import secret_key
from stormproof.core.logs import set_up_logs

ROOT = Path(__file__).parent

set_up_logs(env)
LOGGING_CONFIG = None  # core.logs has done it

SECRET_KEY = secret_key(env)
DEBUG = env.debug
ALLOWED_HOSTS = (
    ["*"] if env.debug else sorted({urlsplit(env.public_url).hostname or "localhost", "localhost", "127.0.0.1"})
)
CSRF_TRUSTED_ORIGINS = [env.public_url]
PUBLIC_URL = env.public_url

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "ninja",
    "template_partials",
    "procrastinate.contrib.django",
    "stormproof.core.apps.CoreConfig",
    "stormproof.people.apps.PeopleConfig",
    "stormproof.business.apps.BusinessConfig",
    "stormproof.watch.apps.WatchConfig",
    "stormproof.recover.apps.RecoverConfig",
    "stormproof.respond.apps.RespondConfig",
    "stormproof.inform.apps.InformConfig",
    "stormproof.rehearse.apps.RehearseConfig",
    "stormproof.review.apps.ReviewConfig",
]

MIDDLEWARE = [
    "stormproof.web.core.middleware.health",
    "stormproof.web.core.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "stormproof.web.middleware.safe_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "stormproof.web.middleware.who_acts",
    "stormproof.web.middleware.SignInFirst",
    "stormproof.web.middleware.SecondFactorFirst",
    "stormproof.web.middleware.RefusalsAsPages",
]

ROOT_URLCONF = "stormproof.urls"
WSGI_APPLICATION = "stormproof.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "stormproof.web.context.frame",
            ],
            "builtins": [
                "django.templatetags.static",
                "template_partials.templatetags.partials",
                "stormproof.web.templatetags.ui",
            ],
        },
    },
]


def _database(url: str) -> dict[str, Any]:
    """Django's settings for a `postgresql://` address; a socket folder may stand in `?host=`."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/") or "stormproof",
        "USER": unquote(parts.username or "postgres"),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "") or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **options},
    }


DATABASES = {"default": _database(env.database_url or address_of(env.data_dir))}

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
MFA_REQUIRED_ROLES = env.mfa_roles

ACCOUNT_ADAPTER = "stormproof.web.people.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ALLAUTH_TRUSTED_PROXY_COUNT = env.trusted_proxies
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
MFA_ADAPTER = "stormproof.web.people.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Stormproof"
MFA_TOTP_TOLERANCE = 1

_IS_HTTPS = env.public_url.startswith("https://")
# Cookies do not know ports: the names keep off the shop's own.
SESSION_COOKIE_NAME = "stormproof_session"
CSRF_COOKIE_NAME = "stormproof_csrf"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _IS_HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if _IS_HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.trusted_proxies else None
X_FRAME_OPTIONS = "DENY"
CACHES = {
    # Shared by all web processes: sign-in limits and used one-time codes live here.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "people_cache_entry",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    "local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "local"},
}
NINJA_PAGINATION_PER_PAGE = 50
NINJA_PAGINATION_MAX_LIMIT = 500

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = env.data_dir / "static"
STATICFILES_DIRS = [ROOT / "web" / "static"]
WHITENOISE_USE_FINDERS = True  # served from where they lie: no collecting; built names carry a hash
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+/built/.+-[0-9A-Z]{8}\..+$"
MESSAGE_TAGS = {40: "danger"}
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

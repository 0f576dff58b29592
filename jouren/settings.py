"""Django's settings, derived from :mod:`jouren.core.config`. Nothing here is meant to be edited by a host."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import available_timezones

from django.utils.translation import gettext_lazy as _

from jouren.core.config import read_config
from jouren.core.database import EmbeddedDatabase

JOUREN = read_config()

PACKAGE = Path(__file__).resolve().parent
SECRET_KEY = JOUREN.secret_key
DEBUG = JOUREN.debug
ALLOWED_HOSTS = (
    ["*"] if JOUREN.debug or JOUREN.sandbox else [urlsplit(JOUREN.base_url).hostname or "", "127.0.0.1", "localhost"]
)
CSRF_FAILURE_VIEW = "jouren.content.failures.csrf_failure"
CSRF_TRUSTED_ORIGINS = [JOUREN.base_url]
_https = JOUREN.base_url.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"

INSTALLED_APPS = [
    "jouren.api",
    "jouren.backoffice",
    "jouren.files",
    "jouren.reports",
    "jouren.journeys",
    "jouren.broadcasts",
    "jouren.content",
    "jouren.mechanisms",
    "jouren.inbox",
    "jouren.capture",
    "jouren.webhooks",
    "jouren.team",
    "jouren.peace",
    "jouren.messaging",
    "jouren.story",
    "jouren.connectors",
    "jouren.imports",
    "jouren.orders",
    "jouren.catalog",
    "jouren.pyramid",
    "jouren.contacts",
    "jouren.conditions",
    "jouren.events",
    "jouren.core",
    "procrastinate.contrib.django",
    "wagtail.contrib.forms",
    "wagtail.contrib.settings",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "jouren.core.zone.zone_middleware",
    "jouren.pyramid.naming.naming_middleware",
]

ROOT_URLCONF = "jouren.urls"
WSGI_APPLICATION = "jouren.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def database_settings(url: str) -> dict[str, object]:
    """Django's form of a ``postgresql://`` URL; its query becomes connection options (``?host=/socket``)."""
    parts = urlsplit(url)
    options: dict[str, object] = dict(parse_qsl(parts.query))
    # Statements that the hot loops run often are prepared. A pooler between transactions wants ?prepare_threshold=none.
    threshold = str(options.pop("prepare_threshold", "5"))
    options["prepare_threshold"] = None if threshold == "none" else int(threshold)
    # A server that does not answer at all must not hold up a visitor for minutes.
    options.setdefault("connect_timeout", "5")
    host = str(options.pop("host", "") or parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": parts.port or "",
        "OPTIONS": options,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": database_settings(JOUREN.database_url or EmbeddedDatabase(JOUREN.home).url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEST_RUNNER = "django.test.runner.DiscoverRunner"

AUTHENTICATION_BACKENDS = ["jouren.backoffice.entry.backend.GuardedBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# Networks that may be called (webhooks) although they are private. A test calls itself; a shop has no reason to.
OUTGOING_PRIVATE_NETWORKS: tuple[str, ...] = ()

EMAIL_BACKEND = "jouren.core.django_mail.RelayBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = JOUREN.mail_from

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
# What Wagtail's catalogue lacks comes after all of the apps' own, and before ours. Its scripts read these paths too.
LOCALE_PATHS = [PACKAGE / "locale", PACKAGE / "backoffice" / "locale"]
FORMAT_MODULE_PATH = ["jouren.core.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"

STATIC_URL = "/static/"
STATIC_ROOT = JOUREN.home / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = JOUREN.home / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = JOUREN.debug

WAGTAIL_SITE_NAME = "Jouren"
WAGTAILADMIN_BASE_URL = JOUREN.base_url
WAGTAILADMIN_USER_LOGIN_FORM = "jouren.backoffice.entry.forms.LoginForm"
WAGTAILADMIN_USER_PASSWORD_RESET_FORM = "jouren.backoffice.entry.forms.PasswordResetForm"  # noqa: S105
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES
# Two names that the computer's list has, and that no browser knows.
WAGTAIL_USER_TIME_ZONES = sorted(available_timezones() - {"localtime", "Factory"})
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"outage": {"()": "jouren.core.outage.OneLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["outage"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "jouren": {"level": "INFO"},
        # Programs that knock with a made-up host name get a 400; their traces would bury what matters.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}

"""Jouren's settings with what makes tests quick: static files unhashed and uncollected, passwords hashed cheaply."""

from jouren.settings import *  # noqa: F403
from jouren.settings import STORAGES as _STORAGES

STORAGES = {**_STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

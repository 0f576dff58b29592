"""Secrets of shops at rest: sealed with this installation's own secret key, which no copy of the database holds."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.crypto import salted_hmac


def seal(secret: str) -> str:
    """A secret as it is kept."""
    return _box(settings.SECRET_KEY).encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str | None:
    """The secret; None when it was sealed with another key, as after a change of ``JOUREN_SECRET_KEY``."""
    try:
        return _box(settings.SECRET_KEY).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _box(key: str) -> Fernet:
    derived = salted_hmac("jouren.connectors.secret", "seal", secret=key, algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(derived))

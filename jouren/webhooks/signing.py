"""Signatures by Standard Webhooks (https://www.standardwebhooks.com), which every language has a library to check.

A secret is made of this installation's own secret key and a random salt, of which the database has the salt alone: who
gets hold of the database, or of a copy, can sign nothing.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from django.utils.crypto import salted_hmac
from standardwebhooks.webhooks import Webhook


def new_salt() -> str:
    """The part of a new secret that is kept."""
    return secrets.token_hex(16)


def secret_of(salt: str) -> str:
    """The secret of a salt, ``whsec_…``, as the system that checks signatures is given it."""
    key = salted_hmac("jouren.webhooks.secret", salt, algorithm="sha256").digest()
    return "whsec_" + base64.b64encode(key).decode()


def message_id_of(message_id: UUID) -> str:
    """What a call is known by, the same at every attempt."""
    return f"msg_{message_id.hex}"


def signed_headers(message_id: str, body: bytes, keys: Iterable[str], seconds: float | None = None) -> dict[str, str]:
    """The three headers of a call, with a signature for each of ``keys``, the secrets that are valid.

    ``seconds`` is the time of the call since 1970; now, if not given: the real time in a sandbox, too, since receivers
    refuse what is not of these minutes.
    """
    moment = datetime.fromtimestamp(int(time.time() if seconds is None else seconds), UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(message_id, moment, body.decode()) for key in keys),
    }

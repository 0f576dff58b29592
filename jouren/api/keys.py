"""Keys with which other systems record events."""

from __future__ import annotations

import hashlib
import secrets

from jouren.api.models import ApiKey
from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("api")
_PREFIX = "jrn_"


def make_key(name: str) -> str:
    """Make a key and return it. It cannot be read again."""
    key = _PREFIX + secrets.token_urlsafe(32)
    ApiKey.objects.create(name=name, hash=_hash(key), created_at=clock.now())
    return key


def revoke_key(key_id: int) -> None:
    """End a key at once."""
    ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=clock.now())


def source_of(key: str) -> str | None:
    """The name under which events of this key are recorded, or None when the key is not good."""
    if not key.startswith(_PREFIX) or len(key) > 100:
        return None
    row = _sql.one("key", {"hash": _hash(key)})
    return f"api:{row[0]}" if row else None


def _hash(key: str) -> str:
    # A random key of 256 bits needs no slow hash.
    return hashlib.sha256(key.encode()).hexdigest()

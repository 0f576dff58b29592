"""Links to gifts. A token says which form's gift is whose, until when, and is signed.

It is base64url of the two ids, the second of its end and the first 12 bytes of a keyed HMAC-SHA256 over them: nobody
can make one, or make one last longer, without the installation's key, and none holds personal data.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

_PURPOSE = b"jouren.capture.gift"
_SIGNATURE_BYTES = 12
_TOKEN = re.compile(r"[A-Za-z0-9_-]{24,60}")
_END_BYTES = 5


class Handed(NamedTuple):
    """The gift of a form, handed to a person until a moment (aware, whole seconds)."""

    form_id: int
    contact_id: int
    until: datetime


def gift_token(handed: Handed, secret: str) -> str:
    """The token of a link. ``secret``: the installation's key."""
    raw = b"".join(
        (
            _sized(handed.form_id),
            _sized(handed.contact_id),
            int(handed.until.timestamp()).to_bytes(_END_BYTES, "big"),
        )
    )
    return urlsafe_b64encode(raw + _signature(secret, raw)).rstrip(b"=").decode("ascii")


def read_gift_token(token: str, secret: str) -> Handed | None:
    """What a token was made for, whether or not it has ended; None when it was not made here."""
    if not _TOKEN.fullmatch(token) or len(token) % 4 == 1:
        return None
    decoded = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    raw, signature = decoded[:-_SIGNATURE_BYTES], decoded[-_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(secret, raw)):
        return None
    form_id, rest = _take(raw)
    contact_id, rest = _take(rest)
    handed = Handed(form_id, contact_id, datetime.fromtimestamp(int.from_bytes(rest, "big"), UTC))
    # One spelling only: no stray bits in the last character.
    return handed if gift_token(handed, secret) == token else None


def _sized(number: int) -> bytes:
    written = number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")
    return bytes([len(written)]) + written


def _take(raw: bytes) -> tuple[int, bytes]:
    end = 1 + raw[0]
    return int.from_bytes(raw[1:end], "big"), raw[end:]


def _signature(secret: str, raw: bytes) -> bytes:
    return hmac.digest(_key(secret), raw, "sha256")[:_SIGNATURE_BYTES]


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), _PURPOSE, sha256)

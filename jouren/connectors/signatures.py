"""How requests are checked to be a shop's own. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from jouren.connectors.errors import BadSignature

TOLERANCE_SECONDS = 300


def digest(key: bytes, content: bytes) -> bytes:
    """The HMAC-SHA256 of some content."""
    return hmac.new(key, content, hashlib.sha256).digest()


def check_any(wanted: Iterable[bytes], given: Iterable[bytes]) -> None:
    """Raise BadSignature unless one of the given signatures is one of the wanted; how near one comes shows nowhere."""
    signatures = list(given)
    found = False
    for each in wanted:
        for signature in signatures:
            found |= hmac.compare_digest(each, signature)
    if not found:
        raise BadSignature(_("The signature is not of a secret that is valid here."))


def check_age(seconds: str, now: datetime) -> None:
    """Raise BadSignature unless this time, in seconds since 1970, lies within five minutes of now."""
    if not seconds.isascii() or not seconds.isdigit() or len(seconds) > 12:
        raise BadSignature(_("The time of the signature is missing."))
    if abs(now.timestamp() - int(seconds)) > TOLERANCE_SECONDS:
        raise BadSignature(_("The signature is older than five minutes, or of the future."))


def base64_bytes(text: str) -> bytes:
    """The bytes of a Base64 text; none of a bad one, which is then no signature."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""

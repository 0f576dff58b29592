"""Links and pixels that know their delivery: one signed token each. And who only looks like a person.

A token is base64url of the delivery's id (as few bytes as it takes) and the first 10 bytes of a keyed HMAC-SHA256
over it: without the installation's key nobody can make one, and ids cannot be counted through.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256

from django.conf import settings

_SIGNATURE_BYTES = 10
_MAX_ID_BYTES = 8
_TOKEN = re.compile(r"[A-Za-z0-9_-]{15,24}")
_HUMAN_SECONDS = 2.0
_SCANNERS = re.compile(
    r"bot\b|crawl|spider|slurp|scan|preview|prefetch|monitor|check|validator|proofpoint|mimecast|barracuda|safelinks|"
    r"urldefense|symantec|trendmicro|fortinet|sophos|cisco|ironport|googleimageproxy|yahoomailproxy|yahoocachesystem|"
    r"facebookexternalhit|headless|python|curl|wget|okhttp|go-http|java/|libwww|httpclient|node-fetch|axios|ruby|perl",
    re.IGNORECASE,
)


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"jouren.messaging.tracking", sha256)


def make_token(delivery_id: int) -> str:
    """The token of a delivery."""
    raw = delivery_id.to_bytes((delivery_id.bit_length() + 7) // 8 or 1, "big")
    signature = hmac.digest(_key(settings.SECRET_KEY), raw, "sha256")[:_SIGNATURE_BYTES]
    return urlsafe_b64encode(raw + signature).rstrip(b"=").decode("ascii")


def parse_token(token: str) -> int | None:
    """The delivery that a token was made for, or None when it was not made here."""
    if not _TOKEN.fullmatch(token):
        return None
    raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    id_bytes, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    expected = hmac.digest(_key(settings.SECRET_KEY), id_bytes, "sha256")[:_SIGNATURE_BYTES]
    if not 0 < len(id_bytes) <= _MAX_ID_BYTES or not hmac.compare_digest(signature, expected):
        return None
    delivery_id = int.from_bytes(id_bytes, "big")
    # One spelling only: neither leading zeros nor stray bits of the last character.
    return delivery_id if delivery_id < 2**63 and make_token(delivery_id) == token else None


def is_scanner(
    user_agent: str, method: str = "GET", seconds_since_sent: float | None = None, purpose: str = ""
) -> bool:
    """Whether a click or an open came from a machine: a link scanner, an image proxy, a prefetch.

    ``purpose`` is the ``Sec-Purpose`` or ``Purpose`` header. Whatever comes within two seconds of sending is a machine.
    """
    if method != "GET" or not user_agent.strip() or "prefetch" in purpose.lower():
        return True
    if seconds_since_sent is not None and seconds_since_sent < _HUMAN_SECONDS:
        return True
    return bool(_SCANNERS.search(user_agent))

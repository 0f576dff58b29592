"""Rules of capture without a database or a clock: who counts as a visitor, what is kept of where they came from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

CONFIRM_WITHIN = timedelta(days=7)
PURGE_UNCONFIRMED_AFTER = timedelta(days=30)
PURGE_VISITORS_AFTER = timedelta(days=400)
MAIL_WINDOW = timedelta(days=1)
POSTS_WINDOW = timedelta(hours=1)
UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
MAX_UTM_LENGTH = 100
MAX_URL_LENGTH = 500

_BOT = re.compile(
    r"bot\b|bot[/;_-]|crawl|spider|slurp|preview|scan|monitor|uptime|headlesschrome.*lighthouse|facebookexternalhit|"
    r"embedly|curl/|wget/|python-|java/|go-http|okhttp|httpclient|libwww|axios|node-fetch|feedfetcher|proxy",
    re.IGNORECASE,
)


def is_human_visit(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request is a person looking at a page, as far as its headers tell.

    HEAD, prefetches, sub-resources, requests of programs and browsers that ask not to be followed (Global Privacy
    Control) are not. ``headers`` maps names in any case as Django's ``request.headers`` does.
    """
    if method != "GET":
        return False
    agent = headers.get("User-Agent", "")
    if not agent or _BOT.search(agent):
        return False
    purpose = headers.get("Sec-Purpose", "") + headers.get("Purpose", "") + headers.get("X-Moz", "")
    if "prefetch" in purpose.lower() or headers.get("Sec-GPC") == "1":
        return False
    return headers.get("Sec-Fetch-Dest", "document") == "document"


def clean_text(value: str, limit: int) -> str:
    """``value`` without control characters, cut to ``limit`` characters."""
    kept = (char for char in value[: limit * 2] if unicodedata.category(char) not in {"Cc", "Cs"})
    return "".join(kept).strip()[:limit]


def has_unreadable(value: str) -> bool:
    """Whether a text holds what no person types: control and direction-changing characters, undecodable bytes."""
    return any(
        (unicodedata.category(char) in {"Cc", "Cs", "Cn"} and char not in "\n\r\t")
        or char == "\ufffd"
        or "\u202a" <= char <= "\u202e"
        or "\u2066" <= char <= "\u2069"
        for char in value
    )


def read_utm(query: Mapping[str, str]) -> dict[str, str]:
    """The campaign fields of a page's query, cleaned; those that are empty are left out."""
    found = {name: clean_text(query.get(name, ""), MAX_UTM_LENGTH) for name in UTM_FIELDS}
    return {name: value for name, value in found.items() if value}


def read_referrer(referrer: str, own_host: str) -> str:
    """Where a visitor came from: scheme, host and path. A query may hold personal data, and is dropped.

    Empty for a page of this site and for anything that is not a web address.
    """
    try:
        parts = urlsplit(clean_text(referrer, MAX_URL_LENGTH))
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host or parts.netloc.rpartition("@")[2] == own_host:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:MAX_URL_LENGTH]


def mask_address(address: str) -> str:
    """An address as its owner knows it again and nobody else can read it: ``h•••@example.jp``."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"

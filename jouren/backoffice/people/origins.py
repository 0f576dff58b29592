"""Where somebody came from, in words: what a campaign's link said of itself, and the page that led here.

Everything told here was typed by strangers: it is text to show, never a link to follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

# Names that brands write one way.
_BRANDS = {
    "google": "Google",
    "yahoo": "Yahoo!",
    "bing": "Bing",
    "duckduckgo": "DuckDuckGo",
    "instagram": "Instagram",
    "facebook": "Facebook",
    "x": "X",
    "twitter": "X",
    "youtube": "YouTube",
    "tiktok": "TikTok",
    "pinterest": "Pinterest",
    "line": "LINE",
    "note": "note",
}
_ALIASES = {"fb": "facebook", "ig": "instagram", "t.co": "x", "youtu.be": "youtube"}
_SEARCHES = frozenset({"google", "yahoo", "bing", "duckduckgo"})
_HOSTS = {
    "t.co": "x",
    "x.com": "x",
    "twitter.com": "x",
    "instagram.com": "instagram",
    "facebook.com": "facebook",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "tiktok.com": "tiktok",
    "pinterest.com": "pinterest",
    "pinterest.jp": "pinterest",
    "line.me": "line",
    "note.com": "note",
    "bing.com": "bing",
    "duckduckgo.com": "duckduckgo",
    "search.yahoo.co.jp": "yahoo",
    "search.yahoo.com": "yahoo",
}
_MEDIA = {
    "cpc": gettext_lazy("a search advertisement"),
    "ppc": gettext_lazy("a search advertisement"),
    "paid": gettext_lazy("an advertisement"),
    "ads": gettext_lazy("an advertisement"),
    "display": gettext_lazy("a display advertisement"),
    "banner": gettext_lazy("a display advertisement"),
    "social": gettext_lazy("social media"),
    "sns": gettext_lazy("social media"),
    "organic": gettext_lazy("a search"),
    "referral": gettext_lazy("a link on another site"),
    "affiliate": gettext_lazy("an affiliate"),
    "email": gettext_lazy("mail"),
    "mail": gettext_lazy("mail"),
    "newsletter": gettext_lazy("the newsletter"),
    "qr": gettext_lazy("a QR code"),
    "print": gettext_lazy("print"),
    "flyer": gettext_lazy("print"),
}


def describe_origin(utm: Mapping[str, Any], referrer: str = "") -> list[tuple[str, str]]:
    """(what, words) of where a visit came from, in the order to tell it; empty when nothing is known.

    ``utm`` has the fields ``utm_source`` … of a link; ``referrer`` is the page before, without its query.
    """
    parts = [
        (pgettext("of a visit", "From"), _source(_text(utm, "utm_source"))),
        (pgettext("of a visit", "By"), _medium(_text(utm, "utm_medium"))),
        (_("Campaign"), _text(utm, "utm_campaign")),
        (_("Search words"), _text(utm, "utm_term")),
        (_("Advertisement"), _text(utm, "utm_content")),
        (_("Link on"), _referrer(referrer)),
    ]
    return [(what, words) for what, words in parts if words]


def tell_origin(utm: Mapping[str, Any], referrer: str = "") -> str:
    """The same on one line; empty when nothing is known."""
    said = (_("%(what)s: %(words)s") % {"what": what, "words": words} for what, words in describe_origin(utm, referrer))
    return " · ".join(said)


def _text(utm: Mapping[str, Any], name: str) -> str:
    value = utm.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _source(name: str) -> str:
    key = name.casefold()
    return _BRANDS.get(_ALIASES.get(key, key), name)


def _medium(name: str) -> str:
    known = _MEDIA.get(name.casefold())
    return str(known) if known is not None else name


def _referrer(address: str) -> str:
    """A page by the name people know it by; else its host and path."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    brand = (
        "google"
        if host.split(".")[0] == "google"
        else next((brand for known, brand in _HOSTS.items() if host == known or host.endswith(f".{known}")), "")
    )
    if brand in _SEARCHES:
        return _("a search with %(engine)s") % {"engine": _BRANDS[brand]}
    if brand:
        return _BRANDS[brand]
    return f"{host}{parts.path.rstrip('/')}"

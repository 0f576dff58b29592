"""What somebody searched for, kept in their session: a name or an address must not stand in a URL or a log."""

from __future__ import annotations

import secrets

from django.http import HttpRequest

_KEY = "people_searches"
_KEPT = 10
MAX_TEXT = 200


def remember_search(request: HttpRequest, text: str) -> str:
    """Keep a search and return its token; the oldest of more than ten is forgotten."""
    searches: dict[str, str] = request.session.get(_KEY, {})
    token = secrets.token_urlsafe(8)
    kept = list(searches.items())[-(_KEPT - 1) :]
    request.session[_KEY] = dict([*kept, (token, text[:MAX_TEXT])])
    return token


def recall_search(request: HttpRequest, token: str) -> str:
    """The text of a token; empty for one that is unknown or forgotten."""
    return str(request.session.get(_KEY, {}).get(token, ""))

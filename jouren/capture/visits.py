"""Visitors: known by an unguessable cookie, their looks at pages kept, for one query a page."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from psycopg.types.json import Jsonb

from jouren.capture.models import Visitor
from jouren.capture.policies import MAX_URL_LENGTH, clean_text, is_human_visit, read_referrer, read_utm
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_event

COOKIE = "jv"
_COOKIE_AGE = timedelta(days=400)
_TOKEN_LENGTH = 22  # 128 bits in base64
_sql = load_sql("capture")


def follow_visit(request: HttpRequest, response: HttpResponseBase) -> None:
    """Remember that a person looked at this page; a first-time visitor gets the cookie.

    A cookie value that is not ours is never adopted, so nobody can choose whose visits these are.
    """
    patch_cache_control(response, private=True)
    if response.status_code != 200 or not is_human_visit(request.method or "", request.headers):
        return
    token = request.COOKIES.get(COOKIE, "")
    if len(token) == _TOKEN_LENGTH and _record_touch(request, token):
        return
    token = secrets.token_urlsafe(16)
    _sql.run("first_touch", {**_touch_fields(request), "token_hash": _hash(token)})
    response.set_cookie(
        COOKIE, token, max_age=_COOKIE_AGE, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


def visitor_of(request: HttpRequest) -> Visitor | None:
    """The visitor whose cookie came with a request, if it is one of ours."""
    token = request.COOKIES.get(COOKIE, "")
    return Visitor.objects.filter(token_hash=_hash(token)).first() if len(token) == _TOKEN_LENGTH else None


def page_visited(contact_id: int, touch_id: int, fields: Mapping[str, Any], *, historical: bool = False) -> NewEvent:
    """The event of one touch (``page``, ``utm``, ``referrer``, ``at``), told once however the contact came by it."""
    payload = {name: fields[name] for name in ("page", "utm", "referrer") if fields[name]}
    key = f"touch:{touch_id}"
    return NewEvent("page.visited", contact_id, payload, fields["at"], "capture", key, historical)


def _record_touch(request: HttpRequest, token: str) -> bool:
    fields = _touch_fields(request)
    row = _sql.one("touch", {**fields, "token_hash": _hash(token)})
    if row is None:
        return False
    touch_id, contact_id = row
    if contact_id is not None:
        plain = {"page": fields["page"], "utm": fields["utm"].obj, "referrer": fields["referrer"], "at": fields["now"]}
        record_event(page_visited(contact_id, touch_id, plain))
    return True


def _touch_fields(request: HttpRequest) -> dict[str, Any]:
    return {
        "now": clock.now(),
        "page": clean_text(request.path, MAX_URL_LENGTH),
        "utm": Jsonb(read_utm(request.GET.dict())),
        "referrer": read_referrer(request.headers.get("Referer", ""), request.get_host()),
    }


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()

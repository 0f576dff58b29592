"""What must answer fast, in front of Django: clicks, opens and events. No session, no middleware, no ORM.

The rules are the same as everywhere: the same actions record, the same SQL reads, the same tokens are checked.
Unsubscribing is not here: it is rare, and Django's.
"""

from __future__ import annotations

import logging
import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import psycopg
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import InterfaceError, OperationalError, connection
from django.utils import translation

from jouren.api import offers
from jouren.api.answers import Answer, json_answer, later, read_body
from jouren.api.answers import try_again as try_again_later
from jouren.api.errors import BadRequest
from jouren.api.hooks import hook_answer, is_hook
from jouren.api.ingest import MAX_BODY_BYTES, ingest
from jouren.api.keys import source_of
from jouren.api.offers import may_ask, offers_for
from jouren.content.failures import try_again
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_event
from jouren.messaging.surveys import for_reader
from jouren.messaging.tracking import is_scanner, parse_token

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)
_sql = load_sql("messaging")

_CLICK = re.compile(r"/c/([A-Za-z0-9_-]{10,40})/(\d{1,3})")
_OPEN = re.compile(r"/o/([A-Za-z0-9_-]{10,40})\.gif")
_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_NOT_CACHED = [("Cache-Control", "no-store"), ("X-Robots-Tag", "noindex"), ("Referrer-Policy", "no-referrer")]
_TROUBLE = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


def with_fast_paths(django: WSGIApplication) -> WSGIApplication:
    """Answer clicks, opens, events and shops; leave everything else, and what is not well-formed, to ``django``."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = _answer(environ)
        if answer is None:
            return django(environ, start_response)
        status, headers, body = answer
        headers.append(("Content-Length", str(len(body))))
        start_response(f"{status.value} {status.phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    return application


def _answer(environ: WSGIEnvironment) -> Answer | None:
    path = environ.get("PATH_INFO", "")
    method = environ["REQUEST_METHOD"]
    if (called := _CALLS.get(path)) is not None:
        if method != "POST":
            status, headers, body = json_answer(HTTPStatus.METHOD_NOT_ALLOWED, "Use POST.")
            return status, [*headers, ("Allow", "POST")], body
        return _safely(lambda: _with_key(environ, *called), later)
    if is_hook(path):
        return _safely(lambda: hook_answer(environ), later)
    if method not in {"GET", "HEAD"}:
        return None
    if found := _CLICK.fullmatch(path):
        token, link = found[1], int(found[2])
        return _safely(lambda: _click(environ, token, link), lambda: _later_page(environ))
    if found := _OPEN.fullmatch(path):
        return _open(environ, found[1])
    return None


def _safely(answer: Callable[[], Answer | None], later: Callable[[], Answer]) -> Answer | None:
    """Answer; once more on a new connection when the database went away; ``later()`` when it stays away."""
    for _attempt in range(2):
        try:
            return answer()
        except _TROUBLE as error:
            logger.warning("The database did not answer: %s", type(error).__name__)
            connection.close()
    return later()


def _later_page(environ: WSGIEnvironment) -> Answer:
    """For somebody who pressed a link in a mail: where it leads is in the database."""
    with translation.override(translation.get_language_from_request(WSGIRequest(environ))):
        page = try_again()
    return HTTPStatus.SERVICE_UNAVAILABLE, list(page.items()), page.content


def _click(environ: WSGIEnvironment, token: str, link: int) -> Answer | None:
    """Redirect to one of the links of that very message. None (Django's 404) for anything else."""
    delivery_id = parse_token(token)
    row = _sql.one("click_target", {"delivery_id": delivery_id, "link": link}) if delivery_id is not None else None
    if row is None or not row[1]:
        return None
    contact_id, url, message_id, title, sent_at = row
    by = _who(environ, sent_at)
    payload = {"delivery": delivery_id, "message": message_id, "title": title, "url": url, "by": by}
    record_event(NewEvent("message.clicked", contact_id, payload))
    goal = for_reader(url, settings.JOUREN.base_url, token)
    return HTTPStatus.FOUND, [("Location", goal), *_NOT_CACHED], b""


def _open(environ: WSGIEnvironment, token: str) -> Answer:
    """The pixel, whatever the token: a mail must never show a broken image."""
    delivery_id = parse_token(token)
    if delivery_id is not None:
        _safely(lambda: _record_open(environ, delivery_id), later)
    return HTTPStatus.OK, [("Content-Type", "image/gif"), *_NOT_CACHED], _PIXEL


def _record_open(environ: WSGIEnvironment, delivery_id: int) -> None:
    row = _sql.one("open_target", {"delivery_id": delivery_id})
    if row is not None:
        contact_id, message_id, title, sent_at = row
        by = _who(environ, sent_at)
        payload = {"delivery": delivery_id, "message": message_id, "title": title, "by": by}
        record_event(NewEvent("message.opened", contact_id, payload))


def _who(environ: WSGIEnvironment, sent_at: datetime | None) -> str:
    seconds = (clock.now() - sent_at).total_seconds() if sent_at else None
    purpose = environ.get("HTTP_SEC_PURPOSE", "") or environ.get("HTTP_PURPOSE", "")
    agent = environ.get("HTTP_USER_AGENT", "")
    return "scanner" if is_scanner(agent, environ["REQUEST_METHOD"], seconds, purpose) else "human"


def _with_key(environ: WSGIEnvironment, most: int, answer: Callable[[bytes, str], Answer]) -> Answer:
    """What another system asks or tells, with its key and a body of at most ``most`` bytes."""
    scheme, _space, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    source = source_of(key.strip()) if scheme.lower() == "bearer" else None
    if source is None:
        return json_answer(HTTPStatus.UNAUTHORIZED, "Send a good API key: Authorization: Bearer jrn_….")
    body = read_body(environ, most)
    if body is None:
        return json_answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send a body of 1 to {most} bytes.")
    try:
        return answer(body, source)
    except BadRequest as error:
        return json_answer(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))


def _events(body: bytes, source: str) -> Answer:
    return json_answer(HTTPStatus.ACCEPTED, ingest(body, source))


def _offers(body: bytes, source: str) -> Answer:
    if not may_ask(source):
        return try_again_later(HTTPStatus.TOO_MANY_REQUESTS, "Too many questions in a minute.")
    if (told := offers_for(body)) is None:
        return json_answer(HTTPStatus.NOT_FOUND, "Nobody is known by that.")
    return json_answer(HTTPStatus.OK, told)


_CALLS: dict[str, tuple[int, Callable[[bytes, str], Answer]]] = {
    "/api/events": (MAX_BODY_BYTES, _events),
    "/api/offers": (offers.MAX_BODY_BYTES, _offers),
}

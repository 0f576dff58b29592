"""What must answer fast, in front of Django: clicks, opens and events. No session, no middleware, no ORM.

The rules are the same as everywhere: the same actions record, the same SQL reads, the same tokens are checked.
Unsubscribing is not here: it is rare, and Django's.
"""

from __future__ import annotations

import json
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

from jouren.api.errors import BadRequest
from jouren.api.ingest import MAX_BODY_BYTES, ingest
from jouren.api.keys import source_of
from jouren.content.failures import try_again
from jouren.core import clock
from jouren.core.outage import RETRY_AFTER_SECONDS
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_event
from jouren.messaging.surveys import for_reader
from jouren.messaging.tracking import is_scanner, parse_token

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)
_sql = load_sql("messaging")

Headers = list[tuple[str, str]]
Answer = tuple[HTTPStatus, Headers, bytes]

_CLICK = re.compile(r"/c/([A-Za-z0-9_-]{10,40})/(\d{1,3})")
_OPEN = re.compile(r"/o/([A-Za-z0-9_-]{10,40})\.gif")
_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_NOT_CACHED = [("Cache-Control", "no-store"), ("X-Robots-Tag", "noindex"), ("Referrer-Policy", "no-referrer")]
_TROUBLE = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


def with_fast_paths(django: WSGIApplication) -> WSGIApplication:
    """Answer clicks, opens and events; leave everything else, and what is not well-formed, to ``django``."""

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
    if path == "/api/events":
        return (
            _safely(lambda: _events(environ), _later)
            if method == "POST"
            else _json(HTTPStatus.METHOD_NOT_ALLOWED, "Use POST.")
        )
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


def _later() -> Answer:
    status, headers, body = _json(HTTPStatus.SERVICE_UNAVAILABLE, "Please try again in a moment.")
    return status, [*headers, ("Retry-After", str(RETRY_AFTER_SECONDS))], body


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
        _safely(lambda: _record_open(environ, delivery_id), _later)
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


def _events(environ: WSGIEnvironment) -> Answer:
    scheme, _space, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    source = source_of(key.strip()) if scheme.lower() == "bearer" else None
    if source is None:
        return _json(HTTPStatus.UNAUTHORIZED, "Send a good API key: Authorization: Bearer jrn_….")
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = -1
    if not 0 < length <= MAX_BODY_BYTES:
        return _json(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send a body of 1 to {MAX_BODY_BYTES} bytes.")
    # Kept for a second attempt: a request's body can be read once only.
    body = environ.setdefault("jouren.body", None) or environ["wsgi.input"].read(length)
    environ["jouren.body"] = body
    try:
        return _json(HTTPStatus.ACCEPTED, ingest(body, source))
    except BadRequest as error:
        return _json(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))


def _json(status: HTTPStatus, content: str | dict[str, int]) -> Answer:
    data = {"error": content} if isinstance(content, str) else content
    body = json.dumps(data, ensure_ascii=False).encode()
    return status, [("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store")], body

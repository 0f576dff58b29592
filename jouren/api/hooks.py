"""Where connected shops post: ``/hooks/<public id>/``, and ``/v1/<call>`` for Segment's libraries.

2xx means durable. What is genuine and cannot be used is answered so, too: the shop would send it again for days, and it
would be no better; it waits here to be mended.
"""

from __future__ import annotations

import re
import time
import zlib
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import translation

from jouren.api.answers import Answer, json_answer, read_body, try_again
from jouren.connectors.connector import CALL, RECEIVED_AT, Connector, connector_of
from jouren.connectors.errors import BadSignature, TooLarge, Unusable
from jouren.connectors.queries import find_source, secrets_of
from jouren.connectors.segment import public_id_of, write_key
from jouren.connectors.taking import Source, note_error, take
from jouren.core import clock

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_HOOK = re.compile(r"/hooks/([0-9a-f]{16})/?")
_CALL = re.compile(r"/v1/([a-z]{1,20})/?")
_ZIPPED = 16 + zlib.MAX_WBITS


def is_hook(path: str) -> bool:
    """Whether a shop posts there."""
    return bool(_HOOK.fullmatch(path)) or _call(path) is not None


def hook_answer(environ: WSGIEnvironment) -> Answer:
    """Take in what a shop posts. Raises OperationalError and the like when the database is away."""
    with translation.override(settings.LANGUAGE_CODE):  # what is kept of errors is for staff
        return _answer(environ)


def _answer(environ: WSGIEnvironment) -> Answer:
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    if method != "POST":
        status, fields, said = json_answer(HTTPStatus.METHOD_NOT_ALLOWED, "Use POST.")
        return status, [*fields, ("Allow", "POST")], said
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    found = _HOOK.fullmatch(path)
    segment = connector_of("segment")
    source = find_source(found[1]) if found else None
    if found and (source is None or source.connector.calls):
        return json_answer(HTTPStatus.NOT_FOUND, "Nothing listens here.")
    kind = source.connector if source else segment
    body = _body(environ, headers, kind)
    if body is None:
        return json_answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send a body of 1 to {kind.max_bytes} bytes.")
    headers[RECEIVED_AT] = clock.now().isoformat()
    if source is None:
        headers[CALL] = _call(path) or ""
        source = find_source(public_id_of(write_key(headers, body)))
        if source is None or source.connector is not segment:
            return json_answer(HTTPStatus.UNAUTHORIZED, "Send a good write key.")
    return _take(source, headers, body)


def _call(path: str) -> str | None:
    found = _CALL.fullmatch(path)
    return found[1] if found and found[1] in connector_of("segment").calls else None


def _body(environ: WSGIEnvironment, headers: dict[str, str], kind: Connector) -> bytes | None:
    body = read_body(environ, kind.max_bytes)
    if body is None or headers.get("content-encoding", "").lower() != "gzip":
        return body
    unzip = zlib.decompressobj(_ZIPPED)
    try:
        plain = unzip.decompress(body, kind.max_bytes + 1)
    except zlib.error:
        return None
    return plain if 0 < len(plain) <= kind.max_bytes else None


def _take(source: Source, headers: dict[str, str], body: bytes) -> Answer:
    # Shops sign with the real time, and refuse what is not of these minutes; a sandbox's clock may be elsewhere.
    now = datetime.fromtimestamp(time.time(), UTC)
    try:
        source.connector.verify(headers, body, secrets_of(source.id), now)
    except BadSignature as error:
        note_error(source.id, str(error))
        return json_answer(HTTPStatus.UNAUTHORIZED, "The signature is not good, or not of now.")
    if not source.is_on:
        return try_again(source.connector.off_status, "This connection is switched off.")
    try:
        intake = take(source, headers, body)
    except TooLarge as error:
        note_error(source.id, str(error))
        return json_answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "It is larger than the limits allow.")
    except Unusable as error:
        note_error(source.id, str(error))
        return json_answer(source.connector.unreadable_status, "It is not JSON as the documents describe it.")
    return json_answer(HTTPStatus.OK, {"success": intake.failed == 0, **asdict(intake)})

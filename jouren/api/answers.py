"""Answers of what stands in front of Django."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jouren.core.outage import RETRY_AFTER_SECONDS

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

Headers = list[tuple[str, str]]
Answer = tuple[HTTPStatus, Headers, bytes]


def json_answer(status: HTTPStatus, content: str | Mapping[str, Any]) -> Answer:
    """An object as JSON; a text is what went wrong."""
    data = {"error": content} if isinstance(content, str) else content
    body = json.dumps(data, ensure_ascii=False).encode()
    return status, [("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store")], body


def later() -> Answer:
    """The database is away: the sender is to try again."""
    return try_again(HTTPStatus.SERVICE_UNAVAILABLE, "Please try again in a moment.")


def try_again(status: HTTPStatus, reason: str) -> Answer:
    """Not now; when is said, too."""
    status, headers, body = json_answer(status, reason)
    return status, [*headers, ("Retry-After", str(RETRY_AFTER_SECONDS))], body


def read_body(environ: WSGIEnvironment, most: int) -> bytes | None:
    """A request's body of at most ``most`` bytes; None when it is empty, longer, or of unknown length.

    Kept for a second attempt: a request's body can be read once only.
    """
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = -1
    if not 0 < length <= most:
        return None
    body: bytes = environ.setdefault("jouren.body", None) or environ["wsgi.input"].read(length)
    environ["jouren.body"] = body
    return body

"""Segment's HTTP API, so that Segment's own libraries work by changing their host.

Its documents: https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/ (calls, limits, write
key), https://segment.com/docs/connections/spec/ecommerce/v2/ (events of orders).
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets as random
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.connectors.connector import CALL, RECEIVED_AT, Connector, Headers
from jouren.connectors.errors import BadSignature
from jouren.connectors.segment.reading import CALLS, read

PUBLIC_ID_LENGTH = 16
MAX_BATCH_BYTES = 500 * 1024


def write_key(headers: Headers, body: bytes) -> str:
    """The write key of a request: the user of Basic authorisation, or ``writeKey`` in the body; empty when missing."""
    scheme, _space, code = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(code.strip()).decode().partition(":")[0]
        except ValueError:
            return ""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    key = data.get("writeKey") if isinstance(data, dict) else None
    return key if isinstance(key, str) else ""


def public_id_of(key: str) -> str:
    """The public id of the connection that a write key belongs to."""
    return key[:PUBLIC_ID_LENGTH]


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Check the write key."""
    key = write_key(headers, body).encode()
    if not any([hmac.compare_digest(secret.encode(), key) for secret in secrets]):  # noqa: C419 — all, whichever fits
        raise BadSignature(_("The write key is not valid here."))


def new_secret(public_id: str) -> str:
    """A write key; its beginning says whose it is."""
    return public_id + random.token_hex(16)


CONNECTOR = Connector(
    key="segment",
    label="Segment",
    about=gettext_lazy("What people do in your app or site, by Segment's libraries for servers or its HTTP API."),
    steps=(
        gettext_lazy("Give Segment's library the address above as its host, and the secret as its write key."),
        gettext_lazy("Only people with a userId or a mail address are kept; anonymous visitors are not."),
    ),
    verify=verify,
    read=read,
    headers=frozenset({CALL, RECEIVED_AT}),
    makes_secret=True,
    new_secret=new_secret,
    off_status=HTTPStatus.SERVICE_UNAVAILABLE,
    unreadable_status=HTTPStatus.BAD_REQUEST,
    path="/",
    max_bytes=MAX_BATCH_BYTES,
    calls=CALLS,
)

"""Any other system that signs its webhooks by Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import secrets as random
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.utils.translation import gettext_lazy as _

from jouren.connectors.connector import Connector, Headers
from jouren.connectors.signatures import base64_bytes, check_age, check_any, digest
from jouren.connectors.signed.reading import read

PREFIX = "whsec_"


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Check ``webhook-signature`` of ``id.timestamp.body``, not older than 300 seconds."""
    message_id, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    check_age(seconds, now)
    signed = f"{message_id}.{seconds}.".encode() + body
    versions = [each.partition(",") for each in headers.get("webhook-signature", "").split()]
    given = [base64_bytes(value) for version, _comma, value in versions if version == "v1"]
    check_any([digest(base64_bytes(secret.removeprefix(PREFIX)), signed) for secret in secrets], given)


def new_secret(public_id: str) -> str:
    """A secret as libraries for Standard Webhooks take it."""
    return PREFIX + base64.b64encode(random.token_bytes(32)).decode()


CONNECTOR = Connector(
    key="signed",
    label=_("Own system (Standard Webhooks)"),
    about=_("Any shop or system that can post signed JSON: orders, subscriptions, people and what they did."),
    steps=(
        _("Give the system the address above and the secret. It signs by Standard Webhooks, with any library for it."),
        _("What it posts is described in docs/how-to/connectors.md."),
    ),
    verify=verify,
    read=read,
    headers=frozenset({"webhook-id"}),
    makes_secret=True,
    new_secret=new_secret,
    # The standard's own word for: do not send here any more.
    off_status=HTTPStatus.GONE,
)

"""What Segment's calls tell. Pure: the same request always tells the same.

People are those with a ``userId`` (a customer number; or a mail address, where it is one) or an ``email``. What
anonymous visitors do is accepted and dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from jouren.connectors.connector import CALL, RECEIVED_AT, Delivery, Happening, Headers, Identities, Join, Profile
from jouren.connectors.errors import TooLarge, Unusable
from jouren.connectors.event_types import tracked
from jouren.connectors.reading import needed, needed_moment, object_of, objects_of, read_json, split_name, text_of
from jouren.connectors.segment.commerce import READERS

CALLS = frozenset({"identify", "track", "page", "screen", "group", "alias", "batch"})
MAX_MESSAGE_BYTES = 32 * 1024
MAX_MESSAGES = 2_500
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

Data = Mapping[str, Any]


def read(headers: Headers, body: bytes) -> Sequence[Delivery]:
    """What one call tells; a batch tells of each of its messages. Raises Unusable, TooLarge."""
    call, data, received_at = headers.get(CALL, "batch"), read_json(body), headers.get(RECEIVED_AT, "")
    if call != "batch":
        if len(body) > MAX_MESSAGE_BYTES:
            raise TooLarge(_("A call has at most 32 KB."))
        delivery = _read_one({**data, "type": call}, received_at)
        if delivery.unusable:
            return [replace(delivery, body=_alone({**data, "type": call}))]
        return [delivery]
    messages = objects_of(data, "batch")
    if len(messages) > MAX_MESSAGES:
        raise TooLarge(_("A batch has at most %(limit)s messages.") % {"limit": MAX_MESSAGES})
    context = object_of(data, "context")
    return [
        _read_one({**message, "context": {**context, **object_of(message, "context")}}, received_at)
        for message in messages
    ]


def _alone(message: Data) -> bytes:
    """A message as a batch of its own, to be read again."""
    return json.dumps({"batch": [message]}, ensure_ascii=False, default=str).encode(errors="replace")


def _read_one(message: dict[str, Any], received_at: str) -> Delivery:
    alone = _alone(message)
    message_id = message.get("messageId")
    name = message_id if isinstance(message_id, str) and message_id else sha256(alone).hexdigest()
    kind = str(message.get("type"))[:20]
    keys = (f"message {name}",)
    if len(alone) > MAX_MESSAGE_BYTES + 100:
        return Delivery(keys, kind, unusable=_("A message of a batch has at most 32 KB."))
    try:
        told = _told(message, kind, name, received_at)
    except Unusable as error:
        return Delivery(keys, kind, unusable=str(error), body=alone)
    return replace(told, keys=keys, type=told.type[:100] or kind, body=alone)


def _told(message: dict[str, Any], kind: str, name: str, received_at: str) -> Delivery:
    if kind not in CALLS - {"batch"}:
        raise Unusable(_("“%(kind)s” is no kind of message.") % {"kind": kind})
    at = needed_moment({**message, "received": received_at}, "timestamp", "originalTimestamp", "sentAt", "received")
    if kind == "alias":
        return _alias(message)
    who = _who(message)
    if not who:
        if not text_of(message, "anonymousId"):
            raise Unusable(_("A message has a userId or an anonymousId."))
        return Delivery((), kind, ignored=N_("Of a visitor who is not known by name."))
    return _READERS[kind](message, who, at, name)


def _who(message: Data) -> Identities:
    user = text_of(message, "userId", 254)
    found = [identity_of(user)] if user else []
    traits = (object_of(message, "traits"), object_of(object_of(message, "context"), "traits"))
    for data in (*traits, object_of(message, "properties")):
        if isinstance(email := data.get("email"), str) and "@" in email:
            found.append(("email", email.strip()[:254]))
    return tuple(dict.fromkeys(found))


def identity_of(user: str) -> tuple[str, str]:
    """Whom a ``userId`` means: a mail address, or a customer number."""
    return ("email", user) if "@" in user else ("shop", user)


def _identify(message: Data, who: Identities, at: datetime, name: str) -> Delivery:
    traits = {**object_of(object_of(message, "context"), "traits"), **object_of(message, "traits")}
    parts = {"family_name": text_of(traits, "lastName", 100), "given_name": text_of(traits, "firstName", 100)}
    names = {part: text for part, text in parts.items() if text} or split_name(text_of(traits, "name"))
    profile = Profile(who, at, names, {key: value for key, value in traits.items() if _is_plain(value)})
    return Delivery((), "identify", [profile])


def _group(message: Data, who: Identities, at: datetime, name: str) -> Delivery:
    """The group's name, or its id, is the person's attribute ``group`` where the shop has defined one."""
    group = text_of(object_of(message, "traits"), "name") or needed(message, "groupId", 254)
    return Delivery((), "group", [Profile(who, at, attributes={"group": group})])


def _track(message: Data, who: Identities, at: datetime, name: str) -> Delivery:
    event, properties = needed(message, "event", 200), object_of(message, "properties")
    profiles = [Profile(who, at)]
    if (reader := READERS.get(event.casefold())) is not None:
        told = reader(properties, who, at, name)
        return replace(told, type=event, profiles=profiles)
    happening = Happening("app.tracked", who, tracked(event, properties), at, name)
    return Delivery((), event, profiles, happenings=[happening])


def _view(message: Data, who: Identities, at: datetime, name: str) -> Delivery:
    properties = object_of(message, "properties")
    seen = text_of(message, "name", 200) or text_of(properties, "title", 200) or text_of(properties, "path", 200)
    payload = {"name": seen or str(message["type"])}
    if url := text_of(properties, "url", 500):
        payload["url"] = url
    return Delivery(
        (), str(message["type"]), [Profile(who, at)], happenings=[Happening("app.viewed", who, payload, at, name)]
    )


def _alias(message: Data) -> Delivery:
    user, previous = needed(message, "userId", 254), needed(message, "previousId", 254)
    if _UUID.fullmatch(previous):
        return Delivery((), "alias", ignored=N_("Of a visitor who is not known by name."))
    return Delivery((), "alias", joins=[Join(identity_of(user), identity_of(previous))])


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | bool | Decimal)


_READERS: Mapping[str, Callable[[Data, Identities, datetime, str], Delivery]] = {
    "identify": _identify,
    "group": _group,
    "track": _track,
    "page": _view,
    "screen": _view,
}

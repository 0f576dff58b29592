"""Replies as the shop's own systems tell of them: by the Message-ID that was answered, about whoever got that message.

    {"type": "message.replied", "contact": {"email": "hana@example.jp"}, "key": "<the reply's own Message-ID>",
     "payload": {"in_reply_to": "<its In-Reply-To>"}}

``contact`` may be left out. Nobody is made known by a reply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jouren.api.errors import BadRequest
from jouren.contacts.actions.identities import known_contacts
from jouren.contacts.queries import canonical_ids
from jouren.events.actions import NewEvent
from jouren.messaging.replies import Target, event_of, targets_of
from jouren.messaging.reply_rules import first_of_ours, key_of, message_ids


@dataclass(frozen=True)
class ToldReply:
    """An entry of the request, checked as far as it can be without the database."""

    position: int
    contact: tuple[str, str] | None
    delivery_id: int
    key: str
    occurred_at: datetime
    historical: bool


def read_reply(
    entry: Mapping[str, Any], position: int, contact: tuple[str, str] | None, at: datetime, *, historical: bool
) -> ToldReply:
    """Check what is particular to a reply. Raises BadRequest."""
    payload = entry.get("payload", {})
    if not (isinstance(payload, dict) and payload.keys() == {"in_reply_to"}):
        raise BadRequest(f'events[{position}].payload must be {{"in_reply_to": "<…@…>"}}.')
    answered = payload["in_reply_to"]
    delivery_id = first_of_ours(message_ids(answered)) if isinstance(answered, str) else None
    if delivery_id is None:
        raise BadRequest(
            f"events[{position}].payload.in_reply_to must be the Message-ID of a message that Jouren sent, "
            "as it stands in the reply's In-Reply-To header."
        )
    key = entry.get("key")
    own = message_ids(key) if isinstance(key, str) else []
    if len(own) != 1:
        raise BadRequest(f"events[{position}].key must be the reply's own Message-ID, such as <…@…>.")
    return ToldReply(position, contact, delivery_id, key_of(own[0]), at, historical)


def reply_events(replies: Sequence[ToldReply]) -> list[NewEvent]:
    """The events of these replies, without those of erased people. Raises BadRequest."""
    if not replies:
        return []
    targets = targets_of([reply.delivery_id for reply in replies])
    kept = [(reply, targets[reply.delivery_id]) for reply in replies if reply.delivery_id in targets]
    _check_contacts(kept)
    return [event_of(target, reply.key, reply.occurred_at, historical=reply.historical) for reply, target in kept]


def _check_contacts(replies: Sequence[tuple[ToldReply, Target]]) -> None:
    named = [(reply, reply.contact, target.contact_id) for reply, target in replies if reply.contact is not None]
    now_known = canonical_ids(contact_id for _reply, _contact, contact_id in named)
    people = known_contacts([contact for _reply, contact, _id in named])
    for (reply, _contact, contact_id), person in zip(named, people, strict=True):
        if person != now_known.get(contact_id, contact_id):
            raise BadRequest(
                f"events[{reply.position}].contact is not the person who got that message. Leave contact out when "
                "somebody answers from another address: the reply counts for whoever got the message."
            )

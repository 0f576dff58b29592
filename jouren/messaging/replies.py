"""Replies to messages: read from the shop's mailbox about once a minute, or told by the shop's own systems.

Of a reply nothing is kept but that it came, when, and to which message. Who reads is decided by an advisory lock of
PostgreSQL; a second reader would harm nothing, since each reply counts once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parseaddr
from hashlib import sha256

from django.conf import settings
from django.db import transaction

from jouren.core import clock
from jouren.core.config import ImapAddress
from jouren.core.imap import IMAP_ERRORS, describe, open_folder, trouble_of
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events
from jouren.messaging.channels.email.mailbox import MailHead, Mark, Round, read_new
from jouren.messaging.models import ShopSettings
from jouren.messaging.relay_trouble import KnownTrouble, known_trouble, note_trouble
from jouren.messaging.reply_rules import HEADERS, Reply, read_reply

EVENT = "message.replied"
CHANNEL = "replies"
"""Under this name a trouble with the mailbox is kept."""
PAUSE_SECONDS = 60
PAUSE_AFTER_TROUBLE_SECONDS = 300  # a service may lock an account whose password is tried wrongly too often
SOURCE = "replies"
"""One for all that tell of replies, so that each counts once, whoever tells of it."""

logger = logging.getLogger(__name__)
_sql = load_sql("messaging")


@dataclass(frozen=True, slots=True)
class Target:
    """A delivery that a reply is about: whose it is, what the event says of it, when it went."""

    delivery_id: int
    contact_id: int
    message_id: int | None
    title: str
    sent_at: datetime | None


def targets_of(delivery_ids: Sequence[int]) -> dict[int, Target]:
    """What a reply to these deliveries is about, by their ids; those of erased people are left out."""
    if not delivery_ids:
        return {}
    rows = _sql.all("reply_targets", {"delivery_ids": sorted(set(delivery_ids))})
    return {row[0]: Target(*row) for row in rows}


def event_of(target: Target, key: str, at: datetime, *, historical: bool = False) -> NewEvent:
    """The event of a reply. ``key``: see :mod:`jouren.messaging.reply_rules`."""
    payload = {"delivery": target.delivery_id, "message": target.message_id, "title": target.title}
    return NewEvent(EVENT, target.contact_id, payload, at, SOURCE, key, historical)


def are_replies_known() -> bool:
    """Whether a number of replies means something: a mailbox is looked at, or somebody has told of replies."""
    if settings.JOUREN.replies is not None:
        return True
    row = _sql.one("has_replies")
    return bool(row and row[0])


def known_mailbox_trouble() -> KnownTrouble | None:
    """Why replies cannot be read now, as people are told."""
    return known_trouble(CHANNEL, describe) if settings.JOUREN.replies is not None else None


def make_tick() -> Callable[[], bool]:
    """A reader's ``tick``. Its first look is at once: the settings may be others than before."""
    waits = False

    def tick() -> bool:
        nonlocal waits
        address = settings.JOUREN.replies
        if address is None:
            return False
        is_due, waits = not waits, True
        return look(address, at_once=is_due)

    return tick


def look(address: ImapAddress, *, at_once: bool = False) -> bool:
    """Read what is new in the mailbox and record the replies, if it is time and nobody else is at it.

    Returns whether there is more to read. A trouble is kept for people to see, and raises nothing.
    """
    name = _name_of(address)
    with _alone(name) as is_alone:
        if not is_alone or not (at_once or _is_due(name)):
            return False
        try:
            with open_folder(address) as client:
                found = read_new(client, *_mark_of(name), HEADERS)
        except IMAP_ERRORS as error:
            trouble = trouble_of(error, address)
            logger.warning("Replies cannot be read: %s (%s).", trouble.kind.value, trouble.detail)
            note_trouble(CHANNEL, trouble)
            _put_off(name, PAUSE_AFTER_TROUBLE_SECONDS)
            return False
        record_round(name, found)
        note_trouble(CHANNEL, None)
        return found.has_more


@transaction.atomic
def record_round(name: str, found: Round) -> list[int | None]:
    """Record the replies of a round together with how far it came. Returns their events' ids, None of known ones."""
    own = own_addresses()
    read = [(head, read_reply(head.head, own)) for head in found.heads]
    replies = [(head, reply) for head, reply in read if reply is not None]
    targets = targets_of([reply.delivery_id for _head, reply in replies])
    events = [
        _event(head, reply, targets[reply.delivery_id]) for head, reply in replies if reply.delivery_id in targets
    ]
    _sql.run(
        "keep_mark",
        {
            "name": name,
            "uid_validity": found.mark.uid_validity,
            "last_uid": found.mark.last_uid,
            "pause": 0 if found.has_more else PAUSE_SECONDS,
        },
    )
    return record_events(events)


def own_addresses() -> frozenset[str]:
    """The addresses that the shop writes from, in lower case."""
    shop = ShopSettings.objects.first() or ShopSettings()
    config = settings.JOUREN
    named = [shop.sender_address, shop.reply_to, shop.complaints_email, parseaddr(config.mail_from)[1]]
    if config.replies is not None:
        named.append(config.replies.user)
    return frozenset(address.lower() for address in named if "@" in address)


def _event(head: MailHead, reply: Reply, target: Target) -> NewEvent:
    now = clock.now()
    # The server's time, not the writer's. An answer never comes before its message, also where a clock runs ahead.
    arrived = max(head.arrived_at or now, target.sent_at or head.arrived_at or now)
    return event_of(target, reply.key, min(arrived, now))


@contextmanager
def _alone(name: str) -> Iterator[bool]:
    """Whether nobody else reads this mailbox; nobody does before the end. No transaction is open meanwhile."""
    row = _sql.one("take_mailbox", {"name": name})
    is_alone = bool(row and row[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            _sql.one("leave_mailbox", {"name": name})


def _is_due(name: str) -> bool:
    row = _sql.one("is_mailbox_due", {"name": name})
    return bool(row and row[0])


def _mark_of(name: str) -> tuple[Mark | None, date]:
    """How far the mailbox was read, and the real day."""
    ((today, uid_validity, last_uid),) = _sql.all("mark_of_mailbox", {"name": name})
    return None if uid_validity is None else Mark(uid_validity, last_uid), today


def _put_off(name: str, seconds: int) -> None:
    _sql.run("put_mailbox_off", {"name": name, "pause": seconds})


def _name_of(address: ImapAddress) -> str:
    parts = (address.host.lower(), str(address.port), address.user, address.folder)
    return sha256("\x1f".join(parts).encode()).hexdigest()

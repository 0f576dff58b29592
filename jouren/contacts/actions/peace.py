"""Leaving people in peace (離脱): no more promotion, with the reason, until they come back by an act of their own.

It is a mark and not a stage of the pyramid. What they asked for still goes to them: help, thanks, transactional mail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from jouren.contacts.actions.base import User, audit, locked
from jouren.contacts.errors import BadValue
from jouren.contacts.models import LEFT_IN_PEACE
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events

_sql = load_sql("contacts")
BY_RULE, BY_SURVEY, BY_STAFF, BY_JOURNEY = "rule", "survey", "staff", "journey"
SIGNED_UP, BOUGHT = "signed_up", "bought"
"""By what somebody is left in peace, or comes back."""


def leave_in_peace(contact_id: int, reason: str, *, source: str, by: User | None = None) -> bool:
    """Send this person no more promotion. ``reason``: of :data:`LEFT_IN_PEACE`; ``source``: by what, in a word.

    Returns False when that reason holds already. Raises ContactNotFound, BadValue.
    """
    with transaction.atomic():
        contact = locked(contact_id)
        done = bool(leave_all_in_peace([contact.pk], reason, source=source))
        if done:
            audit(contact.pk, "leave_in_peace", by, {"reason": str(reason)})
    return done


@transaction.atomic
def leave_all_in_peace(contact_ids: Iterable[int], reason: str, *, source: str, channel: str = "") -> list[int]:
    """:func:`leave_in_peace` for many, in two statements; on ``channel`` (empty: on all). Returns the ids of those for
    whom it is new.
    """
    if reason not in LEFT_IN_PEACE:
        raise BadValue(_("Unknown reason: %(reason)s.") % {"reason": reason[:20]})
    wanted = {
        "contact_ids": list(contact_ids),
        "channel": channel,
        "reason": str(reason),
        "detail": source,
        "now": clock.now(),
    }
    left = [contact_id for (contact_id,) in _sql.all("suppress", wanted)]
    payload = {"reason": str(reason), "source": source}
    record_events([NewEvent("contact.left_in_peace", contact_id, payload) for contact_id in left])
    return left


def come_back(contact_id: int, *, via: str, reasons: Collection[str] = LEFT_IN_PEACE, by: User | None = None) -> bool:
    """Let promotion go again to somebody who was left in peace for one of ``reasons``. False when nobody had.

    ``via``: by what they came back, in a word. Raises ContactNotFound.
    """
    with transaction.atomic():
        contact = locked(contact_id)
        done = bool(bring_back([contact.pk], via=via, reasons=reasons))
        if done:
            audit(contact.pk, "come_back", by, {"reasons": sorted(map(str, reasons))})
    return done


@transaction.atomic
def bring_back(contact_ids: Iterable[int], *, via: str, reasons: Collection[str] = LEFT_IN_PEACE) -> list[int]:
    """:func:`come_back` for many, in a few statements. Whoever leaves them in peace at the same time is waited for."""
    ids = sorted(set(contact_ids))
    if not ids:
        return []
    _sql.all("lock_contacts", {"contact_ids": ids})
    rows = _sql.all("lift_peace", {"contact_ids": ids, "reasons": sorted(map(str, reasons)), "now": clock.now()})
    lifted: dict[int, list[str]] = defaultdict(list)
    for contact_id, reason in rows:
        lifted[contact_id].append(reason)
    record_events(
        [
            NewEvent("contact.came_back", contact_id, {"reasons": sorted(each), "via": via})
            for contact_id, each in sorted(lifted.items())
        ]
    )
    return sorted(lifted)

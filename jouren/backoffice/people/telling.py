"""A person's timeline as the screen tells it: each line with what it means and what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jouren.backoffice.messages.wording import CONSENT_REASONS, Explanation, explain
from jouren.backoffice.people.origins import tell_origin
from jouren.backoffice.policy.wording import held_text
from jouren.contacts.queries import Asked, Withdrawal, canonical_ids, withdrawals_behind
from jouren.contacts.timeline import Entry
from jouren.messaging.models import Delivery
from jouren.messaging.sending_rules.holds import Held, holds_of
from jouren.messaging.vocabulary import State

_ICONS = (
    ("message.withheld", "no-view", "warn"),
    ("message.failed", "warning", "bad"),
    ("message.bounced", "warning", "bad"),
    ("message.unknown", "help", "warn"),
    ("message.replied", "mail", "good"),
    ("message.clicked", "link", "good"),
    ("message.opened", "view", "good"),
    ("message.", "mail", ""),
    ("stage.", "pyramid", "good"),
    ("journey.", "route", ""),
    ("consent.withdrawn", "cross", "warn"),
    ("consent.", "check", "good"),
    ("contact.suppressed", "no-view", "warn"),
    ("problem.solved", "check", "good"),
    ("problem.", "help", ""),
    ("order.", "tag", "good"),
    ("form.", "form", ""),
    ("registration.", "success", "good"),
    ("page.", "view", ""),
    ("team.", "user", ""),
    ("webhook.failed", "warning", "bad"),
    ("webhook.", "link-external", ""),
)


_FATES = frozenset({"message.sent", "message.withheld", "message.failed", "message.unknown"})


@dataclass(frozen=True)
class Line:
    """One line of the timeline. ``explanation`` is there for a message that did not simply arrive.

    ``origin`` tells where a visit came from; ``delivery_id`` the message whose fate it is.
    """

    at: datetime
    label: str
    sentence: str
    icon: str
    tone: str
    explanation: Explanation | None = None
    origin: str = ""
    delivery_id: int | None = None


def tell_lines(entries: Sequence[Entry]) -> list[Line]:
    """The timeline's entries as lines; what became of their messages is read at once."""
    ids = {entry.event.payload.get("delivery") for entry in entries if entry.event.type.startswith("message.")}
    known = [each for each in ids if isinstance(each, int)]
    deliveries = Delivery.objects.select_related("message_version").in_bulk(known)
    withdrawals = _withdrawals(deliveries.values())
    holds = holds_of(known) if known else {}
    lines = []
    for entry in entries:
        delivery_id = entry.event.payload.get("delivery", 0)
        lines.append(
            _line(entry, deliveries.get(delivery_id), withdrawals.get(delivery_id), holds.get(delivery_id, []))
        )
    return lines


def _withdrawals(deliveries: Iterable[Delivery]) -> dict[int, Withdrawal]:
    """By delivery: the unsubscription that kept it back."""
    kept_back = [each for each in deliveries if each.state == State.SUPPRESSED and each.reason in CONSENT_REASONS]
    if not kept_back:
        return {}
    living = canonical_ids({each.contact_id for each in kept_back})
    asked = {
        each.pk: Asked(
            living.get(each.contact_id, each.contact_id), each.channel, each.message_version.topic, each.planned_at
        )
        for each in kept_back
    }
    found = withdrawals_behind(asked.values())
    return {pk: found[each] for pk, each in asked.items() if each in found}


def _line(entry: Entry, delivery: Delivery | None, withdrawal: Withdrawal | None, holds: Sequence[Held]) -> Line:
    name = entry.event.type
    icon, tone = next(((icon, tone) for start, icon, tone in _ICONS if name.startswith(start)), ("history", ""))
    explanation = None
    if name == "message.sent" and (waited := held_text(holds)):
        explanation = Explanation(waited)
    elif name == "message.withheld":
        explanation = explain(delivery.state, delivery.reason, withdrawal=withdrawal) if delivery else None
    elif name in {"message.failed", "message.unknown"} and delivery:
        explanation = explain(delivery.state, delivery.reason, delivery.error)
    if name in {"message.opened", "message.clicked"} and entry.event.payload.get("by") != "human":
        icon, tone = "cogs", ""
    fate = delivery.pk if delivery is not None and name in _FATES else None
    return Line(entry.event.occurred_at, entry.label, entry.sentence, icon, tone, explanation, _origin(entry), fate)


def _origin(entry: Entry) -> str:
    if entry.event.type != "page.visited":
        return ""
    payload = entry.event.payload
    return tell_origin(payload.get("utm") or {}, payload.get("referrer") or "")

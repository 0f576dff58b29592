"""Which walls and doubts somebody has met: by the messages that reached them, and the pages they looked at while known.

What a message or page answers is what it says of itself now: so one that is told later counts for its past too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jouren.conditions.choices import Choice, register_choices
from jouren.conditions.registry import Argument, Fact, Group, Question, register_fact
from jouren.contacts.event_facts import event_count
from jouren.contacts.queries import alias_ids
from jouren.core.sql import load_sql
from jouren.messaging.models import Message
from jouren.messaging.vocabulary import Doubt, Wall

_sql = load_sql("content")


@dataclass(frozen=True, slots=True)
class Met:
    """A wall or doubt. ``first`` and ``last``: when they met what answers it, so many ``times``; None: not yet."""

    label: str | Promise
    first: datetime | None = None
    last: datetime | None = None
    times: int = 0

    def and_also(self, first: datetime, last: datetime, times: int) -> Met:
        """With more that answers it."""
        first, last = min(self.first or first, first), max(self.last or last, last)
        return Met(self.label, first, last, self.times + times)


def met_by(contact_id: int) -> tuple[list[Met], list[Met]]:
    """All walls and all doubts, with what a person has met of them."""
    rows = _sql.all("met", {"contact_ids": alias_ids(contact_id)})
    answered = {("page.visited", path): (wall, doubt) for path, wall, doubt in _sql.all("answering_pages")}
    sent = [int(what) for kind, what, *_rest in rows if kind == "message.sent" and what]
    messages = Message.objects.filter(pk__in=sent).values_list("pk", "wall", "doubt")
    answered |= {("message.sent", str(pk)): (wall, doubt) for pk, wall, doubt in messages}
    walls: dict[str, Met] = {each.value: Met(each.label) for each in Wall}
    doubts: dict[str, Met] = {each.value: Met(each.label) for each in Doubt}
    for kind, what, first, last, times in rows:
        for met, value in zip((walls, doubts), answered.get((kind, what), ("", "")), strict=True):
            if value in met:
                met[value] = met[value].and_also(first, last, times)
    return list(walls.values()), list(doubts.values())


def _fact(kind: str, label: Promise, what: Promise, choices: str) -> tuple[Fact, Fact]:
    answers = (
        "r.type IN ('message.sent', 'page.visited') AND CASE r.type WHEN 'message.sent' THEN"  # noqa: S608 — own names
        f" r.payload -> 'message' IN (SELECT to_jsonb(m.id) FROM messaging_message m WHERE m.{kind} = %({kind})s::text)"
        " ELSE r.payload ->> 'page' IN"
        f" (SELECT answering.path FROM ({_sql.text('answering_pages')}) AS answering"
        f" WHERE answering.{kind} = %({kind})s::text) END"
    )
    return event_count(
        f"{kind}s.met",
        label,
        (Argument(kind, what, choices=choices),),
        lambda given: answers,
        lambda given: frozenset({"message.sent", "page.visited"}),
        group=Group.MESSAGES,
        questions=(
            Question("gte", pgettext_lazy("a wall or doubt", "was met"), 1),
            Question("eq", pgettext_lazy("a wall or doubt", "was not met"), 0),
            Question("gte", _("at least (times)")),
            Question("lte", _("at most (times)")),
        ),
    )


FACTS = (
    *_fact("wall", _("Has met what answers a wall"), _("wall"), "walls"),
    *_fact("doubt", _("Has met what answers a doubt"), _("doubt"), "doubts"),
)


def _walls() -> list[Choice]:
    return [(each.value, each.label) for each in Wall]


def _doubts() -> list[Choice]:
    return [(each.value, each.label) for each in Doubt]


def register() -> None:
    """Make the facts known, and the lists of walls and doubts."""
    for fact in FACTS:
        register_fact(fact)
    register_choices("walls", _walls)
    register_choices("doubts", _doubts)

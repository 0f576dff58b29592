"""What this room offers to conditions: what was sent, and what people did with it. Machines do not count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jouren.conditions.choices import Choice, register_choices
from jouren.conditions.registry import Argument, Fact, FactType, Group, Question, Text, register_fact
from jouren.contacts.event_facts import event_count
from jouren.messaging.models import Message

_MESSAGE = Argument(
    "message",
    _("message"),
    FactType.NUMBER,
    is_required=False,
    most=2**62,
    choices="messages",
    empty=_("any message"),
)
_MOST_OFFERED = 1_000


def _questions(yes: Text, no: Text) -> tuple[Question, ...]:
    return (
        Question("gte", yes, 1),
        Question("eq", no, 0),
        Question("gte", _("at least (times)")),
        Question("lte", _("at most (times)")),
        Question("eq", _("exactly (times)")),
    )


def _about(event: str, *, is_human: bool) -> Callable[[Mapping[str, Any]], str]:
    """The events of that type, of the message that is asked for or of any."""
    rows = f"r.type = '{event}'" + (" AND r.payload ->> 'by' = 'human'" if is_human else "")

    def narrow(given: Mapping[str, Any]) -> str:
        return (
            rows if given["message"] is None else f"{rows} AND r.payload -> 'message' = to_jsonb(%(message)s::bigint)"
        )

    return narrow


def _fact(
    name: str, label: Text, event: str, questions: tuple[Question, ...], *, is_human: bool = True
) -> tuple[Fact, Fact]:
    return event_count(
        name,
        label,
        (_MESSAGE,),
        _about(event, is_human=is_human),
        lambda given: frozenset({event}),
        group=Group.MESSAGES,
        questions=questions,
    )


FACTS = (
    *_fact(
        "messages.sent", _("Was sent"), "message.sent", _questions(_("was sent"), _("was not sent")), is_human=False
    ),
    *_fact(
        "messages.opened",
        pgettext_lazy("a message", "Opened"),
        "message.opened",
        _questions(pgettext_lazy("a message", "opened"), _("did not open")),
    ),
    *_fact(
        "messages.clicked",
        _("Clicked in"),
        "message.clicked",
        _questions(pgettext_lazy("in a message", "clicked"), _("did not click")),
    ),
    *_fact(
        "messages.replied",
        _("Replied to"),
        "message.replied",
        _questions(pgettext_lazy("to a message", "replied"), _("did not reply")),
        is_human=False,
    ),
)


def _messages() -> list[Choice]:
    return list(Message.objects.order_by("name", "pk").values_list("pk", "name")[:_MOST_OFFERED])


def register() -> None:
    """Make this room's facts known, and the list of messages."""
    for fact in FACTS:
        register_fact(fact)
    register_choices("messages", _messages)

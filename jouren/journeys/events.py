"""Events as a journey's author chooses them: which there are, and what is asked of their properties."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.events.errors import InvalidEvent
from jouren.events.types import event_type, event_types

# Scanners click every link and image proxies open every mail: only a person's doing may move a journey.
_HUMAN_EVENTS = frozenset({"message.clicked", "message.opened"})
_OPERATORS = [
    ("eq", _("is")),
    ("ne", _("is not")),
    ("gt", _("is more than")),
    ("gte", _("is at least")),
    ("lt", _("is less than")),
    ("lte", _("is at most")),
    ("contains", _("contains")),
]
_YES = {"1", "true", "yes", "はい"}
_NO = {"0", "false", "no", "いいえ"}


def event_choices() -> list[tuple[str, Any]]:
    """Every event that somebody may wait for."""
    return [(kind.name, kind.label) for kind in event_types() if kind.reacts]


def human_only(event: str) -> dict[str, Any]:
    """What a payload must have for the event to be a person's doing."""
    return {"by": "human"} if event in _HUMAN_EVENTS else {}


def tests_block() -> blocks.ListBlock:
    """Questions to an event's properties, all of which must hold."""
    test = blocks.StructBlock(
        [
            (
                "field",
                blocks.CharBlock(max_length=60, label=_("property"), help_text=_("For example amount, or products.")),
            ),
            ("op", blocks.ChoiceBlock(choices=_OPERATORS, default="eq", label=_("how"))),
            ("value", blocks.CharBlock(max_length=300, label=_("value"))),
        ],
        form_classname="struct-block jouren-row",
        label=_("Condition"),
    )
    return blocks.ListBlock(test, default=[], required=False, label=_("only if"))


def property_tests(event: str, tests: Any) -> list[dict[str, Any]]:
    """The tests that such blocks make, with values of the property's type. Raises InvalidEvent in an author's words."""
    kind = event_type(event)
    made = []
    for test in tests or ():
        name = test["field"].strip()
        if name not in kind.fields:
            raise InvalidEvent(
                gettext("“%(event)s” has no property “%(field)s”. It has: %(known)s.")
                % {"event": kind.label, "field": name, "known": ", ".join(kind.fields) or "-"}
            )
        made.append({"field": name, "op": test["op"], "value": _read(name, kind.fields[name], test["value"].strip())})
    return made


def _read(field: str, kind: type, text: str) -> Any:
    try:
        if kind is int:
            return int(text)
        if kind is float:
            return float(text)
    except ValueError:
        raise InvalidEvent(
            gettext("The property “%(field)s” is compared with a number; “%(text)s” is none.")
            % {"field": field, "text": text[:50]}
        ) from None
    if kind is bool:
        if text.lower() not in _YES | _NO:
            raise InvalidEvent(gettext("The property “%(field)s” is yes or no.") % {"field": field})
        return text.lower() in _YES
    return text

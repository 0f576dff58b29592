"""What people did in a shop's own app or site, as far as no other room has a word for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from jouren.events.types import EventType, can_be_kept, register_event_type

MOST_PROPERTIES = 50
_MOST_VALUE = 200
_MOST_BYTES = 14_000

APP_TRACKED = EventType(
    "app.tracked",
    _("Did something in the app"),
    {"name": str, "properties": dict},
    optional=frozenset({"properties"}),
    personal=frozenset({"properties"}),
    sentence=_("Did in the app: %(name)s."),
)
APP_VIEWED = EventType(
    "app.viewed",
    _("Looked at something in the app"),
    {"name": str, "url": str},
    optional=frozenset({"url"}),
    personal=frozenset({"url"}),
    sentence=_("Looked in the app at: %(name)s."),
)


def tracked(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of :data:`APP_TRACKED`: at most 50 properties, each as a text; lists and objects as JSON.

    Those beyond what an event may hold are left out, the last first.
    """
    kept: dict[str, str] = {}
    room = _MOST_BYTES
    for key, value in list(properties.items())[:MOST_PROPERTIES]:
        text = _text(value)[:_MOST_VALUE]
        room -= len(json.dumps({key[:100]: text}, ensure_ascii=False).encode(errors="replace"))
        if value is not None and room >= 0 and can_be_kept(text) and can_be_kept(key):
            kept[key[:100]] = text
    return {"name": name[:200], "properties": kept}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def register() -> None:
    """Make this room's event types known."""
    register_event_type(APP_TRACKED)
    register_event_type(APP_VIEWED)

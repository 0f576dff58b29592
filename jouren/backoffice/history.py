"""What was done with a thing, by whom: its lines of the audit log, as its own screen shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from wagtail.log_actions import registry
from wagtail.models import ModelLogEntry

from jouren.team.names import colleague_name


@dataclass(frozen=True)
class HistoryLine:
    """Something that was done. ``details``: what it changed, each in a sentence."""

    at: datetime
    by: str
    act: str
    details: list[str]


def history_of(thing: Model, limit: int, details: Callable[[Mapping[str, Any]], Iterable[str]]) -> list[HistoryLine]:
    """What was done with a thing, the latest first. ``details`` makes sentences of what was noted of each."""
    entries = ModelLogEntry.objects.for_instance(thing).select_related("user").order_by("-timestamp", "-pk")[:limit]
    return [HistoryLine(each.timestamp, _who(each), _act(each), list(details(each.data))) for each in entries]


def _who(entry: ModelLogEntry) -> str:
    return colleague_name(entry.user) if entry.user else str(entry.user_display_name)


def _act(entry: ModelLogEntry) -> str:
    return str(registry.get_action_label(entry.action)) if registry.action_exists(entry.action) else entry.action

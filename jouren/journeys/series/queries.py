"""What is read of series: by publishing, and by the screens."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet

from jouren.core.sql import load_sql
from jouren.journeys.series.models import Series

_sql = load_sql("journeys")
FIGURES_UP_TO = 2_000
"""How many deliveries of an item are looked at: a screen must not wait for the size of the shop."""


class DraftItem(NamedTuple):
    """An item of a series as it stands. ``version_id`` is its message's published version, None for a draft."""

    id: str
    number: int
    message_id: int | None
    name: str
    kind: str
    is_edited: bool
    version_id: int | None

    @property
    def is_pending(self) -> bool:
        """Whether its message is a draft, or was edited since it was published."""
        return self.message_id is not None and (self.version_id is None or self.is_edited)


def draft_items(series_id: int) -> list[DraftItem]:
    """All items of a series, in order, in one query."""
    return [DraftItem(*row) for row in _sql.all("series_draft", {"series_id": series_id})]


@dataclass(frozen=True)
class Pending:
    """What publishing a series would do: how many of its messages are new in it, changed, or taken out of it.

    ``drafts``: messages that are drafts, or were edited since they were published. ``is_any``: whether anything is
    different at all, the order and the rhythm too.
    """

    new: int = 0
    changed: int = 0
    removed: int = 0
    drafts: int = 0
    is_any: bool = False


def pending_in(series: Series, items: Sequence[DraftItem]) -> Pending:
    """What publishing would change, given the items of :func:`draft_items` and the live version selected with it."""
    live = series.live_version
    published = {slot[1]: slot[2] for slot in live.slots if slot[1] is not None} if live else {}
    wanted = {item.id for item in items}
    drafts = sum(item.is_pending for item in items)
    return Pending(
        new=len(wanted - published.keys()),
        changed=sum(item.id in published and item.version_id not in {None, published[item.id]} for item in items),
        removed=len(published.keys() - wanted),
        drafts=drafts,
        is_any=bool(drafts) or live is None or live.hash != fingerprint(series.rhythm, items),
    )


def fingerprint(rhythm: dict[str, Any], items: Sequence[DraftItem]) -> str:
    """A hash that is equal for series that send the same in the same order and rhythm."""
    content = [rhythm, [[item.id, item.version_id] for item in items]]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def journeys_that_send(series_id: int) -> list[str]:
    """The names of journeys that send a series to anybody now, or stand still with people in them."""
    return [name for (name,) in _sql.all("journeys_that_send", {"series_id": series_id})]


def helps_of(series_ids: Iterable[int]) -> dict[int, int]:
    """How many messages that help each of these series brings, as it is published."""
    ids = list(series_ids)
    return dict(_sql.all("series_helps", {"ids": ids})) if ids else {}


class PageItem(NamedTuple):
    """An item as the screen lists it. ``subject`` is that of the newest draft.

    ``published_version``: the version that people get now, None while the item is not in the published series.
    """

    id: str
    number: int
    message_id: int | None
    name: str
    kind: str
    is_edited: bool
    subject: str
    version_id: int | None
    published_version: int | None

    @property
    def state(self) -> str:
        """draft, new (in the series), changed or published; ``gone`` where the message was deleted."""
        if self.message_id is None:
            return "gone"
        if self.version_id is None:
            return "draft"
        if self.published_version is None:
            return "new"
        return "changed" if self.published_version != self.version_id else "published"


@dataclass(frozen=True)
class Filter:
    """Which items of a series to list; empty: all. ``text`` is looked for in name and subject."""

    text: str = ""
    kind: str = ""
    state: str = ""


def page_of_items(series: Series, chosen: Filter, *, from_number: int, limit: int) -> list[PageItem]:
    """So many items from a number on."""
    live = series.live_version
    published = [(slot[1], slot[2]) for slot in live.slots if slot[1] is not None] if live else []
    rows = _sql.all(
        "series_page",
        {
            "series_id": series.pk,
            "from_number": from_number,
            "limit": limit,
            "text": "%" + _literally(chosen.text) + "%" if chosen.text else None,
            "kind": chosen.kind or None,
            "state": chosen.state or None,
            "published": [item for item, _version in published],
            "versions": [version for _item, version in published],
        },
    )
    return [PageItem(*row) for row in rows]


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


class ItemFigures(NamedTuple):
    """What became of an item's deliveries. ``is_at_least``: there are more than were counted."""

    sent: int = 0
    clicked: int = 0
    withheld: int = 0
    is_at_least: bool = False


def item_figures(series_id: int, item_ids: Sequence[str]) -> dict[str, ItemFigures]:
    """The figures of these items, over all journeys that send the series; one without deliveries is left out."""
    rows = _sql.all("item_figures", {"series_id": series_id, "items": list(item_ids), "most": FIGURES_UP_TO})
    return {item: ItemFigures(sent, clicked, held, seen > FIGURES_UP_TO) for item, sent, clicked, held, seen in rows}


def all_series(most: int) -> QuerySet[Series]:
    """The first ``most`` series by name, each with how many ``messages`` it has and its live version."""
    listed = Series.objects.annotate(messages=Count("items")).select_related("live_version")
    return listed.defer("live_version__slots").order_by("name", "id")[:most]

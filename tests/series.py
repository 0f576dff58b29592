"""Makers of series for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jouren.journeys.series.actions import insert_messages, publish_series
from jouren.journeys.series.models import Series, SeriesItem, SeriesVersion
from jouren.messaging.models import Message
from tests.messages import make_shop
from tests.walking import make_message, step

AS_IT_SAYS = {"every": "series", "days": None, "weekdays": [], "at": "07:00", "business": False, "first": "now"}


def make_series(names: str | Sequence[str], name: str = "Letters", **rhythm: Any) -> Series:
    """A published series whose messages bear these names; every morning at seven, the first at once."""
    make_shop()
    series = Series.objects.create(name=name)
    series.rhythm |= rhythm
    series.save()
    insert_messages(series.pk, [make_message(each) for each in names], by=None)
    publish(series)
    return Series.objects.get(pk=series.pk)


def put(series: Series, name: str, number: int | None = None) -> Message:
    """A new published message in a series."""
    message = make_message(name)
    insert_messages(series.pk, [message], number, by=None)
    return message


def publish(series: Series) -> SeriesVersion:
    return publish_series(series.pk, by=None)


def item(series: Series, name: str) -> SeriesItem:
    """The item whose message bears that name."""
    return SeriesItem.objects.get(series=series, message__name=name)


def order(series: Series) -> str:
    """The names of its messages, one after the other, as its author sees them."""
    rows = SeriesItem.objects.filter(series=series).order_by("number").values_list("number", "message__name")
    assert [number for number, _name in rows] == list(range(1, len(rows) + 1))
    return "".join(name for _number, name in rows)


def send_series(series: Series, key: str = "", **value: Any) -> dict[str, Any]:
    """A journey's step that sends a series."""
    return step("series", {"series": series.pk, "rhythm": AS_IT_SAYS, "at_end": "go_on"} | value, key)

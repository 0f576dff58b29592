"""Dataclasses as plain data and back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.core.plain import from_plain, to_plain


class Span(NamedTuple):
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Part:
    name: str
    ways: Counter[str | None]
    share: float | None = None


@dataclass(frozen=True)
class Whole:
    day: date | None
    parts: dict[str, Part]
    span: Span | None
    numbers: Mapping[int, int]
    names: Collection[str] = field(default_factory=list)


moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
parts = st.builds(
    Part,
    texts,
    st.dictionaries(st.none() | texts, st.integers(0, 9), max_size=3).map(Counter),
    st.none() | st.floats(0, 1),
)
wholes = st.builds(
    Whole,
    st.none() | st.dates(),
    st.dictionaries(texts, parts, max_size=3),
    st.none() | st.builds(Span, moments, st.none() | moments),
    st.dictionaries(st.integers(), st.integers(), max_size=3),
    st.lists(texts, max_size=3),
)


@given(wholes)
def test_what_was_made_plain_comes_back_the_same_through_json(whole: Whole) -> None:
    assert from_plain(Whole, json.loads(json.dumps(to_plain(whole)))) == whole


@pytest.mark.parametrize("plain", [{}, {"name": "a"}, None, [], {"name": "a", "ways": 3, "share": None}])
def test_another_shape_is_refused(plain: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_plain(Part, plain)

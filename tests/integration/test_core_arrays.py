"""Arrays arrive in PostgreSQL as the lists they were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from jouren.core.sql import hot_cursor

pytestmark = pytest.mark.django_db

_TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
_KINDS = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "text": _TEXT,
    "uuid": st.uuids(),
    "timestamptz": st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    "date": st.dates(),
    "float8": st.floats(allow_nan=False),
    "numeric": st.decimals(allow_nan=False, allow_infinity=False, places=3),
}


def _there_and_back(kind: str, values: list[Any]) -> list[Any]:
    row = hot_cursor().execute(f"SELECT %s::{kind}[]", [values]).fetchone()  # type: ignore[call-overload]
    assert row is not None
    return list(row[0])


@pytest.mark.parametrize("kind", _KINDS)
@settings(max_examples=30)
@given(data=st.data())
def test_a_list_of_one_kind_comes_back_as_it_went(kind: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.one_of(st.none(), _KINDS[kind]), max_size=20))
    assert _there_and_back(kind, values) == values


def test_json_and_nested_lists_go_as_the_driver_writes_them() -> None:
    assert _there_and_back("jsonb", [Jsonb({"a": ['"']}), None]) == [{"a": ['"']}, None]
    assert _there_and_back("bigint", [[1, 2], [3, 4]]) == [[1, 2], [3, 4]]


def test_a_prepared_statement_takes_lists_of_different_kinds_in_turn() -> None:
    for values in ([1], [None], [], [2, None], [2**40]) * 3:
        assert _there_and_back("bigint", values) == values

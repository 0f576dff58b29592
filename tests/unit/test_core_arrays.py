from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.core.arrays import fold, write_array


@pytest.mark.parametrize(
    ("values", "literal"),
    [
        ([], "{}"),
        ([1, -2, 10**18], "{1,-2,1000000000000000000}"),
        ([True, False, None], "{t,f,NULL}"),
        ([None, None], "{NULL,NULL}"),
        (["a", None, ""], '{"a",NULL,""}'),
        (['"', "\\", "a,b", "{}", "NULL", "常連"], '{"\\"","\\\\","a,b","{}","NULL","常連"}'),
        ([UUID(int=1)], "{00000000-0000-0000-0000-000000000001}"),
        ([datetime(2026, 2, 28, 9, 30, tzinfo=UTC)], "{2026-02-28T09:30:00+00:00}"),
        ([date(2028, 2, 29), None], "{2028-02-29,NULL}"),
        ([1.5, Decimal("2.50")], None),
        ([1, "a"], None),
        ([True, 1], None),
        ([[1]], None),
    ],
)
def test_a_flat_list_of_one_kind_is_an_array_literal(values: list[object], literal: str | None) -> None:
    written = write_array(values)
    assert (written.decode() if written is not None else None) == literal


def test_a_nul_is_refused_before_it_splits_a_text_in_two() -> None:
    with pytest.raises(ValueError, match="NUL"):
        write_array(["a\x00b", "c"])


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", "a", None]))))
def test_what_repeats_is_told_once_and_can_be_put_together_again(rows: list[tuple[int, str | None]]) -> None:
    numbers, columns = fold(rows, 2)
    different = list(zip(*columns, strict=True))
    assert [different[number - 1] for number in numbers] == rows
    assert len(different) == len(set(rows))

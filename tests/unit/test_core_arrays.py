from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from jouren.core.arrays import write_array


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

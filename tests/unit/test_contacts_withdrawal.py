"""Which withdrawal kept a message back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from jouren.contacts.policies import withdrawal_behind

DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    at: datetime
    is_granted: bool


def said(*days: tuple[int, bool]) -> list[Said]:
    return [Said(DAY + timedelta(days=day), is_granted) for day, is_granted in days]


def test_the_one_that_stood_when_it_was_planned() -> None:
    records = said((1, True), (2, False), (5, True), (6, False))
    assert withdrawal_behind(records, DAY + timedelta(days=3)) == records[1]


def test_the_next_one_when_consent_was_taken_back_before_it_went_out() -> None:
    records = said((1, True), (4, False), (5, True), (6, False))
    assert withdrawal_behind(records, DAY + timedelta(days=3)) == records[1]


def test_none_for_who_had_not_agreed_by_then() -> None:
    assert withdrawal_behind(said((4, True), (5, False)), DAY + timedelta(days=3)) is None
    assert withdrawal_behind([], DAY) is None


@given(st.lists(st.booleans(), max_size=8), st.integers(-1, 9))
def test_it_is_always_a_withdrawal_and_the_nearest(grants: list[bool], day: int) -> None:
    records = said(*enumerate(grants))
    found = withdrawal_behind(records, DAY + timedelta(days=day))
    before, after = records[: day + 1], records[day + 1 :]
    if not before:
        assert found is None
    elif before[-1].is_granted:
        assert found == next((record for record in after if not record.is_granted), None)
    else:
        assert found == before[-1]

"""For whom an offer is: each reason by an example, and what holds for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jouren.catalog.eligibility import OfferTerms, PersonFacts, Reason, is_more_than_few, judge

NOON = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def reason(terms: dict[str, Any], person: dict[str, Any] | None = None) -> Reason | None:
    return judge(OfferTerms(**terms), PersonFacts(**(person or {})), NOON).reason


@pytest.mark.parametrize(
    ("terms", "person", "told"),
    [
        ({}, {}, None),
        ({"is_open": False}, {}, Reason.WITHDRAWN),
        ({"starts_at": NOON + HOUR}, {}, Reason.NOT_BEGUN),
        ({"starts_at": NOON, "ends_at": NOON + HOUR}, {}, None),
        ({"ends_at": NOON}, {}, Reason.OVER),
        ({"least_stage": 2}, {"stage": 1}, Reason.WRONG_STAGE),
        ({"least_stage": 2, "most_stage": 3}, {"stage": 3}, None),
        ({"most_stage": 3}, {"stage": 4}, Reason.WRONG_STAGE),
        ({}, {"is_in_audience": False}, Reason.NOT_IN_AUDIENCE),
        ({"is_limited_information": True}, {"stage": 3}, Reason.REGULAR_PRICE_ONLY),
        ({"is_limited_information": True}, {"stage": 4}, None),
        ({"needs_satisfaction": True}, {}, Reason.NOT_SATISFIED),
        ({"needs_satisfaction": True}, {"is_satisfied": False}, Reason.NOT_SATISFIED),
        ({"needs_satisfaction": True}, {"is_satisfied": True}, None),
        ({"needs_likely_regular": True}, {}, Reason.NOT_LIKELY_REGULAR),
        ({"needs_likely_regular": True}, {"is_likely_regular": True}, None),
        ({}, {"has_taken": True}, Reason.ALREADY_TAKEN),
        ({"is_once": False}, {"has_taken": True}, None),
        ({"stock": 5}, {"taken": 4}, None),
        ({"stock": 5}, {"taken": 5}, Reason.SOLD_OUT),
        ({"stock": 5}, {"taken": 5, "has_taken": True}, Reason.ALREADY_TAKEN),
    ],
)
def test_an_offer_is_closed_for_a_reason(terms: dict[str, Any], person: dict[str, Any], told: Reason | None) -> None:
    assert reason(terms, person) == told


def test_a_personal_deadline_is_72_hours_from_the_first_sight_to_the_second() -> None:
    terms = {"personal_hours": 72}
    last = NOON - 72 * HOUR + timedelta(seconds=1)
    assert reason(terms, {"first_seen_at": last}) is None
    assert reason(terms, {"first_seen_at": last - timedelta(seconds=1)}) is Reason.DEADLINE_PASSED
    assert judge(OfferTerms(**terms), PersonFacts(first_seen_at=last), NOON).deadline == last + 72 * HOUR
    unseen = judge(OfferTerms(**terms), PersonFacts(), NOON)
    assert (unseen.reason, unseen.deadline, unseen.hours_from_sight) == (None, None, 72)


moments = st.none() | st.integers(-100, 100).map(lambda hours: NOON + hours * HOUR)
stages = st.none() | st.integers(1, 5)
maybe = st.none() | st.booleans()
all_terms = st.builds(
    OfferTerms, st.booleans(), moments, moments, st.none() | st.integers(1, 100), stages, stages,
    st.none() | st.integers(0, 3), st.booleans(), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
people = st.builds(
    PersonFacts, st.integers(1, 5), st.booleans(), moments, st.booleans(), st.integers(0, 3), maybe, maybe
)


@settings(max_examples=60)
@given(all_terms, people)
def test_to_whom_it_is_open_it_is_open_until_its_deadline_and_not_a_moment_longer(
    terms: OfferTerms, person: PersonFacts
) -> None:
    verdict = judge(terms, person, NOON)
    if not verdict.is_eligible or verdict.deadline is None:
        return
    assert verdict.deadline > NOON
    assert judge(terms, person, verdict.deadline - timedelta(microseconds=1)).is_eligible
    assert judge(terms, person, verdict.deadline).reason in {Reason.OVER, Reason.DEADLINE_PASSED}


@settings(max_examples=60)
@given(all_terms, people, st.integers(0, 50))
def test_what_is_closed_does_not_open_by_time_or_stock(terms: OfferTerms, person: PersonFacts, hours: int) -> None:
    told = judge(terms, person, NOON).reason
    later = judge(terms, person._replace(taken=person.taken + 1), NOON + hours * HOUR).reason
    if told not in {None, Reason.NOT_BEGUN}:
        assert later is not None


@pytest.mark.parametrize(
    ("audience", "customers", "is_more"),
    [
        (100, 2_000, False),
        (101, 100_000, True),
        (50, 1_000, False),
        (51, 1_000, True),
        (0, 0, False),
        (1, 0, False),
        (3, 4, False),
        (4, 60, True),
        (4, 80, False),
    ],
)
def test_the_finest_is_for_five_in_a_hundred_and_a_hundred_people_at_most_and_three_are_always_few(
    audience: int, customers: int, is_more: bool
) -> None:
    assert is_more_than_few(audience, customers) is is_more

"""Rates and their intervals against the figures that were published with the methods."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jouren.core.comparison import (
    FEWEST,
    Comparison,
    Finding,
    Group,
    Interval,
    Side,
    compare,
    difference_interval,
    money_interval,
    people_needed,
    rate_interval,
    ratio_interval,
    weeks_for,
)


def rounded(interval: Interval | None, digits: int = 4) -> tuple[float, float]:
    assert interval is not None
    return round(interval.low, digits), round(interval.high, digits)


@pytest.mark.parametrize(
    ("reached", "people", "expected"),
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))],
)
def test_a_rate_has_the_interval_of_newcombe_1998_table_1(
    reached: int, people: int, expected: tuple[float, float]
) -> None:
    assert rounded(rate_interval(reached, people)) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Group(70, 56), Group(80, 48), (0.0524, 0.3339)),
        (Group(10, 9), Group(10, 3), (0.1705, 0.8090)),
        (Group(7, 6), Group(7, 2), (0.0582, 0.8062)),
        (Group(56, 5), Group(29, 0), (-0.0381, 0.1926)),
        (Group(10, 0), Group(20, 0), (-0.1611, 0.2775)),
        (Group(10, 0), Group(10, 0), (-0.2775, 0.2775)),
        (Group(10, 10), Group(20, 0), (0.6791, 1.0)),
        (Group(10, 10), Group(10, 0), (0.6075, 1.0)),
    ],
)
def test_a_difference_has_the_interval_of_newcombe_1998_method_10(
    one: Group, other: Group, expected: tuple[float, float]
) -> None:
    assert rounded(difference_interval(one, other)) == expected


def test_the_people_needed_are_those_of_power_prop_test() -> None:
    # R's own example: power.prop.test(p1 = .50, p2 = .75, power = .90) gives n = 76.7.
    assert people_needed(0.5, 0.5, power=0.9) == 77
    # power.prop.test(n = 50, p1 = .50, p2 = .75) gives power = 0.740: a little more power takes a little more than 50.
    assert people_needed(0.5, 0.5, power=0.7401659) in {50, 51}
    # Fleiss, Levin and Paik 2003: 0.60 against 0.70, 5 %, 80 %.
    assert people_needed(0.6, 1 / 6) == 356


def test_the_smaller_group_may_be_smaller_when_the_other_is_larger() -> None:
    even, uneven = people_needed(0.1, 0.2), people_needed(0.1, 0.2, ratio=9)
    assert even == 3841
    assert even / 2 < uneven < even


groups = st.builds(
    lambda people, reached: Group(people, min(people, reached)), st.integers(1, 2000), st.integers(0, 2000)
)


@given(groups, groups)
def test_an_interval_holds_what_was_seen_and_stays_within_what_is_possible(one: Group, other: Group) -> None:
    assert one.rate is not None and other.rate is not None
    low, high = difference_interval(one, other)
    assert -1 <= low <= one.rate - other.rate + 1e-12
    assert one.rate - other.rate - 1e-12 <= high <= 1


@given(groups, groups)
def test_ratio_and_difference_agree_on_whether_there_is_one(one: Group, other: Group) -> None:
    difference, ratio = difference_interval(one, other), ratio_interval(one, other)
    assume(min(abs(difference.low), abs(difference.high)) > 1e-9)
    assert (ratio.low > 1) == (difference.low > 0)
    assert (ratio.high < 1) == (difference.high < 0)
    assert 0 <= ratio.low <= ratio.high


@given(groups, groups)
def test_the_other_way_round_the_interval_is_mirrored(one: Group, other: Group) -> None:
    there, back = difference_interval(one, other), difference_interval(other, one)
    assert there.low == pytest.approx(-back.high)
    assert there.high == pytest.approx(-back.low)


@given(st.integers(1, 400), st.integers(0, 400))
def test_more_people_of_the_same_rate_make_a_narrower_interval(people: int, reached: int) -> None:
    reached = min(people, reached)
    few, many = rate_interval(reached, people), rate_interval(4 * reached, 4 * people)
    assert many.high - many.low < few.high - few.low


def test_money_has_an_interval_from_enough_buyers_on() -> None:
    # 200 people, 40 of whom spent 3,000 yen; 200 people, 30 of whom did.
    one = Group(200, 40, 40, 120_000, 40 * 3_000**2)
    other = Group(200, 30, 30, 90_000, 30 * 3_000**2)
    error = math.sqrt(sum((n * 9e6 - 200 * (n * 15) ** 2) / 199 / 200 for n in (40, 30)))
    assert rounded(money_interval(one, other), 6) == (
        round(150 - 1.959963984540054 * error, 6),
        round(150 + 1.959963984540054 * error, 6),
    )
    assert money_interval(one, Group(200, 29, 29, 87_000, 29 * 3_000**2)) is None
    assert money_interval(Group(99, 40, 40, 120_000, 1), other) is None


def test_below_a_hundred_people_nothing_is_told_but_how_many_are_missing() -> None:
    told = compare(Group(900, 90), Group(99, 0), 0.2)
    assert (told.finding, told.missing, told.difference, told.money) == (Finding.TOO_FEW, 1, None, None)


def test_a_difference_is_not_found_before_the_planned_number_whatever_the_interval_says() -> None:
    early = compare(Group(900, 180), Group(100, 5), 0.2)
    assert early.needed is not None
    assert early.needed > 100
    assert (early.finding, early.leans) == (Finding.NOT_YET, 1)


@pytest.mark.parametrize(
    ("treated", "held", "finding"),
    [
        (Group(20_000, 3_000), Group(20_000, 2_000), Finding.MORE),
        (Group(20_000, 2_000), Group(20_000, 3_000), Finding.LESS),
        (Group(20_000, 2_000), Group(20_000, 2_000), Finding.NO_SUCH_DIFFERENCE),
        (Group(20_000, 0), Group(20_000, 0), Finding.NOT_YET),
    ],
)
def test_with_enough_people_it_is_known(treated: Group, held: Group, finding: Finding) -> None:
    assert compare(treated, held, 0.2).finding == finding


@given(groups, groups, st.sampled_from([0.05, 0.2, 1.0]))
def test_any_two_groups_can_be_compared(treated: Group, held: Group, effect: float) -> None:
    told: Comparison = compare(treated, held, effect)
    assert (told.finding == Finding.TOO_FEW) == (min(treated.people, held.people) < FEWEST)
    assert (told.difference is None) == (told.finding == Finding.TOO_FEW)


def test_the_weeks_until_it_is_known_count_those_on_their_way() -> None:
    compared = Comparison(Group(100, 10), Group(40, 4), Finding.TOO_FEW, needed=100)
    assert weeks_for(compared, Side(150, 100), 30) == 0
    assert weeks_for(compared, Side(120, 40), 28) == 4
    assert weeks_for(compared, Side(60, 40, 10), 14) == 6
    assert weeks_for(compared, Side(60, 40), 14) is None
    assert weeks_for(Comparison(Group(100, 0), Group(40, 0), Finding.TOO_FEW), Side(60, 40, 10), 14) is None

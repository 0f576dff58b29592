"""The best hour: what somebody's clicks say, and what everybody's do where those are few."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.messaging.best_hour import HOURS, best_hour, shop_hours, strength_of

clicks = st.dictionaries(st.integers(0, 23), st.integers(1, 10_000), max_size=24)
EVENING = {20: 60, 21: 30, 8: 10}


def test_before_anybody_clicked_it_is_the_default_hour() -> None:
    assert shop_hours({}, 0, 0, default=8).best == 8
    assert shop_hours({}, 0, 0, default=19).best == 19


def test_a_few_clicks_move_no_shop_and_more_do() -> None:
    assert shop_hours({20: 4}, 0, 0, default=8).best == 8
    assert shop_hours({20: 6}, 0, 0, default=8).best == 20


def test_somebody_without_history_has_the_shops_hour() -> None:
    assert best_hour(shop_hours(EVENING, 0, 0, default=8), {}) == 20


def test_one_click_is_not_a_habit_and_many_are() -> None:
    shop = shop_hours(EVENING, 0, 0, default=8)
    assert best_hour(shop, {7: 1}) == 20
    assert best_hour(shop, {7: 12}) == 7


def test_the_more_people_differ_the_sooner_their_own_clicks_count() -> None:
    alike, unlike = (shop_hours(EVENING, 1000, same, default=8) for same in (470, 900))
    assert alike.strength > unlike.strength
    assert best_hour(alike, {7: 3}) == 20
    assert best_hour(unlike, {7: 3}) == 7


def test_hours_at_which_nothing_may_be_sent_are_left_out() -> None:
    shop = shop_hours({3: 50, 9: 20}, 0, 0, default=8)
    assert best_hour(shop, {3: 9}) == 3
    assert best_hour(shop, {3: 9}, allowed=range(8, 20)) == 9
    assert best_hour(shop, {3: 9}, allowed=()) == 3


def test_of_equal_hours_the_first_after_the_default_one_is_taken() -> None:
    shop = shop_hours({9: 20, 7: 20}, 0, 0, default=8)
    assert shop.best == 9


@given(clicks, clicks, st.integers(0, 10_000), st.integers(0, 23))
def test_shares_are_shares_and_the_best_is_an_hour(
    all_clicks: dict[int, int], own: dict[int, int], pairs: int, default: int
) -> None:
    shop = shop_hours(all_clicks, pairs, pairs // 2, default)
    assert sum(shop.shares) == pytest.approx(1)
    assert 1 <= shop.strength <= 200
    assert best_hour(shop, own) in HOURS


@given(clicks.filter(bool), st.integers(0, 23))
def test_clicks_enough_outweigh_any_shop(all_clicks: dict[int, int], hour: int) -> None:
    assert best_hour(shop_hours(all_clicks, 0, 0, default=8), {hour: 1000}) == hour


@pytest.mark.parametrize("strength", [2.0, 8.0, 30.0])
def test_the_strength_is_found_again_in_what_it_made(strength: float) -> None:
    dice = random.Random(7)
    shares = [0.5 if hour == 20 else 0.5 / 23 for hour in HOURS]
    totals, pairs, same_pairs = dict.fromkeys(HOURS, 0), 0, 0
    for _person in range(4_000):
        weights = [dice.gammavariate(strength * share, 1) for share in shares]
        own = dice.choices(HOURS, weights, k=12)
        for hour in HOURS:
            count = own.count(hour)
            totals[hour] += count
            same_pairs += count * (count - 1)
        pairs += 12 * 11
    evenness = sum((count / 48_000) ** 2 for count in totals.values())
    assert strength_of(evenness, pairs, same_pairs) == pytest.approx(strength, rel=0.15)


def test_with_few_pairs_nothing_is_estimated() -> None:
    assert strength_of(0.2, 99, 99) == strength_of(0.9, 0, 0) == 10

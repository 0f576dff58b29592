"""Tax, profit and usual prices, computed by hand beforehand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.catalog.policies import Profit, included_tax, included_taxes, is_far_off, unit_profit
from jouren.catalog.vocabulary import Role

amounts = st.integers(0, 10**12)
rates = st.sampled_from([8, 10])


@pytest.mark.parametrize(
    ("amount", "rate", "tax"),
    [
        (0, 8, 0),
        (1, 10, 0),
        (11, 10, 1),
        (108, 8, 8),
        (980, 8, 72),  # 72.59
        (3_980, 8, 294),  # 294.81
        (1_000, 10, 90),  # 90.91
        (1_100, 10, 100),
        (-980, 8, -72),  # what is given back of the above
    ],
)
def test_the_tax_inside_a_price_is_cut_off_below_one_unit(amount: int, rate: int, tax: int) -> None:
    assert included_tax(amount, rate) == tax


def test_an_invoice_is_rounded_once_for_each_rate() -> None:
    # 1,960 at 8 %: 145.19. Line by line it would be 72 + 72.
    assert included_taxes([(980, 8), (550, 10), (980, 8), (1_100, 10)]) == {8: 145, 10: 150}
    assert included_taxes([]) == {}


@pytest.mark.parametrize(
    ("price", "rate", "cost", "profit"),
    [
        (3_980, 8, 1_400, Profit(3_686, 2_286, 62)),
        (980, 8, 350, Profit(908, 558, 61)),
        (980, 8, 1_000, Profit(908, -92, -10)),
        (330_000, 10, 0, Profit(300_000, 300_000, 100)),
        (0, 8, 200, Profit(0, -200, None)),
    ],
)
def test_profit_is_what_is_left_without_tax(price: int, rate: int, cost: int, profit: Profit) -> None:
    assert unit_profit(price, rate, cost) == profit


@given(amounts, rates)
def test_the_tax_is_the_largest_whole_number_that_is_not_too_much(amount: int, rate: int) -> None:
    tax = included_tax(amount, rate)
    assert tax * (100 + rate) <= amount * rate < (tax + 1) * (100 + rate)
    assert included_tax(-amount, rate) == -tax


@given(st.lists(st.tuples(amounts, rates), max_size=20))
def test_rounding_once_takes_less_than_a_unit_a_line_more(lines: list[tuple[int, int]]) -> None:
    taxes = included_taxes(lines)
    for rate in taxes:
        of_rate = [included_tax(amount, each) for amount, each in lines if each == rate]
        assert 0 <= taxes[rate] - sum(of_rate) < len(of_rate)


@given(amounts, rates, amounts)
def test_price_is_tax_cost_and_profit(price: int, rate: int, cost: int) -> None:
    profit = unit_profit(price, rate, cost)
    assert included_tax(price, rate) + cost + profit.amount == price


@pytest.mark.parametrize(
    ("price", "role", "is_far"),
    [
        (0, Role.FRONT_END, False),
        (999, Role.FRONT_END, True),
        (1_000, Role.FRONT_END, False),
        (60_000, Role.FRONT_END, False),
        (60_001, Role.FRONT_END, True),
        (0, Role.BACK_END, True),
        (99_999, Role.BACK_END, True),
        (100_000, Role.BACK_END, False),
        (4_000_001, Role.BACK_END, True),
        (1, Role.MAIN, False),
        (1, Role.SUBSCRIPTION, False),
        (10**9, Role.TRIAL, False),
    ],
)
def test_far_off_is_below_half_or_above_double_of_what_is_usual(price: int, role: str, is_far: bool) -> None:
    assert is_far_off(price, role) is is_far

"""A test's verdict against values that are known without it."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jouren.broadcasts.statistics import LOSS_LIMIT, Tally, distribution, judge, quantile

whole = st.integers(1, 60)


def binomial_tail(a: int, b: int, x: float) -> float:
    """I_x(a, b) for whole numbers: of a+b-1 throws at least a succeed (Abramowitz and Stegun 26.5.24)."""
    throws = a + b - 1
    return math.fsum(math.comb(throws, j) * x**j * (1 - x) ** (throws - j) for j in range(a, throws + 1))


def log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def beats(a: int, b: int, c: int, d: int) -> float:
    """P(Beta(c, d) > Beta(a, b)), in closed form (Miller, Formulas for Bayesian A/B Testing, 2014, eq. 6)."""
    return math.fsum(
        math.exp(log_beta(a + j, b + d) - math.log(d + j) - log_beta(1 + j, d) - log_beta(a, b)) for j in range(c)
    )


def exact_loss(a: int, b: int, c: int, d: int) -> float:
    """E[max(Beta(c, d) - Beta(a, b), 0)], in closed form (Stucchio 2015, eq. 5, with Miller's sums)."""
    return c / (c + d) * beats(a, b, c + 1, d) - a / (a + b) * beats(a + 1, b, c, d)


@settings(deadline=None)
@given(whole, whole, st.floats(0.001, 0.999))
def test_the_distribution_is_that_of_coins(a: int, b: int, x: float) -> None:
    assert distribution(a, b, x) == pytest.approx(binomial_tail(a, b, x), abs=1e-10)


@settings(deadline=None)
@given(whole, whole, st.floats(0.001, 0.999))
def test_a_quantile_is_where_the_distribution_gets_there(a: int, b: int, probability: float) -> None:
    assert distribution(a, b, quantile(a, b, probability)) == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "probability", "x"),
    # Of Beta(1, n) the distribution is 1 - (1 - x)^n, of Beta(n, 1) it is x^n; Beta(1/2, 1/2) is the arcsine law.
    [
        (1, 1, 0.25, 0.25),
        (1, 100, 0.5, 1 - 0.5**0.01),
        (100, 1, 0.5, 0.5**0.01),
        (0.5, 0.5, 0.25, math.sin(math.pi / 8) ** 2),
    ],
)
def test_known_quantiles(a: float, b: float, probability: float, x: float) -> None:
    assert quantile(a, b, probability) == pytest.approx(x, rel=1e-9)


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(0, 300), st.integers(1, 300), st.integers(0, 300))
def test_the_expected_loss_of_two_is_the_closed_form(sent_a: int, got_a: int, sent_b: int, got_b: int) -> None:
    first, second = Tally(sent_a, min(got_a, sent_a)), Tally(sent_b, min(got_b, sent_b))
    a, b = 1 + first.answered, 1 + first.sent - first.answered
    c, d = 1 + second.answered, 1 + second.sent - second.answered
    estimates = judge([first, second]).estimates
    assert estimates[0].loss == pytest.approx(exact_loss(a, b, c, d), abs=2e-6)
    assert estimates[1].loss == pytest.approx(exact_loss(c, d, a, b), abs=2e-6)


@settings(deadline=None)
@given(st.integers(2, 4))
def test_of_versions_that_nobody_has_seen_the_best_is_known_in_closed_form(number: int) -> None:
    # The mean of the highest of n uniform variables is n / (n + 1).
    estimates = judge([Tally(0, 0)] * number).estimates
    assert [each.loss for each in estimates] == pytest.approx([number / (number + 1) - 0.5] * number, abs=1e-5)


tallies = st.lists(
    st.tuples(st.integers(0, 20_000), st.floats(0, 1)).map(lambda pair: Tally(pair[0], int(pair[0] * pair[1]))),
    min_size=2,
    max_size=4,
)


@settings(deadline=None)
@given(tallies)
def test_a_verdict_is_sound(counted: list[Tally]) -> None:
    verdict = judge(counted)
    for each in verdict.estimates:
        assert 0 <= each.low <= each.mean <= each.high <= 1
        assert each.loss >= 0
    if verdict.winner is not None:
        winner = verdict.estimates[verdict.winner]
        assert winner.loss <= LOSS_LIMIT * winner.mean
        assert winner.mean == max(each.mean for each in verdict.estimates)


@settings(deadline=None)
@given(tallies)
def test_which_version_is_called_a_changes_nothing(counted: list[Tally]) -> None:
    forwards, backwards = judge(counted), judge(counted[::-1])
    assert [each.loss for each in forwards.estimates] == pytest.approx(
        [each.loss for each in backwards.estimates[::-1]], abs=1e-9
    )


@pytest.mark.parametrize(
    ("counted", "winner"),
    [
        ([Tally(0, 0), Tally(0, 0)], None),
        ([Tally(100, 0), Tally(100, 0)], None),
        ([Tally(50_000, 0), Tally(50_000, 0)], None),
        ([Tally(20, 1), Tally(20, 2)], None),
        ([Tally(500, 10), Tally(500, 14)], None),
        ([Tally(500, 10), Tally(500, 30)], 1),
        ([Tally(500, 30), Tally(500, 10)], 0),
        ([Tally(500, 10), Tally(500, 12), Tally(500, 40)], 2),
        ([Tally(500, 10), Tally(500, 38), Tally(500, 40)], None),
        # Alike, and much is known: it makes no difference which, and that can be said.
        ([Tally(50_000, 2_500), Tally(50_000, 2_500)], 0),
    ],
)
def test_a_winner_is_named_when_little_is_given_away(counted: list[Tally], winner: int | None) -> None:
    assert judge(counted).winner == winner


def test_intervals_shrink_with_what_is_known() -> None:
    widths = [
        (estimate := judge([Tally(sent, sent // 20), Tally(sent, 0)]).estimates[0]).high - estimate.low
        for sent in (20, 200, 2_000, 20_000)
    ]
    assert all(later < earlier for earlier, later in pairwise(widths))

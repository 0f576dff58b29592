"""Which version of a test is better, and how sure that is. Pure, and exact: nothing is drawn by chance.

Each version's rate is given a Beta(1 + answers, 1 + others) distribution: what is known of it after the test, when
nothing was known before (Laplace's prior). The expected loss of choosing a version is how much rate is given away on
average by choosing it, should another be better:

    loss(i) = E[max over j of p(j)] - E[p(i)],   E[max] = integral from 0 to 1 of 1 - product of F(j)(x) dx

with F(j) the distribution functions (expected loss: Stucchio, Bayesian A/B Testing at VWO, 2015; the integral is the
mean of a maximum of independent variables, and holds for any number of versions). It is taken by Simpson's rule over
the stretch where the integrand is neither 0 nor 1. The incomplete beta function is the continued fraction of Press et
al., Numerical Recipes, 3rd ed., section 6.4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LOSS_LIMIT = 0.03
"""A winner gives away less than this share of its own rate, on average."""
MASS = 0.95
_STRIPS = 400
_TAIL = 1e-12


@dataclass(frozen=True, slots=True)
class Tally:
    """What a test counted: ``sent`` letters arrived, ``answered`` of them with a click (or an open) by a person."""

    sent: int
    answered: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known of a version's rate (0 to 1): the mean, the interval that holds it with 95 %, the expected loss of
    choosing this version, as a rate."""

    mean: float
    low: float
    high: float
    loss: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """``winner`` is the place of the better version, None: not enough data to say."""

    estimates: list[Estimate]
    winner: int | None


def judge(tallies: Sequence[Tally]) -> Verdict:
    """Compare the versions of a test. The better one wins when choosing it gives away little on average."""
    posteriors = [(1 + t.answered, 1 + max(0, t.sent - t.answered)) for t in tallies]
    best = _mean_of_best(posteriors)
    estimates = [
        Estimate(
            a / (a + b), quantile(a, b, (1 - MASS) / 2), quantile(a, b, (1 + MASS) / 2), max(0.0, best - a / (a + b))
        )
        for a, b in posteriors
    ]
    leader = min(range(len(estimates)), key=lambda place: (estimates[place].loss, place))
    is_sure = estimates[leader].loss <= LOSS_LIMIT * estimates[leader].mean
    return Verdict(estimates, leader if is_sure and any(t.answered for t in tallies) else None)


def distribution(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function: with what probability a Beta(a, b) is at most ``x``."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, 1 - x) / b


def quantile(a: float, b: float, probability: float) -> float:
    """Where :func:`distribution` reaches ``probability``, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if distribution(a, b, middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _mean_of_best(posteriors: Sequence[tuple[int, int]]) -> float:
    """The mean of the highest of all rates."""
    low = max(quantile(a, b, _TAIL) for a, b in posteriors)
    high = max(quantile(a, b, 1 - _TAIL) for a, b in posteriors)
    if high <= low:
        return low
    width = (high - low) / _STRIPS
    total = 0.0
    for strip in range(_STRIPS + 1):
        weight = 1 if strip in {0, _STRIPS} else 4 if strip % 2 else 2
        x = low + strip * width
        total += weight * (1 - math.prod(distribution(a, b, x) for a, b in posteriors))
    return low + total * width / 3


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 10_000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + step * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + step / c
            c = c if abs(c) > tiny else tiny
            change = c * d
            value *= change
        if abs(change - 1) < 1e-14:
            break
    return value

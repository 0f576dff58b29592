"""Two groups of people compared, honestly on small lists: rates, their difference, and when it can be known. Pure.

Sources: Wilson, E. B. (1927), JASA 22: 209–212. Newcombe, R. G. (1998), Statistics in Medicine 17: 857–872 (one rate)
and 873–890 (a difference, method 10). Donner, A. and Zou, G. Y. (2012), Statistical Methods in Medical Research 21:
347–359 (MOVER-R, a ratio). Welch, B. L. (1947), Biometrika 34: 28–35. Fleiss, J. L., Levin, B. and Paik, M. C. (2003),
Statistical Methods for Rates and Proportions, 3rd edition, chapter 4 (how many people it takes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import NamedTuple

FEWEST = 100
"""So many people the smaller group needs before anything is told of a difference."""
FEWEST_BUYERS = 30
"""So many buyers each group needs before a difference in money gets an interval."""
CONFIDENCE = 0.95
POWER = 0.8


class Interval(NamedTuple):
    """From where to where a figure may lie."""

    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """``people`` whose time is over, of whom ``reached`` the goal; ``money`` they all spent, and its ``squares``.

    ``money`` is in yen, ``squares`` the sum of each person's yen squared; who spent nothing adds nothing.
    """

    people: int
    reached: int
    buyers: int = 0
    money: int = 0
    squares: int = 0

    @property
    def rate(self) -> float | None:
        """The share that reached the goal, None of nobody."""
        return self.reached / self.people if self.people else None

    @property
    def mean(self) -> float | None:
        """Yen a person, None of nobody."""
        return self.money / self.people if self.people else None


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def rate_interval(reached: int, people: int, confidence: float = CONFIDENCE) -> Interval:
    """The score interval of one rate (Wilson 1927; Newcombe 1998, method 3). Everything is possible of nobody."""
    if not people:
        return Interval(0.0, 1.0)
    z2 = _z(confidence) ** 2
    middle = (2 * reached + z2) / (2 * (people + z2))
    half = math.sqrt(z2 * (z2 + 4 * reached * (1 - reached / people))) / (2 * (people + z2))
    low = 0.0 if reached == 0 else max(0.0, middle - half)
    high = 1.0 if reached == people else min(1.0, middle + half)
    return Interval(low, high)


def difference_interval(one: Group, other: Group, confidence: float = CONFIDENCE) -> Interval:
    """How much higher the rate of ``one`` is than that of ``other`` (Newcombe 1998, method 10). Both have people."""
    p, q = one.reached / one.people, other.reached / other.people
    of_p, of_q = (rate_interval(group.reached, group.people, confidence) for group in (one, other))
    low = p - q - math.hypot(p - of_p.low, of_q.high - q)
    high = p - q + math.hypot(of_p.high - p, q - of_q.low)
    return Interval(max(-1.0, low), min(1.0, high))


def ratio_interval(one: Group, other: Group, confidence: float = CONFIDENCE) -> Interval:
    """How many times the rate of ``other`` that of ``one`` is (Donner and Zou 2012, on Wilson's limits).

    It leaves out 1 exactly when :func:`difference_interval` leaves out 0. The upper limit may be infinite. Both have
    people.
    """
    p, q = one.reached / one.people, other.reached / other.people
    of_p, of_q = (rate_interval(group.reached, group.people, confidence) for group in (one, other))
    low, high = 0.0, math.inf
    if (below := of_q.high * (2 * q - of_q.high)) != 0:
        inside = (p * q) ** 2 - of_p.low * of_q.high * (2 * p - of_p.low) * (2 * q - of_q.high)
        low = max(0.0, (p * q - math.sqrt(max(0.0, inside))) / below)
    elif p * q:
        low = of_p.low * (2 * p - of_p.low) / (2 * p * q)
    if (below := of_q.low * (2 * q - of_q.low)) > 0:
        inside = (p * q) ** 2 - of_p.high * of_q.low * (2 * p - of_p.high) * (2 * q - of_q.low)
        high = (p * q + math.sqrt(max(0.0, inside))) / below
    return Interval(low, high)


def money_interval(one: Group, other: Group, confidence: float = CONFIDENCE) -> Interval | None:
    """How many yen a person more ``one`` spends than ``other`` (Welch 1947, with the normal quantile).

    None where a group has too few people or buyers for the mean of so skewed a figure to be near normal.
    """
    if min(one.people, other.people) < FEWEST or min(one.buyers, other.buyers) < FEWEST_BUYERS:
        return None
    means = [group.money / group.people for group in (one, other)]
    error = math.sqrt(
        sum(
            (group.squares - group.people * mean**2) / (group.people - 1) / group.people
            for group, mean in zip((one, other), means, strict=True)
        )
    )
    half = _z(confidence) * error
    return Interval(means[0] - means[1] - half, means[0] - means[1] + half)


def people_needed(
    base: float, effect: float, ratio: float = 1.0, confidence: float = CONFIDENCE, power: float = POWER
) -> int:
    """How many people the compared (untreated) group needs to find a relative ``effect`` on the rate ``base``.

    ``ratio``: people of the other group for each of this one. Fleiss, Levin and Paik (2003), chapter 4, for groups
    of unequal size, without the correction for continuity. ``base`` lies above 0, ``base`` × (1 + ``effect``) below 1.

    Raises:
        ValueError: there is no such rate or effect.
    """
    raised = base * (1 + effect)
    if not 0 < base < 1 or not 0 < raised < 1 or effect == 0 or ratio <= 0:
        raise ValueError(f"No comparison of {base} with {raised}.")
    middle = (base + ratio * raised) / (1 + ratio)
    by_chance = _z(confidence) * math.sqrt((ratio + 1) * middle * (1 - middle))
    if_so = NormalDist().inv_cdf(power) * math.sqrt(ratio * base * (1 - base) + raised * (1 - raised))
    return math.ceil((by_chance + if_so) ** 2 / (ratio * (raised - base) ** 2))


@dataclass(frozen=True)
class Side:
    """Those on one side: all who entered, those whose time is ``over``, those who came in a week of the last four."""

    entered: int = 0
    over: int = 0
    weekly: float = 0.0

    @property
    def waiting(self) -> int:
        """Those whose time is not over yet."""
        return self.entered - self.over

    def __add__(self, other: Side) -> Side:
        return Side(self.entered + other.entered, self.over + other.over, self.weekly + other.weekly)


class Finding(StrEnum):
    """What can be said of a difference."""

    TOO_FEW = "too_few"
    NOT_YET = "not_yet"
    MORE = "more"
    LESS = "less"
    NO_SUCH_DIFFERENCE = "no_such_difference"


@dataclass(frozen=True)
class Comparison:
    """``treated`` compared with ``held``. Intervals are None while there are too few to tell.

    ``missing``: people that the smaller group lacks until anything is told (``TOO_FEW``). ``needed``: people of the
    held group that it takes to find the smallest effect worth knowing; None where nobody reached the goal yet. Before
    so many are there the finding is ``NOT_YET``, whatever the interval says: looking again and again finds differences
    that are not there.
    """

    treated: Group
    held: Group
    finding: Finding
    missing: int = 0
    needed: int | None = None
    difference: Interval | None = None
    ratio: Interval | None = None
    money: Interval | None = None

    @property
    def lift(self) -> float | None:
        """By which part the treated group's rate is higher: 0.2 is a fifth more. None where the other has none."""
        base = self.held.rate
        return None if not base or self.treated.rate is None else self.treated.rate / base - 1

    @property
    def leans(self) -> int:
        """1 or -1 where the interval is above or below 0, else 0."""
        if self.difference is None:
            return 0
        return (self.difference.low > 0) - (self.difference.high < 0)


def compare(treated: Group, held: Group, smallest_effect: float) -> Comparison:
    """Compare those who were treated with those who were held back. ``smallest_effect``: 0.2 is a fifth."""
    fewest = min(treated.people, held.people)
    needed = _needed(treated, held, smallest_effect)
    if fewest < FEWEST:
        return Comparison(treated, held, Finding.TOO_FEW, FEWEST - fewest, needed)
    compared = Comparison(
        treated,
        held,
        Finding.NOT_YET,
        needed=needed,
        difference=difference_interval(treated, held),
        ratio=ratio_interval(treated, held),
        money=money_interval(treated, held),
    )
    if needed is None or held.people < needed:
        return compared
    findings = {1: Finding.MORE, -1: Finding.LESS, 0: Finding.NO_SUCH_DIFFERENCE}
    return Comparison(**{**vars(compared), "finding": findings[compared.leans]})


def _needed(treated: Group, held: Group, effect: float) -> int | None:
    """By the rate of all together, which is the steadiest there is while little is known."""
    people, reached = treated.people + held.people, treated.reached + held.reached
    if not reached or not held.people:
        return None
    base = min(reached / people, 0.99 / (1 + effect))
    return people_needed(base, effect, max(1.0, treated.people) / held.people)


def weeks_for(compared: Comparison, held: Side, window_days: float) -> float | None:
    """How many weeks until a comparison can be known at the pace of the last weeks; None: it cannot be said.

    ``window_days``: how long each person is looked at, which the last of them need too.
    """
    if compared.needed is None:
        return None
    if held.over >= compared.needed:
        return 0.0
    if held.entered >= compared.needed:
        return window_days / 7
    if not held.weekly:
        return None
    return (compared.needed - held.entered) / held.weekly + window_days / 7

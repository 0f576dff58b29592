"""Pure rules of products: tax, profit, usual prices. Whole numbers only: amounts are of a currency's smallest unit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from jouren.catalog.vocabulary import Role


def included_tax(amount: int, rate: int) -> int:
    """The consumption tax inside a tax-included amount; ``rate`` in percent. What is below one unit is cut off.

    ``amount * rate / (100 + rate)``. Businesses may cut off, round up or round (国税庁, インボイス制度に関する Q&A,
    「適格請求書に記載する消費税額等の端数処理」); cutting off is what most do.
    """
    if amount < 0:
        return -included_tax(-amount, rate)
    return amount * rate // (100 + rate)


def included_taxes(lines: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The tax of an invoice by rate, of its lines as (tax-included amount, rate).

    Rounded once for each rate, on the sum of its lines, not line by line (消費税法施行令 第70条の10).
    """
    sums: dict[int, int] = {}
    for amount, rate in lines:
        sums[rate] = sums.get(rate, 0) + amount
    return {rate: included_tax(amount, rate) for rate, amount in sums.items()}


class Profit(NamedTuple):
    """What one unit leaves. ``net``: its price without tax. ``percent`` of it is profit, rounded half up; None of 0."""

    net: int
    amount: int
    percent: int | None


def unit_profit(price: int, rate: int, cost: int) -> Profit:
    """What one unit leaves: the tax-included ``price`` less the tax inside it and less the ``cost``, without tax."""
    net = price - included_tax(price, rate)
    amount = net - cost
    return Profit(net, amount, (200 * amount + net) // (2 * net) if net else None)


class Band(NamedTuple):
    """The prices, tax included, in yen, that are usual for a role. ``may_be_free``: nothing is usual too."""

    lowest: int
    highest: int
    may_be_free: bool = False


USUAL: dict[str, Band] = {
    Role.FRONT_END: Band(2_000, 30_000, may_be_free=True),
    Role.BACK_END: Band(200_000, 2_000_000),
}
"""Where the field names figures. What the other roles cost depends on what is sold."""


def is_far_off(price: int, role: str) -> bool:
    """Whether a price in yen lies far outside of what is usual for its role: below half, or above double."""
    band = USUAL.get(role)
    if band is None or (price == 0 and band.may_be_free):
        return False
    return 2 * price < band.lowest or price > 2 * band.highest

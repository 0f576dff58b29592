"""What reads orders."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from jouren.catalog.models import Product, ProductCode
from jouren.catalog.offers.judgements import Had
from jouren.catalog.queries import products_of_codes
from jouren.contacts.queries import alias_ids, canonical_id, find_by_email
from jouren.contacts.timeline import Entry, tell_all
from jouren.core.sql import load_sql
from jouren.events.queries import events_of
from jouren.orders.event_types import ORDER_RECOGNISED, ORDER_TYPES
from jouren.orders.models import Order, OrderState, Refund, Remark, Subscription

_sql = load_sql("orders")
_AT = Coalesce("placed_at", "paid_at")


class UnmappedCode(NamedTuple):
    """A code of orders that means no product. ``orders``: in how many it stood; the last was ``example``."""

    code: str
    sources: list[str]
    orders: int
    last_at: datetime
    example_source: str
    example: str


class Sold(NamedTuple):
    """In how many orders a product stood under its codes; ``last_at``: when the last of them was paid."""

    orders: int
    last_at: datetime


def orders_of(contact_id: int) -> QuerySet[Order]:
    """A person's orders, the latest first: also those not paid, and without those of which only a part was told."""
    theirs = Order.objects.filter(contact_id=canonical_id(contact_id)).exclude(state=OrderState.UNKNOWN)
    return theirs.alias(at=_AT).order_by("-at", "-id")


def subscriptions_of(contact_id: int) -> QuerySet[Subscription]:
    """A person's subscriptions, the latest first."""
    return Subscription.objects.filter(contact_id=canonical_id(contact_id)).order_by("-id")


@dataclass(frozen=True)
class Wanted:
    """Which orders a list shows: ``text`` is the beginning of a number, also of the one that the buyer knows, or a mail
    address; the period is half-open.
    """

    text: str = ""
    state: str = ""
    source: str = ""
    product_id: int | None = None
    since: datetime | None = None
    before: datetime | None = None


def find_orders(wanted: Wanted, *, after: tuple[datetime, int] | None = None, limit: int) -> list[Order]:
    """Orders with their buyers, the latest first, each with ``at``: when it was placed, or else paid.

    ``after``: those that follow the one of this (at, id).
    """
    found = Order.objects.annotate(at=_AT).filter(at__isnull=False).select_related("contact").order_by("-at", "-id")
    if wanted.text:
        found = found.filter(_searched(wanted.text))
    if wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.source:
        found = found.filter(source=wanted.source)
    if wanted.product_id is not None:
        found = found.filter(_of_product(wanted.product_id))
    if wanted.since is not None:
        found = found.filter(at__gte=wanted.since)
    if wanted.before is not None:
        found = found.filter(at__lt=wanted.before)
    if after is not None:
        # The first part is for the index, which cannot go by the second.
        found = found.filter(at__lte=after[0]).filter(Q(at__lt=after[0]) | Q(id__lt=after[1]))
    return list(found[:limit])


def _searched(text: str) -> Q:
    if "@" not in text:
        # Shops write a # before the number that the buyer knows, and people leave it out. What the index leaves out is
        # said, so that it serves.
        named = Q(name__startswith=text) | Q(name__startswith=f"#{text}")
        return Q(number__startswith=text) | (Q(name__gt="") & named)
    contact = find_by_email(text)
    return Q(contact_id=contact.pk if contact is not None else None)


def _of_product(product_id: int) -> Q:
    """Whose codes mean a product: what a source says itself comes before what counts everywhere."""
    own: dict[str, list[str]] = {}
    for source, code in ProductCode.objects.filter(product_id=product_id).values_list("source", "code"):
        own.setdefault(source, []).append(code)
    wanted = Q(pk=None)
    for source, codes in own.items():
        wanted |= Q(products__overlap=codes, source=source) if source else Q(products__overlap=codes)
    for source, code in ProductCode.objects.filter(code__in=own.get("", [])).values_list("source", "code"):
        if source and code not in own.get(source, []):
            rest = [each for each in own[""] if each != code]
            wanted &= ~Q(source=source, products__contains=[code]) | Q(products__overlap=rest)
    return wanted


class OrderNames(NamedTuple):
    """An order as letters name it: its number as the buyer knows it, and its products' names, in their order."""

    number: str
    products: tuple[str, ...]


def names_of_orders(wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], OrderNames]:
    """Orders by buyer and number; those that are not kept are left out. Of two shops with one number, the later counts.

    A product is named as the catalogue has it, else as the shop's order named it, else by its code.
    """
    contact_ids, numbers = {contact_id for contact_id, _number in wanted}, {number for _contact, number in wanted}
    found = Order.objects.filter(contact_id__in=contact_ids, number__in=numbers)
    orders = {
        (order.contact_id, order.number): order
        for order in found.order_by("pk").prefetch_related("lines")
        if (order.contact_id, order.number) in wanted
    }
    return dict(zip(orders, _names(list(orders.values())), strict=True))


def newest_order(contact_id: int) -> OrderNames | None:
    """A person's latest order as letters name it."""
    order = orders_of(contact_id).prefetch_related("lines").first()
    return _names([order])[0] if order is not None else None


def _names(orders: Sequence[Order]) -> list[OrderNames]:
    lines = [[(line.code, line.name) for line in order.lines.all()] for order in orders]
    codes = [own or [(code, "") for code in order.products] for order, own in zip(orders, lines, strict=True)]
    meant = products_of_codes(
        {(order.source, code) for order, own in zip(orders, codes, strict=True) for code, _name in own}
    )
    return [
        OrderNames(
            order.name or order.number,
            tuple(dict.fromkeys(_name_of(meant.get((order.source, code)), name, code) for code, name in own)),
        )
        for order, own in zip(orders, codes, strict=True)
    ]


def _name_of(product: Product | None, told: str, code: str) -> str:
    return product.name if product is not None else " ".join(told.split()) or code


def order_sources() -> list[str]:
    """Who told of orders, without looking through them all."""
    return [row[0] for row in _sql.all("order_sources")]


def refunds_of(order: Order) -> list[Refund]:
    """What was paid back of an order, in its order; also in another currency."""
    return list(Refund.objects.filter(source=order.source, number=order.number).order_by("at", "id"))


def happened_to(order: Order, limit: int = 500) -> list[Entry]:
    """What was told of an order, the latest first, of the latest events about orders of its buyer's."""
    types = [kind.name for kind in (*ORDER_TYPES, ORDER_RECOGNISED)]
    events = events_of(alias_ids(order.contact_id), types=types, limit=limit)
    return tell_all(
        event for event in events if event.source == order.source and event.payload["order"] == order.number
    )


def unmapped_codes(limit: int) -> list[UnmappedCode]:
    """The codes that orders named and that mean no product, the most frequent first."""
    return [UnmappedCode(*row) for row in _sql.all("unmapped_codes", {"limit": limit})]


def count_unmapped_codes() -> int:
    """How many of them there are."""
    row = _sql.one("count_unmapped_codes")
    return int(row[0]) if row else 0


def sold_by_product() -> dict[int, Sold]:
    """What was sold of each product so far, by its id; those that no order named are left out.

    An order that has two codes of one product counts twice.
    """
    return {row[0]: Sold(*row[1:]) for row in _sql.all("sold")}


def revenue_of_offer(offer_id: int) -> list[tuple[str, int]]:
    """What the orders that took an offer brought, after refunds, by currency."""
    return [(row[0], int(row[1])) for row in _sql.all("revenue_of_offer", {"offer_id": offer_id})]


class Standing(NamedTuple):
    """Whether a paid order was neither cancelled nor paid back whole, its kind, and what is left of its amount."""

    stands: bool
    kind: str
    left: int


def standing_of(orders: Collection[tuple[str, str]]) -> dict[tuple[str, str], Standing]:
    """How these orders, by source and number, stand; those that are not kept yet are left out."""
    asked = {"sources": [source for source, _n in orders], "numbers": [number for _s, number in orders]}
    return {(row[0], row[1]): Standing(*row[2:]) for row in _sql.all("standing", asked)}


def remarks_on(order: Order) -> list[Remark]:
    """What an order named, and why it did not count."""
    return list(Remark.objects.filter(source=order.source, number=order.number))


def buyers_since(product_id: int, since: Mapping[int, datetime]) -> list[tuple[int, Had]]:
    """Of people, each with a moment: every purchase of the product paid at or after theirs, until it was undone."""
    asked = {"contact_ids": list(since), "moments": list(since.values()), "product_id": product_id}
    return [(row[0], Had(*row[1:])) for row in _sql.all("bought_since", asked)]


class Purchased(NamedTuple):
    """Purchases of a period: how many people's ``first``, and how many ``repeat`` ones, of people who had bought."""

    first: int = 0
    repeat: int = 0


def purchases_between(bounds: Sequence[datetime]) -> list[Purchased]:
    """For each period between two of the moments, the purchases paid in it.

    Trials and the regular price count; gifts, and what was cancelled or refunded whole, do not.
    """
    asked = {"bounds": list(bounds), "since": bounds[0], "until": bounds[-1]}
    firsts, every = dict(_sql.all("first_purchases", asked)), dict(_sql.all("all_purchases", asked))
    periods = range(len(bounds) - 1)
    return [Purchased(firsts.get(place, 0), every.get(place, 0) - firsts.get(place, 0)) for place in periods]


def has_many_orders(most: int) -> bool:
    """Whether there are more orders than ``most``; looks at no more than those."""
    row = _sql.one("has_many_orders", {"most": most})
    return bool(row and row[0])

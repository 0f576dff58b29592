"""What staff write down of orders themselves: what no shop's software tells of."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.catalog.actions import code_of
from jouren.catalog.models import Product
from jouren.contacts.models import Contact
from jouren.contacts.policies import clean_text
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event
from jouren.orders.actions import present_id
from jouren.orders.errors import BadOrder
from jouren.orders.models import Buyer, Order
from jouren.orders.policies import check_moment
from jouren.orders.telling import Telling, tell_orders, tell_orders_of

SOURCE = "hand"
_NUMBER = re.compile(r"\d{6}-[0-9A-F]{8}")
MAX_SEMINAR_LENGTH = 200
MARKS = ("paid", "shipped", "delivered", "refunded", "cancelled")
"""What can be said to have happened to an order."""


class Entered(NamedTuple):
    """An order that was entered: its number, and whose it is."""

    number: str
    contact_id: int


def new_number() -> str:
    """A number for an order that is entered by hand: its day, and what nobody else draws."""
    return f"{clock.now():%y%m%d}-{secrets.token_hex(4).upper()}"


@transaction.atomic
def enter_order(
    email: str,
    product: Product,
    *,
    quantity: int,
    amount: int,
    is_paid: bool,
    at: datetime | None = None,
    number: str = "",
    by: AbstractBaseUser | None = None,
) -> Entered:
    """Enter an order of one product. Whoever is not known becomes known, without any consent.

    ``amount`` is of all of it, tax included, in the smallest unit of the product's currency. ``number`` is one of
    :func:`new_number`: what is entered again under it counts once.

    Raises:
        BadOrder, BadAddress: a detail cannot be kept, or the person was erased.
    """
    number = number if _NUMBER.fullmatch(number) else new_number()
    line = {
        "code": code_of(product, SOURCE, by=by),
        "name": product.name,
        "quantity": quantity,
        "amount": amount,
        "tax_rate": product.tax_rate,
    }
    payload = {"order": number, "amount": amount, "currency": product.currency, "lines": [line]}
    told = Telling(
        "order.paid" if is_paid else "order.placed", payload, at or clock.now(), identities=(("email", email),)
    )
    recorded = tell_orders(SOURCE, [told]).recorded
    contact_id = Buyer.objects.get(source=SOURCE, thing="order", number=number).contact_id
    if contact_id is None:
        raise BadOrder(_("The person with this address was erased at their own wish."))
    if by is not None and recorded:
        log(instance=Contact.objects.get(pk=contact_id), action="orders.enter", user=by, data={"order": number})
    return Entered(number, contact_id)


@transaction.atomic
def mark_order(
    order: Order,
    what: str,
    *,
    at: datetime | None = None,
    amount: int | None = None,
    reason: str = "",
    refund: str = "",
    by: AbstractBaseUser | None = None,
) -> bool:
    """Say that something happened to an order: one of :data:`MARKS`. Returns False when that was known.

    ``amount``, of a refund, is in the order's currency; ``refund`` is its number: under one it counts once.

    Raises:
        BadOrder: it cannot have happened, or not to this order.
        ContactNotFound: the buyer was erased.
    """
    if what not in MARKS:
        raise BadOrder(_("This cannot be said of an order."))
    at = at or clock.now()
    began_at = order.placed_at or order.paid_at
    if began_at is None or (what == "paid" and order.paid_at is not None):
        raise BadOrder(_("This cannot be said of this order any more, or not yet."))
    if at < began_at:
        raise BadOrder(_("This is before the order itself."))
    details: dict[str, Any] = {}
    if what == "paid":
        details = _described(order)
    elif what == "refunded":
        if amount is None or not 0 < amount <= order.net:
            raise BadOrder(_("Pay back 1 or more, and at most what is left of the order."))
        details = {"refund": f"hand-{refund or secrets.token_hex(4)}", "amount": amount, "currency": order.currency}
    if reason and what in {"refunded", "cancelled"}:
        details["reason"] = reason
    telling = Telling(f"order.{what}", {"order": order.number, **details}, at)
    is_new = tell_orders_of(present_id(order.contact_id), order.source, [telling]).recorded == 1
    if by is not None and is_new:
        log(instance=order, action=f"orders.mark_{what}", user=by, title=order.number, data={"amount": amount})
    return is_new


def _described(order: Order) -> dict[str, Any]:
    """What an order is, as it was told last."""
    lines = [
        {
            name: value
            for name in ("code", "name", "quantity", "amount", "tax_rate")
            if (value := getattr(line, name)) not in {None, ""}
        }
        for line in order.lines.all()
    ]
    told = {
        "amount": order.amount,
        "currency": order.currency,
        "kind": order.kind,
        "products": order.products,
        "lines": lines,
        "tax": order.tax,
        "shipping": order.shipping,
        "discount": order.discount,
        "coupon": order.coupon,
        "subscription": order.subscription,
        "reference": order.reference,
        "name": order.name,
    }
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}


@transaction.atomic
def attend_seminar(
    contact_id: int, seminar: str, *, at: datetime | None = None, by: AbstractBaseUser | None = None
) -> bool:
    """Write down that a person was at a seminar. Returns False when it was known for that day.

    Raises:
        BadOrder: the name or the moment cannot be kept.
        ContactNotFound: there is no such person.
    """
    name, own_id, now = clean_text(seminar), present_id(contact_id), clock.now()
    if not 0 < len(name) <= MAX_SEMINAR_LENGTH:
        raise BadOrder(_("A seminar's name has 1 to %(limit)s characters.") % {"limit": MAX_SEMINAR_LENGTH})
    check_moment(at or now, now)
    key = sha256(f"{own_id} {at or now:%Y-%m-%d} {name}".encode()).hexdigest()
    event = NewEvent("seminar.attended", own_id, {"seminar": name}, at or now, SOURCE, key)
    is_new = record_event(event) is not None
    if by is not None and is_new:
        log(instance=Contact.objects.get(pk=own_id), action="orders.attend_seminar", user=by, data={})
    return is_new

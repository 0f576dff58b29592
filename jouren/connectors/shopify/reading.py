"""What Shopify's webhooks tell. Pure: the same request always tells the same.

An order is known by its ``id``: refunds and fulfilments name nothing else. ``total_price`` is before refunds and after
edits, as an order's amount is here; what is given back is told by refunds alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from jouren.connectors.connector import (
    Arrived,
    Contents,
    Delivery,
    Headers,
    Identities,
    ParcelNews,
    Profile,
    Said,
)
from jouren.connectors.errors import Unusable
from jouren.connectors.reading import (
    currency_of,
    decimal_of,
    minor_amount,
    minor_digits,
    moment_of,
    names_of,
    needed,
    needed_moment,
    object_of,
    objects_of,
    order_payload,
    percent_text,
    read_json,
    text_of,
    whole_of,
)
from jouren.orders.policies import MAX_COUPONS
from jouren.orders.telling import Telling

Data = Mapping[str, Any]
_REFERENCE = "reference"
_CALLED_BACK = frozenset({"cancelled", "error", "failure"})
_PARCEL = re.compile(r"(?:\.|-F)(\d+)$")


def read(headers: Headers, body: bytes) -> Sequence[Delivery]:
    """What one webhook tells. Raises Unusable."""
    data = read_json(body)
    topic = headers.get("x-shopify-topic", "").strip().lower()
    keys = _keys(headers, topic, data)
    if headers.get("x-shopify-test") == "true" or (data.get("test") is True and topic.startswith("orders/")):
        return [Delivery(keys, topic, ignored=N_("A test."))]
    reader = _READERS.get(topic)
    if reader is None:
        return [Delivery(keys, topic or "?", ignored=N_("Nothing is kept of this topic."))]
    told = reader(data)
    ignored = "" if any(told) else N_("It tells nothing new.")
    return [Delivery(keys, topic, told.profiles, told.tellings, parcels=told.parcels, ignored=ignored)]


def _keys(headers: Headers, topic: str, data: Data) -> tuple[str, ...]:
    """Its delivery's id, the same at every attempt, and its event's, the same for two subscriptions to one topic.

    One event can tell of several topics, and of several things of one topic: they are in the second key.
    """
    delivery, event = (headers.get(f"x-shopify-{name}-id", "").strip()[:200] for name in ("webhook", "event"))
    if not delivery:
        raise Unusable(_("The header X-Shopify-Webhook-Id is missing."))
    about = f"{data.get('admin_graphql_api_id') or data.get('id')}"[:200]
    return (f"delivery {delivery}", f"event {event} {topic} {about}") if event else (f"delivery {delivery}",)


class _Told(NamedTuple):
    """What one topic tells."""

    profiles: Sequence[Profile] = ()
    tellings: Sequence[Telling] = ()
    parcels: Sequence[ParcelNews] = ()


def _order(order: Data) -> _Told:
    """What every topic of orders tells: how the order stands, and what has befallen it."""
    changed = Telling("order.changed", _payload(order), needed_moment(order, "updated_at"), _identities(order))
    return _Told(_buyer(order), [changed, *_befallen(order)], _parcels(order))


def _order_placed(order: Data) -> _Told:
    told = _order(order)
    placed_at = needed_moment(order, "processed_at", "created_at")
    placed = Telling("order.placed", _payload(order), placed_at, _identities(order))
    return told._replace(tellings=[placed, *told.tellings])


def _order_paid(order: Data) -> _Told:
    """Paid when Shopify says so: at a convenience store or by bank, that is days after the order was processed.

    An order that was processed before it was made is an old one, brought into the shop from elsewhere.
    """
    told = _order(order)
    paid_at = needed_moment(order, "updated_at", "processed_at")
    processed_at, created_at = moment_of(order, "processed_at"), moment_of(order, "created_at")
    if processed_at and created_at and processed_at < created_at - timedelta(days=1):
        paid_at = processed_at
    paid = Telling("order.paid", _payload(order), paid_at, _identities(order))
    return told._replace(tellings=[paid, *told.tellings])


def _befallen(order: Data) -> list[Telling]:
    tellings = [each for refund in objects_of(order, "refunds") for each in _refund(refund).tellings]
    tellings += [each for parcel in objects_of(order, "fulfillments") for each in _fulfillment(parcel).tellings]
    if (cancelled_at := moment_of(order, "cancelled_at")) is not None:
        payload = {"order": needed(order, "id"), "reason": text_of(order, "cancel_reason")}
        tellings.append(Telling("order.cancelled", payload, cancelled_at, _identities(order)))
    return tellings


def _parcels(order: Data) -> list[ParcelNews]:
    """Of which parcels the order is made up, as it stands: those that were called back are none."""
    parcels = [each for each in objects_of(order, "fulfillments") if each.get("status") not in _CALLED_BACK]
    if not parcels:
        return []
    ids, is_all = [needed(each, "id") for each in parcels], order.get("fulfillment_status") == "fulfilled"
    return [Contents(needed(order, "id"), needed_moment(order, "updated_at"), tuple(sorted(set(ids))), is_all)]


def _payload(order: Data) -> dict[str, Any]:
    currency = currency_of(needed(order, "currency"))
    with_tax = order.get("taxes_included") is True
    told = [text_of(each, "code", 100) for each in objects_of(order, "discount_codes")]
    codes = list(dict.fromkeys(code for code in told if code))[:MAX_COUPONS]
    shipping = sum(_after_discounts(line, currency, with_tax) for line in objects_of(order, "shipping_lines"))
    return order_payload(
        {
            "order": needed(order, "id"),
            "amount": minor_amount(order.get("total_price"), currency, "total_price"),
            "currency": currency,
            "tax": _taxes(order, currency),
            "shipping": shipping,
            "discount": minor_amount(order.get("total_discounts") or "0", currency, "total_discounts"),
            "coupon": codes[0] if codes else "",
            "coupons": codes if len(codes) > 1 else [],
            "reference": _reference(order),
            "name": text_of(order, "name", 100),
        },
        [_line(line, currency, with_tax) for line in objects_of(order, "line_items") if line.get("quantity") != 0],
    )


def _reference(order: Data) -> str:
    """What ``{reference}`` became: an attribute of the cart, or a part of the address by which the buyer came."""
    for attribute in objects_of(order, "note_attributes"):
        if attribute.get("name") == _REFERENCE and isinstance(attribute.get("value"), str):
            return text_of(attribute, "value", 100)
    landing = order.get("landing_site")
    if not isinstance(landing, str):
        return ""
    try:
        told = parse_qs(urlsplit(landing).query, max_num_fields=100)
    except ValueError:
        return ""
    found = [*told.get(_REFERENCE, ()), *told.get(f"attributes[{_REFERENCE}]", ())]
    return text_of({_REFERENCE: found[0]}, _REFERENCE, 100) if found else ""


def _line(line: Data, currency: str, with_tax: bool) -> dict[str, Any]:
    quantity = whole_of(line, "quantity")
    if quantity < 0:
        raise Unusable(_("“%(name)s” is negative.") % {"name": "quantity"})
    rates = [decimal_of(tax.get("rate"), "rate") * 100 for tax in objects_of(line, "tax_lines")]
    rate = sum(rates, Decimal(0))
    return {
        "code": text_of(line, "sku", 100)
        or text_of(line, "variant_id", 100)
        or text_of(line, "product_id", 100)
        or "?",
        "name": text_of(line, "name") or text_of(line, "title"),
        "quantity": quantity,
        "amount": _after_discounts(line, currency, with_tax, quantity),
        "tax_rate": int(rate) if rates and rate == rate.to_integral_value() else None,
    }


def _after_discounts(line: Data, currency: str, with_tax: bool, quantity: int = 1) -> int:
    """What a line costs, tax included. Discounts within it are exact; its tax is in the currency's units already."""
    amount = decimal_of(line.get("price"), "price") * quantity
    for discount in objects_of(line, "discount_allocations"):
        amount -= decimal_of(discount.get("amount"), "amount")
    if not with_tax:
        amount += sum((decimal_of(tax.get("price"), "price") for tax in objects_of(line, "tax_lines")), Decimal(0))
    return minor_amount(_rounded(amount, currency), currency, "price")


def _rounded(amount: Decimal, currency: str) -> Decimal:
    """Taxes that Shopify splits over lines can have a part of a unit; the order's total has not."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)))


def _taxes(order: Data, currency: str) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for tax in objects_of(order, "tax_lines"):
        rate = percent_text(decimal_of(tax.get("rate"), "rate"))
        sums[rate] = sums.get(rate, Decimal(0)) + decimal_of(tax.get("price"), "price")
    return {
        rate: str(minor_amount(_rounded(amount, currency), currency, "price")) for rate, amount in sorted(sums.items())
    }


def _identities(order: Data) -> Identities:
    customer = object_of(order, "customer")
    return _who(customer, text_of(order, "email") or text_of(order, "contact_email"))


def _who(customer: Data, email: str) -> Identities:
    number, own = text_of(customer, "id"), text_of(customer, "email")
    found = [("shop", number), ("email", own), ("email", email)]
    return tuple(dict.fromkeys(each for each in found if each[1]))


def _buyer(order: Data) -> list[Profile]:
    """The buyer as the order has them: found again by number and by mail, so that guests and members are one."""
    identities = _identities(order)
    if not identities:
        return []
    person = object_of(order, "customer") or object_of(order, "billing_address")
    address = object_of(order, "billing_address")
    names = names_of(text_of(person, "last_name"), text_of(person, "first_name")) or names_of(
        text_of(address, "last_name"), text_of(address, "first_name")
    )
    return [Profile(identities, needed_moment(order, "updated_at", "created_at"), names)]


def _refund(refund: Data) -> _Told:
    """Money that went back. A refund without any, or whose payment is under way, tells nothing yet."""
    done = [
        each
        for each in objects_of(refund, "transactions")
        if each.get("kind") == "refund" and each.get("status") == "success"
    ]
    if not done:
        return _Told()
    currency = currency_of(needed(done[0], "currency"))
    amount = sum(minor_amount(each.get("amount"), currency, "amount") for each in done)
    payload = {
        "order": needed(refund, "order_id"),
        "refund": needed(refund, "id"),
        "amount": amount,
        "currency": currency,
        "reason": text_of(refund, "note"),
    }
    return _Told(tellings=[Telling("order.refunded", payload, needed_moment(refund, "processed_at", "created_at"))])


def _fulfillment(fulfillment: Data) -> _Told:
    """An order counts as shipped with its first parcel, the one whose name ends in 1: ``#1001.1``, ``#1001-F1``."""
    number = _PARCEL.search(text_of(fulfillment, "name"))
    if fulfillment.get("status") != "success" or (number and number[1] != "1"):
        return _Told()
    payload = {"order": needed(fulfillment, "order_id"), "shipment": text_of(fulfillment, "tracking_number", 100)}
    return _Told(tellings=[Telling("order.shipped", payload, needed_moment(fulfillment, "created_at"))])


def _fulfillment_event(event: Data) -> _Told:
    """A parcel has arrived; the order has when all have (``parcels.py``)."""
    if event.get("status") != "delivered":
        return _Told()
    at = needed_moment(event, "happened_at", "created_at")
    return _Told(parcels=[Arrived(needed(event, "order_id"), at, needed(event, "fulfillment_id"))])


def _customer(customer: Data) -> _Told:
    names = names_of(text_of(customer, "last_name"), text_of(customer, "first_name"))
    identities = (("shop", needed(customer, "id")), *_who({}, text_of(customer, "email")))
    at = needed_moment(customer, "updated_at", "created_at")
    return _Told([Profile(identities, at, names, consent=_consent(customer))])


def _marketing(data: Data) -> _Told:
    """The topic that tells of nothing but consent, and names the customer in other words."""
    email = text_of(data, "email_address")
    consent = _consent({"email": email, "email_marketing_consent": data.get("email_marketing_consent")})
    identities = (("shop", needed(data, "customer_id")), *_who({}, email))
    return _Told([Profile(identities, consent.at, consent=consent)]) if consent else _Told()


def _redact(request: Data) -> _Told:
    """What the law lets customers ask of apps. Staff do it, and see here that it was asked."""
    raise Unusable(_("The shop asks to hand over or erase this customer's data. Do so on the person's page."))


def _consent(customer: Data) -> Said | None:
    """Whether the person agreed to mail, or said no more. Whoever never said, or has yet to confirm, said nothing."""
    consent = object_of(customer, "email_marketing_consent")
    state, level = text_of(consent, "state"), text_of(consent, "opt_in_level")
    at = moment_of(consent, "consent_updated_at")
    if state == "unsubscribed":
        return Said(False, at or needed_moment(customer, "updated_at", "created_at"))
    if state == "subscribed" and at is not None and text_of(customer, "email"):
        return Said(True, at, f"Shopify: email_marketing_consent subscribed, {level or 'unknown'}")
    return None


_READERS: Mapping[str, Callable[[Data], _Told]] = {
    "orders/create": _order_placed,
    "orders/paid": _order_paid,
    "orders/updated": _order,
    "orders/cancelled": _order,
    "orders/fulfilled": _order,
    "orders/partially_fulfilled": _order,
    "refunds/create": _refund,
    "fulfillments/create": _fulfillment,
    "fulfillments/update": _fulfillment,
    "fulfillment_events/create": _fulfillment_event,
    "customers/create": _customer,
    "customers/update": _customer,
    "customers/enable": _customer,
    "customers/disable": _customer,
    "customers_email_marketing_consent/update": _marketing,
    "customers/redact": _redact,
    "customers/data_request": _redact,
}

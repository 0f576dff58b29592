"""What Stripe's events tell. Pure: the same request always tells the same.

An order is known by its payment intent where the object names one, for refunds name nothing else; otherwise by its
invoice. Since Stripe's API of 2025-03-31 (Basil), invoices name no payment intent any more: ``invoice_payment.paid``
says which payment an invoice had, so that its refunds find it.
(https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from jouren.connectors.connector import Delivery, Headers, Identities, Profile, Said
from jouren.connectors.errors import Unusable
from jouren.connectors.reading import (
    currency_of,
    minor_digits,
    moment_of,
    needed,
    needed_moment,
    object_of,
    objects_of,
    order_payload,
    read_json,
    split_name,
    text_of,
    whole_of,
)
from jouren.orders.telling import Telling

Data = Mapping[str, Any]
Told = tuple[list[Profile], list[Telling]]

_BASIL = "2025-03-31"
# How Stripe counts amounts where it is not as ISO 4217 says (https://docs.stripe.com/currencies).
_STRIPE_DIGITS = {"MGA": 0, "ISK": 2, "UGX": 2}
_DAYS_OF = {"day": 1, "week": 7, "month": 30, "year": 365}


def read(headers: Headers, body: bytes) -> Sequence[Delivery]:
    """What one event tells. Raises Unusable."""
    event = read_json(body)
    kind, keys = text_of(event, "type", 100), (f"event {needed(event, 'id')}",)
    thing = object_of(object_of(event, "data"), "object")
    if kind == "invoice_payment.paid":
        return [_invoice_payment(keys, kind, thing)]
    reader = _READERS.get(kind)
    if reader is None:
        return [Delivery(keys, kind or "?", ignored=N_("Nothing is kept of this kind of event."))]
    profiles, tellings = reader(event, thing)
    ignored = "" if profiles or tellings else N_("It tells nothing new.")
    return [Delivery(keys, kind, profiles, tellings, ignored=ignored)]


def _checkout(event: Data, session: Data) -> Told:
    """A checkout that was finished. One for a subscription is paid by its invoice, which tells of it."""
    at = needed_moment(event, "created")
    details = object_of(session, "customer_details")
    identities = _who(_id_of(session, "customer"), text_of(details, "email") or text_of(session, "customer_email"))
    said = object_of(session, "consent")
    consent = (
        Said(True, at, "Stripe Checkout: consent.promotions opt_in") if said.get("promotions") == "opt_in" else None
    )
    profiles = [Profile(identities, at, split_name(text_of(details, "name")), consent=consent)] if identities else []
    if session.get("mode") != "payment":
        return profiles, _first_of_subscription(event, session, at, identities)
    payload = _session_payload(event, session)
    tellings = []
    if event.get("type") == "checkout.session.completed":
        tellings.append(Telling("order.placed", payload, at, identities))
    if session.get("payment_status") in {"paid", "no_payment_required"}:
        tellings.append(Telling("order.paid", payload, at, identities))
    return profiles, tellings


def _first_of_subscription(event: Data, session: Data, at: datetime, identities: Identities) -> list[Telling]:
    """The order that begins a subscription, placed: only its checkout knows of which offer it came. Its payment is told
    by the invoice; before Basil an order's number could not be known from the checkout.
    """
    if not session.get("client_reference_id") or session.get("mode") != "subscription":
        return []
    if text_of(event, "api_version") < _BASIL or not _id_of(session, "invoice") or not session.get("amount_total"):
        return []
    return [Telling("order.placed", _session_payload(event, session), at, identities)]


def _session_payload(event: Data, session: Data) -> dict[str, Any]:
    currency = currency_of(needed(session, "currency"))
    totals = object_of(session, "total_details")
    codes = [code.strip() for code in text_of(object_of(session, "metadata"), "products").split(",")]
    invoice = _id_of(session, "invoice")
    is_of_invoice = bool(invoice) and text_of(event, "api_version") >= _BASIL
    return order_payload(
        {
            "order": invoice if is_of_invoice else _id_of(session, "payment_intent") or needed(session, "id"),
            "amount": _amount(session, "amount_total", currency),
            "currency": currency,
            "shipping": _amount(totals, "amount_shipping", currency) if totals else None,
            "discount": _amount(totals, "amount_discount", currency) if totals else None,
            "reference": text_of(session, "client_reference_id", 100),
            "products": [code[:100] for code in codes if code],
        },
        [_line(line, currency) for line in objects_of(object_of(session, "line_items"), "data")],
    )


def _invoice_paid(event: Data, invoice: Data) -> Told:
    """Money that came: an order. Of a subscription, it is also a delivery, the first one or a renewal."""
    currency = currency_of(needed(invoice, "currency"))
    amount = _amount(invoice, "amount_paid", currency)
    identities = _who(_id_of(invoice, "customer"), text_of(invoice, "customer_email"))
    at = moment_of(object_of(invoice, "status_transitions"), "paid_at") or needed_moment(event, "created")
    names = split_name(text_of(invoice, "customer_name"))
    profiles = [Profile(identities, at, names)] if identities else []
    lines = objects_of(object_of(invoice, "lines"), "data")
    order, subscription = _id_of(invoice, "payment_intent") or needed(invoice, "id"), _subscription_of(invoice)
    tellings = []
    if amount:  # a trial begins with an invoice of nothing
        payload = order_payload(
            {
                "order": order,
                "amount": amount,
                "currency": currency,
                "discount": _sum(invoice, "total_discount_amounts", currency),
                "subscription": subscription,
            },
            # A line of less than nothing gives back what was paid for an earlier time: nothing was bought by it.
            [_line(line, currency) for line in lines if whole_of(line, "amount") >= 0 and line.get("quantity") != 0],
        )
        tellings.append(Telling("order.paid", payload, at, identities))
    if subscription and invoice.get("billing_reason") == "subscription_cycle":
        renewed = {"subscription": subscription, "delivery": needed(invoice, "id")} | (
            {"order": order} if amount else {}
        )
        ends = [end for line in lines if (end := moment_of(object_of(line, "period"), "end"))]
        next_on = {"next_on": max(ends).date().isoformat()} if ends else {}
        tellings.append(Telling("subscription.renewed", renewed | next_on, at, identities))
    return profiles, tellings


def _invoice_payment(keys: tuple[str, ...], kind: str, payment: Data) -> Delivery:
    """Which payment an invoice had. One of another kind, or made elsewhere, is no number that a refund names."""
    number, invoice = _id_of(object_of(payment, "payment"), "payment_intent"), _id_of(payment, "invoice")
    if not number or not invoice:
        return Delivery(keys, kind, ignored=N_("It tells nothing new."))
    return Delivery(keys, kind, other_numbers={number: invoice})


def _line(line: Data, currency: str) -> dict[str, Any]:
    amount = _amount(line, "amount_total" if "amount_total" in line else "amount", currency)
    if "amount_total" not in line:
        amount -= sum(_amount(each, "amount", currency) for each in objects_of(line, "discount_amounts"))
        for tax in objects_of(line, "tax_amounts") + objects_of(line, "taxes"):
            if tax.get("inclusive") is False or tax.get("tax_behavior") == "exclusive":
                amount += _amount(tax, "amount", currency)
    price, plan = object_of(line, "price"), object_of(line, "plan")
    new = object_of(object_of(line, "pricing"), "price_details")
    product = _id_of(price, "product") or _id_of(new, "product") or _id_of(plan, "product")
    return {
        "code": (product or _id_of(line, "price") or _id_of(new, "price") or "?")[:100],
        "name": text_of(line, "description"),
        "quantity": whole_of(line, "quantity") if line.get("quantity") is not None else 1,
        "amount": max(amount, 0),
    }


def _sum(data: Data, name: str, currency: str) -> int | None:
    amounts = [_amount(each, "amount", currency) for each in objects_of(data, name)]
    return sum(amounts) if amounts else None


def _subscription_of(invoice: Data) -> str:
    details = object_of(object_of(invoice, "parent"), "subscription_details")
    return _id_of(invoice, "subscription") or _id_of(details, "subscription")


def _subscription(event: Data, subscription: Data) -> Told:
    """Begun once its first payment went through; paused and resumed by what the event says has changed."""
    identities = _who(_id_of(subscription, "customer"), "")
    number, tellings = needed(subscription, "id"), []
    if subscription.get("status") in {"active", "trialing", "past_due"}:
        began_at = needed_moment(subscription, "start_date", "created")
        tellings.append(Telling("subscription.started", _begun(subscription, number), began_at, identities))
    before = object_of(object_of(event, "data"), "previous_attributes")
    if "pause_collection" in before:
        tellings.append(_pausing(event, subscription, number, identities))
    return [], tellings


def _begun(subscription: Data, number: str) -> dict[str, Any]:
    items = objects_of(object_of(subscription, "items"), "data")
    price = object_of(items[0], "price") if items else object_of(subscription, "plan")
    repeats = object_of(price, "recurring") or price
    currency = text_of(price, "currency").upper()
    days = _DAYS_OF.get(text_of(repeats, "interval"), 0) * (repeats.get("interval_count") or 1)
    payload: dict[str, Any] = {"subscription": number, "product": _id_of(price, "product") or "?"}
    if days:
        payload["every_days"] = days
    if currency and (price.get("unit_amount") is not None):
        quantity = whole_of(items[0], "quantity") if items and items[0].get("quantity") is not None else 1
        payload |= {"amount": _amount(price, "unit_amount", currency) * quantity, "currency": currency_of(currency)}
    return payload


def _pausing(event: Data, subscription: Data, number: str, identities: Identities) -> Telling:
    at, key = needed_moment(event, "created"), f"pausing {needed(event, 'id')}"
    pause = subscription.get("pause_collection")
    if not isinstance(pause, dict):
        return Telling("subscription.resumed", {"subscription": number}, at, identities, key)
    until = moment_of(pause, "resumes_at")
    payload = {"subscription": number} | ({"until": until.date().isoformat()} if until else {})
    return Telling("subscription.paused", payload, at, identities, key)


def _subscription_ended(event: Data, subscription: Data) -> Told:
    details = object_of(subscription, "cancellation_details")
    reason = text_of(details, "feedback") or text_of(details, "reason")
    payload = {"subscription": needed(subscription, "id")} | ({"reason": reason} if reason else {})
    at = moment_of(subscription, "ended_at") or needed_moment(event, "created")
    return [], [Telling("subscription.cancelled", payload, at, _who(_id_of(subscription, "customer"), ""))]


def _subscription_paused(event: Data, subscription: Data) -> Told:
    return [], [_standing("subscription.paused", event, subscription)]


def _subscription_resumed(event: Data, subscription: Data) -> Told:
    return [], [_standing("subscription.resumed", event, subscription)]


def _standing(kind: str, event: Data, subscription: Data) -> Telling:
    payload = {"subscription": needed(subscription, "id")}
    identities = _who(_id_of(subscription, "customer"), "")
    return Telling(kind, payload, needed_moment(event, "created"), identities, f"pausing {needed(event, 'id')}")


def _refund(event: Data, refund: Data) -> Told:
    """A refund whose money has gone. It names its payment only: whoever made that one."""
    if refund.get("status") != "succeeded":
        return [], []
    currency = currency_of(needed(refund, "currency"))
    order = _id_of(refund, "payment_intent")
    if not order:
        raise Unusable(_("The refund names no payment intent, so its order cannot be found."))
    payload = {
        "order": order,
        "refund": needed(refund, "id"),
        "amount": _amount(refund, "amount", currency),
        "currency": currency,
        "reason": text_of(refund, "reason"),
    }
    return [], [Telling("order.refunded", payload, needed_moment(refund, "created"))]


def _charge_refunded(event: Data, charge: Data) -> Told:
    """Of versions of the API that list a charge's refunds within it; newer ones tell of each refund by itself."""
    refunds = objects_of(object_of(charge, "refunds"), "data")
    of_charge = {"payment_intent": charge.get("payment_intent"), "currency": charge.get("currency")}
    return [], [telling for each in refunds for telling in _refund(event, {**of_charge, **each})[1]]


def _customer(event: Data, customer: Data) -> Told:
    identities = _who(needed(customer, "id"), text_of(customer, "email"))
    return [Profile(identities, needed_moment(event, "created"), split_name(text_of(customer, "name")))], []


def _who(customer: str, email: str) -> Identities:
    return tuple(each for each in (("shop", customer), ("email", email)) if each[1])


def _id_of(data: Data, name: str) -> str:
    """The id of a thing, which Stripe gives in place of the thing or within it."""
    value = data.get(name)
    return text_of(value, "id", 100) if isinstance(value, dict) else text_of(data, name, 100)


def _amount(data: Data, name: str, currency: str) -> int:
    """An amount in the currency's smallest unit. Raises Unusable when it is negative."""
    amount = whole_of(data, name)
    if amount < 0:
        raise Unusable(_("“%(name)s” is negative.") % {"name": name})
    more = minor_digits(currency) - _STRIPE_DIGITS.get(currency, minor_digits(currency))
    if more >= 0:
        return int(amount * 10**more)
    whole, rest = divmod(amount, 10**-more)
    if rest:
        raise Unusable(_("“%(name)s” has more digits than %(currency)s.") % {"name": name, "currency": currency})
    return int(whole)


_READERS: Mapping[str, Callable[[Data, Data], Told]] = {
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "invoice.paid": _invoice_paid,
    "customer.subscription.created": _subscription,
    "customer.subscription.updated": _subscription,
    "customer.subscription.deleted": _subscription_ended,
    "customer.subscription.paused": _subscription_paused,
    "customer.subscription.resumed": _subscription_resumed,
    "refund.created": _refund,
    "refund.updated": _refund,
    "charge.refund.updated": _refund,
    "charge.refunded": _charge_refunded,
    "customer.created": _customer,
    "customer.updated": _customer,
}

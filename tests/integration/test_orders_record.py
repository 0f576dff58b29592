"""Orders: recorded once, kept with their figures, asked by conditions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from jouren.conditions.queries import contact_ids
from jouren.contacts.actions import create_contact, erase_contact
from jouren.contacts.errors import ContactNotFound
from jouren.contacts.models import Contact
from jouren.contacts.timeline import timeline
from jouren.events.actions import NewEvent, record_event
from jouren.events.errors import InvalidEvent
from jouren.events.queries import events_of
from jouren.orders.actions import record_order
from jouren.orders.errors import BadOrder
from jouren.orders.models import Order, Purchases
from jouren.orders.queries import orders_of
from tests.reacting import react_to_all

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
GOOD: dict[str, Any] = {"order": "1", "kind": "trial", "amount": 980, "products": ["tea", "cup"], "occurred_at": NOON}


@pytest.fixture
def contact() -> Contact:
    return create_contact(email="taro@example.jp")


def test_an_order_counts_once_however_often_it_is_told(contact: Contact) -> None:
    assert record_order(contact.pk, **GOOD)
    assert not record_order(contact.pk, **GOOD)
    assert record_order(contact.pk, **GOOD, source="other-shop")
    payload = {"order": "1", "kind": "trial", "amount": 980, "currency": "JPY"}
    record_event(NewEvent("order.paid", contact.pk, payload, source="shop", key="another-key"))
    react_to_all()
    assert sorted(Order.objects.values_list("source", "number")) == [("other-shop", "1"), ("shop", "1")]
    figures = Purchases.objects.get()
    assert (figures.orders, figures.trials, figures.regulars) == (2, 2, 0)
    assert orders_of(contact.pk).filter(source="shop").get().products == ["tea", "cup"]


def test_orders_that_were_told_before_they_had_an_identity_do_not_count_again(contact: Contact) -> None:
    record_order(contact.pk, **GOOD)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_event_key")
        cursor.execute("INSERT INTO events_event_key VALUES ('shop', 'their-key')")
        cursor.execute(import_module("jouren.events.migrations.0003_digested_keys").DIGEST)
        cursor.execute(import_module("jouren.orders.migrations.0002_orders_told").TOLD)
    assert not record_order(contact.pk, **GOOD)
    payload = {"order": "2", "kind": "trial", "amount": 980, "currency": "JPY"}
    assert record_event(NewEvent("order.paid", contact.pk, payload, source="shop", key="their-key")) is None
    assert record_order(contact.pk, **(GOOD | {"order": "2"}))


def test_a_late_order_moves_the_first_purchase_and_not_the_last(contact: Contact) -> None:
    record_order(contact.pk, **GOOD)
    record_order(contact.pk, "0", "regular", 5000, occurred_at=NOON - timedelta(days=9))
    react_to_all()
    figures = Purchases.objects.get()
    assert (figures.first_at, figures.last_at) == (NOON - timedelta(days=9), NOON)


@pytest.mark.parametrize(
    "bad",
    [
        {"order": ""},
        {"order": "x" * 101},
        {"order": "a\nb"},
        {"kind": "gift"},
        {"amount": -1},
        {"amount": 9.5},
        {"amount": True},
        {"amount": 10**13},
        {"currency": "YEN!"},
        {"currency": "円円円"},
        {"products": [""]},
        {"products": ["x"] * 101},
    ],
)
def test_a_bad_order_is_refused_and_nothing_is_kept(contact: Contact, bad: dict[str, Any]) -> None:
    with pytest.raises((BadOrder, InvalidEvent)):
        record_order(contact.pk, **(GOOD | bad))
    assert events_of([contact.pk]) == []


def test_nobody_cannot_buy(contact: Contact) -> None:
    erase_contact(contact.pk)
    for contact_id in (contact.pk, 10**12):
        with pytest.raises(ContactNotFound):
            record_order(contact_id, **GOOD)


@pytest.mark.parametrize(
    ("leaf", "holds"),
    [
        ({"fact": "orders.count", "op": "eq", "value": 2}, True),
        ({"fact": "orders.count", "args": {"kind": "regular"}, "op": "gte", "value": 2}, False),
        ({"fact": "orders.count", "args": {"kind": "trial"}, "op": "eq", "value": 1}, True),
        ({"fact": "orders.total", "op": "eq", "value": 5980}, True),
        ({"fact": "orders.total", "args": {"currency": "USD"}, "op": "eq", "value": 0}, True),
        ({"fact": "orders.products", "op": "contains_all", "value": ["cup", "tea"]}, True),
        ({"fact": "orders.products", "op": "contains", "value": "pot"}, False),
        ({"fact": "orders.last_at", "op": "within_last_days", "value": 2}, True),
        ({"fact": "orders.first_at", "op": "on_local_date", "value": "2026-04-01"}, True),
        ({"fact": "events.count", "args": {"type": "order.paid"}, "op": "eq", "value": 2}, True),
        ({"fact": "events.count", "args": {"type": "order.paid", "within_days": 1}, "op": "eq", "value": 1}, True),
        ({"fact": "pyramid.stage", "op": "eq", "value": 4}, True),
        ({"fact": "pyramid.stage_since", "op": "within_last_days", "value": 1}, True),
    ],
)
def test_conditions_can_ask_what_somebody_bought(contact: Contact, leaf: dict[str, Any], holds: bool) -> None:
    create_contact()
    record_order(contact.pk, **GOOD)
    record_order(contact.pk, "2", "regular", 5000, occurred_at=NOON + timedelta(days=1))
    react_to_all()
    has_email = {"fact": "contact.has_email", "op": "is", "value": True}
    found = contact_ids({"all": [leaf, has_email]}, now=NOON + timedelta(days=1, minutes=1))
    assert found == ([contact.pk] if holds else [])


def test_the_timeline_tells_a_purchase(contact: Contact) -> None:
    record_order(contact.pk, **GOOD)
    with translation.override("en"):
        [entry] = timeline(contact.pk)
    assert "980 yen, tax included" in entry.sentence
    assert "tea, cup" in entry.sentence

"""Orders placed on an offer's page and paid by bank transfer: purchases like any other, whoever says that they are."""

from __future__ import annotations

import pytest

from jouren.catalog.actions import map_code, save_product
from jouren.catalog.models import Product
from jouren.catalog.offers.actions import keep_application
from jouren.catalog.offers.models import Offer, OfferApplication
from jouren.catalog.offers.vocabulary import ApplicationState, Via
from jouren.contacts.actions import create_contact, merge_contacts
from jouren.events.actions import NewEvent, record_event
from jouren.events.queries import events_of
from jouren.orders.by_hand import mark_order
from jouren.orders.models import Order, Purchases
from jouren.orders.queries import revenue_of_offer
from jouren.orders.transfers import move_transfer, place_transfer
from jouren.pyramid.queries import stage_of_contact
from jouren.pyramid.stages import Stage
from tests.backoffice import owner_client
from tests.offering import TRANSFER, make_offer, person_on
from tests.reacting import react_to_all

pytestmark = pytest.mark.django_db
SETTLED, CANCELLED = ApplicationState.SETTLED, ApplicationState.CANCELLED


def placed(number: int = 1, offer: Offer | None = None) -> OfferApplication:
    """An order of tea for 980 yen, at the regular price's role."""
    made = place_transfer((offer or make_offer(**TRANSFER)).pk, person_on(1, number).pk)
    react_to_all()
    return made


def told(contact_id: int) -> list[str]:
    return [event.type for event in events_of([contact_id])]


def test_it_waits_as_an_order_that_counts_nothing_and_is_a_purchase_once_the_money_has_come() -> None:
    taken = placed()
    assert (Order.objects.get().state, Purchases.objects.count()) == ("placed", 0)
    assert stage_of_contact(taken.contact_id) is Stage.AWARE
    browser = owner_client()
    for _press in range(2):
        browser.post(f"/admin/offers/orders/{taken.pk}/", {"state": "settled"})
        react_to_all()
    order = Order.objects.get()
    assert (order.state, order.kind, order.is_counted) == ("paid", "regular", True)
    assert Purchases.objects.get().regulars == 1
    assert stage_of_contact(taken.contact_id) is Stage.EXISTING
    assert revenue_of_offer(taken.offer_id) == [("JPY", 980)]
    assert told(taken.contact_id).count("offer.taken") == 1
    assert taken.order_ref in browser.get("/admin/orders/").content.decode()


def test_it_names_the_product_as_the_shop_does_so_that_journeys_of_the_shops_orders_hear_it() -> None:
    offer, other = make_offer(**TRANSFER), save_product(Product(name="Cup", role="main", price=980, tax_rate=10))
    map_code(offer.product_id, "CUP", source="base")
    map_code(offer.product_id, "TEA", source="shopify")
    map_code(other.pk, "CUP", source="offers")
    placed(1, offer)
    assert Order.objects.get().products == ["TEA"]


def test_staff_may_say_so_on_the_order_as_well() -> None:
    paid, gone = placed(1), placed(2, make_offer("Other", **TRANSFER))
    mark_order(Order.objects.get(number=paid.order_ref), "paid")
    mark_order(Order.objects.get(number=gone.order_ref), "cancelled")
    react_to_all()
    for taken, state in ((paid, "settled"), (gone, "cancelled")):
        taken.refresh_from_db()
        assert taken.state == state
    assert told(paid.contact_id).count("offer.taken") == 1
    assert "offer.taken" not in told(gone.contact_id)


def test_where_cancelled_orders_give_nothing_back_one_that_was_never_paid_still_does() -> None:
    taken = placed(1, make_offer(stock=1, gives_back=False, **TRANSFER))
    mark_order(Order.objects.get(), "cancelled")
    react_to_all()
    taken.refresh_from_db()
    assert taken.state == CANCELLED


def test_one_of_which_nothing_comes_is_a_cancelled_order() -> None:
    taken = placed()
    move_transfer(taken.pk, CANCELLED)
    react_to_all()
    assert Order.objects.get().state == "cancelled"
    assert not Purchases.objects.exists()


def test_one_from_before_they_were_orders_becomes_one_when_its_money_comes() -> None:
    offer, person = make_offer(**TRANSFER), person_on(1)
    old = keep_application(offer, person.pk, "T-OLD", Via.TRANSFER, ApplicationState.REQUESTED)
    move_transfer(old.pk, SETTLED)
    react_to_all()
    order = Order.objects.get()
    assert (order.source, order.number, order.state, order.placed_at) == ("offers", "T-OLD", "paid", old.at)


def test_whoever_was_merged_meanwhile_has_bought_it() -> None:
    taken, kept = placed(1), person_on(1, 2)
    merge_contacts(kept.pk, taken.contact_id)
    react_to_all()
    move_transfer(taken.pk, SETTLED)
    react_to_all()
    assert Order.objects.get().contact_id == kept.pk
    assert stage_of_contact(kept.pk) is Stage.EXISTING


def test_a_line_without_tax_keeps_that_when_its_order_is_paid() -> None:
    line = {"code": "card", "name": "", "quantity": 1, "amount": 3000, "tax_rate": 0}
    contact = create_contact(email="card@example.jp")
    event = {"order": "1", "kind": "regular", "amount": 3000, "currency": "JPY", "products": ["card"], "lines": [line]}
    record_event(NewEvent("order.placed", contact.pk, event, source="csv"))
    react_to_all()
    mark_order(Order.objects.get(source="csv"), "paid")
    react_to_all()
    (kept,) = Order.objects.get(source="csv").lines.all()
    assert (kept.tax_rate, kept.amount) == (0, 3000)

"""An offer's page: to whom it opens, what it tells, when the deadline begins, and what its button does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from jouren.catalog.offers.coupons import generate_codes, make_coupon
from jouren.catalog.offers.links import offer_token, read_offer_reference
from jouren.catalog.offers.models import Offer, OfferApplication, OfferRefusal, OfferSight
from jouren.contacts.actions import erase_contact
from jouren.contacts.models import Contact
from jouren.events.queries import events_of
from jouren.messaging.models import Delivery
from jouren.messaging.vocabulary import Lane
from jouren.orders.models import Order
from jouren.team.models import Notice
from tests.backoffice import owner_client
from tests.offering import TRANSFER, make_offer, person_on
from tests.reacting import react_to_all
from tests.walking import Time

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def page(offer: Offer, person: Contact, agent: str = FIREFOX, method: str = "get", **data: Any) -> Any:
    client = Client(headers={"accept-language": "en", "user-agent": agent})
    return getattr(client, method)(f"/offer/{offer_token(offer.pk, person.pk)}", data or None)


def seen_by(person: Contact) -> list[str]:
    return [event.type for event in events_of([person.pk]) if event.type == "offer.viewed"]


def test_it_shows_price_deadline_and_what_the_law_asks_for_and_no_search_engine_keeps_it(time: Time) -> None:
    offer = make_offer(personal_hours=72, stock=3, payment_text="By card.\nAt once.", cancellation_text="<b>Never</b>")
    answer = page(offer, person_on(1))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex">' in text
    # 10:00 in Japan, three days later.
    for told in ("¥980", "tax included", "Until 25 November 2026, 10:00", "3 are left", "By card.<br>At once.", "Tea"):
        assert told in text, told
    assert "&lt;b&gt;Never" in text


def test_a_scanner_or_a_prefetch_starts_no_deadline_and_a_person_does(time: Time) -> None:
    offer, person = make_offer(personal_hours=72), person_on(1)
    for agent, method in (("", "get"), ("Barracuda link check", "get"), (FIREFOX, "head")):
        assert page(offer, person, agent, method).status_code == 200
    ahead = Client(headers={"user-agent": FIREFOX, "sec-purpose": "prefetch"})
    assert ahead.get(f"/offer/{offer_token(offer.pk, person.pk)}").status_code == 200
    assert not OfferSight.objects.exists()
    page(offer, person)
    page(offer, person)
    assert OfferSight.objects.get().first_seen_at == time.now
    assert seen_by(person) == ["offer.viewed"]
    time.pass_by(hours=72)
    late = page(offer, person)
    assert late.status_code == 410
    assert "¥980" not in late.content.decode()
    assert OfferRefusal.objects.get().reason == "deadline_passed"


@pytest.mark.parametrize(
    ("details", "status", "told"),
    [
        ({"is_open": False}, 410, "is over"),
        ({"stock": 0}, 410, "sold out"),
        ({"least_stage": 4}, 403, "not meant for you this time"),
        ({"is_limited_information": True}, 403, "not meant for you this time"),
        ({"needs_satisfaction": True}, 403, "not meant for you this time"),
    ],
)
def test_to_whom_it_is_closed_it_says_so_politely(details: dict[str, Any], status: int, told: str) -> None:
    offer, person = make_offer("Secret tea", **details), person_on(2)
    answer = page(offer, person)
    assert answer.status_code == status
    assert told in answer.content.decode()
    assert "Secret tea" not in answer.content.decode()
    assert not OfferSight.objects.exists()


@pytest.mark.parametrize("details", [{"is_open": False}, {"stock": 0}, {"least_stage": 4}])
def test_the_finest_tells_nothing_to_whom_it_is_closed_not_even_why(details: dict[str, Any], time: Time) -> None:
    closed = page(make_offer("Secret tea", is_finest=True, **details), person_on(2))
    later = page(make_offer("Other", is_finest=True, starts_at=time.now + timedelta(days=1)), person_on(2, 2))
    assert (closed.status_code, closed["X-Robots-Tag"]) == (403, "noindex")
    assert closed.content == later.content
    assert b"Secret" not in closed.content


def test_links_that_nobody_made_or_whose_person_is_gone_lead_nowhere() -> None:
    offer, person = make_offer(), person_on(1)
    client = Client()
    for token in ("x", offer_token(offer.pk, person.pk)[:-1] + "!", offer_token(999_999, person.pk)):
        assert client.get(f"/offer/{token}").status_code == 404
    erase_contact(person.pk)
    assert page(offer, person).status_code == 404


def test_a_cart_and_stripe_are_told_a_reference_and_the_code_and_no_name() -> None:
    person = person_on(1)
    cart = make_offer(button_url="https://shop.example.jp/cart?c={code}&r={reference}")
    generate_codes(make_coupon(cart, "Spring", "unique", 3_000), 1)
    context = page(cart, person).context
    reference = context["link"].partition("r=")[2]
    assert context["link"] == f"https://shop.example.jp/cart?c={context['code']}&r={reference}"
    assert read_offer_reference(reference) == (cart.pk, person.pk)
    stripe = make_offer("Stripe", button_kind="stripe", button_url="https://buy.stripe.com/test_1?locale=ja")
    link = page(stripe, person).context["link"]
    assert link.startswith("https://buy.stripe.com/test_1?locale=ja&client_reference_id=")
    assert read_offer_reference(link.rpartition("=")[2]) == (stripe.pk, person.pk)
    assert page(stripe, person, method="post").status_code == 303
    assert not OfferApplication.objects.exists()


def test_the_button_places_an_order_by_bank_transfer_once_and_tells_the_account(time: Time) -> None:
    offer, person = make_offer(**TRANSFER), person_on(1)
    assert "Three days after your payment." in page(offer, person).content.decode()
    for _click in range(2):
        answer = page(offer, person, method="post", price="980")
        assert answer.status_code == 303
    ordered = OfferApplication.objects.get()
    shown = page(offer, person).content.decode()
    assert ordered.order_ref in shown
    assert "みずほ銀行 1234567" in shown


def test_an_order_by_bank_transfer_is_an_order_is_confirmed_by_mail_and_tells_who_looks_out_for_the_money(
    time: Time,
) -> None:
    owner = owner_client()
    offer, person = make_offer(**TRANSFER), person_on(1)
    for _click in range(2):
        page(offer, person, method="post", price="980")
    react_to_all()
    order, taken = Order.objects.get(), OfferApplication.objects.get()
    assert (order.source, order.number, order.state, order.amount) == ("offers", taken.order_ref, "placed", 980)
    assert (order.contact_id, [line.code for line in order.lines.all()]) == (person.pk, [f"#{offer.product_id}"])
    delivery = Delivery.objects.get(contact_id=person.pk)
    assert delivery.lane == Lane.TRANSACTIONAL
    assert delivery.context["transfer_to"] == "みずほ銀行 1234567"
    assert delivery.context["offer_url"].endswith(f"/offer/{offer_token(offer.pk, person.pk)}")
    notice = Notice.objects.get()
    assert taken.order_ref in notice.text
    assert taken.order_ref in owner.get("/admin/notices/").content.decode()


def test_nobody_orders_at_a_price_that_they_were_not_shown() -> None:
    offer, person = make_offer(**TRANSFER), person_on(1)
    for price in ("1", "", "x"):
        answer = page(offer, person, method="post", price=price)
        assert answer.status_code == 200
        assert "The price has changed" in answer.content.decode()
    assert not OfferApplication.objects.exists()
    assert page(make_offer("Closed", least_stage=4, **TRANSFER), person, method="post", price="980").status_code == 403

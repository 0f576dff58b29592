"""Orders as staff see them, enter them and say what happened to them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import ModelLogEntry

from jouren.catalog.actions import map_code, save_product
from jouren.catalog.models import Product
from jouren.contacts.actions import create_contact, erase_contact
from jouren.contacts.models import Consent, Contact
from jouren.contacts.queries import find_by_email
from jouren.contacts.timeline import timeline
from jouren.core import clock
from jouren.events.queries import events_of
from jouren.orders.models import Order
from jouren.orders.queries import _searched
from jouren.orders.telling import Telling, tell_orders
from jouren.pyramid.queries import stage_of_contact
from tests.backoffice import owner_client
from tests.reacting import react_to_all
from tests.telling import line, refunded, told

pytestmark = pytest.mark.django_db
TODAY = "2025-04-01"


def tell(*tellings: Telling, source: str = "shop") -> None:
    tell_orders(source, tellings)
    react_to_all()


def product(name: str = "Tea", *codes: str, price: int = 3980) -> Product:
    made = save_product(Product(name=name, role="main", price=price, tax_rate=8))
    for code in codes:
        map_code(made.pk, code)
    return made


def entered(**changed: str) -> dict[str, str]:
    """An order as somebody types it."""
    return {
        "email": "hana@example.jp",
        "quantity": "2",
        "amount": "",
        "is_paid": "yes",
        "day": TODAY,
        **changed,
    }


def test_the_list_tells_of_orders_by_the_names_of_their_products_and_filters_them() -> None:
    tea = product("Tea", "tea")
    by = (("email", "taro@example.jp"),)
    tell(told("paid"), told("placed", "2", days=1, products=["cup"], by=by), told("paid", "12", days=9))
    tell(told("paid", "3", days=30), source="rakuten")
    tell(refunded("12"), told("shipped", "3", by=()))
    browser = owner_client()

    def numbers(**asked: str) -> list[str]:
        page = browser.get("/admin/orders/", asked)
        assert page.status_code == 200
        return [row.order.number for row in page.context["rows"]]

    assert numbers() == ["3", "12", "2", "1"]
    assert numbers(state="placed") == ["2"]
    assert numbers(source="rakuten") == ["3"]
    assert numbers(product=str(tea.pk)) == ["3", "12", "1"]
    assert numbers(since="2025-04-02", until="2025-04-10") == ["12", "2"]
    assert numbers(since="nonsense", state="?") == ["3", "12", "2", "1"]
    page = browser.get("/admin/orders/").content.decode()
    for text in ("Tea", "cup", "¥1,000 paid back", "Placed, not paid"):
        assert text in page
    for text, found in (("1", ["12", "1"]), ("TARO@example.jp", ["2"]), ("nobody@example.jp", []), ("%", [])):
        answer = browser.post("/admin/orders/", {"text": text}, follow=True)
        assert [row.order.number for row in answer.context["rows"]] == found
        assert text not in answer.redirect_chain[0][0] or "@" not in text


def test_a_long_list_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jouren.backoffice.orders.views.PAGE", 2)
    tell(*(told("paid", str(number), days=number // 2) for number in range(5)))
    browser, seen, query = owner_client(), [], "source=shop"
    while query:
        page = browser.get(f"/admin/orders/?{query}")
        seen += [row.order.number for row in page.context["rows"]]
        query = page.context["next"]
    assert sorted(seen) == list("01234")
    assert browser.get("/admin/orders/?after=nonsense").status_code == 200


def test_an_orders_page_tells_lines_tax_refunds_and_what_happened() -> None:
    product("Tea", "tea")
    lines = [line("tea", 1080, quantity=2, tax_rate=8), line("<b>cup", 1100)]
    tell(told("paid", amount=2680, shipping=500, coupon="SPRING", lines=lines, products=[]))
    tell(refunded(days=3, reason="broken"))
    page = owner_client().get(f"/admin/orders/{Order.objects.get().pk}/").content.decode()
    for text in ("Tea", "&lt;B&gt;Cup", "¥2,680", "¥500", "SPRING", "¥80", "¥100", "¥1,680", "broken", "Refund"):
        assert text in page, text
    assert "<b>cup" not in page.lower().replace("&lt;b&gt;cup", "")


@pytest.mark.parametrize("text", ["#1001", "1001", "#10", "4507", " #1001 "])
def test_an_order_is_found_by_the_number_that_the_buyer_knows(text: str) -> None:
    tell(told("paid", "450789469", name="#1001"), told("paid", "551", days=1, name="#2001"), told("paid", "8", days=2))
    page = owner_client().post("/admin/orders/", {"text": text}, follow=True)
    assert [row.order.number for row in page.context["rows"]] == ["450789469"]


def test_the_search_for_the_buyers_number_is_served_by_indexes() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Order.objects.filter(_searched("1001")).order_by().explain()
    assert "orders_order_name" in plan
    assert "orders_order_number" in plan


def test_the_tax_of_a_line_whose_rate_was_not_told_is_that_of_its_product() -> None:
    product("Tea", "tea")
    lines = [{"code": code, "quantity": 1, "amount": amount} for code, amount in (("tea", 1080), ("cup", 1100))]
    tell(told("paid", amount=2180, lines=lines, products=[]))
    page = owner_client().get(f"/admin/orders/{Order.objects.get().pk}/")
    assert page.context["taxes"] == [("Tax in the lines at 8 %", "¥80")]
    assert [row.rate for row in page.context["lines"]] == ["8 %", ""]


def test_a_timeline_names_products_and_asks_for_them_once() -> None:
    product("Tea", "tea")
    product("Green tea", "leaf")
    map_code(product("Black tea").pk, "leaf", source="rakuten")
    tell(told("paid", products=["tea", "cup"]), told("paid", "2", days=1, products=["tea", "leaf"]))
    contact = Order.objects.first().contact_id
    with CaptureQueriesContext(connection) as asked:
        said = [entry.sentence for entry in timeline(contact, types=["order.paid"])]
    assert [any(name in sentence for sentence in said) for name in ("Tea, cup", "Tea, leaf", "tea,")] == [
        True,
        True,
        False,
    ]
    assert sum("catalog_productcode" in query["sql"] for query in asked) == 1


@pytest.mark.parametrize(
    ("tax", "shown"),
    [
        (
            {"10": "145", "8": "153"},
            [("Tax at 8 %, as the shop reckoned it", "¥153"), ("Tax at 10 %, as the shop reckoned it", "¥145")],
        ),
        ({"": "298"}, [("Tax in it, as the shop reckoned it", "¥298")]),
        ({"8": "<b>", "10": "-5"}, [("Tax in the lines at 8 %", "¥80")]),
    ],
)
def test_the_tax_that_the_shop_reckoned_itself_is_shown(tax: dict[str, str], shown: list[tuple[str, str]]) -> None:
    tell(told("paid", amount=1080, tax=tax, lines=[line("tea", 1080, tax_rate=8)], products=[]))
    page = owner_client().get(f"/admin/orders/{Order.objects.get().pk}/")
    assert page.context["taxes"] == shown


def test_an_order_is_entered_by_hand_and_makes_its_buyer_known_without_consent() -> None:
    tea, browser = product(), owner_client()
    answer = browser.post("/admin/orders/enter/", entered(product=str(tea.pk)))
    person = find_by_email("hana@example.jp")
    assert person is not None
    assert answer["Location"] == f"/admin/people/{person.public_id}/"
    react_to_all()
    order = Order.objects.get()
    assert (order.source, order.amount, order.kind, order.state, order.is_counted) == (
        "hand",
        7960,
        "regular",
        "paid",
        True,
    )
    assert [(each.quantity, each.amount, each.tax_rate) for each in order.lines.all()] == [(2, 7960, 8)]
    assert stage_of_contact(person.pk) == 4
    assert not Consent.objects.exists()
    assert "Tea" in browser.get(answer["Location"]).content.decode()
    assert ModelLogEntry.objects.filter(action="orders.enter").exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "nonsense"}, "email"),
        ({"product": "999"}, "product"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "9.5"}, "amount"),
        ({"day": "2999-01-01"}, "day"),
        ({"day": "1989-12-31"}, "day"),
        ({"is_paid": "maybe"}, "is_paid"),
        ({"email": "gone@example.jp"}, "__all__"),
    ],
)
def test_what_cannot_be_entered_is_said_at_its_field_and_nothing_is_kept(wrong: dict[str, str], field: str) -> None:
    tea = product()
    erase_contact(create_contact(email="gone@example.jp").pk)
    answer = owner_client().post("/admin/orders/enter/", entered(**({"product": str(tea.pk)} | wrong)))
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not Contact.objects.filter(erased_at=None).exists()
    assert not tea.codes.exists()


def test_an_order_is_marked_paid_shipped_and_paid_back_by_hand() -> None:
    product("Tea", "tea")
    tell(told("placed", amount=1480, coupon="SPRING", lines=[line("tea", 1480, tax_rate=8)]))
    browser, order = owner_client(), Order.objects.get()

    def mark(what: str, **details: str) -> str:
        address = f"/admin/orders/{order.pk}/mark/{what}/"
        assert browser.get(address).status_code == 200
        answer = browser.post(address, {"day": "2025-04-03", **details})
        react_to_all()
        order.refresh_from_db()
        return answer["Location"] if answer.status_code == 302 else str(answer.context["form"].errors)

    assert mark("paid") == f"/admin/orders/{order.pk}/?noted=1"
    assert (order.state, order.kind, order.coupon, order.lines.count()) == ("paid", "regular", "SPRING", 1)
    assert "any more" in mark("paid")
    mark("shipped")
    assert order.state == "shipped"
    assert "at most what is left" in mark("refunded", amount="1,481")
    assert "number" in mark("refunded", amount="nonsense")
    mark("refunded", amount="1,000", reason="broken")
    mark("refunded", amount="480")
    assert (order.refunded, order.state) == (1480, "refunded")
    assert "before the order" in mark("delivered", day="2025-03-01")
    mark("cancelled", reason="wish")
    assert (order.state, order.reason) == ("cancelled", "wish")
    acts = ModelLogEntry.objects.filter(action__startswith="orders.mark_").order_by("pk")
    assert [each.action.removeprefix("orders.mark_") for each in acts] == [
        "paid",
        "shipped",
        "refunded",
        "refunded",
        "cancelled",
    ]
    assert browser.get(f"/admin/orders/{order.pk}/?noted=1")["Refresh"] == f"1; url=/admin/orders/{order.pk}/"
    assert browser.get(f"/admin/orders/{order.pk}/mark/eaten/").status_code == 404


def test_what_is_sent_twice_is_one_order_and_one_refund() -> None:
    tea, browser = product(), owner_client()
    number = browser.get("/admin/orders/enter/").context["form"]["number"].value()
    for _time in range(2):
        browser.post("/admin/orders/enter/", entered(product=str(tea.pk), number=number))
    react_to_all()
    order = Order.objects.get()
    assert order.number == number
    address = f"/admin/orders/{order.pk}/mark/refunded/"
    number = browser.get(address).context["form"]["number"].value()
    for _time in range(2):
        browser.post(address, {"day": TODAY, "amount": "1,000", "number": number})
    react_to_all()
    order.refresh_from_db()
    assert order.refunded == 1000


def test_subscriptions_are_listed_by_state_and_stand_on_the_persons_page() -> None:
    product("Tea", "tea")
    tell(
        told("subscription.started", "sub-1", product="tea", every_days=30, amount=3980, currency="JPY"),
        told("subscription.started", "sub-2", product="cup"),
        told("subscription.cancelled", "sub-2", days=3, reason="too much"),
    )
    browser = owner_client()
    active = browser.get("/admin/orders/subscriptions/").content.decode()
    assert "sub-1" in active
    assert "sub-2" not in active
    assert "too much" in browser.get("/admin/orders/subscriptions/?state=cancelled").content.decode()
    person = browser.get(f"/admin/people/{Contact.objects.get().public_id}/").content.decode()
    for text in ("Tea", "next delivery", "too much"):
        assert text in person


def test_a_seminar_is_noted_once_for_a_day_and_not_for_the_future() -> None:
    person = create_contact(email="hana@example.jp")
    browser = owner_client()
    tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
    for seminar, day in (("Brewing", TODAY), ("Brewing", TODAY), ("Brewing", tomorrow), ("", TODAY)):
        browser.post(f"/admin/people/{person.public_id}/seminar/", {"seminar": seminar, "day": day})
    events = events_of([person.pk], types=["seminar.attended"])
    assert [(event.payload, str(event.occurred_at.date())) for event in events] == [({"seminar": "Brewing"}, TODAY)]

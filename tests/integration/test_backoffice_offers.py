"""Offers as staff add and change them, what their pages tell, and coupons from making to using."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from jouren.backoffice.offers.wording import reason_text
from jouren.catalog.models import Product
from jouren.catalog.offers.actions import ASKED_BY_LAW, note_refusal, see_offer
from jouren.catalog.offers.coupons import redeem
from jouren.catalog.offers.models import Coupon, CouponCode, Offer, OfferApplication, OfferSight
from jouren.catalog.offers.vocabulary import ApplicationState
from jouren.contacts.errors import SegmentInUse
from jouren.contacts.segments.actions import delete_segment, save_segment
from jouren.core import clock
from jouren.orders.models import Order
from jouren.orders.transfers import move_transfer, place_transfer
from jouren.pyramid.models import PyramidPosition
from jouren.reports import kept
from tests.backoffice import owner_client, staff_client
from tests.counting import count_all
from tests.messages import published, reader
from tests.offering import TRANSFER, make_offer, person_on
from tests.sending import plan
from tests.walking import newsletter, work

pytestmark = pytest.mark.django_db


def written(**changed: Any) -> dict[str, Any]:
    """An offer as somebody types it."""
    tea = Product.objects.get_or_create(name="Tea", defaults={"role": "main", "price": 3_980, "tax_rate": 8})[0]
    typed = {
        "name": "Trial set",
        "product": tea.pk,
        "price": "９８０円",
        "personal_hours": "72",
        "least_stage": "2",
        "most_stage": "2",
        "starts_at": "2026-12-01T09:00",
        "is_once": "on",
        "button_kind": "cart",
        "button_url": "https://shop.example.jp/cart",
    }
    return typed | changed


def test_an_offer_is_added_in_the_shops_time_and_stands_in_the_list() -> None:
    browser = owner_client()
    added = browser.post("/admin/offers/add/", written())
    offer = Offer.objects.get()
    assert (added.status_code, added["Location"]) == (302, f"/admin/offers/{offer.pk}/")
    assert (offer.price, offer.personal_hours, offer.least_stage, offer.is_open) == (980, 72, 2, True)
    assert offer.starts_at is not None
    assert offer.starts_at.isoformat() == "2026-12-01T00:00:00+00:00"
    listed = browser.get("/admin/offers/").content.decode()
    assert "¥980" in listed
    assert "72 hours from first sight" in listed
    assert "On the stage “Prospect”." in listed


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"price": "cheap"}, "price"),
        ({"product": ""}, "product"),
        ({"personal_hours": "0"}, "personal_hours"),
        ({"most_stage": "1"}, "most_stage"),
        ({"ends_at": "2026-11-01T09:00"}, "ends_at"),
        ({"button_url": "javascript:x"}, "button_url"),
        ({"button_kind": "transfer"}, "transfer_text"),
        ({"condition": '{"fact": "x", "op": "is", "value": 1}'}, "condition"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field_and_nothing_is_stored(wrong: dict[str, Any], field: str) -> None:
    answer = owner_client().post("/admin/offers/add/", written(**wrong))
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not Offer.objects.exists()


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = written(product="", name="", most_stage="1", ends_at="2026-11-01T09:00", button_url="http://[bad")
    browser = owner_client()
    answer = browser.post("/admin/offers/add/", wrong)
    assert set(answer.context["form"].errors) == {"name", "product", "most_stage", "ends_at", "button_url"}
    by_transfer = written(button_kind="transfer", price="cheap")
    told = browser.post("/admin/offers/add/", by_transfer).context["form"].errors
    assert {"price", "transfer_text", *ASKED_BY_LAW} == set(told)


def test_a_withdrawn_offer_leaves_the_list_and_its_history_tells_what_was_changed() -> None:
    browser = owner_client()
    browser.post("/admin/offers/add/", written())
    offer = Offer.objects.get()
    browser.post(f"/admin/offers/{offer.pk}/edit/", written(price="1,280"))
    offer.refresh_from_db()
    assert (offer.price, offer.is_open) == (1_280, False)
    assert "¥1,280" not in browser.get("/admin/offers/").content.decode()
    assert "¥1,280" in browser.get("/admin/offers/withdrawn/").content.decode()
    assert "¥980 → ¥1,280" in browser.get(f"/admin/offers/{offer.pk}/").content.decode()


def test_its_page_tells_whom_it_reaches_what_it_did_and_what_it_cost() -> None:
    offer = make_offer(least_stage=2, stock=5)
    seen, refused = person_on(2, 1), person_on(1, 2)
    see_offer(offer, seen.pk)
    note_refusal(offer, refused.pk, "wrong_stage")
    version = published(
        ("text", "<p>x</p>"), ("offer", {"offer": str(offer.pk), "if_closed": "skip"}), name="Trial mail"
    )
    plan(version, refused)
    browser = owner_client()
    made = browser.post(
        f"/admin/offers/{offer.pk}/coupons/add/", {"name": "S", "kind": "shared", "code": "spring", "discount": "3000"}
    )
    assert made.status_code == 302
    redeem("SPRING", seen.pk, "N1")
    context = browser.get(f"/admin/offers/{offer.pk}/").context
    assert context["reach"] == (1, 0, 0)
    assert (context["row"].seen, context["row"].taken, context["left"]) == (1, 1, 4)
    assert [people for _reason, people in context["refusals"]] == [1]
    assert (context["coupon_uses"], context["coupon_cost"]) == (1, "¥3,000")
    # The person had not agreed to the newsletter, which the gate asks first.
    assert [(line.name, line.withheld) for line in context["messages_showing"]] == [("Trial mail", [])]
    assert context["withheld"] == []


def test_messages_that_did_not_go_because_it_was_closed_are_told_by_reason() -> None:
    newsletter()
    offer, finest = make_offer(least_stage=2, needs_satisfaction=True), make_offer("Finest", stock=0)
    block = ("offer", {"offer": str(offer.pk), "if_closed": "skip"})
    first, second = (published(("text", "<p>x</p>"), block, name=name, kind="help") for name in ("One", "Two"))
    beside = published(("offer", {"offer": str(finest.pk), "if_closed": "skip"}), name="Three", kind="help")
    below, above = reader("below@example.jp"), reader("above@example.jp")
    PyramidPosition.objects.create(contact=above, stage=2, since=clock.now())
    plan(first, below, above)
    plan(second, below)
    plan(beside, below)
    browser = owner_client()
    shown = browser.get(f"/admin/offers/{offer.pk}/")
    stage, unsatisfied = reason_text("wrong_stage"), reason_text("not_satisfied")
    assert shown.context["withheld"] == [(stage, 2), (unsatisfied, 1)]
    lines = {line.name: line.withheld for line in shown.context["messages_showing"]}
    assert lines == {"One": [(unsatisfied, 1), (stage, 1)], "Two": [(stage, 1)]}
    assert "Messages not sent, because it was closed to the person" in shown.content.decode()
    sold_out = browser.get(f"/admin/offers/{finest.pk}/").context["withheld"]
    assert sold_out == [(reason_text("sold_out"), 1)]
    assert staff_client("catalog.view_offer").get(f"/admin/offers/{offer.pk}/").context["withheld"] == []


def test_who_has_taken_it_and_who_still_has_to_pay_are_told_apart() -> None:
    offer, browser = make_offer(stock=5, **TRANSFER), owner_client()
    paid, waiting = (place_transfer(offer.pk, person_on(1, number).pk) for number in (1, 2))
    move_transfer(paid.pk, ApplicationState.SETTLED)
    gone = place_transfer(offer.pk, person_on(1, 3).pk)
    move_transfer(gone.pk, ApplicationState.CANCELLED)
    shown = browser.get(f"/admin/offers/{offer.pk}/")
    row = shown.context["row"]
    assert (row.taken, row.waiting, shown.context["left"]) == (1, 1, 3)
    assert "<strong>1</strong> waits for payment" in shown.content.decode()
    assert "1 waits for payment" in browser.get("/admin/offers/").content.decode()
    move_transfer(waiting.pk, ApplicationState.SETTLED)
    shown = browser.get(f"/admin/offers/{offer.pk}/")
    assert (shown.context["row"].taken, shown.context["left"]) == (2, 3)
    assert "waits for payment" not in shown.content.decode()


def test_in_a_large_shop_its_reach_is_counted_by_a_job_and_anew_when_its_terms_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "MOST_AT_ONCE", 0)
    browser, offer = owner_client(), make_offer(least_stage=4)
    person_on(4)
    path = f"/admin/offers/{offer.pk}/"
    before = browser.get(path)
    assert "There is much to count here" in before.content.decode()
    assert before["Refresh"] == "3"
    count_all()
    after = browser.get(path)
    assert "Figures as of" in after.content.decode()
    assert "<strong>1</strong> people it is meant for" in after.content.decode()
    assert after.get("Refresh") is None
    Offer.objects.update(least_stage=5)
    assert "There is much to count here" in browser.get(path).content.decode()
    count_all()
    assert "<strong>0</strong> people it is meant for" in browser.get(path).content.decode()


def test_an_offer_for_whom_nobody_can_be_asked_says_so_in_a_shop_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    browser, offer = owner_client(), make_offer()
    Offer.objects.update(condition={"fact": "gone.fact", "op": "is", "value": 1})
    for most in (kept.MOST_AT_ONCE, 0):
        monkeypatch.setattr(kept, "MOST_AT_ONCE", most)
        shown = browser.get(f"/admin/offers/{offer.pk}/").content.decode()
        assert "For whom it is cannot be asked any more" in shown
        assert "There is much to count here" not in shown


def test_the_finest_offer_warns_where_its_audience_is_not_few() -> None:
    browser, offer = owner_client(), make_offer(is_finest=True, least_stage=5)
    for number in range(3):
        person_on(5, number)
    assert not any("very few" in each for each in browser.get(f"/admin/offers/{offer.pk}/").context["warnings"])
    person_on(5, 3)
    (warned,) = [each for each in browser.get(f"/admin/offers/{offer.pk}/").context["warnings"] if "very few" in each]
    assert "There are 4 such customers. It is meant for 4 people." in warned


def test_staff_look_at_the_public_page_and_no_deadline_begins() -> None:
    offer = make_offer(personal_hours=72, cancellation_text="Within eight days.")
    shown = owner_client().get(f"/admin/offers/{offer.pk}/page/").content.decode()
    assert "For 72 hours from when you first open this page" in shown
    assert "Within eight days." in shown
    assert not OfferSight.objects.exists()


def test_staff_note_what_became_of_an_order_and_see_names_only_where_they_may() -> None:
    offer, person = make_offer(stock=1, **TRANSFER), person_on(1, family_name="山田", given_name="花子")
    ordered = place_transfer(offer.pk, person.pk)
    browser = owner_client()
    assert "山田" in browser.get(f"/admin/offers/{offer.pk}/").content.decode()
    assert "山田" not in staff_client("catalog.view_offer").get(f"/admin/offers/{offer.pk}/").content.decode()
    browser.post(f"/admin/offers/orders/{ordered.pk}/", {"state": "nonsense"})
    assert OfferApplication.objects.get().state == "requested"
    browser.post(f"/admin/offers/orders/{ordered.pk}/", {"state": "cancelled"})
    assert OfferApplication.objects.get().state == "cancelled"
    assert browser.get(f"/admin/offers/{offer.pk}/").context["left"] == 1


def test_its_orders_come_in_pages_and_lead_to_the_orders_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jouren.backoffice.offers.views.ORDERS", 2)
    offer, browser = make_offer(**TRANSFER), owner_client()
    taken = [place_transfer(offer.pk, person_on(1, number).pk) for number in range(5)]
    work()
    url, pages = f"/admin/offers/{offer.pk}/", []
    step = url
    for _page in range(3):
        answer = browser.get(step)
        pages.append([line.order.order_ref for line in answer.context["orders"]])
        step = f"{url}?before={answer.context['next_orders']}"
    assert pages == [[each.order_ref for each in page] for page in (taken[:2:-1], taken[2:0:-1], taken[:1])]
    assert answer.context["next_orders"] is None
    order = Order.objects.get(number=taken[0].order_ref)
    assert f'href="/admin/orders/{order.pk}/"' in answer.content.decode()
    for seen in (browser.get(f"{url}?before=x"), browser.get(f"{url}?before=0")):
        assert len(seen.context["orders"]) == 2
    assert "/admin/orders/" not in staff_client("catalog.view_offer").get(url).content.decode()


def test_a_price_that_is_no_lower_than_the_usual_one_is_not_shown_as_if_it_were() -> None:
    browser = owner_client()
    cheap, same = make_offer(price=980), make_offer(name="As ever", price=3_980)
    assert "price; usually ¥3,980" in browser.get(f"/admin/offers/{cheap.pk}/").content.decode()
    assert "usually" not in browser.get(f"/admin/offers/{same.pk}/").content.decode()


def test_codes_are_made_imported_listed_and_written_to_a_file() -> None:
    offer, browser = make_offer(), owner_client()
    browser.post(f"/admin/offers/{offer.pk}/coupons/add/", {"name": "Spring", "kind": "unique", "discount": "3000"})
    place = f"/admin/offers/coupons/{Coupon.objects.get().pk}/"
    browser.post(f"{place}generate/", {"number": "3"})
    browser.post(f"{place}generate/", {"number": "0"})
    bad = browser.post(f"{place}import/", {"text": "GOOD1\n<b>"})
    assert bad.status_code == 200
    assert "Line 2, “&lt;b&gt;”" in bad.content.decode()
    assert CouponCode.objects.count() == 3
    upload = SimpleUploadedFile("codes.csv", "コード\nGOOD1\nGOOD2\n".encode("cp932"))
    assert browser.post(f"{place}import/", {"upload": upload}).status_code == 302
    assert CouponCode.objects.count() == 5
    assert "GOOD2" in browser.get(place).content.decode()
    lines = browser.get(f"{place}codes.csv").content.decode().split()
    assert len(lines) == 6
    assert lines[-1] == "GOOD2,0"
    browser.post(f"{place}open/", {"is_open": "0"})
    assert not Coupon.objects.get().is_open


def test_a_taken_code_is_refused_at_its_field_and_no_coupon_is_made() -> None:
    offer, browser = make_offer(), owner_client()
    for name, code in (("A", "SPRING"), ("B", "spring"), ("C", "x")):
        typed = {"name": name, "kind": "shared", "code": code, "discount": "0"}
        answer = browser.post(f"/admin/offers/{offer.pk}/coupons/add/", typed)
        assert answer.status_code == (302 if name == "A" else 200)
    assert Coupon.objects.count() == 1


def test_a_segment_that_an_open_offer_asks_for_is_not_deleted() -> None:
    segment = save_segment("Few", {"fact": "pyramid.stage", "op": "eq", "value": 5})
    make_offer(condition={"fact": "segment", "args": {"segment": segment.pk}, "op": "is", "value": True})
    with pytest.raises(SegmentInUse):
        delete_segment(segment)

"""What ways in tell of orders: whose they are, what waits, what is refused, and races."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from jouren.contacts.actions import attach_identity, create_contact, erase_contact, merge_contacts
from jouren.contacts.models import Consent, Contact, Identity
from jouren.contacts.queries import find_by_email, search_contacts
from jouren.core.errors import UserError
from jouren.events.models import ParkedEvent
from jouren.events.queries import events_of
from jouren.orders.models import Buyer, Order, Refund, Subscription, Waiting
from jouren.orders.telling import Telling, tell_orders
from tests.reacting import react_to_all
from tests.telling import HANA, NOON, line, refunded, told

pytestmark = pytest.mark.django_db
NAMES = {"family_name": "山田", "given_name": "花", "family_kana": "ヤマダ", "given_kana": "ハナ"}


def tell(*tellings: Telling, source: str = "shop") -> Any:
    taken = tell_orders(source, tellings)
    react_to_all()
    assert not ParkedEvent.objects.exists()
    return taken


def test_whoever_buys_becomes_known_with_name_and_addresses_and_without_consent() -> None:
    assert tell(replace(told("paid"), names=NAMES)) == (1, 0, 0)
    person = Contact.objects.get()
    assert person.name == "山田 花"
    assert sorted(person.identities.values_list("kind", "value")) == [("email", "hana@example.jp"), ("shop", "7")]
    assert [found.pk for found in search_contacts("やまだ", limit=9)] == [person.pk]
    assert [found.pk for found in search_contacts("hana", limit=9)] == [person.pk]
    assert not Consent.objects.exists()
    assert Order.objects.get().contact == person


def test_the_first_known_identity_decides_and_a_name_stays() -> None:
    known = create_contact(email="hana@example.jp", family_name="佐藤")
    other = create_contact(email="taro@example.jp")
    tell(
        replace(told("paid", "1"), names=NAMES),
        told("paid", "2", by=(("shop", "7"), ("email", "taro@example.jp"))),
        told("paid", "3", by=(("email", "nobody@example.jp"), ("email", "taro@example.jp"))),
    )
    assert list(Order.objects.order_by("number").values_list("contact_id", flat=True)) == [
        known.pk,
        known.pk,
        other.pk,
    ]
    known.refresh_from_db()
    assert (known.family_name, known.given_name, known.family_kana) == ("佐藤", "", "ヤマダ")
    assert known.identities.filter(kind="shop", value="7").exists()
    assert find_by_email("nobody@example.jp") is None


def test_two_in_a_batch_who_share_an_identity_are_one() -> None:
    tell(told("paid", "1"), told("paid", "2", by=(("email", "hana@example.jp"),)), told("paid", "3", by=HANA[:1]))
    assert Contact.objects.count() == 1
    assert Order.objects.count() == 3


def test_nobody_erased_comes_back_by_an_order_of_another_number() -> None:
    gone = create_contact(email="hana@example.jp")
    erase_contact(gone.pk)
    assert tell(told("paid"), refunded()) == (0, 1, 1)
    assert not Order.objects.exists()
    assert not Identity.objects.exists()


def test_what_names_no_buyer_is_of_whoever_bought_it_though_the_order_comes_later() -> None:
    assert tell(refunded(days=3), told("shipped", days=1, by=())) == (0, 0, 2)
    assert tell(refunded(days=3)) == (0, 0, 1)
    assert (Waiting.objects.count(), Order.objects.count(), Contact.objects.count()) == (2, 0, 0)
    assert tell(told("paid")) == (1, 0, 0)
    order = Order.objects.get()
    assert (order.refunded, order.net, order.state, order.shipped_at) == (1000, 2980, "shipped", NOON + timedelta(1))
    assert not Waiting.objects.exists()
    assert tell(refunded(days=3), told("shipped", by=())) == (0, 2, 0)
    assert tell(told("cancelled", days=4, by=(), reason="late")) == (1, 0, 0)
    assert {event.type for event in events_of([order.contact_id])} >= {"order.refunded", "order.cancelled"}


def test_the_same_number_of_another_source_is_another_order() -> None:
    tell(refunded(), source="rakuten")
    tell(told("paid"))
    assert Waiting.objects.count() == 1
    assert Order.objects.get().refunded == 0


def test_a_refund_that_waits_goes_to_whom_its_buyer_was_merged_into() -> None:
    tell(told("paid"))
    gone = Contact.objects.get()
    kept = create_contact(email="kept@example.jp")
    merge_contacts(kept.pk, gone.pk)
    tell(refunded())
    assert Order.objects.get().contact == kept
    assert [event.contact_id for event in events_of([kept.pk], types=["order.refunded"])] == [kept.pk]


def test_the_buyer_of_an_order_that_was_recorded_otherwise_is_known_too() -> None:
    tell(told("paid"))
    Buyer.objects.all().delete()
    assert tell(refunded()) == (1, 0, 0)
    assert Order.objects.get().refunded == 1000


def test_a_subscription_that_is_told_of_backwards_is_the_same() -> None:
    tell(told("subscription.cancelled", "S1", days=40, by=(), reason="too much"))
    tell(told("subscription.renewed", "S1", days=30, by=(), delivery="2", next_on="2025-05-30"))
    tell(told("subscription.started", "S1", product="tea", every_days=30, amount=3980, currency="JPY"))
    row = Subscription.objects.get()
    assert (row.state, row.reason, row.renewals, row.next_on) == ("cancelled", "too much", 1, None)
    assert (row.product, row.every_days, row.started_at) == ("tea", 30, NOON)


@pytest.mark.parametrize(
    "bad",
    [
        told("paid", days=-20_000),
        told("paid", days=36_500),
        told("paid", amount=-1),
        told("paid", amount=9.5),
        told("paid", lines=[line("tea", 3980, quantity=-1)]),
        told("paid", lines=[line("tea", 3980, quantity=0)]),
        told("paid", lines=[line("tea", 3980) | {"colour": "red"}]),
        told("paid", currency="yen"),
        told("paid", ""),
        told("paid", coupon="x" * 101),
        told("shipped", "x" * 101),
        told("cancelled", reason="x" * 1001),
        told("recognised", kind="trial", amount=1, currency="JPY", products=[]),
        told("subscription.started", product="tea", every_days=0),
        told("subscription.started", product="tea", amount=-5, currency="JPY"),
        told("subscription.renewed", delivery="1", next_on="soon"),
        refunded(amount=-1),
        replace(told("paid"), occurred_at=NOON.replace(tzinfo=None)),
        replace(told("paid"), key=""),
        told("paid", by=(("email", "nonsense"),)),
    ],
)
@pytest.mark.parametrize("names_nobody", [False, True])
def test_what_cannot_be_kept_is_refused_with_all_that_came_along(bad: Telling, names_nobody: bool) -> None:
    if names_nobody and bad.identities != HANA:
        return
    with pytest.raises(UserError), transaction.atomic():
        tell_orders("shop", [told("paid", "good"), replace(bad, identities=() if names_nobody else bad.identities)])
    for model in (Contact, Waiting, Buyer):
        assert not model.objects.exists()  # type: ignore[attr-defined]


def test_a_key_is_kept_readable_to_nobody() -> None:
    tell(replace(refunded(), key="hana@example.jp"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(row::text, '') FROM orders_waiting AS row")
        assert "hana" not in cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_two_who_tell_at_once_of_an_order_and_of_its_refund_lose_neither() -> None:
    numbers = [str(number) for number in range(20)]
    failures: list[BaseException] = []
    begin = threading.Barrier(3)

    def work(tellings: list[Telling]) -> None:
        try:
            begin.wait(10)
            for start in range(0, len(tellings), 4):
                tell_orders("shop", tellings[start : start + 4])
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    people = {number: (("email", f"p{number}@example.jp"),) for number in numbers}
    lots = [
        [told("paid", number, by=people[number]) for number in numbers],
        [refunded(number) for number in numbers],
        [told("shipped", number, by=()) for number in reversed(numbers)],
    ]
    threads = [threading.Thread(target=work, args=(lot,)) for lot in lots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    react_to_all()
    assert not Waiting.objects.exists()
    assert Refund.objects.count() == 20
    assert set(Order.objects.values_list("refunded", "state")) == {(1000, "shipped")}


def test_another_number_of_a_known_person_is_not_taken_from_somebody_else() -> None:
    hana = create_contact(email="hana@example.jp")
    taro = create_contact(email="taro@example.jp")
    attach_identity(taro.pk, "shop", "7")
    tell(told("paid", by=(("email", "hana@example.jp"), ("shop", "7"))))
    assert Order.objects.get().contact == hana
    assert Identity.objects.get(kind="shop").contact == taro

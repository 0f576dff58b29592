"""What orders become of their events: money, kinds, states; and the same in any order of being told."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.db.models import F, Sum
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from jouren.catalog.actions import map_code, save_product, unmap_code
from jouren.catalog.models import Product, ProductCode
from jouren.catalog.policies import included_taxes
from jouren.conditions.queries import contact_ids, load_facts, load_past_facts
from jouren.conditions.registry import fact
from jouren.contacts.actions import create_contact, erase_contact, merge_contacts
from jouren.contacts.models import Contact, Identity
from jouren.core import clock
from jouren.events.queries import events_of
from jouren.events.types import Event, event_types
from jouren.orders.keeping import keep_orders
from jouren.orders.models import Line, Order, Purchases, Refund, SeenCode, Subscription, Waiting
from jouren.orders.queries import orders_of, sold_by_product, unmapped_codes
from jouren.orders.recognising import recognise_all
from jouren.orders.telling import Telling, tell_orders
from jouren.pyramid.models import PyramidChange, PyramidRule
from jouren.pyramid.queries import stage_of_contact
from tests.examples import examples
from tests.reacting import react_to_all
from tests.telling import HANA, NOON, line, refunded, told

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)


def tell(*tellings: Telling, source: str = "shop") -> None:
    tell_orders(source, tellings)
    react_to_all()


def product(role: str, *codes: str, source: str = "") -> Product:
    made = save_product(Product(name=f"{role} {codes}", role=role, price=3980, tax_rate=8))
    for code in codes:
        map_code(made.pk, code, source=source)
    return made


def value(name: str, person: int, at: Any = None, **arguments: Any) -> Any:
    use = fact(name).use(arguments)
    if at is None:
        return load_facts([use], [person], clock.now())[person][0]
    return load_past_facts([use], [(person, at)], clock.now())[0][0]


def one() -> Order:
    return Order.objects.get()


def test_an_order_goes_from_placed_to_delivered_and_is_a_purchase_once_it_is_paid() -> None:
    tell(told("placed"))
    assert (one().state, one().is_counted) == ("placed", False)
    assert not Purchases.objects.exists()
    for what, days in (("paid", 1), ("shipped", 2), ("delivered", 4)):
        tell(told(what, days=days))
        assert (one().state, one().is_counted) == (what, True)
    order = one()
    assert [order.placed_at, order.paid_at, order.shipped_at, order.delivered_at] == [
        NOON + timedelta(days=days) for days in (0, 1, 2, 4)
    ]
    assert Purchases.objects.get().first_at == NOON + timedelta(days=1)


def test_refunds_in_part_and_whole_by_hand() -> None:
    tell(told("paid", amount=5000))
    person = one().contact_id
    tell(refunded(refund="a", amount=1500, days=10))
    tell(refunded(refund="b", amount=500, days=20))
    assert (one().refunded, one().net, one().state) == (2000, 3000, "paid")
    assert value("orders.total", person) == 3000
    assert value("orders.count", person) == 1
    tell(refunded(refund="c", amount=3000, days=30))
    assert (one().refunded, one().net, one().state) == (5000, 0, "refunded")
    assert (value("orders.total", person), value("orders.count", person)) == (0, 0)
    assert not Purchases.objects.exists()
    then = {day: value("orders.total", person, NOON + timedelta(days=day)) for day in (-1, 0, 10, 20, 30)}
    assert then == {-1: 0, 0: 5000, 10: 3500, 20: 3000, 30: 0}
    assert [value("orders.count", person, NOON + timedelta(days=day)) for day in (29, 30)] == [1, 0]


@pytest.mark.parametrize("comes_first", [True, False])
def test_a_refund_that_names_no_amount_gives_back_all_whenever_it_is_told(comes_first: bool) -> None:
    back = refunded(amount=None, currency=None, days=9, by=HANA)
    for each in (back, told("paid")) if comes_first else (told("paid"), back):
        tell(each)
    order = one()
    assert (order.refunded, order.net, order.state, order.is_counted) == (3980, 0, "refunded", False)
    tell(refunded(refund="part", amount=980, days=5), told("changed", days=3, amount=5000))
    assert (one().refunded, one().state, one().net) == (5000, "refunded", 0)
    then = {day: value("orders.total", order.contact_id, NOON + timedelta(days=day)) for day in (0, 6, 10)}
    assert then == {0: 5000, 6: 4020, 10: 0}
    assert len(events_of([order.contact_id], types=["order.undone"])) == 1


def test_a_cancelled_order_is_no_purchase_from_then_on() -> None:
    tell(told("paid"), told("paid", "2", days=1), told("cancelled", days=9, by=(), reason="by mistake"))
    person = Contact.objects.get().pk
    assert Order.objects.get(number="1").reason == "by mistake"
    assert (value("orders.count", person), value("orders.total", person)) == (1, 3980)
    assert value("orders.first_at", person) == NOON + timedelta(days=1)
    assert value("orders.total", person, NOON + timedelta(days=5)) == 7960


def test_currencies_are_never_added_up() -> None:
    tell(told("paid", amount=5000), told("paid", "2", amount=980, currency="USD"))
    tell(refunded(amount=400, currency="USD"), refunded("2", amount=80, currency="USD"))
    person = Contact.objects.get().pk
    # The dollars of a refund of a yen order are kept, and taken from no yen.
    assert dict(Order.objects.values_list("number", "refunded")) == {"1": 0, "2": 80}
    assert Refund.objects.count() == 2
    assert (value("orders.total", person), value("orders.total", person, currency="USD")) == (5000, 900)


def test_mixed_tax_rates_by_hand() -> None:
    lines = [line("tea", 1080, quantity=2, tax_rate=8), line("rice", 998, tax_rate=8), line("cup", 1100)]
    tell(told("paid", amount=3678, shipping=500, products=[], lines=lines, tax={"8": "153", "10": "145"}))
    order = one()
    kept = list(order.lines.all())
    assert [(each.code, each.quantity, each.amount, each.tax_rate) for each in kept] == [
        ("tea", 2, 1080, 8),
        ("rice", 1, 998, 8),
        ("cup", 1, 1100, 10),
    ]
    assert (order.products, order.shipping, order.tax) == (["tea", "rice", "cup"], 500, {"8": "153", "10": "145"})
    # 2,078 at 8 % hold 153.9, and 1,100 at 10 % hold 100: rounded once for each rate, not line by line (80 + 73).
    assert included_taxes((each.amount or 0, each.tax_rate or 0) for each in kept) == {8: 153, 10: 100}


def test_the_latest_telling_says_what_an_order_is() -> None:
    tell(told("changed", days=2, amount=2000, lines=[line("cup", 2000)], products=["cup"]))
    tell(told("placed", amount=3000, coupon="SPRING", lines=[line("tea", 1500), line("tea", 1500)]))
    tell(told("paid", days=1, amount=3000))
    order = one()
    assert (order.amount, order.products, order.coupon, order.paid_at) == (2000, ["cup"], "", NOON + timedelta(days=1))
    assert [each.code for each in order.lines.all()] == ["cup"]
    assert [each.code for each in unmapped_codes(9)] == ["cup"]


@pytest.mark.parametrize(
    ("codes", "amount", "kind", "stage"),
    [
        (["trial"], 980, "trial", 3),
        (["trial", "gift"], 980, "trial", 3),
        (["trial", "main"], 4960, "regular", 4),
        (["monthly"], 3980, "regular", 4),
        (["finest", "?"], 300_000, "regular", 4),
        (["gift"], 2000, "trial", 3),
        (["gift"], 0, "free", 1),
        (["trial", "?"], 980, "", 1),
        (["?"], 980, "", 1),
        ([], 980, "", 1),
    ],
)
def test_the_kind_is_found_from_what_the_products_are_for(codes: list[str], amount: int, kind: str, stage: int) -> None:
    for role, code in (("trial", "trial"), ("main", "main"), ("subscription", "monthly"), ("front_end", "gift")):
        product(role, code)
    product("back_end", "finest")
    tell(told("paid", products=codes, amount=amount))
    order = one()
    assert (order.kind, order.is_counted) == (kind, kind != "free")
    assert stage_of_contact(order.contact_id) == stage
    (event,) = events_of([order.contact_id], types=["order.paid"])
    assert event.payload["kind"] == kind


def test_an_order_of_an_unknown_code_counts_once_for_its_kind_when_the_code_is_mapped() -> None:
    tell(told("paid", "1"), told("paid", "2", days=1, historical=True), told("placed", "3"))
    person = Contact.objects.get().pk
    assert (value("orders.count", person), value("orders.count", person, kind="regular")) == (2, 0)
    assert stage_of_contact(person) == 1
    tea = product("main", "tea")
    assert (recognise_all(), recognise_all()) == (2, 0)
    react_to_all()
    assert value("orders.count", person, kind="regular") == 2
    assert stage_of_contact(person) == 4
    assert PyramidChange.objects.get(to_stage=4).at == NOON
    recognised = events_of([person], types=["order.recognised"])
    assert [(event.payload["order"], event.occurred_at, event.historical) for event in recognised] == [
        ("2", NOON + timedelta(days=1), True),
        ("1", NOON, False),
    ]
    # Three purchases make a regular: two that were recognised, and one that was known at once.
    unmap_code(ProductCode.objects.get().pk)
    map_code(tea.pk, "tea")
    assert recognise_all() == 0
    tell(told("paid", "4", days=5))
    assert stage_of_contact(person) == 5
    assert value("orders.count", person, kind="regular") == 3


def test_rules_about_any_purchase_count_neither_gifts_nor_an_order_twice() -> None:
    product("front_end", "gift")
    rule = {"name": "any", "event_type": "order.paid", "stage": 5}
    PyramidRule.objects.create(**rule, at_least=2)
    PyramidRule.objects.create(**rule | {"name": "first", "stage": 2})
    tell(told("paid", "1", products=["gift"], amount=0))
    person = Contact.objects.get().pk
    assert stage_of_contact(person) == 1
    tell(told("paid", "2", days=1, products=["new"]))
    assert stage_of_contact(person) == 2
    product("trial", "new")
    assert recognise_all() == 1
    react_to_all()
    assert stage_of_contact(person) == 3
    tell(told("paid", "3", days=2, products=["gift"], amount=0))
    assert stage_of_contact(person) == 3
    tell(told("paid", "4", days=3, products=["?"]))
    assert stage_of_contact(person) == 5


def test_a_code_that_is_mapped_between_telling_and_reacting_is_not_missed() -> None:
    tell_orders("shop", [told("paid")])
    product("trial", "tea")
    react_to_all()
    assert (one().kind, stage_of_contact(one().contact_id)) == ("trial", 3)


def test_codes_of_what_was_sent_back_are_not_sold() -> None:
    tea = product("main", "tea")
    tell(told("paid", "1"), told("paid", "2"), told("paid", "3", products=["cup"]))
    assert sold_by_product()[tea.pk].orders == 2
    tell(refunded("1", amount=3980), told("cancelled", "3", by=()))
    assert sold_by_product()[tea.pk].orders == 1
    assert unmapped_codes(9) == []


def test_merging_people_adds_up_their_orders_and_subscriptions() -> None:
    tell(told("paid"), told("subscription.started", "S", product="tea"))
    other = create_contact(email="taro@example.jp")
    tell(told("paid", "2", days=1, by=(("email", "taro@example.jp"),)))
    gone = Order.objects.get(number="1").contact_id
    merge_contacts(other.pk, gone)
    assert orders_of(other.pk).count() == 2
    assert Subscription.objects.get().contact_id == other.pk
    assert [(each.contact_id, each.orders) for each in Purchases.objects.all()] == [(other.pk, 2)]


def test_why_somebody_cancelled_is_forgotten_with_them() -> None:
    tell(
        told("paid"),
        told("cancelled", days=1, reason="secret"),
        refunded(reason="secret"),
        told("subscription.started", "S", product="tea"),
        told("subscription.cancelled", "S", days=1, reason="secret"),
    )
    person = one().contact_id
    assert value("subscriptions.cancel_reasons", person) == ["secret"]
    erase_contact(person)
    rows = [*Order.objects.values("reason"), *Refund.objects.values("reason"), *Subscription.objects.values("reason")]
    assert rows == [{"reason": ""}] * 3
    assert all("secret" not in str(event.payload) for event in events_of([person], limit=99))
    assert one().amount == 3980


def test_subscriptions_are_asked_by_conditions() -> None:
    tell(told("subscription.started", "S", product="tea", every_days=30))
    person = Contact.objects.get().pk
    asked = {"fact": "subscriptions.active", "op": "is", "value": True}
    assert contact_ids(asked) == [person]
    assert str(value("subscriptions.next_on", person)) == "2025-05-01"
    tell(told("subscription.skipped", "S", days=20, delivery="2", next_on="2025-06-01"))
    assert str(value("subscriptions.next_on", person)) == "2025-06-01"
    tell(told("subscription.paused", "S", days=21, until="2025-08-01"))
    assert (contact_ids(asked), value("subscriptions.next_on", person)) == ([], None)
    tell(told("subscription.resumed", "S", days=30, next_on="2025-07-01"))
    assert (contact_ids(asked), str(value("subscriptions.next_on", person))) == ([person], "2025-07-01")


OF_AN_EARLIER_RELEASE = """
INSERT INTO orders_order (contact_id, source, number, kind, amount, currency, products, paid_at, event_id)
VALUES (%s, 'shop', '1', 'regular', 3980, 'JPY', '{tea}', %s, 7)
"""


def test_orders_of_earlier_releases_are_paid_ones_to_which_things_happen() -> None:
    person = create_contact(email="taro@example.jp")
    with connection.cursor() as cursor:
        cursor.execute(OF_AN_EARLIER_RELEASE, [person.pk, NOON])
    assert (one().state, one().is_counted, value("orders.total", person.pk)) == ("paid", True, 3980)
    tell(refunded(amount=980, days=9), told("shipped", days=1, by=()), told("placed", amount=1, days=-3))
    order = one()
    # An earlier description comes after a later one; whose it is says the one that counts.
    assert (order.amount, order.refunded, order.state, order.contact_id) == (3980, 980, "shipped", person.pk)
    assert value("orders.total", person.pk) == 3000
    tell(told("changed", amount=2000, days=20))
    assert one().amount == 2000


def test_no_money_is_a_float() -> None:
    for model in (Order, Line, Refund, Subscription, Product):
        for each in model._meta.get_fields():
            assert not isinstance(each, models.FloatField | models.DecimalField), each
    for kind in event_types():
        if kind.name.startswith(("order.", "subscription.", "cart.")):
            assert float not in kind.fields.values(), kind.name


PEOPLE = [(("email", "a@example.jp"),), (("email", "b@example.jp"), ("shop", "b"))]
NUMBERS = ("1", "2", "3")


def _story(number: str) -> st.SearchStrategy[list[Telling]]:
    """What may be told of one order, by one buyer; a part of it without saying whose it is."""
    days = st.integers(0, 500)
    buyer = st.sampled_from(PEOPLE)
    described = st.fixed_dictionaries(
        {
            "amount": st.sampled_from([0, 980, 3980]),
            "currency": st.sampled_from(["JPY", "JPY", "USD"]),
            "products": st.sampled_from([["main"], ["trial"], ["gift"], ["?"], []]),
        }
    )

    def tellings(draw: Any) -> list[Telling]:
        by = draw(buyer)
        found = [told("paid", number, days=draw(days), by=by, **draw(described))]
        if draw(st.booleans()):
            found.append(told("placed", number, days=draw(days), by=by, **draw(described)))
        for day in draw(st.lists(days, max_size=2)):
            found.append(told("changed", number, days=day, by=by, **draw(described)))
        for place, amount in enumerate(draw(st.lists(st.sampled_from([100, 980, 3980, None]), max_size=2))):
            currency = draw(st.sampled_from(["JPY", "USD"]))
            found.append(refunded(number, str(place), amount, days=draw(days), currency=currency))
        for what in draw(st.sets(st.sampled_from(["shipped", "delivered", "cancelled"]), max_size=2)):
            found.append(told(what, number, days=draw(days), by=draw(st.sampled_from([(), by]))))
        started = told("subscription.started", number, days=draw(days), by=by, product="main", every_days=30)
        found.append(started)
        for place, what in enumerate(draw(st.lists(st.sampled_from(["renewed", "skipped"]), max_size=2))):
            found.append(told(f"subscription.{what}", number, days=draw(days), by=(), delivery=str(place)))
        for what in draw(st.lists(st.sampled_from(["paused", "resumed", "cancelled"]), max_size=2, unique=True)):
            found.append(told(f"subscription.{what}", number, days=draw(days), by=()))
        return found

    return st.composite(tellings)()


def _outcome(source: str) -> Any:
    """All that is to be the same, told by addresses and not by ids."""
    mails = dict(Identity.objects.filter(kind="email").values_list("contact_id", "value"))
    columns = [
        each.attname
        for each in Order._meta.concrete_fields
        if each.attname not in {"id", "contact_id", "event_id", "source"}
    ]
    subscribed = [
        each.attname
        for each in Subscription._meta.concrete_fields
        if each.attname not in {"id", "contact_id", "source"}
    ]
    orders = Order.objects.filter(source=source)
    in_a_year = orders.filter(is_counted=True, paid_at__lt=NOON + YEAR)
    people = [pk for pk, mail in mails.items() if mail in {"a@example.jp", "b@example.jp"}]
    return {
        "orders": sorted((mails[each["contact_id"]], *map(str, map(each.get, columns))) for each in orders.values()),
        "refunds": sorted(Refund.objects.filter(source=source).values_list("number", "refund", "amount", "currency")),
        "subscriptions": sorted(
            (mails[each["contact_id"]], *map(str, map(each.get, subscribed)))
            for each in Subscription.objects.filter(source=source).values()
        ),
        "stages": sorted((mails[pk], stage_of_contact(pk).value) for pk in people),
        "changes": sorted(
            (mails[each.contact_id], each.to_stage, each.at)
            for each in PyramidChange.objects.filter(contact__in=people)
        ),
        "sales": sorted(
            (mails[each["contact_id"]], each["currency"], each["net"])
            for each in in_a_year.values("contact_id", "currency").annotate(net=Sum(F("amount") - F("refunded")))
        ),
        "purchases": sorted(
            (mails[each.contact_id], each.orders, each.trials, each.regulars, each.first_at, each.last_at)
            for each in Purchases.objects.filter(contact__in=people)
        ),
        "codes": sorted(
            SeenCode.objects.filter(source=source).values_list("code").annotate(n=Sum("orders")).filter(n__gt=0)
        ),
    }


@examples(15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_told_in_any_order_and_again_and_again_orders_stages_and_sales_are_the_same(data: Any) -> None:
    if not Product.objects.exists():
        for role, code in (("main", "main"), ("trial", "trial"), ("front_end", "gift")):
            product(role, code)
    tellings = [each for number in NUMBERS for each in data.draw(_story(number))]
    outcomes = []
    for order in (tellings, data.draw(st.permutations([*tellings, *tellings]))):
        source = uuid.uuid4().hex
        _forget()
        cuts = data.draw(st.lists(st.integers(0, len(order)), max_size=4))
        for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(order)], strict=True):
            tell_orders(source, [replace(each) for each in order[start:end]])
            if data.draw(st.booleans()):
                react_to_all()
        react_to_all()
        assert not Waiting.objects.filter(source=source).exists()
        outcomes.append(_outcome(source))
    assert outcomes[0] == outcomes[1]


def _forget() -> None:
    """The people of the time before are somebody else."""
    for contact in Contact.objects.filter(erased_at=None):
        contact.identities.all().delete()


@pytest.mark.django_db(transaction=True)
def test_two_reactors_who_fold_into_the_same_orders_at_once_lose_nothing() -> None:
    people = [create_contact(email=f"p{number}@example.jp").pk for number in range(2)]
    numbers = [str(number) for number in range(30)]

    def event(place: int, number: str, what: str, **payload: Any) -> Event:
        at = NOON + timedelta(days=place)
        return Event(
            int(number) * 2 + place, people[place], what, 1, at, at, "shop", {"order": number, **payload}, False
        )

    money = {"amount": 3980, "currency": "JPY"}
    lots = [
        [event(0, number, "order.paid", **money, products=["tea"], kind="regular") for number in numbers],
        [event(1, number, "order.refunded", **money | {"amount": 980}, refund="r") for number in reversed(numbers)],
    ]
    failures: list[BaseException] = []
    begin = threading.Barrier(2)

    def work(events: list[Event]) -> None:
        try:
            begin.wait(10)
            for start in range(0, len(events), 5):
                with transaction.atomic():
                    keep_orders(events[start : start + 5])
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(lot,)) for lot in lots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert set(Order.objects.values_list("contact_id", "refunded", "state")) == {(people[0], 980, "paid")}
    assert [(each.contact_id, each.orders) for each in Purchases.objects.all()] == [(people[0], 30)]
    assert SeenCode.objects.get().orders == 30

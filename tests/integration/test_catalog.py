"""Products and their codes; what orders say of them, before and after a code is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from wagtail.models import ModelLogEntry

from jouren.catalog.actions import map_code, save_product, unmap_code
from jouren.catalog.errors import BadCode, BadProduct, CodeTaken
from jouren.catalog.models import Product, ProductCode
from jouren.catalog.vocabulary import Role
from jouren.conditions.queries import contact_ids, load_facts, load_past_facts
from jouren.conditions.registry import fact
from jouren.conditions.wording import describe
from jouren.contacts.actions import create_contact
from jouren.contacts.segments.actions import save_segment
from jouren.contacts.segments.models import Segment
from jouren.contacts.segments.queries import people_in_segment
from jouren.core import clock
from jouren.orders.actions import record_order
from jouren.orders.models import SeenCode
from jouren.orders.queries import Sold, UnmappedCode, count_unmapped_codes, sold_by_product, unmapped_codes
from tests.backoffice import owner
from tests.reacting import react_to_all
from tests.segmenting import keep

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


def product(name: str = "Tea", **details: Any) -> Product:
    return save_product(Product(**({"name": name, "role": Role.MAIN, "price": 3980, "tax_rate": 8} | details)))


def bought(number: int, *codes: str, days: int = 0, **details: Any) -> int:
    """Somebody new, who bought under these codes."""
    person = create_contact(email=f"p{number}@example.jp")
    paid_at = NOON + timedelta(days=days)
    record_order(person.pk, f"N{number}", "regular", 3980, products=codes, occurred_at=paid_at, **details)
    react_to_all()
    return person.pk


def buyers(of: Product, op: str = "gte", value: int = 1, **arguments: str) -> list[int]:
    return contact_ids({"fact": "orders.count", "args": {"product": of.pk, **arguments}, "op": op, "value": value})


def counts(of: Product, *people: int) -> list[int]:
    use = fact("orders.count").use({"product": of.pk})
    loaded = load_facts([use], people, clock.now())
    then = load_past_facts([use], [(person, NOON + timedelta(days=99)) for person in people], clock.now())
    assert [loaded[person] for person in people] == then
    return [loaded[person][0] for person in people]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"description": "x" * 301}, "description"),
        ({"role": "gift"}, "role"),
        ({"price": -1}, "price"),
        ({"price": 10**12 + 1}, "price"),
        ({"price": 9.5}, "price"),
        ({"price": True}, "price"),
        ({"cost": -1}, "cost"),
        ({"currency": "XYZ"}, "currency"),
        ({"tax_rate": 5}, "tax_rate"),
        ({"lasts_days": 0}, "lasts_days"),
        ({"lasts_days": 3651}, "lasts_days"),
        ({"how_to_links": ["javascript:alert(1)"]}, "how_to_links"),
        ({"how_to_links": ["https://[bad"]}, "how_to_links"),
        ({"how_to_links": [f"https://example.jp/{n}" for n in range(21)]}, "how_to_links"),
    ],
)
def test_a_product_that_cannot_be_kept_is_refused_at_its_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(BadProduct) as refused:
        product(**bad)
    assert refused.value.field == field
    assert not Product.objects.exists()


def test_two_products_do_not_share_a_name() -> None:
    product("Tea")
    with translation.override("en"), pytest.raises(BadProduct, match="another product of the name “Tea”"):
        product("  Tea ")
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.create(name="Tea", role=Role.MAIN, price=1)


@pytest.mark.parametrize("bad", [{"price": -1}, {"cost": -1}, {"tax_rate": 9}, {"lasts_days": 0}])
def test_the_database_keeps_sound_products_only(bad: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.create(**({"name": "Tea", "role": Role.MAIN, "price": 1} | bad))


def test_the_audit_log_keeps_who_did_it_and_what_changed() -> None:
    staff = owner()
    tea = save_product(Product(name="Tea", role=Role.MAIN, price=3980, tax_rate=8), by=staff)
    tea.price = 4200
    save_product(tea, by=staff)
    save_product(tea, by=staff)
    unmap_code(map_code(tea.pk, "T-1", by=staff).pk, by=staff)
    entries = ModelLogEntry.objects.order_by("pk")
    assert [(entry.action, entry.user_id, entry.data) for entry in entries] == [
        ("catalog.add_product", staff.pk, {"changes": {}}),
        ("catalog.change_product", staff.pk, {"changes": {"price": [3980, 4200]}}),
        ("catalog.add_code", staff.pk, {"code": "T-1", "source": ""}),
        ("catalog.remove_code", staff.pk, {"code": "T-1", "source": ""}),
    ]


def test_one_code_means_one_product() -> None:
    tea, cup = product("Tea"), product("Cup")
    first = map_code(tea.pk, "T-1")
    assert map_code(tea.pk, "T-1") == first
    with translation.override("en"), pytest.raises(CodeTaken, match="“T-1” means “Tea” already"):
        map_code(cup.pk, "T-1")
    map_code(cup.pk, "T-1", source="rakuten")
    assert sorted(ProductCode.objects.values_list("code", "source", "product__name")) == [
        ("T-1", "", "Tea"),
        ("T-1", "rakuten", "Cup"),
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        ProductCode.objects.create(product=cup, code="T-1")


@pytest.mark.parametrize("code", ["", "x" * 101, "a\nb", "a\x00b"])
def test_a_code_that_no_order_could_have_is_refused(code: str) -> None:
    with pytest.raises(BadCode):
        map_code(product().pk, code)


def test_past_and_future_orders_count_once_their_code_is_known() -> None:
    tea = product()
    one, two = bought(1, "T-1"), bought(2, "T-1", "T-1", days=1, source="rakuten")
    other = bought(3, "C-1", days=2)
    assert unmapped_codes(9) == [
        UnmappedCode("T-1", ["rakuten", "shop"], 2, NOON + timedelta(days=1), "rakuten", "N2"),
        UnmappedCode("C-1", ["shop"], 1, NOON + timedelta(days=2), "shop", "N3"),
    ]
    assert (buyers(tea), sold_by_product()) == ([], {})
    map_code(tea.pk, "T-1")
    assert [each.code for each in unmapped_codes(9)] == ["C-1"]
    assert count_unmapped_codes() == 1
    later = bought(4, "T-1", days=3)
    assert buyers(tea) == [one, two, later]
    assert buyers(tea, "eq", 0) == [other]
    assert buyers(tea, kind="trial") == []
    assert counts(tea, one, two, other) == [1, 1, 0]
    assert sold_by_product() == {tea.pk: Sold(3, NOON + timedelta(days=3))}


def test_several_codes_are_one_product_and_an_order_of_both_is_one_purchase() -> None:
    tea = product()
    both, second = bought(1, "T-1", "T-2"), bought(2, "T-2")
    map_code(tea.pk, "T-1")
    unmapped = map_code(tea.pk, "T-2")
    assert counts(tea, both, second) == [1, 1]
    unmap_code(unmapped.pk)
    assert counts(tea, both, second) == [1, 0]
    assert [each.code for each in unmapped_codes(9)] == ["T-2"]


def test_what_a_source_says_itself_comes_before_what_a_code_means_everywhere() -> None:
    tea, cup = product("Tea"), product("Cup")
    here, there = bought(1, "1"), bought(2, "1", source="rakuten")
    map_code(cup.pk, "1", source="rakuten")
    assert [(each.code, each.sources) for each in unmapped_codes(9)] == [("1", ["shop"])]
    map_code(tea.pk, "1")
    assert (buyers(tea), buyers(cup)) == ([here], [there])
    assert (counts(tea, here, there), counts(cup, here, there)) == ([1, 0], [0, 1])
    assert {pk: sold.orders for pk, sold in sold_by_product().items()} == {tea.pk: 1, cup.pk: 1}


def test_an_order_that_is_told_twice_is_one_sale() -> None:
    tea = product()
    map_code(tea.pk, "T-1")
    person = bought(1, "T-1")
    record_order(person, "N1", "regular", 3980, products=["T-1"], occurred_at=NOON + timedelta(days=9))
    record_order(person, "N0", "regular", 3980, products=["T-1"], occurred_at=NOON - timedelta(days=9))
    react_to_all()
    assert sold_by_product() == {tea.pk: Sold(2, NOON)}
    assert SeenCode.objects.get().last_number == "N1"


def test_the_codes_of_earlier_orders_are_counted_by_the_migration() -> None:
    for number, codes in enumerate([("T-1", "T-1"), ("T-1", "C-1"), ()]):
        bought(number, *codes, days=number)
    kept = sorted(SeenCode.objects.values_list("code", "source", "shard", "orders", "last_at", "last_number"))
    SeenCode.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("jouren.orders.migrations.0003_seen_codes").COUNTED)
    assert sorted(SeenCode.objects.values_list("code", "source", "shard", "orders", "last_at", "last_number")) == kept


def test_a_segment_of_buyers_is_counted_anew_when_a_code_becomes_known() -> None:
    tea, cup = product("Tea"), product("Cup")
    person = bought(1, "T-1")
    asked = {"fact": "orders.count", "args": {"product": tea.pk}, "op": "gte", "value": 1}
    of_tea = save_segment("Tea", asked)
    of_those = save_segment("Those", {"fact": "segment", "args": {"segment": of_tea.pk}, "op": "is", "value": True})
    of_cup = save_segment("Cup", asked | {"args": {"product": cup.pk}})
    keep()
    map_code(tea.pk, "T-1")
    assert not Segment.objects.get(pk=of_tea.pk).is_filled
    assert Segment.objects.get(pk=of_cup.pk).is_filled
    keep()
    for segment in (of_tea, of_those):
        assert [each.contact.pk for each in people_in_segment(segment.pk)] == [person]


def test_a_condition_names_the_product() -> None:
    tree = {"fact": "orders.count", "args": {"product": product("Night tea").pk}, "op": "gte", "value": 2}
    with translation.override("en"):
        assert describe(tree) == "Number of purchases (Night tea) is at least 2"

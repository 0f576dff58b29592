"""Products as staff add and change them, and the codes that they assign."""

from __future__ import annotations

import pytest

from jouren.catalog.models import Product, ProductCode
from jouren.contacts.actions import create_contact
from jouren.orders.actions import record_order
from tests.backoffice import owner_client
from tests.reacting import react_to_all

pytestmark = pytest.mark.django_db


def written(**changed: str) -> dict[str, str]:
    """A product as somebody types it."""
    typed = {"name": "Tea", "role": "main", "price": "3,980", "currency": "JPY", "tax_rate": "8", "cost": "1480"}
    return typed | changed


def test_a_product_is_added_with_its_code_and_stands_in_the_list_with_its_profit() -> None:
    browser = owner_client()
    added = browser.post("/admin/products/add/", written(code="tea-30"))
    tea = Product.objects.get()
    assert (added.status_code, added["Location"]) == (302, f"/admin/products/{tea.pk}/")
    assert (tea.price, tea.cost, tea.tax_rate, tea.is_on_sale) == (3980, 1480, 8, True)
    assert [(code.code, code.source) for code in tea.codes.all()] == [("tea-30", "")]
    listed = browser.get("/admin/products/").content.decode()
    # 3,980 yen hold 294 of tax at 8 %; 3,686 less 1,480 is 2,206.
    assert "¥2,206" in listed


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"price": "cheap"}, "price"), ({"price": ""}, "price"), ({"role": "x"}, "role"), ({"name": " "}, "name")],
)
def test_what_cannot_be_kept_is_said_at_its_field_and_nothing_is_stored(wrong: dict[str, str], field: str) -> None:
    answer = owner_client().post("/admin/products/add/", written(code="tea-30", **wrong))
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not Product.objects.exists()
    assert not ProductCode.objects.exists()


def test_a_code_of_another_product_is_refused_with_its_name_and_no_product_is_made() -> None:
    browser = owner_client()
    browser.post("/admin/products/add/", written(code="tea-30"))
    answer = browser.post("/admin/products/add/", written(name="Cup", code="tea-30"))
    assert "Tea" in str(answer.context["form"].errors["code"])
    assert Product.objects.get().name == "Tea"


def test_what_is_taken_off_sale_leaves_the_list_and_is_found_among_the_retired() -> None:
    browser = owner_client()
    browser.post("/admin/products/add/", written())
    tea = Product.objects.get()
    browser.post(f"/admin/products/{tea.pk}/edit/", written(price="4300"))
    tea.refresh_from_db()
    assert (tea.price, tea.is_on_sale) == (4300, False)
    assert "¥4,300" not in browser.get("/admin/products/").content.decode()
    assert "¥4,300" in browser.get("/admin/products/retired/").content.decode()


def test_an_unknown_code_of_an_order_is_assigned_and_counts_at_once_until_it_is_taken_away() -> None:
    browser = owner_client()
    browser.post("/admin/products/add/", written())
    tea = Product.objects.get()
    person = create_contact(email="hanako@example.jp")
    record_order(person.pk, "N1", "regular", 3980, products=["t<b>30"])
    react_to_all()
    unknown = browser.get("/admin/products/codes/").content.decode()
    assert "t&lt;b&gt;30" in unknown
    assert "order N1" in unknown
    browser.post("/admin/products/codes/map/", {"code": "t<b>30", "product": tea.pk, "source": ""})
    assert browser.get("/admin/products/codes/").context["codes"] == []
    assert "t&lt;b&gt;30" in browser.get(f"/admin/products/{tea.pk}/").content.decode()
    browser.post(f"/admin/products/{tea.pk}/codes/add/", {"code": "tea-30", "source": ""})
    assert tea.codes.count() == 2
    for code in tea.codes.all():
        browser.post(f"/admin/products/codes/{code.pk}/remove/")
    assert not ProductCode.objects.exists()
    assert "t&lt;b&gt;30" in browser.get("/admin/products/codes/").content.decode()


def test_a_code_that_names_no_product_to_assign_is_refused() -> None:
    answer = owner_client().post(
        "/admin/products/codes/map/", {"code": "x", "product": "999", "source": ""}, follow=True
    )
    assert answer.status_code == 200
    assert not ProductCode.objects.exists()

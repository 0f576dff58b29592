"""Colleagues are called, and asked for their names, in the order of the language that is read."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import override

from jouren.backoffice.history import history_of
from jouren.catalog.actions import save_product
from jouren.catalog.models import Product
from jouren.team.names import colleague_name
from tests.backoffice import owner

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("where", ["/admin/users/new/", "/admin/users/edit/{pk}/", "/admin/account/"])
def test_the_family_name_is_asked_first_in_japanese_alone(where: str) -> None:
    user = owner()
    for language, first, second in (("ja", "last_name", "first_name"), ("en", "first_name", "last_name")):
        browser = Client(headers={"accept-language": language})
        browser.force_login(user)
        page = browser.get(where.format(pk=user.pk)).content.decode()
        assert 0 < page.index(f'{first}"') < page.index(f'{second}"')
        assert page.count('first_name"') == page.count('last_name"')


def test_a_colleague_is_called_as_the_reader_writes_names() -> None:
    taro, nameless = User(username="taro", last_name="山田", first_name="太郎"), User(username="hana@example.jp")
    with override("ja"):
        assert (colleague_name(taro), colleague_name(nameless)) == ("山田 太郎", "hana@example.jp")
    with override("en"):
        assert colleague_name(taro) == "太郎 山田"


def test_a_history_names_who_did_it() -> None:
    user = owner()
    User.objects.filter(pk=user.pk).update(last_name="山田", first_name="太郎")
    user.refresh_from_db()
    product = save_product(Product(name="Tea", role="main", price=1000), by=user)
    with override("ja"):
        assert [line.by for line in history_of(product, 5, lambda data: [str(data)])] == ["山田 太郎"]
    browser = Client(headers={"accept-language": "ja"})
    browser.force_login(user)
    assert "山田 太郎" in browser.get(f"/admin/products/{product.pk}/").content.decode()

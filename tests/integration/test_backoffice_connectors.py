"""Connected shops in the back office: connected, given secrets, switched off, and what could not be used."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from wagtail.models import ModelLogEntry

from jouren.connectors.connector import connectors
from jouren.connectors.models import Connection, Outcome, Received
from tests.backoffice import owner_client, staff_client
from tests.connecting import SHOPIFY_SECRET, from_shopify, shopify, shopify_order

pytestmark = pytest.mark.django_db
MADE = re.compile(r"whsec_[A-Za-z0-9+/=]+|[0-9a-f]{48}")


def _html(browser: Client, where: str, /, **data: Any) -> str:
    answer = browser.post(where, data, follow=True) if data else browser.get(where)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("kind", ["shopify", "stripe", "signed", "segment"])
def test_a_shop_of_every_kind_can_be_connected_and_says_how(kind: str) -> None:
    browser = owner_client()
    answer = browser.post("/admin/connectors/", {"connector": kind, "name": "Tea shop", "source": ""})
    connection = Connection.objects.get()
    found = MADE.search(answer.content.decode())
    makes = {each.key: each.makes_secret for each in connectors()}[kind]
    assert bool(found) == makes
    assert "no-store" in answer["Cache-Control"]
    shown = _html(browser, f"/admin/connectors/{connection.pk}/")
    assert f"/hooks/{connection.public_id}/" in shown or kind == "segment"
    assert ("There is no secret yet" in shown) != makes
    assert not MADE.search(shown)
    assert connection.source == kind
    assert ModelLogEntry.objects.get().action == "connectors.make"


def test_a_source_belongs_to_one_shop_and_what_was_typed_is_kept() -> None:
    shopify()
    shown = _html(owner_client(), "/admin/connectors/", connector="stripe", name="Second", source="shopify")
    assert "Another connection has the source" in shown
    assert 'value="Second"' in shown
    assert Connection.objects.count() == 1


def test_the_shops_secret_is_pasted_changed_without_a_gap_and_never_shown() -> None:
    connection, browser = shopify(), owner_client()
    url = f"/admin/connectors/{connection.pk}/"
    assert "spaces" in _html(browser, url, secret="a b c d e f g h", old_for="1")
    assert connection.secrets.count() == 1
    assert "The secret is saved" in _html(browser, url, secret="shpss_another-secret-fedc", old_for="7")
    shown = _html(browser, url)
    assert "…fedc" in shown
    assert "valid until" in shown
    assert SHOPIFY_SECRET not in shown
    assert "another-secret" not in shown
    assert "two secrets already" in _html(browser, url, secret="shpss_a-third-secret", old_for="1")
    old = connection.secrets.earliest("pk")
    assert "Only the other secret" in _html(browser, f"/admin/connectors/secrets/{old.pk}/end/", yes="1")
    left = connection.secrets.get()
    assert left.ends_at is None
    assert "the only secret" in _html(browser, f"/admin/connectors/secrets/{left.pk}/end/", yes="1")


def test_a_connection_is_renamed_and_switched_off() -> None:
    connection = shopify()
    assert "is saved" in _html(owner_client(), f"/admin/connectors/{connection.pk}/change/", name="Leaf <b>")
    connection.refresh_from_db()
    assert (connection.name, connection.is_on) == ("Leaf <b>", False)


def test_health_is_shown_and_what_could_not_be_used_is_taken_in_or_left() -> None:
    connection, browser = shopify(), owner_client()
    url = f"/admin/connectors/{connection.pk}/"
    from_shopify(connection, "orders/paid", shopify_order(), "d1")
    from_shopify(connection, "orders/paid", shopify_order(2, total_price="<i>x</i>"), "d2")
    from_shopify(connection, "orders/paid", shopify_order(3, total_price="-5"), "d3")
    from_shopify(connection, "carts/update", {"id": 1}, "d4")
    shown = _html(browser, url)
    assert "total_price" in shown
    assert "Nothing is kept of this topic" in shown
    assert "<i>x</i>" not in shown
    assert "Never yet" not in _html(browser, "/admin/connectors/")
    bad, worse = Received.objects.filter(outcome=Outcome.FAILED).order_by("pk")
    assert "must be an amount" in _html(browser, f"/admin/connectors/received/{bad.pk}/replay/", yes="1")
    assert "Nothing of it can be used" in _html(browser, f"{url}replay/", yes="1")
    Received.objects.filter(pk=bad.pk).update(body=(bad.body or "").replace("<i>x</i>", "100"))
    assert "taken in now" in _html(browser, f"{url}replay/", yes="1")
    assert "off the list" in _html(browser, f"/admin/connectors/received/{worse.pk}/drop/", yes="1")
    assert not Received.objects.filter(outcome=Outcome.FAILED).exists()


def test_looking_is_not_changing() -> None:
    connection = shopify()
    viewer = staff_client("connectors.view_connection")
    shown = _html(viewer, f"/admin/connectors/{connection.pk}/")
    assert "Save the secret" not in shown
    for path in ("", "change/", "replay/"):
        assert viewer.post(f"/admin/connectors/{connection.pk}/{path}", {"name": "x"}).status_code == 302
    connection.refresh_from_db()
    assert connection.name == "Tea shop"
    assert connection.is_on

"""Webhooks in the back office: made, tried, given new secrets, and what could not be told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from wagtail.models import ModelLogEntry

from jouren.core import clock
from jouren.webhooks.actions import make_webhook
from jouren.webhooks.models import Call, CallState, Endpoint
from jouren.webhooks.outbox import PlannedCall, plan_calls
from tests.backoffice import make_person, owner_client, staff_client

pytestmark = pytest.mark.django_db

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
ADDRESS = "https://hooks.example/in?token=geheim"


def _html(browser: Client, where: str, /, **data: Any) -> str:
    answer = browser.post(where, data, follow=True) if data else browser.get(where)
    assert answer.status_code == 200
    return str(answer.content.decode())


def _failed(endpoint: Endpoint, contact_id: int | None = None) -> Call:
    plan_calls([PlannedCall(endpoint.pk, contact_id, {"type": "journey.step", "data": {}})], clock.now())
    call = Call.objects.latest("pk")
    call.state, call.error, call.attempts, call.answer = CallState.FAILED, "status:404", 1, "<b>no</b>"
    call.save()
    return call


def test_a_new_webhook_shows_its_secret_once_and_no_browser_keeps_it() -> None:
    browser = owner_client()
    answer = browser.post("/admin/webhooks/", {"name": "Shipping", "url": ADDRESS})
    assert SECRET.search(answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    shown = _html(browser, "/admin/webhooks/")
    assert not SECRET.search(shown)
    assert "Shipping" in shown
    assert "hooks.example" in shown
    assert "geheim" not in shown
    assert ModelLogEntry.objects.get().action == "webhooks.make"


@pytest.mark.parametrize("url", ["http:", "ftp://hooks.example/", "https://user:word@hooks.example/", "https://a b/"])
def test_an_address_that_cannot_be_called_is_refused_with_what_was_typed_kept(url: str) -> None:
    shown = _html(owner_client(), "/admin/webhooks/", name="Shipping", url=url)
    assert "error-message" in shown
    assert 'value="Shipping"' in shown
    assert not Endpoint.objects.exists()


def test_a_second_secret_can_be_made_and_the_old_one_ended_so_that_no_call_is_lost() -> None:
    endpoint, first = make_webhook("Shipping", ADDRESS)
    browser, url = owner_client(), f"/admin/webhooks/{endpoint.pk}/"
    assert "Yes, end it" not in _html(browser, url)
    second = SECRET.search(browser.post(url).content.decode())
    assert second and second[0] != first
    assert "There are two secrets already" in browser.post(url).content.decode()
    old = endpoint.secrets.earliest("pk")
    assert "other secret alone" in _html(browser, f"/admin/webhooks/secrets/{old.pk}/end/", yes="1")
    left = endpoint.secrets.get(ended_at=None)
    assert left.pk != old.pk
    assert "the only secret" in _html(browser, f"/admin/webhooks/secrets/{left.pk}/end/", yes="1")


def test_a_webhook_can_be_moved_switched_off_and_tried() -> None:
    endpoint, _secret = make_webhook("Shipping", ADDRESS)
    browser, url = owner_client(), f"/admin/webhooks/{endpoint.pk}/"
    assert "is being called" in _html(browser, f"{url}try/", yes="1")
    assert Call.objects.get().content["type"] == "webhook.test"
    _html(browser, f"{url}change/", name="Parcels", url="https://b.example/")
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.url, endpoint.is_on) == ("Parcels", "https://b.example/", False)
    assert "The webhook is switched off." in _html(browser, f"{url}try/", yes="1")
    assert "must begin with https" in _html(browser, f"{url}change/", name="Parcels", url="ftp://b.example/")
    endpoint.refresh_from_db()
    assert endpoint.url == "https://b.example/"


def test_what_could_not_be_told_is_listed_with_why_and_can_be_tried_again_or_left() -> None:
    endpoint, _secret = make_webhook("Shipping", ADDRESS)
    person = make_person(family_name="<script>", given_name="花子")
    first, second = _failed(endpoint, person.pk), _failed(endpoint)
    browser = owner_client()
    assert "2 calls to systems of yours were not delivered." in _html(browser, "/admin/")
    shown = _html(browser, "/admin/webhooks/")
    assert "It answered 404: there is nothing at this address." in shown
    assert "&lt;script&gt; 花子" in shown.replace("花子 &lt;script&gt;", "&lt;script&gt; 花子")
    assert "<b>no</b>" not in shown
    assert "1 call is tried again." in _html(browser, f"/admin/webhooks/calls/{first.pk}/retry/", yes="1")
    assert "off the list" in _html(browser, f"/admin/webhooks/calls/{second.pk}/drop/", yes="1")
    first.refresh_from_db()
    assert first.state == CallState.WAITING
    assert not Call.objects.filter(pk=second.pk).exists()
    assert "There is nothing to try again" in _html(browser, "/admin/webhooks/retry/", yes="1")


def test_seeing_webhooks_does_not_allow_to_make_or_change_them() -> None:
    endpoint, _secret = make_webhook("Shipping", ADDRESS)
    call = _failed(endpoint)
    viewer = staff_client("webhooks.view_endpoint")
    shown = _html(viewer, f"/admin/webhooks/{endpoint.pk}/")
    assert "geheim" not in shown
    for url in (
        "/admin/webhooks/",
        "/admin/webhooks/retry/",
        f"/admin/webhooks/calls/{call.pk}/retry/",
        f"/admin/webhooks/calls/{call.pk}/drop/",
        f"/admin/webhooks/{endpoint.pk}/",
        f"/admin/webhooks/{endpoint.pk}/change/",
        f"/admin/webhooks/{endpoint.pk}/try/",
        f"/admin/webhooks/secrets/{endpoint.secrets.get().pk}/end/",
    ):
        assert viewer.post(url, {"name": "Mine", "url": "https://mine.example/"}).status_code in {302, 403}, url
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.secrets.count(), Call.objects.count()) == ("Shipping", 1, 1)

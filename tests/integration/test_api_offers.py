"""Which offers are open to a person, asked over HTTP."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from jouren.api import offers
from jouren.api.keys import make_key
from jouren.catalog.offers.actions import see_offer, take_offer
from jouren.catalog.offers.links import read_offer_token
from jouren.catalog.offers.models import OfferSight
from jouren.contacts.actions import erase_contact
from jouren.contacts.models import Contact
from jouren.pyramid.stages import Stage
from tests.integration.test_api_events import call
from tests.offering import make_offer, person_on

pytestmark = pytest.mark.django_db
HANA = {"contact": {"email": "p1@example.jp"}}


@pytest.fixture
def key() -> str:
    return make_key("shop")


def ask(key: str, body: Any) -> tuple[str, dict[str, Any]]:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, _headers, content = call("POST", "/api/offers", sent, HTTP_AUTHORIZATION=f"Bearer {key}")
    return status, json.loads(content)


def test_the_open_ones_are_told_with_price_deadline_and_page_and_the_others_with_the_reason(key: str) -> None:
    hana = person_on(Stage.PROSPECT)
    trial = make_offer("Trial", personal_hours=72, stock=3)
    finest = make_offer("Finest", is_finest=True, needs_likely_regular=True)
    regular = make_offer("Regular", least_stage=Stage.TRIAL)
    gone = make_offer("Gone", is_open=False)
    take_offer(trial.pk, person_on(Stage.PROSPECT, 2).pk, "1")
    status, told = ask(key, HANA)
    assert (status, [each["reason"] for each in told["closed"]]) == ("200", ["not_likely_regular", "wrong_stage"])
    assert [(each["id"], each["finest"]) for each in told["closed"]] == [(finest.pk, True), (regular.pk, False)]
    (shown,) = told["offers"]
    assert {name: shown[name] for name in ("id", "price", "currency", "deadline", "hours_from_sight", "left")} == {
        "id": trial.pk,
        "price": 980,
        "currency": "JPY",
        "deadline": None,
        "hours_from_sight": 72,
        "left": 2,
    }
    assert read_offer_token(shown["url"].rpartition("/")[2]) == (trial.pk, hana.pk)
    assert not OfferSight.objects.exists()
    first = see_offer(trial, hana.pk)
    (shown,) = ask(key, {**HANA, "offers": [trial.pk]})[1]["offers"]
    assert shown["deadline"] == (first + timedelta(hours=72)).isoformat()
    assert ask(key, {**HANA, "offers": [gone.pk, 9_999]})[1]["closed"][0]["reason"] == "withdrawn"


def test_who_is_not_known_or_was_erased_is_nobody_and_is_not_made_known(key: str) -> None:
    make_offer()
    assert ask(key, HANA)[0] == "404"
    assert not Contact.objects.exists()
    erase_contact(person_on(Stage.PROSPECT).pk)
    assert ask(key, HANA)[0] == "404"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"[" * 9_000,
        {},
        {"contact": {"email": "no address"}},
        {"contact": {"email": "a@example.jp", "shop": "1"}},
        {"contact": {"email": ["a@example.jp"]}},
        {**HANA, "offers": []},
        {**HANA, "offers": [True]},
        {**HANA, "offers": [2**70]},
        {**HANA, "offers": "7"},
        {**HANA, "surprise": 1},
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(key: str, body: Any) -> None:
    status, answer = ask(key, body)
    assert status == "422"
    assert answer["error"]


def test_only_a_good_key_asks_by_post_in_short_and_not_too_often(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask("wrong", HANA)[0] == "401"
    assert ask(key, b"x" * 10_001)[0] == "413"
    status, headers, _body = call("GET", "/api/offers", HTTP_AUTHORIZATION=f"Bearer {key}")
    assert (status, headers["Allow"]) == ("405", "POST")
    monkeypatch.setattr(offers, "MOST_A_MINUTE", 1)
    person_on(Stage.PROSPECT)
    assert [ask(key, HANA)[0] for _time in range(2)] == ["200", "429"]

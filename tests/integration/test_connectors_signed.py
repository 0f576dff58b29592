"""A shop's own system posts by Standard Webhooks, signed with the reference library."""

from __future__ import annotations

from typing import Any

import pytest

from jouren.connectors.actions import connect
from jouren.connectors.models import Connection, Outcome, Received
from jouren.contacts.actions import define_attribute
from jouren.contacts.models import Consent, Contact
from jouren.contacts.queries import find_by_email
from jouren.events.queries import events_of
from tests.connecting import from_system

pytestmark = pytest.mark.django_db
AT = "2026-11-22T09:30:00+09:00"


@pytest.fixture
def system() -> tuple[Connection, str]:
    return connect("signed", "Own shop", "own")


def _message(kind: str, payload: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
    contact = {"contact": {"shop": "77", "email": "hana@example.jp"}}
    return {"type": kind, "timestamp": AT, "data": {**contact, **({"payload": payload} if payload else {}), **data}}


def _hana() -> Contact:
    contact = find_by_email("hana@example.jp")
    assert contact is not None
    return contact


def test_orders_people_and_what_they_did_are_taken_in_once(system: tuple[Connection, str]) -> None:
    define_attribute("size", "text", "Size")
    order = {"order": "1", "amount": 3980, "currency": "JPY", "products": ["tea"]}
    names = {"family_name": "山田", "given_name": "花子", "family_kana": "やまだ"}
    messages = [
        _message("order.paid", {**order, "kind": ""}),
        _message("offer.viewed", {"offer": "trial"}),
        _message("quiz.done", {"score": 5, "answers": ["a", "b"], "is_good": True}),
        _message("person.changed", names=names, attributes={"size": "L", "unknown": 1}),
    ]
    for number, message in [*enumerate(messages), *enumerate(messages)]:
        status, _headers, answer = from_system(*system, f"msg_{number}", message)
        assert (status, answer["failed"]) == (200, 0)
    hana = _hana()
    told = [
        (event.type, event.payload)
        for event in reversed(events_of([hana.pk], types=["order.paid", "offer.viewed", "app.tracked"]))
    ]
    assert told == [
        ("order.paid", {**order, "kind": ""}),
        ("offer.viewed", {"offer": "trial"}),
        (
            "app.tracked",
            {"name": "quiz.done", "properties": {"score": "5", "answers": '["a", "b"]', "is_good": "true"}},
        ),
    ]
    assert (hana.family_name, hana.family_kana, hana.attributes) == ("山田", "やまだ", {"size": "L"})


def test_consent_comes_with_the_words_that_were_agreed_to(system: tuple[Connection, str]) -> None:
    from_system(*system, "m1", _message("person.changed", consent={"granted": True, "at": AT}))
    assert not Consent.objects.exists()
    assert Received.objects.get().outcome == Outcome.FAILED
    agreed = {"granted": True, "at": AT, "text": "お茶だよりを受け取ります"}
    from_system(*system, "m2", _message("person.changed", consent=agreed))
    assert Consent.objects.get().is_granted
    assert _hana().consent_records.get().text.text == "お茶だよりを受け取ります"  # type: ignore[union-attr]
    from_system(*system, "m3", _message("person.changed", consent={"granted": False, "at": AT}))
    assert not Consent.objects.get().is_granted


@pytest.mark.parametrize(
    "message",
    [
        _message("order.paid", {"order": "1", "amount": -1, "currency": "JPY"}),
        _message("order.paid", {"order": "1", "amount": 1, "currency": "JPY", "colour": "red"}),
        _message("quiz.done", {}, contact=None),
        _message("person.changed", contact={"phone": "1"}),
        {**_message("order.paid", {"order": "1", "amount": 1, "currency": "JPY"}), "timestamp": "2199-01-01T00:00:00Z"},
        {"type": 5},
    ],
)
def test_what_cannot_be_used_waits_whole(system: tuple[Connection, str], message: dict[str, Any]) -> None:
    assert from_system(*system, "m1", message)[0] == 200
    assert Received.objects.get().outcome == Outcome.FAILED
    assert Received.objects.get().error
    assert not Contact.objects.exists()


def test_another_secret_is_refused_and_switched_off_means_gone(system: tuple[Connection, str]) -> None:
    connection, secret = system
    other = connect("signed", "Another", "other")[1]
    assert from_system(connection, other, "m1", _message("quiz.done"))[0] == 401
    Connection.objects.filter(pk=connection.pk).update(is_on=False)
    assert from_system(connection, secret, "m1", _message("quiz.done"))[0] == 410
    assert not Received.objects.exists()

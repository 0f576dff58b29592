"""Planning deliveries: the gate's reasons, and one row for one message to one person."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jouren.contacts.actions.consent import suppress, withdraw_consent
from jouren.contacts.actions.erasure import erase_contact
from jouren.contacts.actions.merging import merge_contacts
from jouren.contacts.actions.people import create_contact
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.events.queries import events_of
from jouren.messaging.actions import Plan, cancel_run, create_run, plan_deliveries, send_transactional
from jouren.messaging.defaults import ensure_default_messages
from jouren.messaging.errors import UnknownPurpose
from jouren.messaging.gate import GateRule, _rules, register_gate_rule
from jouren.messaging.models import Delivery, Message, Run
from jouren.messaging.vocabulary import Lane, RunKind, State
from tests.messages import draft, make_shop, planned, published, reader

pytestmark = pytest.mark.django_db


def reason_for(contact: Contact, **fields: Any) -> str:
    version = published(**fields)
    (plan,) = plan_deliveries([planned(version, contact)], clock.now())
    delivery = Delivery.objects.get(pk=plan.id)
    assert delivery.reason == plan.reason
    assert delivery.state == (State.SUPPRESSED if plan.reason else State.PLANNED)
    return plan.reason


def test_somebody_who_agreed_gets_it() -> None:
    assert reason_for(reader("a@example.jp")) == ""


def test_somebody_who_never_agreed_does_not() -> None:
    assert reason_for(reader("a@example.jp", agrees=False)) == "no_consent"


def test_somebody_who_withdrew_does_not() -> None:
    contact = reader("a@example.jp")
    withdraw_consent(contact.pk, "email", "newsletter", via="link")
    assert reason_for(contact) == "unsubscribed"


def test_somebody_without_an_address_does_not() -> None:
    assert reason_for(create_contact(family_name="山田")) == "no_address"


def test_somebody_erased_does_not() -> None:
    contact = reader("a@example.jp")
    erase_contact(contact.pk)
    assert reason_for(contact) == "erased"
    assert reason_for(contact, kind="transactional") == "erased"


@pytest.mark.parametrize(
    ("channel", "reason", "marketing", "transactional"),
    [
        ("", "unneeded", "suppressed:unneeded", ""),
        ("email", "unsubscribed", "suppressed:unsubscribed", ""),
        ("email", "hard_bounce", "suppressed:hard_bounce", "suppressed:hard_bounce"),
        ("line", "hard_bounce", "", ""),
    ],
)
def test_suppression_stops_marketing_and_a_dead_address_stops_all(
    channel: str, reason: str, marketing: str, transactional: str
) -> None:
    contact = reader("a@example.jp")
    suppress(contact.pk, reason, channel=channel)
    assert reason_for(contact) == marketing
    assert reason_for(contact, kind="transactional") == transactional


def test_a_cancelled_run_sends_nothing() -> None:
    contact, version = reader("a@example.jp"), published()
    delivery = planned(version, contact)
    cancel_run(delivery.run_id)
    assert plan_deliveries([delivery], clock.now())[0].reason == "cancelled"


def test_a_merged_person_gets_it_as_who_they_became() -> None:
    kept, gone = reader("kept@example.jp"), reader("gone@example.jp", agrees=False)
    merge_contacts(kept.pk, gone.pk)
    assert reason_for(gone) == ""


def test_higher_rooms_add_rules() -> None:
    rule = GateRule("test.never", lambda batch, now: ["never" for _facts in batch], 500)
    register_gate_rule(rule)
    try:
        assert reason_for(reader("a@example.jp")) == "never"
        assert reason_for(reader("b@example.jp", agrees=False)) == "no_consent"
    finally:
        del _rules["test.never"]


def test_a_delivery_is_planned_once() -> None:
    contact, version = reader("a@example.jp"), published()
    delivery = planned(version, contact)
    first, again = plan_deliveries([delivery, delivery], clock.now())
    assert first.id is not None
    assert again == Plan(None)
    assert plan_deliveries([delivery], clock.now()) == [Plan(None)]
    assert Delivery.objects.count() == 1
    assert plan_deliveries([planned(version, contact, occurrence=1)], clock.now())[0].id is not None


def test_what_was_withheld_is_told_once() -> None:
    contact, version = reader("a@example.jp", agrees=False), published()
    for _ in range(2):
        plan_deliveries([planned(version, contact)], clock.now())
    (event,) = events_of([contact.pk], types=["message.withheld"])
    assert event.payload["reason"] == "no_consent"
    assert event.payload["title"] == "お知らせ"
    assert event.payload["delivery"] == Delivery.objects.get().pk


def test_a_batch_is_planned_in_a_few_statements() -> None:
    version = published()
    contacts = [reader(f"r{n}@example.jp") for n in range(20)]
    deliveries = [planned(version, contact) for contact in contacts]
    with CaptureQueriesContext(
        connection,
    ) as captured:
        plan_deliveries(deliveries, clock.now())
    assert len(captured) <= 4
    assert Delivery.objects.filter(state=State.PLANNED).count() == 20


def test_an_unknown_version_is_refused() -> None:
    contact, version = reader("a@example.jp"), published()
    delivery = planned(version, contact)
    version.delete()
    with pytest.raises(LookupError):
        plan_deliveries([delivery], clock.now())


def test_a_run_with_a_reference_is_one() -> None:
    first = create_run(RunKind.JOURNEY, "旅", "journey-1")
    assert create_run(RunKind.JOURNEY, "旅", "journey-1") == first
    assert create_run(RunKind.JOURNEY, "旅") != create_run(RunKind.JOURNEY, "旅")


def test_a_transactional_message_goes_in_the_persons_language_once() -> None:
    ensure_default_messages()
    for language in ("ja", "en", "fr"):
        contact = reader(f"{language}@example.jp", agrees=False, language=language)
        plans = [send_transactional("registration_confirm", contact.pk, {"confirm_url": "https://x"}, 5) for _ in "12"]
        assert plans[1] == Plan(None)
        delivery = Delivery.objects.get(pk=plans[0].id)
        assert (delivery.lane, delivery.occurrence, delivery.context) == (
            Lane.TRANSACTIONAL,
            5,
            {"confirm_url": "https://x"},
        )
        assert delivery.message_version.language == ("en" if language == "fr" else language)
    assert Run.objects.filter(kind="transactional", reference="registration_confirm").count() == 1


def test_a_new_installation_can_confirm_registrations() -> None:
    Message.objects.all().delete()
    contact = reader("a@example.jp", agrees=False)
    assert send_transactional("registration_confirm", contact.pk, {"confirm_url": "https://x"}).id


def test_a_purpose_without_a_message_is_told() -> None:
    with pytest.raises(UnknownPurpose):
        send_transactional("nothing_known", 1)


def test_a_default_message_that_was_withdrawn_stays_withdrawn() -> None:
    ensure_default_messages()
    for message in Message.objects.all():
        message.unpublish()
    with pytest.raises(UnknownPurpose):
        send_transactional("registration_confirm", 1)


def test_a_deleted_message_leaves_its_versions() -> None:
    make_shop()
    version = published()
    assert version.message is not None
    version.message.delete()
    version.refresh_from_db()
    assert version.message is None
    assert reader("a@example.jp")
    assert plan_deliveries([planned(version, reader("a@example.jp"))], clock.now())[0].id
    assert draft().name == version.name


def test_erasing_a_person_forgets_what_their_deliveries_brought() -> None:
    contact = reader("a@example.jp")
    (plan,) = plan_deliveries([planned(published(), contact, context={"confirm_url": "https://x"})], clock.now())
    erase_contact(contact.pk)
    assert Delivery.objects.get(pk=plan.id).context is None

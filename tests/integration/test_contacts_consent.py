"""What people allow and withdraw, with proof."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from wagtail.models import ModelLogEntry

from jouren.contacts import actions
from jouren.contacts.errors import BadValue
from jouren.contacts.models import Consent, ConsentRecord, Contact, Suppression
from jouren.contacts.timeline import timeline
from jouren.events.queries import events_of

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def contact() -> Contact:
    return actions.create_contact(email="taro@example.jp")


def allowed(contact: Contact) -> dict[tuple[str, str], bool]:
    return {(c.channel, c.topic): c.is_granted for c in Consent.objects.filter(contact=contact)}


def stopped(contact: Contact) -> set[tuple[str, str]]:
    return set(Suppression.objects.filter(contact=contact, lifted_at=None).values_list("channel", "reason"))


def test_consent_keeps_its_proof_without_the_address_it_came_from(contact: Contact) -> None:
    text = actions.keep_consent_text("I agree.")
    assert actions.grant_consent(
        contact.pk, "email", "news", via="form", text=text, page="https://example.jp/lp", ip="192.0.2.1", at=NOON
    )
    proof = ConsentRecord.objects.get()
    assert (proof.text, proof.at, proof.via, proof.page) == (text, NOON, "form", "https://example.jp/lp")
    assert len(proof.ip_hash) == 64
    assert allowed(contact) == {("email", "news"): True}


def test_a_consent_text_has_one_version_and_another_text_another() -> None:
    first = actions.keep_consent_text("I agree.")
    assert actions.keep_consent_text(" I agree.\n") == first
    assert actions.keep_consent_text("I agree!").pk != first.pk
    with pytest.raises(BadValue):
        actions.keep_consent_text(" ")


def test_the_same_consent_is_recorded_once_and_a_new_text_is_new_proof(contact: Contact) -> None:
    first, second = (actions.keep_consent_text(text) for text in ("one", "two"))
    assert actions.grant_consent(contact.pk, "email", "news", via="form", text=first)
    assert not actions.grant_consent(contact.pk, "email", "news", via="form", text=first)
    assert actions.grant_consent(contact.pk, "email", "news", via="form", text=second)
    assert actions.withdraw_consent(contact.pk, "email", "news", via="preferences")
    assert not actions.withdraw_consent(contact.pk, "email", "news", via="preferences")
    assert list(ConsentRecord.objects.order_by("id").values_list("is_granted", flat=True)) == [True, True, False]
    assert allowed(contact) == {("email", "news"): False}


def test_no_import_overrides_an_unsubscribe(contact: Contact) -> None:
    actions.withdraw_consent(contact.pk, "email", "news", via="preferences")
    assert not actions.grant_consent(contact.pk, "email", "news", via="import")
    actions.suppress(contact.pk, "unsubscribed", channel="email")
    assert not actions.grant_consent(contact.pk, "email", "tips", via="import")
    assert actions.grant_consent(contact.pk, "line", "tips", via="import")
    assert allowed(contact) == {("email", "news"): False, ("line", "tips"): True}


def test_a_person_who_signs_up_again_lifts_what_they_had_asked_for_and_nothing_else(contact: Contact) -> None:
    for reason in ("unsubscribed", "unneeded", "complaint", "hard_bounce"):
        actions.suppress(contact.pk, reason, channel="email")
    actions.suppress(contact.pk, "unsubscribed")
    actions.grant_consent(contact.pk, "email", "news", via="form")
    assert stopped(contact) == {("email", "complaint"), ("email", "hard_bounce")}


def test_whoever_allows_again_what_they_never_withdrew_gets_messages_again(contact: Contact) -> None:
    text = actions.keep_consent_text("I agree.")
    actions.grant_consent(contact.pk, "email", "news", via="form", text=text)
    actions.suppress(contact.pk, "unneeded")
    assert not actions.grant_consent(contact.pk, "email", "news", via="form", text=text)
    assert stopped(contact) == set()


def test_staff_recording_consent_lifts_nothing_and_is_written_down(contact: Contact) -> None:
    staff = get_user_model().objects.create_user("staff")
    actions.suppress(contact.pk, "unsubscribed", channel="email")
    actions.grant_consent(contact.pk, "email", "news", via="staff", by=staff)
    assert stopped(contact) == {("email", "unsubscribed")}
    entry = ModelLogEntry.objects.get()
    assert (entry.action, entry.user, entry.label) == ("contacts.grant_consent", staff, str(contact.public_id))


def test_withdrawing_everything_on_a_channel_leaves_the_others(contact: Contact) -> None:
    for channel, topic in (("email", "news"), ("email", "tips"), ("line", "news")):
        actions.grant_consent(contact.pk, channel, topic, via="form")
    assert actions.withdraw_all_consent(contact.pk, "email", via="one-click") == 2
    assert allowed(contact) == {("email", "news"): False, ("email", "tips"): False, ("line", "news"): True}


def test_a_suppression_is_told_once_and_can_be_lifted(contact: Contact) -> None:
    assert actions.suppress(contact.pk, "unneeded", detail="x" * 1000)
    assert not actions.suppress(contact.pk, "unneeded")
    assert actions.lift_suppression(contact.pk, reason="unneeded")
    assert not actions.lift_suppression(contact.pk, reason="unneeded")
    assert actions.suppress(contact.pk, "unneeded")
    assert [event.type for event in events_of([contact.pk])] == [
        "contact.suppressed",
        "contact.unsuppressed",
        "contact.suppressed",
    ]


def test_many_are_suppressed_at_once_and_only_the_new_ones_are_told(contact: Contact) -> None:
    other = actions.create_contact()
    actions.suppress(contact.pk, "unneeded", channel="email")
    assert actions.suppress_contacts([contact.pk, other.pk, 10**12], "unneeded", channel="email") == [other.pk]
    assert len(events_of([contact.pk, other.pk])) == 2


def test_who_was_merged_is_suppressed_as_who_they_became(contact: Contact) -> None:
    gone = actions.create_contact()
    actions.merge_contacts(contact.pk, gone.pk)
    assert actions.suppress_contacts([gone.pk, contact.pk], "hard_bounce", channel="email") == [contact.pk]
    assert stopped(contact) == {("email", "hard_bounce")}


@pytest.mark.parametrize("reason", ["", "nonsense", "x" * 1000])
def test_an_unknown_reason_is_refused(contact: Contact, reason: str) -> None:
    with pytest.raises(BadValue):
        actions.suppress(contact.pk, reason)
    assert stopped(contact) == set()


def test_an_erasure_cannot_be_lifted(contact: Contact) -> None:
    actions.erase_contact(contact.pk)
    with pytest.raises(BadValue):
        actions.lift_suppression(contact.pk, reason="erased")
    assert stopped(contact) == {("", "erased")}


def test_the_timeline_tells_what_happened_the_latest_first_and_page_by_page(contact: Contact) -> None:
    actions.grant_consent(contact.pk, "email", "news", via="form", at=NOON)
    actions.note_problem(contact.pk, "肩こり <script>", at=NOON)
    first, second = timeline(contact.pk)
    assert "肩こり <script>" in first.sentence
    assert (first.event.type, second.event.type) == ("problem.noted", "consent.granted")
    [rest] = timeline(contact.pk, before=(first.event.occurred_at, first.event.id))
    assert rest == second

"""Leaving people in peace: after enough invitations, not a day too early, and back by their own act."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from jouren.contacts.actions import (
    erase_contact,
    grant_consent,
    leave_in_peace,
    lift_suppression,
    merge_contacts,
)
from jouren.contacts.models import Contact, Suppression
from jouren.contacts.timeline import timeline
from jouren.messaging.gate import Question, load_gate_facts
from jouren.messaging.gate import ask as ask_gate
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.vocabulary import State
from jouren.peace import nightly
from jouren.peace.actions import apply_rule, save_rule
from jouren.peace.errors import BadRule
from jouren.peace.models import PeaceRule
from jouren.peace.queries import forecast, stored_rule
from jouren.pyramid.actions import change_stage
from tests.messages import planned, published, reader
from tests.reacting import react_to_all
from tests.sending import plan
from tests.walking import START, Time, buy

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def rule() -> PeaceRule:
    """Three invitations, then a week."""
    rule = stored_rule()
    rule.invitations, rule.days = 3, 7
    return save_rule(rule)


@pytest.fixture
def ask(time: Time) -> MessageVersion:
    return published(kind="ask", name="ask")


def _invite(version: MessageVersion, person: Contact, *moments: datetime, **fields: object) -> None:
    for number, at in enumerate(moments):
        (delivery,) = plan(version, person, occurrence=int(at.timestamp()) * 10 + number)
        Delivery.objects.filter(pk=delivery.pk).update(**{"state": State.SENT, "sent_at": at, **fields})


def _in_peace() -> list[str]:
    return sorted(Suppression.objects.filter(lifted_at=None).values_list("contact__identities__value", flat=True))


def _why(person: Contact) -> list[str]:
    peace = ("contact.left_in_peace", "contact.came_back")
    return [line.sentence for line in reversed(timeline(person.pk, types=peace))]


def test_who_was_invited_often_enough_is_left_in_peace_with_the_reason_and_still_helped(
    rule: PeaceRule, ask: MessageVersion, time: Time
) -> None:
    person, seldom = reader("often@example.jp"), reader("seldom@example.jp")
    _invite(ask, person, START, START + DAY, START + 2 * DAY, START + 8 * DAY)
    _invite(ask, seldom, START, START + DAY)
    time.now = START + 9 * DAY - timedelta(seconds=1)
    assert (forecast(rule, time.now, 10).count, apply_rule(time.now)) == (0, 0)
    time.now = START + 9 * DAY
    for most in (20_000, 0):  # counted whole, and on a sample that has everybody
        told = forecast(rule, time.now, 10, most=most)
        assert (told.count, told.is_about) == (1, most == 0)
        assert [(each.contact.pk, each.invited_at) for each in told.people] == [(person.pk, START + 2 * DAY)]
    assert (apply_rule(time.now), apply_rule(time.now)) == (1, 0)
    assert _in_peace() == ["often@example.jp"]
    assert _why(person) == [
        "Gets no more promotion: Invited often enough without buying (by the rule for leaving in peace). "
        "What they asked for still goes to them."
    ]
    assert plan(ask, person, occurrence=1)[0].reason == "suppressed:not_bought"
    for kind in ("help", "care"):
        assert plan(published(kind=kind, name=kind), person)[0].reason == ""


def test_a_purchase_just_in_time_begins_the_count_anew(rule: PeaceRule, ask: MessageVersion, time: Time) -> None:
    person = reader("buyer@example.jp")
    _invite(ask, person, START, START + DAY, START + 2 * DAY)
    time.now = START + 9 * DAY
    buy(person, kind="trial")
    react_to_all()
    change_stage(person.pk, 2)
    assert apply_rule(time.now) == 0
    time.now += 30 * DAY
    assert apply_rule(time.now) == 0
    _invite(ask, person, *(time.now + number * DAY for number in range(3)))
    time.now += 10 * DAY
    assert apply_rule(time.now) == 1


def test_messages_that_came_back_or_only_help_invite_nobody_and_customers_are_no_prospects(
    rule: PeaceRule, ask: MessageVersion, time: Time
) -> None:
    bounced, helped, customer = (reader(f"{name}@example.jp") for name in ("bounced", "helped", "customer"))
    days = [START + number * DAY for number in range(3)]
    _invite(ask, bounced, *days, bounced_at=START)
    _invite(published(kind="help", name="help"), helped, *days)
    _invite(ask, customer, *days)
    change_stage(customer.pk, 3)
    time.now = START + 30 * DAY
    assert apply_rule(time.now) == 0
    rule.up_to_stage = 3
    save_rule(rule)
    assert apply_rule(time.now) == 1


def test_a_purchase_brings_back_also_one_that_is_told_late(rule: PeaceRule, ask: MessageVersion, time: Time) -> None:
    person, angry = reader("late@example.jp"), reader("angry@example.jp")
    _invite(ask, person, START, START + DAY, START + 2 * DAY)
    time.now = START + 9 * DAY
    apply_rule(time.now)
    leave_in_peace(angry.pk, "dissatisfied", source="survey")
    time.now -= timedelta(hours=1)  # they had bought an hour before
    for each in (person, angry):
        buy(each, kind="trial")
    time.now += timedelta(hours=2)
    react_to_all()
    assert _in_peace() == ["angry@example.jp"]
    assert _why(person)[-1] == (
        "Promotion may go to them again: they bought. Before: Invited often enough without buying."
    )
    buy(angry, "2", kind="trial")
    react_to_all()
    assert _in_peace() == []


def test_signing_up_again_brings_back_and_invitations_of_before_count_no_more(
    rule: PeaceRule, ask: MessageVersion, time: Time
) -> None:
    person = reader("back@example.jp")
    _invite(ask, person, START, START + DAY, START + 2 * DAY)
    time.now = START + 9 * DAY
    apply_rule(time.now)
    grant_consent(person.pk, "email", "newsletter", via="import")
    assert _in_peace() == ["back@example.jp"]
    grant_consent(person.pk, "email", "newsletter", via="form")
    assert _in_peace() == []
    assert apply_rule(time.now + 30 * DAY) == 0
    assert _why(person)[-1].startswith("Promotion may go to them again: they signed up again.")


def test_staff_lift_it_and_merged_people_are_counted_as_one(rule: PeaceRule, ask: MessageVersion, time: Time) -> None:
    kept, gone = reader("kept@example.jp"), reader("gone@example.jp")
    _invite(ask, kept, START, START + DAY)
    _invite(ask, gone, START + 2 * DAY)
    merge_contacts(kept.pk, gone.pk)
    time.now = START + 9 * DAY
    assert apply_rule(time.now) == 1
    assert lift_suppression(kept.pk, reason="not_bought")
    assert not lift_suppression(kept.pk, reason="not_bought")
    _invite(ask, kept, *(time.now + number * DAY for number in range(3)))
    time.now += 20 * DAY
    erase_contact(kept.pk)
    assert apply_rule(time.now) == 0


def test_the_rule_can_be_switched_off_and_its_figures_have_bounds(
    rule: PeaceRule, ask: MessageVersion, time: Time
) -> None:
    _invite(ask, reader("often@example.jp"), START, START + DAY, START + 2 * DAY)
    rule.is_enabled = False
    save_rule(rule)
    time.now = START + 30 * DAY
    assert apply_rule(time.now) == 0
    for field, value in (("invitations", 0), ("days", 366), ("up_to_stage", 9)):
        wrong = stored_rule()
        setattr(wrong, field, value)
        with pytest.raises(BadRule) as refused:
            save_rule(wrong)
        assert refused.value.field == field


def test_people_are_looked_through_once_a_night_and_not_in_the_first_hour_of_a_shop(
    rule: PeaceRule, ask: MessageVersion, time: Time
) -> None:
    _invite(ask, reader("often@example.jp"), START - 30 * DAY, START - 29 * DAY, START - 28 * DAY)
    assert not nightly.tick()  # the night is set
    due = nightly.next_due()
    assert due is not None
    assert START < due <= START + DAY
    assert not nightly.is_busy()
    time.now = due
    assert nightly.is_busy()
    assert (nightly.tick(), nightly.tick(), nightly.is_busy()) == (True, False, False)
    assert _in_peace() == ["often@example.jp"]


def test_an_invitation_that_was_planned_before_is_withheld_when_it_is_about_to_go(
    ask: MessageVersion, time: Time
) -> None:
    person = reader("planned@example.jp")
    question = Question(person.pk, ask.pk, planned(ask, person).run_id, "email")
    before = ask_gate(load_gate_facts([question]), time.now, is_sending=True)[0]
    assert before is None or not before.reason.startswith("suppressed")
    leave_in_peace(person.pk, "in_peace", source="staff")
    verdict = ask_gate(load_gate_facts([question]), time.now, is_sending=True)[0]
    assert verdict is not None
    assert verdict.reason == "suppressed:in_peace"

"""Offers in messages: the block for whom it is open to, and no message to whom it is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from jouren.backoffice.messages.wording import why_withheld
from jouren.catalog.eligibility import Reason
from jouren.catalog.offers.actions import see_offer
from jouren.catalog.offers.links import read_offer_token
from jouren.catalog.offers.models import Offer
from jouren.contacts.models import Contact
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.gate import Question, load_gate_facts
from jouren.messaging.models import Delivery
from jouren.messaging.offers import refuse_without_offer
from jouren.messaging.preview import preview_version
from jouren.messaging.publishing import check_message
from jouren.messaging.sender import LaneSender
from jouren.messaging.vocabulary import State
from jouren.messaging.web_version import web_version
from jouren.messaging.why import why_delivery
from jouren.pyramid.models import PyramidPosition
from tests.messages import draft, published, reader
from tests.offering import make_offer
from tests.sending import events_of, plan, run
from tests.smtp_server import ScriptedServer, text_of
from tests.walking import Time, buy, live_journey, send, wait, walk_of, work

pytestmark = pytest.mark.django_db
TEXT = ("text", "<p>{{ contact.name }}</p>")


def block(offer: Offer, if_closed: str = "skip") -> tuple[str, Any]:
    return "offer", {"offer": str(offer.pk), "if_closed": if_closed}


def prospect(number: int = 1, stage: int = 2) -> Contact:
    contact = reader(f"p{number}@example.jp")
    PyramidPosition.objects.create(contact=contact, stage=stage, since=contact.created_at)
    return contact


def test_a_message_with_an_offer_is_compiled_with_its_ids_and_previewed_for_a_sample_person() -> None:
    offer = make_offer("お試し<b>セット", personal_hours=72)
    other = make_offer("Other")
    version = published(TEXT, block(offer), block(other, "leave_out"))
    assert (version.offers, version.needed_offers) == ([offer.pk, other.pk], [offer.pk])
    shown = preview_version(version)
    for told in ("お試し&lt;b&gt;セット", "980", "72", "On to the order", "/offer/preview"):
        assert told in shown.html, told
    assert "お試し<b>セット" in shown.text
    assert "{" not in shown.text
    assert "mj-raw" not in shown.html


def test_a_real_person_sees_only_what_is_open_to_them_and_nobody_sees_any_on_the_web() -> None:
    offer, closed = make_offer("Trial"), make_offer("Secret", least_stage=4)
    version = published(TEXT, block(offer), block(closed))
    shown = preview_version(version, prospect())
    assert "Trial" in shown.html
    assert "Secret" not in shown.html + shown.text
    assert "/offer/preview" in shown.html
    assert not re.search("Trial|Secret|/offer/", web_version(version).html)


def test_a_built_in_message_carries_no_offer_and_an_unknown_offer_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="cannot carry an offer"):
        check_message(draft(TEXT, block(make_offer()), kind="transactional"))
    published(TEXT)  # with all that the law asks for
    with pytest.raises(InvalidMessage, match="does not exist any more"):
        check_message(draft(TEXT, ("offer", {"offer": "999999", "if_closed": "skip"})))
    with pytest.raises(InvalidMessage, match="Choose the offer"):
        check_message(draft(TEXT, ("offer", {"offer": "", "if_closed": "skip"})))


@pytest.mark.django_db(transaction=True)
def test_a_letter_carries_the_persons_own_link_and_deadline(
    server: ScriptedServer, sender: Callable[..., LaneSender], time: Time
) -> None:
    offer, leave_out = make_offer(personal_hours=72), make_offer("Secret", least_stage=4)
    version = published(TEXT, block(offer), block(leave_out, "leave_out"))
    seen, unseen = prospect(1), prospect(2)
    see_offer(offer, seen.pk)
    plan(version, seen, unseen)
    run(sender())
    texts = {
        person.pk: text_of(server.mail_to(f"p{number}@example.jp"), "plain")
        for number, person in enumerate((seen, unseen), start=1)
    }
    for person in (seen, unseen):
        text = texts[person.pk]
        token = re.search(r"/offer/([\w-]+)", text)
        assert token and read_offer_token(token[1]) == (offer.pk, person.pk)
        assert "Secret" not in text
        assert "¥980" in text or "980円" in text
    # 10:00 in Japan, three days later.
    assert "2026年11月25日 10:00" in texts[seen.pk]
    assert "2026年" not in texts[unseen.pk]


def test_a_message_whose_offer_is_closed_to_the_person_is_withheld_with_the_reason(time: Time) -> None:
    offer = make_offer(least_stage=3)
    version = published(TEXT, block(offer))
    low, high = prospect(1), prospect(2, stage=3)
    held, goes = plan(version, low, high)
    assert (held.state, held.reason) == (State.SUPPRESSED, f"offer:wrong_stage:{offer.pk}")
    assert goes.state == State.PLANNED
    assert events_of(low) == ["message.withheld"]
    assert "Trial set" in why_withheld(held.reason)[0]
    assert "another stage" in why_withheld(held.reason)[0]
    check = why_delivery(held).checks[-1]
    assert (check.rule, check.outcome) == ("offer", "stopped")
    passed = [check for check in why_delivery(goes).checks if check.rule == "offer"]
    assert [check.outcome for check in passed] == ["passed"]


def test_what_is_planned_for_later_is_judged_when_it_is_due(time: Time) -> None:
    offer = make_offer(starts_at=time.now + timedelta(hours=1))
    version, person = published(TEXT, block(offer)), prospect()
    (later,) = plan(version, person, due_at=time.now + timedelta(hours=2))
    assert later.state == State.PLANNED
    (at_once,) = plan(version, person, occurrence=1)
    assert at_once.reason == f"offer:not_begun:{offer.pk}"


def test_of_several_offers_one_that_is_open_is_enough() -> None:
    closed, fits = make_offer("A", least_stage=4), make_offer("B")
    (goes,) = plan(published(TEXT, block(closed), block(fits)), prospect())
    assert goes.state == State.PLANNED


def test_the_gate_is_asked_again_when_the_message_is_due(time: Time, hello: Any) -> None:
    offer = make_offer(personal_hours=72)
    version = published(TEXT, block(offer))
    person = prospect()
    journey = live_journey([wait(3), send(version.message, "offer"), send(hello, "after")])
    buy(person)
    work()
    see_offer(offer, person.pk)
    time.pass_by(days=3, hours=1)
    work()
    first, second = Delivery.objects.filter(contact_id=person.pk).order_by("id")
    assert (first.state, first.reason) == (State.SUPPRESSED, f"offer:deadline_passed:{offer.pk}")
    assert second.state == State.PLANNED
    assert walk_of(person).journey == journey


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_told_in_a_sentence(reason: Reason) -> None:
    offer = make_offer()
    why, remedy = why_withheld(f"offer:{reason}:{offer.pk}")
    assert str(reason.label) in why
    assert remedy


def test_messages_without_offers_ask_nothing_of_them(django_assert_num_queries: Any) -> None:
    version = published(TEXT)
    facts = load_gate_facts([Question(prospect().pk, version.pk, 0, "email")])
    with django_assert_num_queries(0):
        assert refuse_without_offer(facts, version.created_at) == [None]

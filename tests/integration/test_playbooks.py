"""Ready-made journeys: each becomes drafts, is published when it is filled in, and walks as it says."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db.models import F

from jouren.backoffice.mechanisms.overview import sections
from jouren.contacts.actions import leave_in_peace
from jouren.contacts.models import Suppression, SuppressionReason
from jouren.events import reactor
from jouren.inbox.actions import record_answer
from jouren.inbox.models import Survey
from jouren.inbox.policies import Given
from jouren.journeys import dated_entries, engine
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.checking import hints_of
from jouren.journeys.compiler import compile_journey
from jouren.journeys.models import Enrolment, EnrolmentState, Journey
from jouren.mechanisms.nightly import look_through
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.models import Delivery, Message, ShopSettings
from jouren.messaging.placeholders import placeholders_in
from jouren.messaging.publishing import check_message, publish_message
from jouren.messaging.vocabulary import State
from jouren.orders.telling import Telling, tell_orders_of
from jouren.playbooks.making import PERSON, BadChoice, Choices, make
from jouren.playbooks.reading import LANGUAGES, Playbook, find_playbook, playbooks
from tests.offering import make_offer
from tests.surveying import make_survey
from tests.walking import Time, make_reader, newsletter

pytestmark = pytest.mark.django_db
EVERY = [pytest.param(each, id=f"{each.slug}-{language}") for language in LANGUAGES for each in playbooks(language)]


@pytest.fixture(autouse=True)
def _shop() -> None:
    newsletter()
    ShopSettings.objects.create(name="茶の庭", postal_address="静岡市1-2-3", complaints_email="shop@example.jp")


def texts(book: Playbook) -> dict[str, str]:
    """Something for each place."""
    return {place: f"https://example.jp/{number}?a=1&b=2" for number, place in enumerate(book.places)}


def ready(slug: str = "large-mail-order", **choices: object) -> Journey:
    """A playbook that was made, filled in and published."""
    book = find_playbook(slug, "ja")
    assert book is not None
    journey = make(book, Choices("newsletter", texts=texts(book), **choices))  # type: ignore[arg-type]
    return publish(journey)


def publish(journey: Journey) -> Journey:
    for message in Message.objects.filter(purpose=""):
        publish_message(message.get_latest_revision_as_object())
    journey.latest_revision.publish()
    return journey


@pytest.mark.parametrize("book", EVERY)
def test_every_playbook_is_published_when_its_places_are_filled_in(book: Playbook) -> None:
    journey = make(book, Choices("newsletter", new_survey=True))
    assert not journey.live
    drafts = list(Message.objects.filter(purpose=""))
    assert {draft.name for draft in drafts} == {row.name for row in book.rows}
    assert not any(draft.live for draft in drafts)
    left = []
    for draft in drafts:
        try:
            check_message(draft)
        except InvalidMessage as error:
            left += error.problems
            assert all("【" not in problem for problem in error.problems)
    assert {place for draft in drafts for place in placeholders_in(draft.bodies.get_prep_value())} == set(book.places)
    assert left and all(any(place in problem for place in book.places) for problem in left)
    Journey.objects.all().delete()
    Message.objects.filter(purpose="").delete()
    filled = publish(make(book, Choices("newsletter", texts=texts(book), new_survey=True)))
    compiled = compile_journey(filled)
    assert [hint.code for hint in hints_of(compiled)] == []


def test_both_languages_say_the_same() -> None:
    for japanese, english in zip(*map(playbooks, LANGUAGES), strict=True):
        assert [row[2:] for row in japanese.rows] == [row[2:] for row in english.rows]
        assert len(japanese.places) == len(english.places)


def pay(contact_id: int, time: Time, order: str, **details: object) -> None:
    payload = {"order": order, "kind": "regular", "amount": 3000, "currency": "JPY", "products": []} | details
    tell_orders_of(contact_id, "shop", [Telling("order.paid", payload, time.now)])
    settle()


def settle() -> None:
    while reactor.tick() or engine.tick() or dated_entries.tick():
        pass


def live_until(time: Time, days: int) -> None:
    """Let the days pass, and everything happen on the day it is due."""
    end = time.now + timedelta(days=days)
    while due := [at for at in (engine.next_due(), dated_entries.next_due()) if at is not None and at < end]:
        time.now = min(due)
        settle()
    time.now = end


def test_the_large_flow_writes_on_its_days_once_for_each_order_until_a_refund(time: Time) -> None:
    journey = ready()
    buyer, began = make_reader().pk, time.now
    pay(buyer, time, "A")
    time.pass_by(hours=1)
    pay(buyer, time, "B")
    assert Delivery.objects.filter(contact_id=buyer).count() == 2  # thanks at once, for each
    live_until(time, 10)
    refund = {"order": "B", "refund": "1", "amount": 3000, "currency": "JPY"}
    tell_orders_of(buyer, "shop", [Telling("order.refunded", refund, time.now)])
    settle()
    live_until(time, 60)
    walks = {walk.key: (walk.state, walk.reason) for walk in Enrolment.objects.filter(journey=journey)}
    assert walks["B"] == (EnrolmentState.LEFT, "返金・キャンセル")
    days = [(sent.due_at - began).days for sent in sent_to(buyer, 1)]
    assert days == [0, 7, 14, 30, 37]
    assert Counter(sent.occurrence for sent in sent_to(buyer)) == {1: 5, 2: 2}


def sent_to(contact_id: int, occurrence: int | None = None) -> list[Delivery]:
    found = Delivery.objects.filter(contact_id=contact_id).order_by("due_at", "id")
    return list(found.filter(occurrence=occurrence) if occurrence else found)


def test_set_to_once_a_person_two_orders_make_one_run(time: Time) -> None:
    journey = ready(per=PERSON, days=[2, 4, 6, 8], purchase="regular")
    buyer = make_reader().pk
    pay(buyer, time, "A")
    pay(buyer, time, "B")
    pay(make_reader(2).pk, time, "C", kind="trial")
    assert [walk.contact_id for walk in Enrolment.objects.filter(journey=journey)] == [buyer]
    live_until(time, 5)
    assert len(sent_to(buyer)) == 3


def test_a_second_copy_gets_a_number_and_overwrites_nothing() -> None:
    book = find_playbook("small-company", "ja")
    assert book is not None
    first = make(book, Choices("newsletter"))
    first.name = "わが社の流れ"
    first.save_revision()
    first.save()
    second = make(book, Choices("newsletter"))
    assert {first.name, second.name} == {"わが社の流れ", f"{book.journey['name']} 2"}
    assert Message.objects.filter(purpose="").count() == 2 * len(book.messages)
    assert len(set(Message.objects.values_list("name", flat=True))) == Message.objects.count()


def test_what_is_chosen_stands_in_the_drafts_and_what_cannot_be_makes_nothing() -> None:
    book = find_playbook("large-mail-order", "ja")
    assert book is not None
    filled = {"商品名": "煎茶 <特上> & 玉露", "正しい使い方（三つまで）": "一つ\n二つ"}
    make(book, Choices("newsletter", texts=filled, new_survey=True))
    assert Survey.objects.count() == 1
    how_to = Message.objects.get(name="通販 3 上手な使い方").bodies.get_prep_value()[0]["value"]
    assert how_to["subject"] == "煎茶 <特上> & 玉露を、もっと上手に使うコツ"
    assert "<p>一つ<br/>二つ</p>" in how_to["content"][0]["value"]
    thanks = Message.objects.get(name="通販 1 お礼").bodies.get_prep_value()[0]["value"]
    assert "煎茶 &lt;特上&gt; &amp; 玉露" in thanks["content"][0]["value"]
    before = (Journey.objects.count(), Message.objects.count(), Survey.objects.count())
    for wrong in ({"days": [7, 7, 14, 30]}, {"days": [1]}, {"topic": "nothing"}, {"texts": {"商品名": "x" * 2001}}):
        with pytest.raises(BadChoice) as refused:
            make(book, Choices(**{"topic": "newsletter", "new_survey": True} | wrong))  # type: ignore[arg-type]
        assert refused.value.field == next(iter(wrong))
    assert (Journey.objects.count(), Message.objects.count(), Survey.objects.count()) == before


def content_types(name: str) -> list[str]:
    mail = Message.objects.get(name=name).bodies.get_prep_value()[0]["value"]
    return [block["type"] for block in mail["content"]]


def test_an_offer_takes_the_place_of_the_button(time: Time) -> None:
    book = find_playbook("five-stages", "ja")
    assert book is not None
    make(book, Choices("newsletter"))
    assert content_types("五段階 7 お試しのご案内") == ["text", "button", "text"]
    offer = make_offer("お試し")
    make(book, Choices("newsletter", offer=offer.name))
    assert content_types("五段階 7 お試しのご案内 2") == ["text", "offer", "text"]


def test_from_the_registration_to_a_trial_whoever_buys_leaves_and_the_others_are_left_in_peace(time: Time) -> None:
    journey = ready("five-stages")
    silent, buyer = make_reader(1).pk, make_reader(2).pk
    enrol_by_hand(journey, [silent, buyer])
    settle()
    live_until(time, 5)
    pay(buyer, time, "A")
    live_until(time, 20)
    assert (len(sent_to(silent)), len(sent_to(buyer))) == (8, 3)
    ends = {walk.contact_id: (walk.state, walk.reason) for walk in Enrolment.objects.filter(journey=journey)}
    assert ends == {silent: (EnrolmentState.FINISHED, ""), buyer: (EnrolmentState.LEFT, "購入")}
    assert list(Suppression.objects.values_list("contact_id", flat=True)) == [silent]


def test_after_the_trial_the_satisfied_are_made_an_offer_and_the_others_nothing_promotional(time: Time) -> None:
    survey = make_survey()
    offer = make_offer("定価", price=3_980, needs_satisfaction=True, least_stage=3, most_stage=3)
    journey = ready("after-trial", offer=offer.name)
    glad, angry, doubtful, stranger = (make_reader(number).pk for number in (1, 2, 3, 4))
    for buyer in (glad, angry, doubtful):
        pay(buyer, time, f"{buyer}-1", kind="trial")
    answers = {glad: "above", angry: "below", doubtful: "as_expected", stranger: "above"}
    for person, satisfaction in answers.items():
        record_answer(survey, person, Given(satisfaction))
    settle()
    assert set(Enrolment.objects.values_list("contact_id", flat=True)) == {glad, doubtful}
    pass_nights(time, 4)
    record_answer(survey, doubtful, Given("below"))
    settle()
    pass_nights(time, 40)
    kinds = {person: [sent.message_version.kind for sent in sent_to(person)] for person in answers}
    assert kinds == {glad: ["help", "help", "help", "ask"], angry: [], doubtful: ["help", "help"], stranger: []}
    ends = {walk.contact_id: (walk.state, walk.reason) for walk in Enrolment.objects.filter(journey=journey)}
    assert ends == {
        glad: (EnrolmentState.LEFT, "今回は見送られました"),
        doubtful: (EnrolmentState.LEFT, "ご満足いただけなかった"),
    }
    assert content_types("お試しのあと 4 通常価格のご案内") == ["text", "offer", "text"]


def pass_nights(time: Time, days: int) -> None:
    """Let the days pass with what is looked at in each night, and what is planned leave when it is due."""
    for _each in range(days):
        live_until(time, 1)
        going = Delivery.objects.filter(due_at__lte=time.now, state=State.PLANNED)
        going.update(state=State.SENT, sent_at=F("due_at"))
        look_through(time.now)
        settle()


def test_a_lapse_begins_the_win_back_which_the_default_rule_ends_in_peace(time: Time) -> None:
    journey = ready("win-back")
    assert "A journey begins when somebody lapses." in [
        line.sentence for section in sections(time.now, lambda _permission: True, None, None) for line in section.lines
    ]
    look_through(time.now)
    away, back, angry = (make_reader(number).pk for number in (1, 2, 3))
    for buyer in (away, back, angry):
        pay(buyer, time, f"{buyer}-1", kind="trial" if buyer == away else "regular")
    leave_in_peace(angry, SuppressionReason.DISSATISFIED, source="test")
    time.now += timedelta(days=178)
    pass_nights(time, 1)
    assert not Enrolment.objects.exists()
    pass_nights(time, 23)
    pay(back, time, "again")
    pass_nights(time, 31)
    kinds = [sent.message_version.kind for sent in sent_to(away)]
    assert kinds == ["help", "help", "help", "ask", "ask", "ask"]
    assert [sent.state for sent in sent_to(away)] == [State.SENT] * 6
    asks = [sent.due_at for sent in sent_to(away)[3:]]
    assert all((later - earlier).days >= 14 for earlier, later in pairwise(asks))
    ends = {walk.contact_id: (walk.state, walk.reason) for walk in Enrolment.objects.filter(journey=journey)}
    assert ends == {
        away: (EnrolmentState.LEFT, "今回は見送られました"),
        back: (EnrolmentState.LEFT, "購入"),
    }
    assert len(sent_to(back)) == 4
    assert not Suppression.objects.filter(contact=away).exists()
    pass_nights(time, 14)
    assert Suppression.objects.get(contact=away).reason == SuppressionReason.LAPSED
    pay(away, time, "at last")
    assert not Suppression.objects.filter(contact=away, lifted_at=None).exists()
    time.now += timedelta(days=178)
    pass_nights(time, 5)
    assert Enrolment.objects.filter(journey=journey, contact_id=away).count() == 2  # each lapse is its own

"""The four mechanisms and a lapse by the clock, at both forks, through what people and staff themselves do."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from jouren.capture.models import Form
from jouren.catalog.models import Product
from jouren.catalog.offers.actions import see_offer
from jouren.catalog.offers.queries import judge_offer
from jouren.contacts.models import Contact
from jouren.contacts.queries import find_by_email
from jouren.content.models import LandingPage
from jouren.core import clock
from jouren.inbox.models import Inquiry, Survey
from jouren.mechanisms import nightly as nightly_rules
from jouren.mechanisms.models import Mark, Task
from jouren.mechanisms.recomputing import differences
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.vocabulary import Kind, State
from jouren.peace import nightly as nightly_peace
from jouren.pyramid.queries import stage_of_contact
from jouren.pyramid.stages import Stage
from tests.backoffice import owner
from tests.capture_pages import fill_in, last_confirm_path, visitor
from tests.messages import published
from tests.offering import make_offer
from tests.reacting import react_to_all
from tests.sending import plan
from tests.surveying import make_survey, page_of
from tests.walking import buy

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
_occurrence = itertools.count(1)


def _pass(days: int) -> None:
    """Let nights go by, with what is looked at in each."""
    for _each in range(days):
        clock.move_to(clock.now() + DAY)
        nightly_peace.tick()
        nightly_rules.tick()
        react_to_all()


def _sign_up(form: Form, page: LandingPage, name: str) -> Contact:
    browser = visitor()
    fill_in(browser, page, form, email=f"{name}@example.jp")
    browser.post(last_confirm_path())
    react_to_all()
    person = find_by_email(f"{name}@example.jp")
    assert person is not None
    return person


def _send(version: MessageVersion, person: Contact) -> Delivery:
    """Plan it now, as a journey does, and deliver what the gate lets go."""
    (delivery,) = plan(version, person, occurrence=next(_occurrence))
    if not delivery.reason:
        Delivery.objects.filter(pk=delivery.pk).update(state=State.SENT, sent_at=clock.now())
        delivery.refresh_from_db()
    return delivery


def _answer(survey: Survey, version: MessageVersion, person: Contact, satisfaction: str) -> None:
    address = page_of(survey, _send(version, person), satisfaction)
    visitor().post(address, {"satisfaction": satisfaction})
    react_to_all()


def _buys(person: Contact, order: str, **payload: Any) -> None:
    buy(person, order, **payload)
    react_to_all()


def _got(person: Contact, kind: str) -> int:
    return Delivery.objects.filter(contact_id=person.pk, message_version__kind=kind, state=State.SENT).count()


def test_everybody_comes_as_far_as_it_suits_them_and_whom_it_does_not_suit_is_left_in_peace(
    form: Form, page: LandingPage
) -> None:
    owner()
    nightly_peace.tick()
    nightly_rules.tick()
    survey = make_survey()
    told: dict[str, Any] = {"topic": form.topic}
    trial = make_offer("Trial", personal_hours=72, least_stage=2, most_stage=2)
    regular = make_offer("Regular", product=Product.objects.get(name="Tea"), price=3_980, needs_satisfaction=True)
    finest = make_offer("Finest", price=30_000, needs_satisfaction=True, needs_likely_regular=True, is_finest=True)
    block = {each: ("offer", {"offer": str(each.pk), "if_closed": "skip"}) for each in (trial, regular, finest)}
    invite, resell, best = (published(block[each], kind="ask", name=each.name, **told) for each in block)
    how = published(("survey", {"survey": str(survey.pk)}), kind="care", name="How was it?", **told)
    advice = published(kind="help", name="Advice", **told)
    news = published(kind="ask", name="News for all", **told)

    # 1: registered and confirmed.
    glad, angry, idle = (_sign_up(form, page, name) for name in ("glad", "angry", "idle"))
    for person in (glad, angry, idle):
        assert stage_of_contact(person.pk) is Stage.PROSPECT

    # 2: a trial with a deadline. Two buy; the third is invited four times more, has time to think it over, and is left.
    for _each in range(3):  # help comes first
        _pass(1)
        for person in (glad, angry, idle):
            assert _send(advice, person).reason == ""
    _pass(1)
    for person in (glad, angry, idle):
        assert _send(invite, person).reason == ""
        see_offer(trial, person.pk)
        assert judge_offer(trial, person.pk).deadline is not None
    for person in (glad, angry):
        _buys(person, "trial", kind="trial")
        assert stage_of_contact(person.pk) is Stage.TRIAL
    _pass(4)
    assert _send(invite, idle).reason != ""  # their deadline has passed
    for _each in range(4):
        assert _send(news, idle).reason == ""
        _pass(1)
    _pass(12)
    assert not idle.suppressions.filter(lifted_at=None).exists()
    _pass(2)
    assert idle.suppressions.get(lifted_at=None).reason == "not_bought"

    # 3: how was it? The satisfied buy at the regular price; a person is told of the others, who get no more promotion.
    _answer(survey, how, glad, "above")
    _answer(survey, how, angry, "below")
    assert list(Inquiry.objects.values_list("contact_id", flat=True)) == [angry.pk]
    assert angry.suppressions.get(lifted_at=None).reason == "dissatisfied"
    assert judge_offer(regular, glad.pk).is_eligible
    assert not judge_offer(regular, angry.pk).is_eligible
    assert _send(resell, glad).reason == ""
    _buys(glad, "first")
    assert stage_of_contact(glad.pk) is Stage.EXISTING
    before = {person: _got(person, Kind.ASK) for person in (angry, idle)}

    # 4: the finest, and what is done by hand, only for who is likely to become a regular.
    _pass(2)
    assert not judge_offer(finest, glad.pk).is_eligible
    assert _send(best, glad).reason != ""
    _buys(glad, "second")
    assert judge_offer(finest, glad.pk).is_eligible
    assert _send(best, glad).reason == ""
    assert Task.objects.filter(contact=glad, occasion="likely_regular").count() == 2
    _pass(1)
    _buys(glad, "finest", amount=30_000)
    assert stage_of_contact(glad.pk) is Stage.REGULAR
    assert Task.objects.filter(contact=glad, occasion="regular").count() == 1
    assert Task.objects.exclude(contact=glad).count() == 0

    # Lapse, by the days of the rule, and back by a purchase.
    clock.move_to(clock.now() + 178 * DAY)
    _pass(1)
    assert not Mark.objects.filter(kind="lapsed", contact=glad, until=None).exists()
    _pass(2)
    assert Mark.objects.filter(kind="lapsed", contact=glad, until=None).exists()
    _buys(glad, "back")
    assert not Mark.objects.filter(kind="lapsed", contact=glad, until=None).exists()

    # Whom it does not suit: nothing promotional ever since, whatever the shop sends; what they asked for goes on.
    for version in (invite, resell, best, news):
        for person in (angry, idle):
            assert _send(version, person).reason != ""
        _pass(1)
    for person in (angry, idle):
        assert _send(advice, person).reason == ""
    assert {person: _got(person, Kind.ASK) for person in (angry, idle)} == before == {angry: 1, idle: 5}
    assert Task.objects.count() == 3
    assert list(differences()) == []

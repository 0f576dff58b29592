"""Likely regulars, good customers, lapses and what the shop does by hand; and the log makes the same of everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.backoffice.offers.wording import warnings
from jouren.catalog.actions import map_code, save_product
from jouren.catalog.models import Product
from jouren.catalog.offers.queries import judge_offer, reach_of
from jouren.conditions.queries import contact_ids
from jouren.contacts.actions import create_contact, erase_contact, merge_contacts
from jouren.contacts.models import Contact, Suppression
from jouren.contacts.timeline import timeline
from jouren.inbox.actions import record_answer
from jouren.inbox.models import Survey
from jouren.inbox.policies import Given
from jouren.mechanisms import nightly
from jouren.mechanisms.actions import save_rules
from jouren.mechanisms.errors import AlreadyDone, BadNote, BadRules
from jouren.mechanisms.models import Mark, Task
from jouren.mechanisms.queries import count_good, count_waiting, forecast_likely, stored_rules
from jouren.mechanisms.recomputing import differences
from jouren.mechanisms.tasks_for_people import finish_task, take_task
from jouren.messaging.models import Delivery
from jouren.messaging.vocabulary import State
from jouren.orders.actions import record_order
from jouren.pyramid.actions import change_stage
from jouren.pyramid.models import PyramidRule
from jouren.pyramid.queries import stage_history, stage_of_contact
from tests.backoffice import owner
from tests.examples import examples
from tests.messages import published, reader
from tests.offering import make_offer
from tests.reacting import react_to_all
from tests.sending import plan
from tests.surveying import make_survey
from tests.walking import START, Time, buy, live_journey, make_message, send, walks, work

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def survey(time: Time) -> Survey:
    return make_survey()


@pytest.fixture
def person(time: Time) -> Contact:
    return reader("hana@example.jp")


def _told(person: Contact, *types: str) -> list[str]:
    return [line.sentence for line in reversed(timeline(person.pk, types=types))]


def _buys(person: Contact, *orders: str, **payload: object) -> None:
    for order in orders:
        buy(person, order, **payload)
    react_to_all()


def _says(survey: Survey, person: Contact, satisfaction: str) -> None:
    record_answer(survey, person.pk, Given(satisfaction))
    react_to_all()


def _night(time: Time) -> None:
    nightly.look_through(time.now)
    react_to_all()


def _meeting(condition: dict[str, object]) -> list[int]:
    return sorted(contact_ids(condition))


def _marks(kind: str) -> list[int]:
    return list(Mark.objects.filter(kind=kind, until=None).order_by("contact_id").values_list("contact_id", flat=True))


def test_likely_regulars_are_those_who_buy_lately_and_are_satisfied_and_the_finest_is_open_to_them(
    survey: Survey, person: Contact, time: Time
) -> None:
    other = reader("taro@example.jp")
    finest = make_offer("Finest", needs_satisfaction=True, needs_likely_regular=True, is_finest=True)
    _buys(person, "1", "2")
    _buys(other, "1", "2")
    assert judge_offer(finest, person.pk).reason == "not_satisfied"
    assert reach_of(finest) == (0, 0, 2)
    _says(survey, person, "as_expected")
    assert judge_offer(finest, person.pk).is_eligible
    assert judge_offer(finest, other.pk).reason == "not_satisfied"
    assert reach_of(finest) == (1, 1, 2)
    assert not any("very few" in each for each in warnings(finest, reach_of(finest)))
    assert _marks("likely_regular") == [person.pk]
    assert _meeting({"fact": "likely_regular", "op": "is", "value": True}) == [person.pk]
    assert _told(person, "customer.likely_regular") == [
        "Is likely to become a regular: 2 purchases at the regular price, said last: As expected."
    ]
    _says(survey, person, "below")
    assert judge_offer(finest, person.pk).reason == "not_satisfied"
    assert reach_of(finest).audience == 0
    _says(survey, person, "above")
    time.now += 180 * DAY
    _night(time)
    assert judge_offer(finest, person.pk).reason == "not_likely_regular"
    assert _told(person, "customer.not_likely_regular") == [
        "Is no longer likely to become a regular: their last answer is not good enough.",
        "Is no longer likely to become a regular: the last purchase is long ago.",
    ]
    assert list(differences()) == []


def test_special_treatment_comes_up_once_and_is_seen_to_by_one(survey: Survey, person: Contact, time: Time) -> None:
    _buys(person, "1", "2")
    _says(survey, person, "above")
    first, second = Task.objects.order_by("pk")
    assert [first.kind.name, second.kind.name] == ["手書きの手紙を書く", "先行案内をする"]
    _says(survey, person, "below")
    _says(survey, person, "above")
    assert Task.objects.count() == 2
    _buys(person, "3")  # a regular now
    assert Task.objects.get(occasion="regular").kind.name == "担当者を決める"
    staff = owner()
    take_task(first.pk, by=staff)
    with pytest.raises(BadNote):
        finish_task(first.pk, "open", "", by=staff)
    finish_task(first.pk, "done", "With a pressed flower.", by=staff)
    finish_task(second.pk, "not_needed", "", by=staff)
    with pytest.raises(AlreadyDone, match="has seen to it already"):
        finish_task(first.pk, "done", "", by=staff)
    assert [line.strip() for line in _told(person, "task.done")] == [
        "手書きの手紙を書く: Done (owner@example.jp). With a pressed flower.",
        "先行案内をする: Not needed (owner@example.jp).",
    ]


def test_the_rule_says_beforehand_who_they_are_and_many_bring_no_tasks(
    survey: Survey, person: Contact, time: Time
) -> None:
    rules = stored_rules()
    everybody = [person, *(reader(f"{name}@example.jp") for name in ("taro", "jiro", "saburo"))]
    for each in everybody[:3]:
        _buys(each, "1")
        _says(survey, each, "above")
    assert forecast_likely(rules, time.now, 5).count == 0
    rules.likely_purchases = 1
    found = forecast_likely(rules, time.now, 5)
    assert (found.count, found.customers, found.share, found.is_many) == (3, 3, 1.0, False)  # a small shop
    _buys(everybody[3], "1")
    _says(survey, everybody[3], "above")
    found = forecast_likely(rules, time.now, 5)
    assert (found.count, found.customers, found.share, found.is_many) == (4, 4, 1.0, True)
    assert {each.contact.pk for each in found.people} == {each.pk for each in everybody}
    save_rules(rules)
    react_to_all()
    assert (len(_marks("likely_regular")), Task.objects.count()) == (4, 0)
    rules.likely_is_enabled = False
    save_rules(rules)
    assert _marks("likely_regular") == []
    for field, value in (("likely_purchases", 0), ("lapse_days", 0), ("good_amount", 0), ("likely_bar", "below")):
        wrong = stored_rules()
        setattr(wrong, field, value)
        with pytest.raises(BadRules) as refused:
            save_rules(wrong)
        assert refused.value.field == field


def test_who_bought_for_so_much_within_a_year_is_a_regular(person: Contact, time: Time) -> None:
    rules = stored_rules()
    rules.good_is_enabled, rules.good_amount = True, 30_000
    save_rules(rules)
    _buys(person, "1", amount=20_000)
    time.now += 366 * DAY
    _buys(person, "2", amount=20_000)
    assert stage_of_contact(person.pk) == 4
    assert count_good(rules, time.now) == 0
    rules.good_amount = 20_000
    assert count_good(rules, time.now) == 1
    PyramidRule.objects.filter(stage=5).update(is_enabled=False)
    _buys(person, "3", amount=10_000)
    assert stage_of_contact(person.pk) == 5
    last = stage_history(person.pk).last()
    assert last is not None
    assert (last.reason, last.at) == ("good_customer", time.now)
    assert list(differences()) == []


def test_a_promotion_rule_says_who_fulfils_it_already(person: Contact, time: Time) -> None:
    rule = PyramidRule.objects.get(stage=5)
    _buys(person, "1", "2")
    assert count_waiting(rule) == 0
    rule.at_least = 2
    assert count_waiting(rule) == 1
    assert count_waiting(PyramidRule.objects.get(event_type="registration.confirmed")) is None


def test_a_lapse_comes_once_with_its_reason_starts_a_journey_and_ends_by_a_purchase(
    person: Contact, time: Time
) -> None:
    journey = live_journey(
        [send(make_message("Come back"))], [{"type": "event", "value": {"event": "customer.lapsed"}}]
    )
    quick = reader("quick@example.jp")
    map_code(save_product(Product(name="Tea", role="main", price=3_980, lasts_days=30)).pk, "tea")
    map_code(save_product(Product(name="Cup", role="main", price=3_980)).pk, "cup")
    _night(time)
    _buys(person, "1", products=["cup"])
    _buys(quick, "1", products=["cup", "tea"])
    for days, lapsed in ((59, []), (1, [quick.pk]), (119, [quick.pk]), (1, [person.pk, quick.pk]), (30, None)):
        time.now += days * DAY
        _night(time)
        assert lapsed is None or _marks("lapsed") == lapsed
    assert _told(quick, "customer.lapsed") == ["Lapsed: no purchase for 60 days (what they bought is long used up)."]
    assert _told(person, "customer.lapsed") == ["Lapsed: no purchase for 180 days (the days of the rule)."]
    work()
    assert [walk.journey_id for walk in walks(person)] == [journey.pk]
    assert _meeting({"fact": "lapsed", "op": "is", "value": True}) == [person.pk, quick.pk]
    _buys(person, "2", products=["cup"])
    assert _told(person, "customer.returned") == ["Bought again, 30 days after having lapsed."]
    _night(time)
    assert _marks("lapsed") == [quick.pk]
    assert list(differences()) == []


def test_history_lapses_in_silence(person: Contact, time: Time) -> None:
    live_journey([send(make_message("Come back"))], [{"type": "event", "value": {"event": "customer.lapsed"}}])
    _night(time)
    record_order(person.pk, "1", "regular", 1000, occurred_at=START - 400 * DAY, historical=True)
    react_to_all()
    time.now += DAY
    _night(time)
    work()
    assert _marks("lapsed") == [person.pk]
    assert Mark.objects.get(kind="lapsed").since == START - 220 * DAY
    assert walks(person) == []


def test_whom_nothing_wins_back_is_left_in_peace_and_a_purchase_brings_them_back(person: Contact, time: Time) -> None:
    ask, help_ = published(kind="ask", name="ask"), published(kind="help", name="help")
    _night(time)
    _buys(person, "1")

    def invite(number: int) -> None:
        for version in (ask, help_):
            (delivery,) = plan(version, person, occurrence=number)
            Delivery.objects.filter(pk=delivery.pk).update(state=State.SENT, sent_at=time.now)

    invite(1)  # before the lapse: counts no more
    time.now += 200 * DAY
    for number in (11, 12, 13):
        invite(number)  # nobody knew of the lapse
    time.now += 15 * DAY
    _night(time)
    assert _marks("lapsed") == [person.pk]
    for number in (2, 3, 4):
        invite(number)
        time.now += DAY
    time.now += 12 * DAY
    _night(time)
    assert not Suppression.objects.filter(lifted_at=None).exists()
    time.now += DAY
    _night(time)
    assert Suppression.objects.get(lifted_at=None).reason == "lapsed"
    assert plan(ask, person, occurrence=9)[0].reason == "suppressed:lapsed"
    _buys(person, "2")
    assert not Suppression.objects.filter(lifted_at=None).exists()


def test_merged_people_are_one_and_erased_ones_leave_nothing(survey: Survey, person: Contact, time: Time) -> None:
    other = create_contact(email="other@example.jp")
    _buys(person, "1")
    _buys(other, "2")
    _says(survey, other, "above")
    assert _marks("likely_regular") == []
    merge_contacts(person.pk, other.pk)
    react_to_all()
    assert _marks("likely_regular") == [person.pk]
    assert Task.objects.filter(contact=person).count() == 2
    erase_contact(person.pk)
    assert (Mark.objects.count(), Task.objects.count()) == (0, 0)
    assert list(differences()) == []


def test_people_are_looked_through_once_a_night(person: Contact, time: Time) -> None:
    assert not nightly.tick()
    due = nightly.next_due()
    assert due is not None
    _buys(person, "1")
    time.now += 200 * DAY
    assert nightly.is_busy()
    assert (nightly.tick(), nightly.tick(), nightly.is_busy()) == (True, False, False)


_ACTS = st.lists(
    st.sampled_from(["trial", "regular", "free", "above", "below", "up", "down", "pass", "night", "late"]), max_size=12
)


@examples(6)
@given(acts=_ACTS)
def test_whatever_happens_the_log_makes_the_same_stages_and_marks(acts: list[str], survey: Survey, time: Time) -> None:
    person = create_contact()
    for number, act in enumerate(acts):
        if act in {"trial", "regular", "free"}:
            buy(person, str(number), kind=act, amount=0 if act == "free" else 1000)
        elif act == "late":
            record_order(person.pk, f"late {person.pk} {number}", "regular", 1000, occurred_at=time.now - 100 * DAY)
        elif act in {"above", "below"}:
            record_answer(survey, person.pk, Given(act))
        elif act in {"up", "down"}:
            change_stage(person.pk, 5 if act == "up" else 2)
        elif act == "pass":
            time.now += 100 * DAY
        else:
            nightly.look_through(time.now)
        react_to_all()
    assert [each for each in differences() if each.contact_id == person.pk] == []

"""The sending rules on the way of a message: at planning, at sending, and when its moment comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from wagtail.models import ModelLogEntry

from jouren.contacts.actions import merge_contacts, set_locale
from jouren.contacts.actions.consent import withdraw_all_consent
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.core.config import SmtpAddress
from jouren.core.loops import wait_until
from jouren.core.sql import Queries
from jouren.events.actions import NewEvent, record_event
from jouren.events.queries import events_of
from jouren.events.reactor import tick as react
from jouren.journeys.models import DayOff
from jouren.messaging.actions import Plan, plan_deliveries
from jouren.messaging.gate import GateRule, Verdict, _rules, register_gate_rule
from jouren.messaging.models import CapRow, Delivery, Hold, MessageVersion, SendingRules
from jouren.messaging.queries import is_sending, next_due
from jouren.messaging.sender import LaneSender
from jouren.messaging.sending_rules.actions import BadRules, save_rules
from jouren.messaging.sending_rules.queries import load_rules, stored_rules
from jouren.messaging.sending_rules.terms import Action, Cap, Quiet, Readiness, Rules, Unit, Window
from jouren.messaging.vocabulary import Lane, State
from tests.backoffice import owner
from tests.messages import planned, published, reader
from tests.sending_rules import NEW_YORK, NIGHT, OFFICE, TOKYO, new_york, tokyo
from tests.smtp_server import ScriptedServer, scripted_server

pytestmark = pytest.mark.django_db
MIDNIGHT = tokyo(2026, 12, 1)
DAILY = Cap(0, 1, Unit.DAYS, 1)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture
def server(settings: Any) -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        settings.JOUREN = replace(settings.JOUREN, email=SmtpAddress("127.0.0.1", running.port))
        yield running


@pytest.fixture
def send(server: ScriptedServer) -> Iterator[Callable[[], list[str]]]:
    """Sends all that is due now in the triggered lane, and tells who got something."""
    sender = LaneSender(Lane.TRIGGERED)

    def all_that_is_due() -> list[str]:
        before = len(server.recipients)
        assert wait_until(lambda: not sender.tick() and not is_sending(), 60, step=0.01)
        return sorted(server.recipients[before:])

    yield all_that_is_due
    sender.close()


def plan(version: MessageVersion, *contacts: Contact, **details: Any) -> list[Delivery]:
    plans = plan_deliveries([planned(version, contact, **details) for contact in contacts], clock.now())
    return [Delivery.objects.get(pk=each.id) for each in plans]


def stands(delivery: Delivery) -> tuple[State, str, datetime]:
    delivery.refresh_from_db()
    return State(delivery.state), delivery.reason, delivery.try_at


def withheld(contact: Contact) -> list[str]:
    return [event.payload["reason"] for event in events_of([contact.pk], types=["message.withheld"])]


def test_a_new_shop_helps_three_times_before_it_asks() -> None:
    assert load_rules() == Rules(TOKYO, readiness=Readiness(3))
    assert stored_rules().default_hour == 8


def test_a_rule_may_defer_and_is_asked_again_at_its_moment(
    at: Callable[[datetime], None], send: Callable[[], list[str]]
) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT))
    at(MIDNIGHT)
    contact = reader("a@example.jp")
    (delivery,) = plan(published(), contact)
    morning = tokyo(2026, 12, 1, 8)
    assert stands(delivery) == (State.PLANNED, "quiet", morning)
    assert delivery.due_at == MIDNIGHT
    assert next_due() == morning
    assert send() == []
    at(morning)
    assert send() == ["a@example.jp"]
    assert stands(delivery) == (State.SENT, "", morning)
    assert withheld(contact) == []
    (hold,) = Hold.objects.all()
    assert (hold.delivery_id, hold.rule, hold.reason) == (delivery.pk, "quiet", "quiet")
    assert (hold.at, hold.until, hold.counted) == (MIDNIGHT, morning, [])


def test_what_planning_tells_of_a_deferral(at: Callable[[datetime], None]) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT))
    at(MIDNIGHT)
    (first, again) = plan_deliveries([planned(published(), reader("a@example.jp"))] * 2, clock.now())
    assert (first.reason, first.waits_until) == ("quiet", tokyo(2026, 12, 1, 8))
    assert again == Plan(None)
    assert Hold.objects.count() == 1


def test_whoever_came_due_in_the_day_and_is_late_waits_for_the_morning(
    at: Callable[[datetime], None], send: Callable[[], list[str]]
) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT))
    at(tokyo(2026, 12, 1, 20))
    (delivery,) = plan(published(), reader("a@example.jp"))
    at(tokyo(2026, 12, 1, 21, 5))
    assert send() == []
    assert stands(delivery) == (State.PLANNED, "quiet", tokyo(2026, 12, 2, 8))


def test_a_rule_that_skips_stops_it_and_the_timeline_says_why(at: Callable[[datetime], None]) -> None:
    save_rules(Rules(TOKYO, quiet=Quiet(time(21), time(8), Action.SKIP)))
    at(MIDNIGHT)
    contact = reader("a@example.jp")
    (delivery,) = plan(published(), contact)
    assert stands(delivery)[:2] == (State.SUPPRESSED, "quiet")
    assert withheld(contact) == ["quiet"]
    assert Hold.objects.get().until is None


def test_transactional_mail_is_exempt(at: Callable[[datetime], None]) -> None:
    cap = Cap(0, 1, Unit.MONTH, action=Action.SKIP)
    save_rules(Rules(TOKYO, quiet=NIGHT, window=OFFICE, caps=(cap,), readiness=Readiness(3)))
    at(MIDNIGHT)
    contact, version = reader("a@example.jp"), published(kind="transactional")
    for number in range(3):
        (delivery,) = plan(version, contact, occurrence=number)
        assert stands(delivery)[:2] == (State.PLANNED, "")


def test_transactional_mail_does_not_use_a_cap_up(
    at: Callable[[datetime], None], send: Callable[[], list[str]]
) -> None:
    save_rules(Rules(TOKYO, caps=(DAILY,)))
    at(MIDNIGHT)
    contact = reader("a@example.jp")
    plan(published(kind="transactional"), contact)
    assert send() == ["a@example.jp"]
    plan(published(), contact)
    assert send() == ["a@example.jp"]


def test_each_person_has_their_own_night(at: Callable[[datetime], None]) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT))
    at(tokyo(2026, 12, 1, 12))
    abroad = reader("a@example.jp")
    set_locale(abroad.pk, zone="America/New_York")
    here, there = plan(published(), reader("b@example.jp"), abroad)
    assert stands(here)[1] == ""
    assert stands(there) == (State.PLANNED, "quiet", new_york(2026, 12, 1, 8))


def test_somebody_without_a_zone_lives_in_the_shops(at: Callable[[datetime], None]) -> None:
    save_rules(Rules(NEW_YORK, quiet=NIGHT))
    at(tokyo(2026, 12, 1, 12))
    contact = reader("a@example.jp")
    Contact.objects.update(zone="")
    assert stands(plan(published(), contact)[0])[1] == "quiet"


def test_days_off_of_the_shop_close_the_window(at: Callable[[datetime], None]) -> None:
    window = Window(time(8), time(20), frozenset(range(5)), on_holidays=False, on_closures=False)
    save_rules(Rules(TOKYO, window=window, longest_delay=timedelta(days=10)))
    DayOff.objects.create(day=datetime(2026, 11, 24).date())
    at(tokyo(2026, 11, 20, 21))  # a Friday; Monday is 勤労感謝の日
    assert stands(plan(published(), reader("a@example.jp"))[0])[1:] == ("window", tokyo(2026, 11, 25, 8))


def test_a_cap_lets_the_first_go_and_names_what_it_counted(
    at: Callable[[datetime], None], send: Callable[[], list[str]]
) -> None:
    save_rules(Rules(TOKYO, caps=(DAILY,)))
    cap = CapRow.objects.get()
    at(MIDNIGHT)
    contact, version = reader("a@example.jp"), published()
    (first,) = plan(version, contact)
    assert send() == ["a@example.jp"]
    at(MIDNIGHT + timedelta(hours=5))
    (second,) = plan(version, contact, occurrence=1)
    assert stands(second) == (State.PLANNED, f"cap:{cap.pk}:1:1d:::", MIDNIGHT + timedelta(days=1))
    assert Hold.objects.get().counted == [first.pk]
    at(MIDNIGHT + timedelta(days=1))
    assert send() == ["a@example.jp"]


def test_several_due_at_once_go_one_a_day_and_the_last_are_too_late(
    at: Callable[[datetime], None], send: Callable[[], list[str]]
) -> None:
    save_rules(Rules(TOKYO, caps=(DAILY,)))
    contact, version = reader("a@example.jp"), published()
    at(MIDNIGHT)
    for number in range(6):
        plan(version, contact, occurrence=number)
    went = []
    for day in range(6):
        at(MIDNIGHT + timedelta(days=day))
        went.append(len(send()))
    assert went == [1, 1, 1, 1, 0, 0]
    reason = f"late:{load_rules().caps[0].reason}"
    assert withheld(contact) == [reason] * 2
    assert Delivery.objects.filter(state=State.SUPPRESSED, reason=reason).count() == 2
    assert not Delivery.objects.filter(state=State.PLANNED).exists()


def test_all_caps_must_hold(at: Callable[[datetime], None], send: Callable[[], list[str]]) -> None:
    caps = (Cap(0, 3, Unit.WEEK), Cap(0, 1, Unit.DAYS, 2, kind="help"), Cap(0, 1, Unit.DAY, channel="line"))
    save_rules(Rules(TOKYO, caps=caps, longest_delay=timedelta(days=30)))
    contact = reader("a@example.jp")
    start = tokyo(2026, 12, 7, 12)  # a Monday
    at(start)
    helping, caring = published(), published(kind="care")
    for number, version in enumerate((helping, caring, helping, helping)):
        plan(version, contact, occurrence=number)
    went = []
    for half_day in range(18):
        at(start + timedelta(hours=12 * half_day))
        went += [half_day] * len(send())
    # Help every two days, care at once; the fourth of the week begins the next one, half a day after Sunday noon.
    assert went == [0, 0, 4, 13]


def test_a_cap_counts_its_channel_topic_and_kind_only(
    at: Callable[[datetime], None], send: Callable[[], list[str]]
) -> None:
    at(MIDNIGHT)
    contact, version = reader("a@example.jp"), published()
    plan(version, contact)
    assert send() == ["a@example.jp"]
    for number, (covered, goes) in enumerate(
        (
            ({"channel": "line"}, True),
            ({"kind": "ask"}, True),
            ({"topic": "other"}, True),
            ({"topic": "newsletter"}, False),
            ({"channel": "email"}, False),
        ),
        start=1,
    ):
        save_rules(Rules(TOKYO, caps=(Cap(0, 1, Unit.MONTH, action=Action.SKIP, **covered),)))
        plan(version, contact, occurrence=number)
        assert bool(send()) is goes, covered


def test_what_may_have_arrived_counts_and_what_failed_does_not(
    at: Callable[[datetime], None], server: ScriptedServer, send: Callable[[], list[str]]
) -> None:
    save_rules(Rules(TOKYO, caps=(replace(DAILY, action=Action.SKIP),)))
    at(MIDNIGHT)
    contact, version = reader("a@example.jp"), published()
    (failed,) = plan(version, contact)
    server.script = lambda command, argument: b"550 5.7.1 no" if command == "RCPT" else None
    assert send() == []
    assert stands(failed)[0] == State.FAILED
    (unknown,) = plan(version, contact, occurrence=1)
    Delivery.objects.filter(pk=unknown.pk).update(state=State.UNKNOWN)
    (third,) = plan(version, contact, occurrence=2)
    assert stands(third)[0] == State.SUPPRESSED
    assert Hold.objects.get().counted == [unknown.pk]


def test_what_a_merged_person_got_counts(at: Callable[[datetime], None], send: Callable[[], list[str]]) -> None:
    save_rules(Rules(TOKYO, caps=(DAILY,)))
    at(MIDNIGHT)
    kept, gone, version = reader("kept@example.jp"), reader("gone@example.jp"), published()
    plan(version, gone)
    assert send() == ["gone@example.jp"]
    merge_contacts(kept.pk, gone.pk)
    assert stands(plan(version, kept, occurrence=1)[0])[0:2] == (State.PLANNED, load_rules().caps[0].reason)
    assert stands(plan(version, gone, occurrence=2)[0])[0:2] == (State.PLANNED, load_rules().caps[0].reason)


def test_what_is_no_longer_wanted_while_it_waits_does_not_go(
    at: Callable[[datetime], None], send: Callable[[], list[str]]
) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT))
    at(MIDNIGHT)
    contact = reader("a@example.jp")
    (delivery,) = plan(published(), contact)
    withdraw_all_consent(contact.pk, "email", via="link")
    at(tokyo(2026, 12, 1, 8))
    assert send() == []
    assert stands(delivery)[0:2] == (State.SUPPRESSED, "unsubscribed")


def test_a_refusal_beats_a_deferral_and_of_two_deferrals_the_later_counts() -> None:
    noon = datetime(2026, 12, 1, 12, tzinfo=UTC)

    def later(hours: int) -> GateRule:
        verdict = Verdict(f"in {hours}", noon + timedelta(hours=hours))
        return GateRule(f"test.{hours}", lambda batch, now: [verdict for _facts in batch], 500 - hours)

    register_gate_rule(later(1))
    register_gate_rule(later(2))
    try:
        (delivery,) = plan(published(), reader("a@example.jp"))
        assert stands(delivery) == (State.PLANNED, "in 2", noon + timedelta(hours=2))
        assert not Hold.objects.exists()
        register_gate_rule(GateRule("test.never", lambda batch, now: ["never" for _facts in batch], 600))
        (delivery,) = plan(published(), reader("b@example.jp"))
        assert stands(delivery)[0:2] == (State.SUPPRESSED, "never")
    finally:
        for name in ("test.1", "test.2", "test.never"):
            _rules.pop(name, None)


def test_an_ask_waits_until_enough_has_helped(at: Callable[[datetime], None], send: Callable[[], list[str]]) -> None:
    save_rules(Rules(TOKYO, readiness=Readiness(3)))
    at(MIDNIGHT)
    contact, helping = reader("a@example.jp"), published()
    (ask,) = plan(published(kind="ask"), contact)
    assert stands(ask) == (State.PLANNED, "ready:3:0", MIDNIGHT + timedelta(days=1))
    for number in range(2):
        plan(helping, contact, occurrence=number)
    assert len(send()) == 2
    at(MIDNIGHT + timedelta(days=1))
    assert send() == []
    assert stands(ask)[1:] == ("ready:3:2", MIDNIGHT + timedelta(days=2))
    plan(helping, contact, occurrence=3)
    assert len(send()) == 1
    at(MIDNIGHT + timedelta(days=2))
    assert len(send()) == 1
    assert stands(ask)[0] == State.SENT


def test_an_ask_that_nobody_was_helped_for_ends(at: Callable[[datetime], None], send: Callable[[], list[str]]) -> None:
    save_rules(Rules(TOKYO, readiness=Readiness(3)))
    contact, version = reader("a@example.jp"), published(kind="ask")
    at(MIDNIGHT)
    (ask,) = plan(version, contact)
    for day in range(1, 4):
        at(MIDNIGHT + timedelta(days=day))
        assert send() == []
    assert stands(ask)[0:2] == (State.SUPPRESSED, "late:ready:3:0")
    assert withheld(contact) == ["late:ready:3:0"]


def test_help_that_came_back_did_not_reach_anybody(
    at: Callable[[datetime], None], send: Callable[[], list[str]]
) -> None:
    save_rules(Rules(TOKYO, readiness=Readiness(1, Action.SKIP)))
    at(MIDNIGHT)
    contact, ask = reader("a@example.jp"), published(kind="ask")
    (helped,) = plan(published(), contact)
    assert stands(plan(ask, contact)[0])[0:2] == (State.SUPPRESSED, "ready:1:0")
    send()
    assert stands(plan(ask, contact, occurrence=1)[0])[0] == State.PLANNED
    record_event(NewEvent("message.bounced", contact.pk, {"delivery": helped.pk, "reason": "550 gone"}))
    while react():
        pass
    assert stands(plan(ask, contact, occurrence=2)[0])[0:2] == (State.SUPPRESSED, "ready:1:0")


def test_readiness_can_be_turned_off() -> None:
    save_rules(Rules(TOKYO))
    assert stored_rules().edition == 0
    assert stands(plan(published(kind="ask"), reader("a@example.jp"))[0])[1] == ""


def test_a_message_planned_ahead_is_judged_for_its_own_moment(
    at: Callable[[datetime], None], send: Callable[[], list[str]]
) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT, readiness=Readiness(3, Action.SKIP)))
    at(tokyo(2026, 12, 1, 23))
    contact = reader("a@example.jp")
    noon, night = tokyo(2026, 12, 9, 12), tokyo(2026, 12, 9, 22)
    assert stands(plan(published(kind="ask"), contact, due_at=noon)[0]) == (State.PLANNED, "", noon)
    (delivery,) = plan(published(), contact, due_at=night)
    assert stands(delivery) == (State.PLANNED, "quiet", tokyo(2026, 12, 10, 8))
    # Eight days of waiting for its own moment are no delay.
    at(tokyo(2026, 12, 10, 8))
    assert send() == ["a@example.jp"]


FACTS = ("gate_terms", "gate_people")


def test_a_shop_without_rules_pays_no_query_and_one_with_them_pays_by_the_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version, ask = published(), published(kind="ask")
    contacts = [reader(f"r{number}@example.jp") for number in range(30)]
    asked: list[str] = []
    monkeypatch.setattr(Queries, "text", lambda self, name: asked.append(name) or self._statements[name])

    def statements(version: MessageVersion, occurrence: int) -> list[str]:
        asked.clear()
        plan_deliveries([planned(version, contact, occurrence=occurrence) for contact in contacts], clock.now())
        return list(asked)

    for each in (version, ask):
        statements(each, 9)  # what is asked of a version once in a process
    save_rules(Rules(TOKYO))
    assert statements(ask, 0) == [*FACTS, "ranks_of_runs", "plan"]
    save_rules(Rules(TOKYO, readiness=Readiness(3)))
    assert statements(version, 1) == [*FACTS, "ranks_of_runs", "plan"]
    assert statements(ask, 1)[:4] == [*FACTS, "ranks_of_runs", "help_reached"]
    save_rules(Rules(TOKYO, quiet=Quiet(time(3), time(3, 1)), caps=(Cap(0, 5, Unit.WEEK), Cap(0, 2, Unit.DAY))))
    assert statements(version, 2) == [*FACTS, "ranks_of_runs", "went_to", "plan"]


def test_rules_that_cannot_work_are_refused_whole() -> None:
    before = load_rules()
    with pytest.raises(BadRules) as refused:
        save_rules(Rules(TOKYO, quiet=NIGHT, window=Window(days=frozenset()), caps=(Cap(0, 0, Unit.DAY),)))
    assert [problem.part for problem in refused.value.problems] == ["window", "caps"]
    assert load_rules() == before
    assert not CapRow.objects.exists()


def test_a_cap_keeps_its_number_while_it_is_changed() -> None:
    save_rules(Rules(TOKYO, caps=(DAILY, Cap(0, 3, Unit.WEEK))))
    first, second = load_rules().caps
    save_rules(Rules(TOKYO, caps=(replace(second, most=4), Cap(999, 1, Unit.MONTH))))
    changed, new = load_rules().caps
    assert (changed.id, changed.most) == (second.id, 4)
    assert new.id not in {first.id, second.id, 999}


def test_the_audit_log_keeps_the_rules_before_and_after() -> None:
    staff = owner()
    save_rules(Rules(TOKYO, quiet=NIGHT), by=staff)
    save_rules(Rules(TOKYO, quiet=NIGHT), by=staff)
    (entry,) = ModelLogEntry.objects.filter(action="messaging.change_rules")
    assert entry.user == staff
    assert entry.data["before"]["readiness"] == [3, "defer"]
    assert entry.data["after"]["quiet"] == ["21:00", "08:00", "defer"]


def test_there_is_one_row_of_rules() -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT))
    save_rules(Rules(TOKYO, window=OFFICE))
    assert SendingRules.objects.count() == 1
    assert load_rules() == Rules(TOKYO, window=OFFICE)

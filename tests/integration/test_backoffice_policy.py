"""The screen of the sending rules, and what other screens say of them."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import translation
from wagtail.models import ModelLogEntry

from jouren.backoffice.messages.wording import explain, reason_label
from jouren.backoffice.policy.wording import limit_text, sentences
from jouren.contacts.models import Topic
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event
from jouren.journeys.models import Journey
from jouren.messaging.actions import create_run, plan_deliveries
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.queries import load_rules, stored_rules
from jouren.messaging.sending_rules.terms import Action, Cap, Quiet, Readiness, Rules, Unit, Window, late
from jouren.messaging.vocabulary import Lane, RunKind, State
from tests.backoffice import client_of, owner, owner_client, staff_client
from tests.messages import planned, published, reader
from tests.sending_rules import NIGHT, OFFICE, TOKYO, tokyo

pytestmark = pytest.mark.django_db
WHERE = "/admin/sending-rules/"
LIMIT = Cap(0, 2, Unit.DAYS, 7, "email", "ask")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def text_of(answer: Any) -> str:
    plain = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(html.unescape(plain).split())


def typed(*caps: dict[str, Any], stored: int = 0, **changed: Any) -> dict[str, Any]:
    """What the form posts when nothing was changed but this."""
    values: dict[str, Any] = {
        "quiet_from": "21:00",
        "quiet_until": "08:00",
        "quiet_action": "defer",
        "window_from": "08:00",
        "window_until": "20:00",
        "window_days": [str(day) for day in range(7)],
        "window_action": "defer",
        "help_before_ask": "3",
        "readiness_action": "defer",
        "longest_delay_days": "3",
        "default_hour": "8",
        "zone": "Asia/Tokyo",
        "caps-TOTAL_FORMS": str(len(caps) + 1),
        "caps-INITIAL_FORMS": str(stored),
    }
    for number, cap in enumerate([*caps, {}]):
        blank = {"id": "", "most": "", "length": "", "unit": "day", "channel": "", "about": "", "action": "defer"}
        values |= {f"caps-{number}-{name}": value for name, value in (blank | cap).items()}
    return values | {name: value for name, value in changed.items() if value is not None}


def save(browser: Client, *caps: dict[str, Any], **changed: Any) -> HttpResponse:
    answer: Any = browser.post(WHERE, typed(*caps, save="1", **changed))
    return answer


def errors_of(answer: Any) -> dict[str, list[str]]:
    found = dict(answer.context["form"].errors)
    for number, form in enumerate(answer.context["caps"].forms):
        if form.errors:
            found[f"cap {number}"] = [error for errors in form.errors.values() for error in errors]
    return found


def test_a_shop_sets_all_its_rules_on_one_page() -> None:
    browser = owner_client()
    answer = save(
        browser,
        {"most": "1", "unit": "day"},
        {"most": "2", "unit": "days", "length": "7", "channel": "email", "about": "kind:ask", "action": "skip"},
        {"most": "3", "unit": "week", "about": "topic:news"},
        quiet_on="on",
        window_on="on",
        window_days=["0", "1", "2", "3", "4"],
        window_not_on_holidays="on",
        window_action="skip",
        readiness_on="on",
        help_before_ask="5",
        longest_delay_days="5",
        default_hour="19",
    )
    assert (answer.status_code, answer["Location"]) == (302, WHERE)
    rules = load_rules()
    first, second, third = rules.caps
    assert rules == Rules(
        TOKYO,
        timedelta(days=5),
        NIGHT,
        replace(OFFICE, on_holidays=False, action=Action.SKIP),
        (
            Cap(first.id, 1, Unit.DAY),
            Cap(second.id, 2, Unit.DAYS, 7, "email", "ask", action=Action.SKIP),
            Cap(third.id, 3, Unit.WEEK, topic="news"),
        ),
        Readiness(5),
    )
    assert stored_rules().default_hour == 19
    entry = ModelLogEntry.objects.get(action="messaging.change_rules")
    assert entry.user.username == "owner@example.jp"


def test_what_is_stored_is_shown_and_posting_it_changes_nothing() -> None:
    window = Window(days=frozenset({0, 5}), on_closures=False)
    before = Rules(TOKYO, timedelta(days=2), NIGHT, window, (replace(LIMIT, action=Action.SKIP),), Readiness(4))
    save_rules(before, default_hour=7)
    before = load_rules()
    browser = owner_client()
    page = browser.get(WHERE)
    values: dict[str, Any] = {"save": "1"}
    for form in (page.context["form"], page.context["caps"].management_form, *page.context["caps"].forms):
        for field in form:
            value = field.value()
            if value is not None and value is not False:
                values[field.html_name] = "on" if value is True else value
    assert browser.post(WHERE, values).status_code == 302
    assert load_rules() == before
    assert stored_rules().default_hour == 7


def test_a_limit_is_changed_and_removed() -> None:
    save_rules(Rules(TOKYO, caps=(LIMIT, Cap(0, 1, Unit.DAY))))
    kept, gone = load_rules().caps
    save(
        owner_client(),
        {"id": str(kept.id), "most": "3", "unit": "week"},
        {"id": str(gone.id), "most": "x", "unit": "day", "DELETE": "on"},
        stored=2,
    )
    assert load_rules().caps == (Cap(kept.id, 3, Unit.WEEK),)


@pytest.mark.parametrize(
    ("cap", "changed", "field", "says"),
    [
        ({}, {"quiet_on": "on", "quiet_until": "21:00"}, "quiet_until", "Make the two times different."),
        ({}, {"quiet_on": "on", "quiet_from": ""}, "quiet_from", "when the quiet hours begin"),
        ({}, {"quiet_on": "on", "quiet_from": "25:00"}, "quiet_from", "Enter a valid time."),
        ({}, {"window_on": "on", "window_days": []}, "window_days", "Choose at least one day."),
        ({}, {"window_on": "on", "window_until": ""}, "window_from", "Write both times, or none"),
        (
            {},
            {"window_on": "on", "quiet_on": "on", "quiet_from": "07:00", "quiet_until": "22:00"},
            "window_days",
            "The quiet hours leave nothing",
        ),
        ({}, {"readiness_on": "on", "help_before_ask": ""}, "help_before_ask", "how many messages help first"),
        ({}, {"readiness_on": "on", "help_before_ask": "99"}, "help_before_ask", "a number from 1 to 50"),
        ({}, {"longest_delay_days": "0"}, "longest_delay_days", "a number of days from 1 to 30"),
        ({}, {"longest_delay_days": "9" * 30}, "longest_delay_days", "a number of days from 1 to 30"),
        ({}, {"zone": "Mars/Base"}, "zone", "Unknown time zone: Mars/Base."),
        ({}, {"default_hour": "24"}, "default_hour", "Select a valid choice."),
        ({"most": "0"}, {}, "cap 0", "a number of messages from 1 to 1000"),
        ({"most": "1", "unit": "days", "length": "0"}, {}, "cap 0", "at least 1 hour and at most 366 days"),
        ({"most": "1", "unit": "hours", "length": "9" * 30}, {}, "cap 0", "at least 1 hour and at most 366 days"),
        ({"most": "1", "about": "topic:nothing"}, {}, "cap 0", "Select a valid choice."),
        ({"length": "3"}, {}, "cap 0", "This field is required."),
    ],
)
def test_what_cannot_work_is_refused_at_its_field_and_nothing_is_kept(
    cap: dict[str, str], changed: dict[str, Any], field: str, says: str
) -> None:
    before = load_rules()
    answer = save(owner_client(), cap, **changed)
    assert answer.status_code == 200
    errors = errors_of(answer)
    assert list(errors) == [field]
    assert says in errors[field][0]
    page = text_of(answer)
    assert says in page
    assert "Nothing was saved" in page
    assert load_rules() == before


def test_rules_can_be_looked_at_in_words_before_they_are_saved() -> None:
    before = load_rules()
    browser = owner_client()
    page = text_of(browser.post(WHERE, typed({"most": "1", "unit": "day"}, quiet_on="on", show="1")))
    assert "Not saved yet. With these rules:" in page
    assert "From 21:00 to 8:00 nothing is sent; it goes at 8:00 instead." in page
    assert "Each person gets at most 1 message in a calendar day; more than that waits." in page
    assert load_rules() == before
    page = text_of(browser.get(WHERE))
    assert "Not saved yet" not in page
    assert "Nobody gets an offer before 3 messages have helped them; until then it waits." in page


def test_each_rule_says_what_it_did_in_the_last_seven_days(at: Callable[[datetime], None]) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT, readiness=Readiness(3, Action.SKIP)))
    helping, asking = published(), published(kind="ask")
    night, noon = tokyo(2026, 12, 9, 22), tokyo(2026, 12, 9, 12)
    for moment, version, people in ((night, helping, 3), (noon, asking, 2), (night - timedelta(days=8), helping, 1)):
        at(moment)
        deliveries = [planned(version, reader(f"r{moment:%d%H}-{n}@example.jp")) for n in range(people)]
        plan_deliveries(deliveries, clock.now())
    at(night + timedelta(hours=1))
    page = owner_client().get(WHERE)
    assert page.context["held"]["quiet"] == (3, 0)
    assert page.context["held"]["ready"] == (0, 2)
    assert "In the last 7 days: 3 had to wait, 0 were not sent." in text_of(page)
    assert "In the last 7 days it held nothing up." in text_of(page)


def test_who_may_only_look_changes_nothing() -> None:
    before = load_rules()
    looks = staff_client("messaging.view_sendingrules")
    page = looks.get(WHERE)
    assert "You may look at these rules, not change them." in text_of(page)
    assert b'name="save"' not in page.content
    assert looks.post(WHERE, typed(quiet_on="on", save="1"))["Location"] == "/admin/"
    assert load_rules() == before
    changes = staff_client("messaging.view_sendingrules", "messaging.change_sendingrules")
    assert changes.post(WHERE, typed(quiet_on="on", save="1"))["Location"] == WHERE
    assert load_rules().quiet == NIGHT


def test_markup_in_a_topics_name_stays_text() -> None:
    Topic.objects.filter(key="news").update(name="<script>alert(1)</script>")
    save_rules(Rules(TOKYO, caps=(Cap(0, 1, Unit.WEEK, topic="news"),)))
    page = owner_client().get(WHERE).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("gone", ["channel", "topic"])
def test_a_limit_on_what_is_not_there_any_more_can_be_kept(gone: str) -> None:
    save_rules(Rules(TOKYO, caps=(Cap(0, 1, Unit.WEEK, **{gone: "telegraph"}),)))
    cap = load_rules().caps[0]
    value = {"channel": "telegraph"} if gone == "channel" else {"about": "topic:telegraph"}
    save(owner_client(), {"id": str(cap.id), "most": "1", "unit": "week", **value}, stored=1)
    assert load_rules().caps == (cap,)


def test_more_limits_than_can_be_overseen_are_refused() -> None:
    limits = [{"most": "1", "unit": "hours", "length": str(hours)} for hours in range(1, 25)]
    answer = save(owner_client(), *limits)
    assert answer.status_code == 200
    assert load_rules().caps == ()


# What the other screens say.


@pytest.mark.parametrize(
    ("reason", "waiting", "stopped"),
    [
        ("quiet", "It waits until Wed 2 Dec, 08:00: quiet hours.", "A sending rule kept it back: quiet hours."),
        (
            "late:window",
            "It waits until Wed 2 Dec, 08:00: outside the days and hours of sending.",
            "It would have had to wait too long: outside the days and hours of sending.",
        ),
        (
            "ready:3:1",
            "It waits until Wed 2 Dec, 08:00: help comes before an offer, and only 1 of 3 messages had helped.",
            "A sending rule kept it back: help comes before an offer, and only 1 of 3 messages had helped.",
        ),
        (
            LIMIT.reason,
            "It waits until Wed 2 Dec, 08:00: at most 2 messages in any 7 days (Mail, Ask only).",
            "A sending rule kept it back: at most 2 messages in any 7 days (Mail, Ask only).",
        ),
    ],
)
def test_a_reason_is_told_in_words(reason: str, waiting: str, stopped: str) -> None:
    told = explain(State.PLANNED, reason, "", tokyo(2026, 12, 2, 8))
    assert told.why == waiting
    assert explain(State.SUPPRESSED, reason).why == stopped
    assert f"{reason_label(reason)}." == stopped


def test_a_reason_is_told_in_japanese() -> None:
    with translation.override("ja"):
        assert explain(State.PLANNED, "quiet", "", tokyo(2026, 12, 2, 8)).why == (
            "12月2日(水) 8:00まで待っています（送らない時間帯のため）。"
        )
        assert explain(State.SUPPRESSED, late(LIMIT.reason)).why == (
            "待てる日数を超えるため、送りませんでした（上限が1人あたり7日間に2通（メール・販売のご案内のみ）のため）。"
        )


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_kind_of_rule_has_its_sentence(language: str) -> None:
    caps = tuple(
        Cap(number, 1, unit, 1 + number, topic="news" if number % 2 else "", action=action)
        for number, (unit, action) in enumerate((unit, action) for unit in Unit for action in Action)
    )
    with translation.override(language):
        told = {
            sentence
            for action in Action
            for rules in (
                Rules(),
                Rules(
                    quiet=Quiet(time(8), time(9), action),
                    window=Window(time(9), time(9), frozenset({1}), False, False, action),
                    caps=caps,
                    readiness=Readiness(2, action),
                ),
            )
            for sentence in sentences(rules, 8, {"news": "手紙"})
        }
        # No rule; three rules twice; the caps; the longest wait; two caps that can exceed it; two best hours.
        assert len(told) == 1 + 2 * 3 + len(caps) + 1 + 2 + 2
        assert all("%(" not in sentence for sentence in told)
        assert limit_text(caps[1], {"news": "手紙"}) != limit_text(caps[1])


def test_a_message_that_waits_says_so_in_the_lists(at: Callable[[datetime], None]) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT))
    at(tokyo(2026, 12, 1, 22))
    version, person = published(), reader("a@example.jp")
    plan_deliveries([planned(version, person)], clock.now())
    browser = owner_client()
    sentence = "It waits until Wed 2 Dec, 08:00: quiet hours."
    assert sentence in text_of(browser.get(f"/admin/people/{person.public_id}/"))
    assert sentence in text_of(browser.get(f"/admin/messages/{version.message_id}/deliveries/"))


def test_the_timeline_says_how_long_a_message_had_to_wait(at: Callable[[datetime], None]) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT))
    at(tokyo(2026, 12, 1, 22))
    person = reader("a@example.jp")
    (plan,) = plan_deliveries([planned(published(), person)], clock.now())
    at(tokyo(2026, 12, 2, 8))
    record_event(NewEvent("message.sent", person.pk, {"delivery": plan.id, "title": "x", "channel": "email"}))
    page = text_of(owner_client().get(f"/admin/people/{person.public_id}/"))
    assert "It had to wait from Tue 1 Dec, 22:00 until Wed 2 Dec, 08:00: quiet hours." in page


def sent(version: MessageVersion, contact_id: int, at: datetime, kind: str = "journey", reference: str = "j") -> None:
    run = create_run(kind, "x", reference)
    details = {"due_at": at, "try_at": at, "planned_at": at, "sent_at": at}
    Delivery.objects.create(
        run=run,
        step=uuid.uuid4(),
        contact_id=contact_id,
        lane=Lane.TRIGGERED,
        state=State.SENT,
        message_version=version,
        **details,
    )


def test_help_and_offers_are_shown_for_a_person_and_a_journey() -> None:
    helping, asking, person = published(), published(kind="ask"), reader("a@example.jp")
    journey = Journey.objects.create(name="Welcome")
    journey.versions.create(
        number=1,
        compiled={"steps": {}, "first": None, "goal": None, "trigger": {"event": "order.paid", "match": {}}},
        schema=1,
        hash="x",
        run=create_run(RunKind.JOURNEY, "Welcome", str(journey.pk)),
        created_at=clock.now(),
    )
    for version in (helping,) * 5 + (asking,) * 2:
        sent(version, person.pk, clock.now(), reference=str(journey.pk))
    browser = owner_client()
    for page in (f"/admin/people/{person.public_id}/", f"/admin/journeys/inspect/{journey.pk}/"):
        answer = text_of(browser.get(page))
        assert "5 : 2 messages that help : offers" in answer
        assert "2.5 that help for each offer." in answer
    fresh = reader("b@example.jp")
    assert "No offer yet." in text_of(browser.get(f"/admin/people/{fresh.public_id}/"))


def silent_newsletter(now: datetime) -> Topic:
    version = published()
    for week in range(4):
        sent(version, 1, now - timedelta(days=43 - 7 * week), RunKind.BROADCAST, f"{week}")
    return Topic.objects.get(key="newsletter")


def test_a_newsletter_that_went_silent_is_told_on_the_first_screen_and_at_its_topic() -> None:
    topic = silent_newsletter(clock.now())
    user = owner()
    browser = client_of(user)
    sentence = f"“{topic.name}” has been silent for 22 days; usually something comes every 7 days."
    assert sentence in text_of(browser.get("/admin/"))
    assert sentence in text_of(browser.get(f"/admin/topic/edit/{topic.pk}/"))
    assert "usually every 7 days" in text_of(browser.get("/admin/topic/"))
    assert sentence not in text_of(staff_client("contacts.view_contact").get("/admin/"))
    Topic.objects.filter(pk=topic.pk).update(is_offered=False)
    assert sentence not in text_of(browser.get("/admin/"))
    assert sentence in text_of(browser.get(f"/admin/topic/edit/{topic.pk}/"))

"""The dry run: it tells what would have been, and does nothing."""

from __future__ import annotations

import csv
import io
import smtplib
import socket
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from jouren.contacts.actions import erase_contact, withdraw_consent
from jouren.contacts.models import AttributeDefinition, Contact
from jouren.journeys import dry_run
from jouren.journeys.dry_run import BadDryRun, forget_old_dry_runs, play_all, start_dry_run
from jouren.journeys.models import DryRun, DryRunState, Journey
from jouren.journeys.replay import helpers, player
from jouren.journeys.replay.persona import ALWAYS, NEVER, ON_DAY, Persona, live_as
from jouren.journeys.replay.player import Player, step_order
from jouren.journeys.replay.sources import setting_of
from jouren.journeys.series.actions import remove_item
from jouren.journeys.versions import live_version_of
from jouren.messaging.models import Message
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.terms import Cap, Rules, Unit
from tests.backoffice import owner_client, staff_client
from tests.messages import published, reader
from tests.reacting import react_to_all
from tests.sending_rules import NIGHT, TOKYO
from tests.series import item, make_series, publish, send_series
from tests.walking import START, Time, buy, draft_journey, live_journey, send, step, wait

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time")]
OWN = {"journeys_dryrun", "journeys_dryrunperson"}
NAMES = ("First", "Second", "Third")
TEXT = ("text", "<p>{{ contact.name }}</p>")


def message_of(name: str, kind: str = "help") -> Message:
    message = published(name=name, kind=kind).message
    assert message is not None
    return message


def twice() -> dict[str, Any]:
    return {"all": [{"fact": "orders.count", "op": "gte", "value": 2}]}


def past(time: Time) -> tuple[Journey, Contact, Contact]:
    """A journey that was written after two people had bought; one of them unsubscribed a day later."""
    one, two = reader("a@example.jp", family_name="=1+1", given_name="太郎"), reader("b@example.jp")
    time.pass_by(hours=1)
    buy(one)
    buy(two)
    react_to_all()
    time.pass_by(days=1)
    withdraw_consent(two.pk, "email", "newsletter", via="unsubscribe")
    react_to_all()
    time.pass_by(days=9)
    journey = live_journey([send(message_of("Hello"), "a"), wait(2), send(message_of("More"), "b")])
    return journey, one, two


def start(journey: Journey, time: Time, **details: Any) -> DryRun:
    return start_dry_run(journey, start=START, end=time.now, **details)


def test_it_tells_who_would_have_got_what_and_what_the_gate_would_have_stopped(time: Time) -> None:
    journey, one, two = past(time)
    run = start(journey, time, costs={"email": Decimal("0.25")})
    play_all(run.pk)
    run.refresh_from_db()
    assert run.state == DryRunState.DONE
    assert (run.people, run.done) == (2, 2)
    first, _wait, last = step_order(run.compiled)
    assert run.totals == {
        "people": 2,
        "walks": 2,
        "finished": 2,
        "left": {},
        "inside": 0,
        "waiting": 0,
        "steps": {
            first: {"step": 2, "sent": 2},
            _wait: {"step": 2},
            last: {"step": 2, "sent": 1, "stopped:unsubscribed": 1},
        },
        "days": {"2026-11-22": {"sent": 2}, "2026-11-24": {"sent": 1, "stopped": 1}},
        "channels": {"email": 3},
    }
    assert {person.contact_id: person.sent for person in run.persons.all()} == {one.pk: 2, two.pk: 1}
    assert "stopped:2:unsubscribed" in run.persons.get(contact_id=two.pk).marks


def all_rows() -> dict[str, list[tuple[Any, ...]]]:
    """Everything that stands in the database, by table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        found = {}
        for (table,) in cursor.fetchall():
            if table not in OWN:
                cursor.execute(f'SELECT t::text FROM "{table}" AS t ORDER BY 1')
                found[table] = cursor.fetchall()
    return found


def test_it_writes_nothing_and_speaks_to_no_mail_server(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    journey, _one, _two = past(time)
    run = start(journey, time)
    before = all_rows()
    assert before["messaging_delivery"] == []

    def refuse(*_args: Any, **_options: Any) -> None:
        raise AssertionError("A dry run opened a connection.")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(smtplib, "SMTP", refuse)
    play_all(run.pk)
    run.refresh_from_db()
    assert run.state == DryRunState.DONE
    assert all_rows() == before


def test_every_batch_is_played_where_the_database_refuses_changes(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    journey, one, two = past(time)
    seen = []
    play = player.play

    def look(*args: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            seen.append(cursor.fetchone())
        play(*args)

    monkeypatch.setattr(player, "play", look)
    played = Player(start(journey, time), time.now)
    bought = START + timedelta(hours=1)
    assert played.people() == [(one.pk, bought), (two.pk, bought)]
    assert [played.play([contact.pk]).people for contact in (one, two)] == [1, 1]
    assert seen == [("on",), ("on",)]


@pytest.mark.django_db(transaction=True)
def test_helpers_find_the_same_as_one_process(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    journey, one, two = past(time)
    alone, beside = start(journey, time), start(journey, time)
    play_all(alone.pk)
    monkeypatch.setattr(helpers, "ENOUGH", 2)
    monkeypatch.setattr(dry_run, "BATCH", 1)
    play_all(beside.pk)
    alone.refresh_from_db()
    beside.refresh_from_db()
    assert beside.state == DryRunState.DONE
    assert (beside.people, beside.done) == (2, 2)
    assert beside.totals == alone.totals
    kept = ("contact_id", "sent", "marks", "story")
    assert list(beside.persons.order_by("contact_id").values_list(*kept)) == list(
        alone.persons.order_by("contact_id").values_list(*kept)
    )
    assert {one.pk, two.pk} == set(beside.persons.values_list("contact_id", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_helper_that_is_lost_is_told(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    journey, *_people = past(time)
    run = start(journey, time)
    monkeypatch.setattr(helpers, "ENOUGH", 2)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "no.settings")
    with override_settings(SETTINGS_MODULE="no.settings"):
        play_all(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (DryRunState.FAILED, "HelperLost")


def test_sending_rules_count_what_is_played_and_what_really_went(time: Time) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT, caps=(Cap(0, 1, Unit.DAYS, 3),)))
    journey, *_people = past(time)
    run = start(journey, time)
    play_all(run.pk)
    run.refresh_from_db()
    last = step_order(run.compiled)[2]
    counts = run.totals["steps"][last]
    (held,) = [key for key in counts if key.startswith("held:cap:")]
    assert counts == {"step": 2, held: 1, "sent": 1, "stopped:unsubscribed": 1}
    assert run.totals["days"] == {
        "2026-11-22": {"sent": 2},
        "2026-11-24": {"stopped": 1},
        "2026-11-25": {"sent": 1},
    }


def test_a_draft_can_be_played_and_a_broken_one_says_why(time: Time) -> None:
    past(time)
    journey = draft_journey([send(message_of("Draft"), "a")])
    with pytest.raises(BadDryRun, match="not published"):
        start(journey, time)
    run = start(journey, time, is_draft=True)
    assert run.number is None
    play_all(run.pk)
    run.refresh_from_db()
    assert run.totals["channels"] == {"email": 2}
    broken = draft_journey([step("send", {"message": None})])
    with pytest.raises(BadDryRun, match="The draft cannot be played yet"):
        start(broken, time, is_draft=True)
    by_hand = draft_journey([send(message_of("Hand"), "a")], [{"type": "by_hand", "value": None}])
    with pytest.raises(BadDryRun, match="nobody to play it with"):
        start(by_hand, time, is_draft=True)


def test_a_time_that_cannot_be_played_is_refused(time: Time) -> None:
    journey, *_people = past(time)
    for first, last in (
        (time.now, time.now),
        (START, time.now + timedelta(days=1)),
        (START - timedelta(days=2_000), time.now),
    ):
        with pytest.raises(BadDryRun):
            start_dry_run(journey, start=first, end=last)
    assert not DryRun.objects.exists()


def test_one_that_was_killed_begins_anew_and_one_that_fails_says_so(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey, *_people = past(time)
    run = start(journey, time)
    play_all(run.pk)
    DryRun.objects.filter(pk=run.pk).update(state=DryRunState.RUNNING, totals=None)
    play_all(run.pk)
    run.refresh_from_db()
    assert run.persons.count() == 2
    assert run.totals["people"] == 2

    def fail(*_args: Any) -> None:
        raise ValueError("broken")

    other = start(journey, time)
    monkeypatch.setattr(player, "play", fail)
    play_all(other.pk)
    other.refresh_from_db()
    assert (other.state, other.error) == (DryRunState.FAILED, "ValueError")


def test_it_is_forgotten_after_a_month_and_with_the_person(time: Time) -> None:
    journey, one, _two = past(time)
    run = start(journey, time)
    play_all(run.pk)
    erase_contact(one.pk)
    assert one.pk not in run.persons.values_list("contact_id", flat=True)
    time.pass_by(days=29)
    assert forget_old_dry_runs() == 0
    time.pass_by(days=2)
    assert forget_old_dry_runs() == 1
    assert not DryRun.objects.exists()


def test_the_screens_start_one_and_tell_it(time: Time) -> None:
    journey, one, _two = past(time)
    browser = owner_client()
    where = f"/admin/journeys/dry-runs/{journey.pk}/"
    assert "Start a dry run" in browser.get(where).content.decode()
    asked = {"what": "live", "first": "2026-11-22", "last": "2026-12-02", "email": "0.25", "line": "3"}
    for wrong, told in (
        ({"first": "2026-12-03"}, "The first day must be before the last one."),
        ({"last": "2027-01-01"}, "A dry run goes over what has happened"),
        ({"email": "-1"}, "greater than or equal to 0"),
        ({"last": "9999-12-31"}, "too far away"),
    ):
        answer = browser.post(where, asked | wrong)
        assert answer.status_code == 422
        assert told in answer.content.decode()
    answer = browser.post(where, asked)
    run = DryRun.objects.get()
    assert answer["Location"] == f"{where}{run.pk}/"
    assert "Waiting" in browser.get(f"{where}{run.pk}/").content.decode()
    play_all(run.pk)
    page = browser.get(f"{where}{run.pk}/").content.decode()
    assert "They unsubscribed from this topic." in page
    assert "<td>3</td><td>0.25</td><td>1</td>" in page
    assert "Nobody answers what they would have got here" in page
    people = browser.get(f"{where}{run.pk}/people/?mark=stopped:2:unsubscribed").content.decode()
    assert "Send “More”: They unsubscribed from this topic." in people
    assert str(one.public_id) not in people
    everybody = browser.get(f"{where}{run.pk}/people/?after=x").content.decode()
    assert str(one.public_id) in everybody


def test_each_message_of_a_series_is_told_by_its_name(time: Time) -> None:
    _journey, one, two = past(time)
    series = make_series(NAMES)
    journey = live_journey([send_series(series, "series"), wait(2), send(message_of("End"), "end")])
    run = start(journey, time)
    third = item(series, "Third")
    remove_item(item(series, "First").pk, by=None)
    publish(series)
    play_all(run.pk)
    run.refresh_from_db()
    assert run.totals["steps"][str(third.pk)] == {"sent": 1, "stopped:unsubscribed": 1}
    assert {person.contact_id: person.sent for person in run.persons.all()} == {one.pk: 4, two.pk: 2}
    browser, where = owner_client(), f"/admin/journeys/dry-runs/{journey.pk}/{run.pk}/"
    page = browser.get(where).content.decode()
    items = [f"Number {number} of the series: “{name}”" for number, name in enumerate(NAMES, start=1)]
    places = [page.index(text) for text in items]
    assert places == sorted(places)
    assert page.index("Series “Letters”") < places[0] < places[-1] < page.index("Send “End”")
    assert "Series are played with the messages, the order and the rhythm that they have now." in page
    people = browser.get(f"{where}people/?mark=stopped:3:unsubscribed").content.decode()
    assert "Number 3 of the series: “Third”: They unsubscribed from this topic." in people
    assert str(one.public_id) not in people
    lines = b"".join(browser.get(f"{where}csv/")).decode("utf-8-sig")
    steps = [row[4] for row in csv.reader(io.StringIO(lines)) if row[0] == str(one.public_id) and row[3] == "goes out"]
    assert steps == [*items, "Send “End”"]


def test_a_persona_gets_a_series_message_by_message(time: Time) -> None:
    journey = live_journey([send_series(make_series(NAMES), "series")])
    asked = {"clicks": "never", "buys": "regular", "start": "2026-11-22T10:00"}
    page = owner_client().get(f"/admin/journeys/persona/{journey.pk}/", asked).content.decode()
    days = page[page.index("Day by day") :].split("<h3>")[1:]
    assert [f"“{name}”: goes out by Mail." in day for name, day in zip(NAMES, days, strict=True)] == [True] * 3


def test_who_enters_on_a_day_of_theirs_and_who_waits_for_a_turn_is_told(time: Time) -> None:
    _journey, *people = past(time)
    day_after = {"type": "after_event", "value": {"event": "order.paid", "offset": 3, "at": "09:00", "where": []}}
    journey = live_journey([send(message_of("Later"), "a")], [day_after], entries_per_hour=2)
    run = start(journey, time)
    play_all(run.pk)
    run.refresh_from_db()
    assert (run.people, run.done, run.totals["walks"]) == (2, 2, 2)
    page = owner_client().get(f"/admin/journeys/dry-runs/{journey.pk}/{run.pk}/people/").content.decode()
    assert page.count("Enters: a day of theirs has come.") == len(people)
    assert page.count("that they begin on Wed 25 Nov, 09:30.") == 1


def test_who_may_not_see_people_sees_figures_only(time: Time) -> None:
    journey, _one, _two = past(time)
    run = start(journey, time)
    play_all(run.pk)
    where = f"/admin/journeys/dry-runs/{journey.pk}/"
    viewer = staff_client("journeys.view_journey")
    page = viewer.get(f"{where}{run.pk}/").content.decode()
    assert "people/?mark" not in page
    assert viewer.get(f"{where}{run.pk}/people/").status_code == 302
    assert viewer.get(f"{where}{run.pk}/csv/").status_code == 302
    assert viewer.post(where, {}).status_code == 403
    assert DryRun.objects.count() == 1


def test_the_csv_holds_no_formula(time: Time) -> None:
    journey, one, _two = past(time)
    run = start(journey, time)
    play_all(run.pk)
    answer = owner_client().get(f"/admin/journeys/dry-runs/{journey.pk}/{run.pk}/csv/")
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert rows[0] == ["Person", "Name", "When", "What", "Step", "Details"]
    assert rows[1][:4] == [str(one.public_id), "'=1+1 太郎", "2026-11-22 11:00:00", "enters"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def listening() -> Journey:
    return live_journey(
        [
            send(message_of("Hello"), "a"),
            step(
                "wait_event",
                {
                    "event": "message.clicked",
                    "message": None,
                    "amount": 3,
                    "unit": "days",
                    "then": [send(message_of("Thanks"), "b")],
                    "otherwise": [send(message_of("Again"), "c")],
                },
                "d",
            ),
            wait(7, "e"),
            send(message_of("Offer"), "f"),
        ],
        goal=twice(),
    )


def days_of(journey: Journey, persona: Persona) -> list[tuple[str, str, date]]:
    version = live_version_of(journey.pk)
    assert version is not None
    setting = setting_of(version, START, START)
    titles = {
        step_id: setting.messages[each.message_version].title
        for step_id, each in version.program.steps.items()
        if hasattr(each, "message_version")
    }
    return [
        (each.what, titles.get(each.step, each.detail), each.at.astimezone(TOKYO).date())
        for each in sorted(live_as(persona, setting), key=lambda each: (each.at, each.what == "finished"))
        if each.what in {"sent", "stopped", "finished", "left"}
    ]


def test_a_persona_that_never_clicks_gets_the_other_way(time: Time) -> None:
    assert days_of(listening(), Persona(START, clicks=NEVER)) == [
        ("sent", "Hello", date(2026, 11, 22)),
        ("sent", "Again", date(2026, 11, 25)),
        ("sent", "Offer", date(2026, 12, 2)),
        ("finished", "", date(2026, 12, 2)),
    ]


def test_a_persona_that_clicks_goes_on_at_once(time: Time) -> None:
    for clicks, day in ((ALWAYS, None), (ON_DAY, 0)):
        told = days_of(listening(), Persona(START, clicks=clicks, clicks_on=day))
        assert told[1] == ("sent", "Thanks", date(2026, 11, 22))
        Journey.objects.all().delete()


def test_a_persona_that_buys_or_unsubscribes_gets_no_offer(time: Time) -> None:
    journey = listening()
    bought = days_of(journey, Persona(START, buys=((8, "regular"), (9, "trial"))))
    assert bought[-1] == ("finished", "goal_reached", date(2026, 12, 2))
    left = days_of(journey, Persona(START, unsubscribes_on=8))
    assert ("stopped", "Offer", date(2026, 12, 2)) in left


def test_a_persona_rises_by_what_it_buys_also_from_where_a_step_put_it(time: Time) -> None:
    """They wait to come to a stage, are put lower, and come there again by the next purchase."""

    def listens(place: int) -> dict[str, Any]:
        existing = [{"field": "to", "op": "eq", "value": "4"}]
        came, late = [send(message_of(f"{place} {what}"), f"{place} {what}") for what in ("came", "late")]
        way = {"event": "stage.entered", "message": None, "where": existing, "keyed": False, "name": "", "then": [came]}
        return step(
            "wait_first", {"paths": [way], "amount": 20, "unit": "days", "otherwise": [late]}, f"{place} listens"
        )

    lowers = step("stage", {"stage": "3", "reason": "again"}, "lowers")
    journey = live_journey([listens(1), lowers, listens(2)])
    assert days_of(journey, Persona(START, buys=((2, "regular"), (8, "regular")))) == [
        ("sent", "1 came", date(2026, 11, 24)),
        ("sent", "2 came", date(2026, 11, 30)),
        ("finished", "", date(2026, 11, 30)),
    ]
    assert days_of(journey, Persona(START))[0] == ("sent", "1 late", date(2026, 12, 12))


def test_a_persona_has_the_attributes_that_are_answered(time: Time) -> None:
    AttributeDefinition.objects.create(key="skin", type="text", label="Skin")
    dry = {"all": [{"fact": "contact.attribute", "args": {"key": "skin"}, "op": "eq", "value": "dry"}]}
    then, otherwise = send(message_of("Dry"), "a"), send(message_of("Other"), "b")
    journey = live_journey([step("branch", {"when": dry, "then": [then], "otherwise": [otherwise]}, "c")])
    assert days_of(journey, Persona(START, attributes={"skin": "dry"}))[0][1] == "Dry"
    assert days_of(journey, Persona(START))[0][1] == "Other"
    where = f"/admin/journeys/persona/{journey.pk}/"
    browser = owner_client()
    assert "Skin" in browser.get(where).content.decode()
    page = browser.get(where, {"clicks": "never", "buys": "regular", "attribute_skin": "dry"}).content.decode()
    assert "Send “Dry”: goes out by Mail." in page
    wrong = browser.get(where, {"clicks": "day", "buys": "regular", "unsubscribes_on": "-1"}).content.decode()
    assert "Say on which day." in wrong

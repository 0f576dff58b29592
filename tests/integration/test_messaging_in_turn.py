"""Several letters on one connection: what happens to one does not happen to those behind it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from jouren.contacts.models import Contact
from jouren.messaging.ledger import Ledger
from jouren.messaging.models import Delivery, RelaySettings
from jouren.messaging.sender import LaneSender
from jouren.messaging.vocabulary import Lane, State
from tests.backoffice import owner_client
from tests.messages import published, reader
from tests.sending import events_of, plan, refuse, run
from tests.smtp_server import HANG_UP, SAY_NOTHING, ScriptedServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def one_line() -> RelaySettings:
    """Each lane has one connection, which takes five letters at a time."""
    return RelaySettings.objects.create(connections=3, letters=5)


def people(count: int) -> list[Contact]:
    return [reader(f"p{number}@example.jp") for number in range(count)]


def states() -> list[tuple[int, int, int]]:
    return list(Delivery.objects.order_by("pk").values_list("state", "attempts", "uncertain"))


@pytest.mark.parametrize("pipelining", [True, False])
def test_what_one_letter_meets_harms_none_behind_it(
    server: ScriptedServer, sender: Callable[..., LaneSender], one_line: RelaySettings, pipelining: bool
) -> None:
    server.offers_pipelining = pipelining
    answers = {
        ("RCPT", "p1@example.jp"): b"450 4.2.0 greylisted",
        ("RCPT", "p2@example.jp"): b"550 5.1.1 User unknown",
        (".", "p3@example.jp"): b"554 5.7.1 spam",
        ("DATA", "p5@example.jp"): b"451 later",
    }
    server.script = lambda command, argument: answers.get((command, argument))
    plan(published(), *people(7))
    working = sender()
    run(working)
    assert states() == [
        (State.SENT, 1, 0),
        (State.PLANNED, 1, 0),
        (State.FAILED, 1, 0),
        (State.FAILED, 1, 0),
        (State.SENT, 1, 0),
        (State.PLANNED, 1, 0),
        (State.SENT, 1, 0),
    ]
    assert server.recipients == ["p0@example.jp", "p4@example.jp", "p6@example.jp"]
    assert sum(command.upper().startswith("EHLO") for command in server.commands) == 1
    assert working.rounds <= 6


@pytest.mark.parametrize(
    ("verb", "answer", "fate"),
    [
        (".", HANG_UP, (State.UNKNOWN, 1, 1)),
        ("RCPT", HANG_UP, (State.PLANNED, 1, 0)),
        ("MAIL", b"421 4.7.0 too many messages in this session", (State.PLANNED, 1, 0)),
        (".", b"421 4.3.2 shutting down", (State.PLANNED, 1, 0)),
    ],
)
def test_a_line_that_breaks_leaves_those_behind_as_they_were(
    server: ScriptedServer,
    sender: Callable[..., LaneSender],
    one_line: RelaySettings,
    verb: str,
    answer: bytes,
    fate: tuple[int, int, int],
) -> None:
    seen: list[str] = []

    def second(command: str, argument: str) -> bytes | None:
        seen.append(command)
        return answer if command == verb and seen.count(command) == 2 else None

    server.script = second
    contacts = people(5)
    plan(published(), *contacts)
    working = sender()
    recorded: list[list[tuple[int, int, int]]] = []

    def broke() -> bool:
        recorded.append(states())
        return recorded[-1][1] == fate

    run(working, until=broke)
    # The others were not begun: nothing of them was sent, and no try is counted. Some may be on their way again.
    assert recorded[-1][0] == (State.SENT, 1, 0)
    assert set(recorded[-1][2:]) <= {(State.PLANNED, 0, 0), (State.ATTEMPTING, 1, 0)}
    run(working)
    assert [states()[place] for place in (0, 2, 3, 4)] == [(State.SENT, 1, 0)] * 4
    assert states()[1] == fate
    # A letter that was taken in full before the line broke is not sent again.
    took_it = fate[0] == State.UNKNOWN
    assert sorted(server.recipients) == [f"p{n}@example.jp" for n in range(5) if n != 1 or took_it]
    assert [events_of(contact) for contact in contacts[2:]] == [["message.sent"]] * 3


def test_a_letter_that_hangs_lets_those_behind_it_go_by_another_line(
    server: ScriptedServer, sender: Callable[..., LaneSender], one_line: RelaySettings
) -> None:
    server.script = refuse("RCPT", "p0@example.jp", SAY_NOTHING)
    plan(published(), *people(3))
    working = sender()
    run(working, until=lambda: [state for state, *_ in states()] == [State.ATTEMPTING] * 3)
    for line in working._transport._connections.values():  # type: ignore[union-attr]
        line.deadline = 0.0
    run(working)
    assert states() == [(State.PLANNED, 1, 0), (State.SENT, 1, 0), (State.SENT, 1, 0)]


def test_a_round_that_cannot_be_written_down_counts_nothing_twice(
    server: ScriptedServer,
    sender: Callable[..., LaneSender],
    one_line: RelaySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.script = refuse(".", "p0@example.jp", HANG_UP)
    plan(published(), *people(3))
    working = sender()
    working.tick()
    assert len(working._finished) == 3
    write, failures = Ledger.write, [RuntimeError("no"), RuntimeError("no")]

    def fail(ledger: Ledger) -> None:
        if failures:
            raise failures.pop()
        write(ledger)

    monkeypatch.setattr(Ledger, "write", fail)
    for _time in range(2):
        with pytest.raises(RuntimeError):
            working.tick()
    run(working)
    assert states() == [(State.UNKNOWN, 1, 1), (State.SENT, 1, 0), (State.SENT, 1, 0)]


def test_letters_are_spread_over_the_connections_that_are_open(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    RelaySettings.objects.create(connections=20, letters=5)
    plan(published(), *people(12))
    working = sender()
    run(working)
    places = working._transport.ready(12, 2, 5)  # type: ignore[union-attr]
    assert len(places) == 10
    assert len(set(places[:2])) == 2
    assert places[::2] == places[:1] * 5


def test_a_running_sender_takes_up_changed_settings(
    server: ScriptedServer, sender: Callable[..., LaneSender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jouren.messaging.sender._SETTINGS_SECONDS", -1.0)
    relay = RelaySettings.objects.create(connections=100, letters=1)
    working = sender(Lane.BROADCAST)
    working.tick()
    assert len(working._slots.held) == 40  # type: ignore[union-attr]
    relay.connections, relay.letters = 4, 20
    relay.save()
    plan(published(), *people(30), lane=Lane.BROADCAST)
    working.tick()
    assert working._slots.held == [2]  # type: ignore[union-attr]
    run(working)
    assert len(server.letters) == 30
    assert sum(command.upper().startswith("EHLO") for command in server.commands) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"connections": 2}, "connections"),
        ({"connections": 1001}, "connections"),
        ({"letters": 0}, "letters"),
        ({"letters": 21}, "letters"),
        ({"letters": 2}, "letters"),
        ({"connections": 101}, "letters"),
        ({"max_in_flight": 2}, "max_in_flight"),
    ],
)
def test_settings_that_break_the_bound_are_refused(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RelaySettings(**changed).full_clean()
    assert field in refused.value.message_dict
    RelaySettings(connections=5, letters=20).full_clean()
    RelaySettings(connections=100, letters=20, max_in_flight=2000).full_clean()


def test_the_settings_screen_says_what_they_come_to_and_why_it_refuses() -> None:
    browser = owner_client()
    url = browser.get("/admin/settings/messaging/relaysettings/", follow=True).redirect_chain[-1][0]
    fields = {"connections": "4", "letters": "20", "max_in_flight": "100", "per_second": ""}
    assert browser.post(url, fields).status_code == 302
    page = browser.get(url).content.decode()
    assert "4 connections × 20 = 80 messages" in page
    assert "1 serve confirmations, 1 journeys and 2 broadcasts" in page
    answer = browser.post(url, fields | {"connections": "40"})
    (why,) = answer.context["form"].errors["letters"]
    assert why.startswith("40 connections with 20 messages each are 800 messages, and 100 are allowed.")
    assert "4 connections × 20 = 80 messages" in answer.content.decode()
    assert browser.post(url, fields | {"connections": "40", "max_in_flight": "800"}).status_code == 302
    assert RelaySettings.load().in_flight == 800
    for wrong in ("", "many", "-1", "1.5", "99999999999"):
        answer = browser.post(url, fields | {"letters": wrong})
        assert answer.status_code == 200
        assert "letters" in answer.context["form"].errors


def test_a_sender_that_ends_waits_for_the_letter_in_hand_and_begins_none_behind_it(
    server: ScriptedServer,
    sender: Callable[..., LaneSender],
    one_line: RelaySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ending = Event()
    server.script = lambda command, argument: None if command != "." or ending.wait(30) else HANG_UP
    plan(published(), *people(4))
    working = sender()
    run(working, until=lambda: [state for state, *_ in states()] == [State.ATTEMPTING] * 4)
    recall = working._transport.recall  # type: ignore[union-attr]
    monkeypatch.setattr(working._transport, "recall", lambda: (recall(), ending.set()))
    working.close()
    assert states() == [(State.SENT, 1, 0), *[(State.PLANNED, 0, 0)] * 3]
    assert server.recipients == ["p0@example.jp"]


def test_a_sender_that_ends_leaves_a_letter_that_hangs_to_whoever_comes_next(
    server: ScriptedServer,
    sender: Callable[..., LaneSender],
    one_line: RelaySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jouren.messaging.sender._LAST_SECONDS", 0.05)
    server.script = refuse(".", "p0@example.jp", SAY_NOTHING)
    plan(published(), *people(3))
    working = sender()
    run(working, until=lambda: [state for state, *_ in states()] == [State.ATTEMPTING] * 3)
    working.close()
    assert states() == [(State.ATTEMPTING, 1, 0), *[(State.PLANNED, 0, 0)] * 2]
    assert working._slots.held  # type: ignore[union-attr]
    working._slots.release()  # type: ignore[union-attr] # as the end of the process does
    run(sender(), until=lambda: states()[0] == (State.UNKNOWN, 1, 1))

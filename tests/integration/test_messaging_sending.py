"""The sender against a real mail server that obeys the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from django.db import connection

from jouren.contacts.actions.consent import withdraw_all_consent
from jouren.contacts.models import Suppression
from jouren.core import clock
from jouren.core.config import SmtpAddress
from jouren.messaging.actions import cancel_run, send_transactional
from jouren.messaging.channels.email import connection as connection_module
from jouren.messaging.defaults import ensure_default_messages
from jouren.messaging.models import Delivery, DomainLimit, RelaySettings
from jouren.messaging.preview import TestNotSent, send_test
from jouren.messaging.queries import is_sending, next_due
from jouren.messaging.sender import LaneSender
from jouren.messaging.slots import LOCK_CLASS, slots_of
from jouren.messaging.tracking import make_token, parse_token
from jouren.messaging.vocabulary import Lane, State
from tests.messages import draft, make_shop, published, reader
from tests.sending import events_of, plan, refuse, run
from tests.smtp_server import HANG_UP, SAY_NOTHING, ScriptedServer, text_of

pytestmark = pytest.mark.django_db


def test_a_due_delivery_arrives_and_is_recorded(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    version = published(("button", {"text": "見る", "url": "https://example.jp/a"}), subject="{{ contact.name }}へ")
    contact = reader("hanako@example.jp", family_name="山田", given_name="花子")
    (delivery,) = plan(version, contact)
    run(sender())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.slot, delivery.error) == (State.SENT, 1, None, "")
    assert delivery.sent_at is not None
    mail = server.mail_to("hanako@example.jp")
    assert mail["Subject"] == "山田 花子 様へ"
    assert mail["Message-ID"] == f"<{delivery.message_id}>"
    token = make_token(delivery.pk)
    assert f"/c/{token}/0" in text_of(mail, "html")
    assert f"/o/{token}.gif" in text_of(mail, "html")
    assert f"/u/{token}>" in mail["List-Unsubscribe"]
    assert events_of(contact) == ["message.sent"]


def test_nothing_goes_early(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    due_at = clock.now() + timedelta(hours=1)
    plan(published(), reader("a@example.jp"), due_at=due_at)
    run(sender())
    assert server.letters == []
    assert next_due() == due_at
    assert not is_sending()


def test_a_lane_minds_its_own_deliveries(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    version = published()
    plan(version, reader("b@example.jp"), lane=Lane.BROADCAST)
    plan(version, reader("t@example.jp"), lane=Lane.TRIGGERED)
    assert is_sending()
    run(sender(Lane.TRIGGERED))
    assert server.recipients == ["t@example.jp"]


def test_the_gate_is_asked_again_when_sending(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    version = published()
    stays, leaves = reader("stays@example.jp"), reader("leaves@example.jp")
    _kept, gone = plan(version, stays, leaves)
    withdraw_all_consent(leaves.pk, "email", via="link")
    run(sender())
    gone.refresh_from_db()
    assert gone.state == State.SUPPRESSED
    assert gone.reason
    assert events_of(leaves) == ["message.withheld"]
    assert server.recipients == ["stays@example.jp"]


def test_a_cancelled_run_stops_what_was_planned(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    (delivery,) = plan(published(), reader("a@example.jp"))
    cancel_run(delivery.run_id)
    run(sender())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == (State.SUPPRESSED, "cancelled")
    assert server.letters == []


@pytest.mark.parametrize(("pipelining", "asks_anyway"), [(True, False), (True, True), (False, False)])
def test_one_bad_recipient_harms_nobody_else(
    server: ScriptedServer, sender: Callable[..., LaneSender], pipelining: bool, asks_anyway: bool
) -> None:
    server.offers_pipelining, server.asks_for_data_anyway = pipelining, asks_anyway
    server.script = refuse("RCPT", "bad@example.jp", b"550 5.7.1 we do not like you")
    contacts = [reader(f"{name}@example.jp") for name in ("a", "bad", "b", "c", "d", "e", "f", "g", "h", "i", "j")]
    deliveries = plan(published(), *contacts)
    run(sender())
    assert sorted(server.recipients) == sorted(f"{name}@example.jp" for name in "abcdefghij")
    bad = Delivery.objects.get(pk=deliveries[1].pk)
    assert (bad.state, bad.error) == (State.FAILED, "550 5.7.1 we do not like you")
    assert Delivery.objects.filter(state=State.SENT).count() == 10
    assert not Suppression.objects.exists()
    assert events_of(contacts[1]) == ["message.failed"]


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("verb", ["MAIL", "DATA", "."])
def test_a_connection_goes_on_after_a_refusal(
    server: ScriptedServer, sender: Callable[..., LaneSender], pipelining: bool, verb: str
) -> None:
    server.offers_pipelining = pipelining
    RelaySettings.objects.create(connections=3)
    refused: list[str] = []

    def once(command: str, argument: str) -> bytes | None:
        if command == verb and not refused:
            refused.append(argument)
            return b"554 no"
        return None

    server.script = once
    plan(published(), *[reader(f"r{n}@example.jp") for n in range(3)])
    run(sender())
    states = sorted(Delivery.objects.values_list("state", flat=True))
    assert states == [State.SENT, State.SENT, State.FAILED]
    assert len(server.letters) == 2


def test_a_dead_address_is_never_written_to_again(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    server.script = refuse("RCPT", "gone@example.jp", b"550 5.1.1 User unknown")
    version, gone = published(), reader("gone@example.jp")
    plan(version, gone)
    run(sender())
    suppression = Suppression.objects.get()
    assert (suppression.contact_id, suppression.channel, suppression.reason) == (gone.pk, "email", "hard_bounce")
    assert sorted(events_of(gone)) == ["message.bounced", "message.failed"]
    (again,) = plan(version, gone, occurrence=1)
    assert again.reason == "suppressed:hard_bounce"


def test_a_temporary_error_is_tried_again_later(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    server.script = refuse("RCPT", "a@example.jp", b"450 4.2.0 greylisted")
    (delivery,) = plan(published(), reader("a@example.jp"))
    working = sender()
    run(working)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.error) == (State.PLANNED, 1, "450 4.2.0 greylisted")
    assert delivery.reason == "retry"
    wait = (delivery.try_at - clock.now()).total_seconds()
    assert 50 < wait <= 60
    server.script = lambda command, argument: None
    clock.move_to(delivery.try_at)
    run(working)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.SENT, 2)
    assert server.recipients == ["a@example.jp"]


def test_temporary_errors_end_at_last(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    server.script = refuse("RCPT", "a@example.jp", b"451 later")
    contact = reader("a@example.jp")
    (delivery,) = plan(published(), contact)
    Delivery.objects.update(attempts=7)
    run(sender())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.error) == (State.FAILED, 8, "451 later")
    assert events_of(contact) == ["message.failed"]


def test_a_line_that_breaks_before_the_letter_loses_nothing(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    broken: list[str] = []

    def once(command: str, argument: str) -> bytes | None:
        if command == "RCPT" and not broken:
            broken.append(argument)
            return HANG_UP
        return None

    server.script = once
    (delivery,) = plan(published(), reader("a@example.jp"))
    working = sender()
    run(working)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.uncertain) == (State.PLANNED, 0)
    clock.move_to(delivery.try_at)
    run(working)
    delivery.refresh_from_db()
    assert delivery.state == State.SENT
    assert server.recipients == ["a@example.jp"]


def test_a_line_that_breaks_after_the_letter_leaves_it_unknown(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    server.script = refuse(".", "a@example.jp", HANG_UP)
    contact = reader("a@example.jp")
    (delivery,) = plan(published(), contact)
    run(sender())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.uncertain) == (State.UNKNOWN, 1)
    assert server.recipients == ["a@example.jp"]
    assert events_of(contact) == ["message.unknown"]


def test_a_transactional_letter_of_unknown_fate_is_tried_once_more(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    ensure_default_messages()
    server.script = refuse(".", "a@example.jp", HANG_UP)
    contact = reader("a@example.jp", agrees=False)
    sent = send_transactional(
        "registration_confirm", contact.pk, {"confirm_url": "https://x.jp/c?a=1&b=2", "form_title": "お茶"}, 1
    )
    run(sender(Lane.TRANSACTIONAL))
    delivery = Delivery.objects.get(pk=sent.id)
    assert (delivery.state, delivery.attempts, delivery.uncertain) == (State.UNKNOWN, 2, 2)
    assert server.recipients == ["a@example.jp"] * 2
    assert {data.count(delivery.message_id.encode()) for _to, data in server.letters} == {1}


def test_a_confirmation_mail_holds_its_link(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    ensure_default_messages()
    contact = reader("a@example.jp", agrees=False)
    send_transactional(
        "registration_confirm", contact.pk, {"confirm_url": "https://x.jp/c?a=1&b=2", "form_title": "お茶"}, 1
    )
    run(sender(Lane.TRANSACTIONAL))
    mail = server.mail_to("a@example.jp")
    assert "https://x.jp/c?a=1&b=2" in text_of(mail, "plain")
    assert 'href="https://x.jp/c?a=1&amp;b=2"' in text_of(mail, "html")
    assert mail["List-Unsubscribe"] is None


def test_a_missing_variable_fails_that_delivery_only(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    ensure_default_messages()
    for n, context in enumerate(({}, {"confirm_url": "https://x.jp", "form_title": "お茶"})):
        send_transactional("registration_confirm", reader(f"p{n}@example.jp").pk, context, 1)
    run(sender(Lane.TRANSACTIONAL))
    assert server.recipients == ["p1@example.jp"]
    failed = Delivery.objects.get(state=State.FAILED)
    assert "undefined" in failed.error


def test_a_slow_receiver_does_not_hold_up_the_others(
    server: ScriptedServer, sender: Callable[..., LaneSender], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script = refuse("RCPT", "slow@example.jp", SAY_NOTHING)
    contacts = [reader(f"{name}@example.jp") for name in ("slow", *"abcdefghijklmnop")]
    slow, *_others = plan(published(), *contacts)
    working = sender()
    run(working, until=lambda: len(server.letters) == 16)
    slow.refresh_from_db()
    assert slow.state == State.ATTEMPTING
    monkeypatch.setattr(connection_module, "COMMAND_TIMEOUT", 0.0)
    for line in working._transport._connections.values():  # type: ignore[union-attr]
        line.deadline = 0.0
    run(working)
    slow.refresh_from_db()
    assert (slow.state, slow.reason) == (State.PLANNED, "retry")


def test_a_relay_that_is_away_costs_no_attempt(sender: Callable[..., LaneSender], settings: Any) -> None:
    settings.JOUREN = replace(settings.JOUREN, email=SmtpAddress("127.0.0.1", 1))
    (delivery,) = plan(published(), reader("a@example.jp"))
    working = sender()
    for _ in range(5):
        working.tick()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.PLANNED, 0)


def test_what_another_process_left_behind_is_unknown(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    (delivery,) = plan(published(), reader("a@example.jp"))
    Delivery.objects.update(state=State.ATTEMPTING, slot=99, attempts=1, message_id="id")
    run(sender(), until=lambda: Delivery.objects.get().state != State.ATTEMPTING)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.slot) == (State.UNKNOWN, None)
    assert server.letters == []


def test_the_relays_limit_puts_off(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    RelaySettings.objects.create(per_second=2)
    plan(published(), *[reader(f"r{n}@example.jp") for n in range(6)])
    working = sender()
    for _ in range(4):
        working.tick()
    assert len(server.letters) == 2
    assert Delivery.objects.filter(state=State.PLANNED).count() == 4


def test_a_domains_limit_reserves_a_moment_for_each(server: ScriptedServer, sender: Callable[..., LaneSender]) -> None:
    DomainLimit.objects.create(domain="slow.example", per_second=1)
    version = published()
    plan(version, *[reader(f"r{n}@slow.example") for n in range(4)], reader("a@fast.example"))
    working = sender()
    run(working)
    assert sorted(server.recipients) == ["a@fast.example", "r0@slow.example"]
    waiting = list(Delivery.objects.filter(state=State.PLANNED).order_by("try_at"))
    assert [each.reason for each in waiting] == ["rate"] * 3
    assert [(b.try_at - a.try_at).total_seconds() for a, b in pairwise(waiting)] == [1.0, 1.0]
    clock.move_to(waiting[-1].try_at)
    run(working)
    assert len(server.letters) == 5


def test_a_test_mail_goes_to_the_address_asked_for(server: ScriptedServer) -> None:
    make_shop()
    send_test(draft(("button", {"text": "見る", "url": "https://example.jp/a"}), subject="件名"), "me@example.jp")
    mail = server.mail_to("me@example.jp")
    assert mail["Subject"].endswith(" 件名")
    assert 'href="https://example.jp/a"' in text_of(mail, "html")
    assert mail["List-Unsubscribe"] is None
    assert parse_token("preview") is None
    assert not Delivery.objects.exists()


def test_a_test_mail_that_is_refused_says_so(server: ScriptedServer) -> None:
    make_shop()
    server.script = refuse("RCPT", "me@example.jp", b"550 no")
    with pytest.raises(TestNotSent):
        send_test(draft(), "me@example.jp")


@pytest.mark.django_db(transaction=True)
def test_a_lost_database_session_forgets_nothing_that_was_sent(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    plan(published(), *[reader(f"r{n}@example.jp") for n in range(3)])
    working = sender()
    run(working, until=lambda: len(server.letters) == 3)
    assert Delivery.objects.filter(state=State.ATTEMPTING).count() >= 1
    connection.close()
    run(working)
    assert list(Delivery.objects.values_list("state", flat=True)) == [State.SENT] * 3
    assert len(server.letters) == 3


def test_a_sender_without_a_slot_sends_nothing(
    server: ScriptedServer, sender: Callable[..., LaneSender], monkeypatch: pytest.MonkeyPatch
) -> None:
    (delivery,) = plan(published(), reader("a@example.jp"))
    other = psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor, "context": None})
    with other:
        for slot in slots_of(Lane.TRIGGERED, 100):
            other.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, slot])
        working = sender()
        run(working)
        assert server.commands == []
    other.close()
    monkeypatch.setattr("jouren.messaging.slots._LOOK_SECONDS", 0.0)
    working._slots._look_at = 0.0  # type: ignore[union-attr]
    run(working)
    delivery.refresh_from_db()
    assert delivery.state == State.SENT

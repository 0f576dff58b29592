"""Replies: found in the shop's mailbox, each counted once, the mailbox left as it was."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from django.conf import settings as django_settings

from jouren.contacts.actions import erase_contact, merge_contacts
from jouren.contacts.queries import alias_ids
from jouren.core import clock
from jouren.core.checkup import Finding, examine
from jouren.core.config import ImapAddress
from jouren.core.imap import encode_folder
from jouren.events.queries import events_of
from jouren.events.types import Event
from jouren.messaging import replies
from jouren.messaging.models import Delivery, RelayTrouble, ReplyMailbox
from jouren.messaging.replies import are_replies_known, look, make_tick
from jouren.messaging.tracking import make_token
from jouren.messaging.vocabulary import State
from tests.backoffice import owner_client
from tests.imap_server import HANG_UP, ScriptedMailbox, scripted_mailbox
from tests.messages import published, reader
from tests.reacting import react_to_all
from tests.sending import plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings: Any) -> Iterator[ScriptedMailbox]:
    with scripted_mailbox() as server:
        settings.JOUREN = replace(settings.JOUREN, replies=server.address)
        yield server


@pytest.fixture
def delivery() -> Delivery:
    return sent("hana@example.jp")


def sent(email: str) -> Delivery:
    (delivery,) = plan(published(), reader(email))
    delivery.state, delivery.sent_at = State.SENT, clock.now() - timedelta(days=3)
    delivery.save()
    return delivery


def answer(delivery: Delivery, number: int = 1, *lines: str, sender: str = "hana@example.jp") -> str:
    told = [f"From: <{sender}>", f"Message-ID: <r{number}@phone.example>"]
    return "\n".join([*told, f"In-Reply-To: <{make_token(delivery.pk)}@mail.example.jp>", *lines, "", "秘密のはなし"])


def look_again() -> bool:
    return look(django_settings.JOUREN.replies, at_once=True)


def told(delivery: Delivery) -> list[Event]:
    return list(reversed(events_of([delivery.contact_id], types=["message.replied"])))


def test_a_reply_is_told_about_its_delivery_with_the_time_it_came(mailbox: ScriptedMailbox, delivery: Delivery) -> None:
    came = (datetime.now(UTC) - timedelta(hours=5)).replace(microsecond=0)
    mailbox.put(answer(delivery), arrived_at=came)
    assert look_again() is False
    (event,) = told(delivery)
    assert event.payload == {
        "delivery": delivery.pk,
        "message": delivery.message_version.message_id,
        "title": "お知らせ",
    }
    assert event.occurred_at == came
    react_to_all()
    delivery.refresh_from_db()
    assert (delivery.first_replied_at, delivery.first_opened_at, delivery.first_clicked_at) == (came, came, None)


def test_the_mailbox_is_only_looked_at_and_only_heads_are_asked_for(
    mailbox: ScriptedMailbox, delivery: Delivery
) -> None:
    mailbox.put(answer(delivery))
    look_again()
    verbs = [line.upper().removeprefix("UID ").partition(" ")[0] for line in mailbox.commands]
    assert verbs == ["CAPABILITY", "LOGIN", "EXAMINE", "SEARCH", "FETCH", "LOGOUT"]
    (fetch,) = mailbox.asked("FETCH")
    assert "BODY.PEEK[HEADER.FIELDS (" in fetch
    assert "]<0.16384>)" in fetch
    assert "RFC822" not in fetch


def test_a_reply_counts_once_however_often_it_is_read(mailbox: ScriptedMailbox, delivery: Delivery) -> None:
    mailbox.put(answer(delivery))
    look_again()
    look_again()
    mailbox.uid_validity += 1  # the server has numbered everything anew
    look_again()
    mailbox.put(answer(delivery))  # somebody has copied it into the folder once more
    look_again()
    assert len(told(delivery)) == 1
    mailbox.put(answer(delivery, 2))
    look_again()
    assert len(told(delivery)) == 2


def test_only_what_is_new_is_read(mailbox: ScriptedMailbox, delivery: Delivery) -> None:
    mailbox.put("From: a@example.jp\n\n", uid=10)
    look_again()
    look_again()
    mailbox.put(answer(delivery), uid=15)
    look_again()
    assert [line.split()[2] for line in mailbox.asked("FETCH")] == ["10", "15"]
    assert [line for line in mailbox.asked("SEARCH") if "SINCE" not in line] == ["UID SEARCH UID 11:*"] * 2
    assert ReplyMailbox.objects.get().last_uid == 15


def test_it_begins_with_the_mails_of_a_week(mailbox: ScriptedMailbox, delivery: Delivery) -> None:
    other = sent("taro@example.jp")
    mailbox.put(answer(other), arrived_at=datetime.now(UTC) - timedelta(days=9))
    mailbox.put(answer(delivery, 2), arrived_at=datetime.now(UTC) - timedelta(days=6))
    look_again()
    assert (len(told(other)), len(told(delivery))) == (0, 1)


@pytest.mark.parametrize("tells_uid_next", [True, False])
def test_old_mails_of_a_quiet_mailbox_stay_unread(
    mailbox: ScriptedMailbox, delivery: Delivery, *, tells_uid_next: bool
) -> None:
    mailbox.tells_uid_next = tells_uid_next
    mailbox.put(answer(delivery), uid=40, arrived_at=datetime.now(UTC) - timedelta(days=30))
    look_again()
    look_again()
    assert (mailbox.asked("FETCH"), ReplyMailbox.objects.get().last_uid) == ([], 40)


def test_many_mails_are_read_in_rounds(
    mailbox: ScriptedMailbox, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_new = replies.read_new
    monkeypatch.setattr(replies, "read_new", lambda *told: read_new(*told, most=2))
    for number in range(5):
        mailbox.put(answer(delivery, number))
    tick = make_tick()
    assert [tick(), tick(), tick(), tick()] == [True, True, False, False]
    assert len(told(delivery)) == 5


def test_it_looks_once_a_minute_whoever_looks(mailbox: ScriptedMailbox, delivery: Delivery) -> None:
    look_again()
    mailbox.put(answer(delivery))
    assert look(mailbox.address) is False
    assert told(delivery) == []
    ReplyMailbox.objects.update(next_at="2020-01-01T00:00Z")
    look(mailbox.address)
    assert len(told(delivery)) == 1


@pytest.mark.django_db(transaction=True)
def test_one_worker_reads_at_a_time(mailbox: ScriptedMailbox) -> None:
    from django.db import connections

    from jouren.messaging.replies import _name_of

    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(7406020, hashtext(%s))", [_name_of(mailbox.address)])
            look_again()
            assert mailbox.commands == []
            cursor.execute("SELECT pg_advisory_unlock(7406020, hashtext(%s))", [_name_of(mailbox.address)])
    finally:
        other.close()
    look_again()
    assert mailbox.asked("EXAMINE") == ['EXAMINE "INBOX"']


def test_machines_the_shop_and_strangers_do_not_count(mailbox: ScriptedMailbox, delivery: Delivery) -> None:
    mailbox.put(answer(delivery, 1, "Auto-Submitted: auto-replied"))
    mailbox.put(answer(delivery, 2, sender="Shop@example.jp"))
    mailbox.put(answer(delivery, 3, sender="help@example.jp"))
    mailbox.put(answer(delivery, 4).replace(make_token(delivery.pk), make_token(delivery.pk + 1)))
    mailbox.put(answer(delivery, 5).replace(make_token(delivery.pk), "AAAAAAAAAAAAAAA"))
    mailbox.put(b"\xff\xfe\x00\r\n: \r\nIn-Reply-To\r\n" + b"x" * 300_000)
    look_again()
    assert told(delivery) == []
    assert ReplyMailbox.objects.get().last_uid == 6


def test_a_merged_persons_reply_is_that_of_whom_they_became(mailbox: ScriptedMailbox, delivery: Delivery) -> None:
    kept = reader("second@example.jp")
    merge_contacts(kept.pk, delivery.contact_id)
    mailbox.put(answer(delivery))
    look_again()
    assert len(events_of(alias_ids(kept.pk), types=["message.replied"])) == 1
    react_to_all()
    delivery.refresh_from_db()
    assert delivery.first_replied_at is not None


def test_who_was_erased_replies_no_more(mailbox: ScriptedMailbox, delivery: Delivery) -> None:
    erase_contact(delivery.contact_id)
    mailbox.put(answer(delivery))
    look_again()
    assert told(delivery) == []


def test_a_reply_never_comes_before_its_message_nor_in_the_future(mailbox: ScriptedMailbox, delivery: Delivery) -> None:
    mailbox.put(answer(delivery, 1), arrived_at=datetime.now(UTC) - timedelta(days=6))
    mailbox.put(answer(delivery, 2), arrived_at=datetime.now(UTC) + timedelta(days=6))
    look_again()
    early, late = told(delivery)
    assert early.occurred_at == delivery.sent_at
    assert late.occurred_at <= clock.now()


def test_without_a_mailbox_nothing_is_asked(settings: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert make_tick()() is False


def test_replies_are_known_once_a_mailbox_is_set_or_somebody_told_of_one(settings: Any, delivery: Delivery) -> None:
    assert are_replies_known() is False
    Delivery.objects.update(first_replied_at=clock.now())
    assert are_replies_known() is True
    Delivery.objects.update(first_replied_at=None)
    settings.JOUREN = replace(settings.JOUREN, replies=ImapAddress("localhost", 1, "a", "b"))
    assert are_replies_known() is True


# What hinders


def doctor() -> Finding:
    return next(each for each in examine(django_settings.JOUREN) if each.text.startswith("Replies"))


def kind_of_trouble(mailbox: ScriptedMailbox) -> str:
    assert look_again() is False
    return RelayTrouble.objects.get(channel="replies").kind


def test_a_wrong_password_stands_on_the_first_screen_until_it_is_right(
    mailbox: ScriptedMailbox, delivery: Delivery, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good, mailbox.password = mailbox.password, "another"
    mailbox.put(answer(delivery))
    assert kind_of_trouble(mailbox) == "password"
    browser = owner_client()
    page = browser.get("/admin/").content.decode()
    assert "Replies are not counted. The mailbox does not accept the user name and password." in page
    assert "[AUTHENTICATIONFAILED] no such login" in page
    found = doctor()
    assert (found.level, "JOUREN_REPLIES_URL" in found.mend) == ("error", True)
    assert good not in caplog.text + page + found.text
    tick = make_tick()
    tick()
    tick()  # waits, so that the account is not locked
    assert len(mailbox.asked("LOGIN")) == 3
    mailbox.password = good
    look_again()
    assert "Replies are not counted" not in browser.get("/admin/").content.decode()
    assert doctor() == Finding("ok", f"Replies are read from the folder INBOX of 127.0.0.1:{mailbox.port}.")
    assert len(told(delivery)) == 1


def test_a_server_that_repeats_the_password_gets_it_into_no_log_and_onto_no_screen(
    mailbox: ScriptedMailbox, caplog: pytest.LogCaptureFixture
) -> None:
    secret = mailbox.password
    mailbox.script = lambda command, line: f"TAG NO not {secret}\r\n".encode() if command == "LOGIN" else None
    kind_of_trouble(mailbox)
    assert RelayTrouble.objects.get().detail == "not …"
    assert secret not in caplog.text + repr(django_settings.JOUREN)


@pytest.mark.parametrize(
    ("command", "scripted", "kind"),
    [
        ("LOGIN", b"TAG NO [UNAVAILABLE] later\r\n", "password"),
        ("LOGIN", HANG_UP, "unreachable"),
        ("EXAMINE", b"TAG NO no such folder\r\n", "folder"),
        ("EXAMINE", b"* 0 EXISTS\r\nTAG OK open\r\n", "refused"),
        ("CAPABILITY", b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK done\r\n", "no_login"),
        ("CAPABILITY", b"220 mail.example.jp ESMTP\r\n", "unreachable"),
        ("SEARCH", b"TAG BAD what\r\n", "refused"),
        ("SEARCH", HANG_UP, "unreachable"),
        ("FETCH", b"TAG NO broken\r\n", "refused"),
        ("FETCH", b"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (FROM)]<0> {70}\r\nFrom" + HANG_UP, "unreachable"),
    ],
)
def test_whatever_hinders_is_told_and_nothing_is_passed_over(
    mailbox: ScriptedMailbox, delivery: Delivery, command: str, scripted: bytes, kind: str
) -> None:
    mailbox.put(answer(delivery))
    mailbox.script = lambda asked, line: scripted if asked == command else None
    assert kind_of_trouble(mailbox) == kind
    mailbox.script = lambda asked, line: None
    look_again()
    assert len(told(delivery)) == 1
    assert not RelayTrouble.objects.exists()


@pytest.mark.parametrize(
    "answered",
    [
        b"* SEARCH 1 x 99999999999 -4 0 1 1\r\nTAG OK done\r\n",
        b"* SEARCH\r\n* SEARCH 1\r\nTAG OK done\r\n",
    ],
)
def test_odd_lists_of_mails_are_borne(mailbox: ScriptedMailbox, delivery: Delivery, answered: bytes) -> None:
    mailbox.put(answer(delivery))
    mailbox.script = lambda command, line: answered if command == "SEARCH" else None
    look_again()
    assert len(told(delivery)) == 1


def test_what_is_told_of_a_mail_may_stand_behind_its_head(mailbox: ScriptedMailbox, delivery: Delivery) -> None:
    head = answer(delivery).partition("\n\n")[0].replace("\n", "\r\n").encode() + b"\r\n\r\n"
    told_so = b"* 1 FETCH (FLAGS ())\r\n* 1 FETCH (BODY[HEADER.FIELDS (FROM)]<0> {%d}\r\n%s" % (len(head), head)
    mailbox.put(answer(delivery))
    mailbox.script = lambda command, line: (
        told_so + b' UID 1 INTERNALDATE "99-Foo-2026 nonsense")\r\n* 9 FETCH (UID 9 BODY[] NIL)\r\nTAG OK done\r\n'
        if command == "FETCH"
        else None
    )
    look_again()
    assert len(told(delivery)) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_line_is_encrypted_as_asked(
    security: str, settings: Any, delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with scripted_mailbox(context, security) as server:
        settings.JOUREN = replace(settings.JOUREN, replies=server.address)
        server.capabilities = "IMAP4rev1 STARTTLS"
        server.put(answer(delivery))
        assert kind_of_trouble(server) == "certificate"
        assert server.asked("LOGIN") == []
        authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        look_again()
    assert len(told(delivery)) == 1


def test_without_encryption_that_was_asked_for_nobody_logs_in(mailbox: ScriptedMailbox, settings: Any) -> None:
    settings.JOUREN = replace(settings.JOUREN, replies=replace(mailbox.address, security="starttls"))
    assert kind_of_trouble(mailbox) == "no_tls"
    assert mailbox.asked("LOGIN") == []


def test_passwords_and_folders_may_be_japanese(mailbox: ScriptedMailbox, settings: Any, delivery: Delivery) -> None:
    mailbox.capabilities = "IMAP4rev1 AUTH=PLAIN"
    mailbox.folder = encode_folder("受信箱/返信 & more")
    assert mailbox.folder == "&U9dP4Xux-/&j9RP4Q- &- more"
    mailbox.password = "ひみつ"
    address = replace(mailbox.address, folder="受信箱/返信 & more")
    settings.JOUREN = replace(settings.JOUREN, replies=address)
    mailbox.put(answer(delivery))
    look_again()
    assert len(told(delivery)) == 1

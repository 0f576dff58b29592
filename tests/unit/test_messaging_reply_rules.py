"""Which mails count as replies: by their threads, their senders, and the tells of machines."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jouren.messaging.reply_rules import (
    delivery_of_message_id,
    is_automatic,
    message_ids,
    read_headers,
    read_reply,
    reply_key,
    sender_of,
)
from jouren.messaging.tracking import make_token

OURS = f"<{make_token(71)}@mail.example.jp>"
OTHER = f"<{make_token(72)}@mail.example.jp>"
OWN = frozenset({"shop@example.jp"})


def head(*lines: str, sender: str = "花子 <Hana@example.jp>", answers: str = OURS) -> bytes:
    told = [f"From: {sender}", "Message-ID: <r1@phone.example>", f"In-Reply-To: {answers}", *lines]
    return "\r\n".join([*told, "", "Dear shop,"]).encode()


def test_an_answer_to_one_of_our_messages_is_a_reply_to_its_delivery() -> None:
    reply = read_reply(head("Subject: Re: =?utf-8?b?44GK55+l44KJ44Gb?="), OWN)
    assert reply is not None
    assert reply.delivery_id == 71


@pytest.mark.parametrize(
    ("lines", "delivery_id"),
    [
        ([f"In-Reply-To: {OURS}", f"References: {OTHER}"], 71),  # what is answered itself
        ([f"References: {OTHER} <a@b> {OURS} <c@d>"], 71),  # else the nearest in the thread
        (["In-Reply-To: <a@b>", f"References: {OURS}\r\n <a@b>"], 71),  # an answer to an answer
        ([f"in-reply-to:{OURS.strip('<>')}"], 71),  # some leave the brackets out
        ([f"In-Reply-To: Message of today {OURS}"], 71),
        (["In-Reply-To: <a@b>"], None),
        ([], None),
        ([f"In-Reply-To: <{make_token(71)[:-1]}A@mail.example.jp>"], None),  # not signed here
        (["In-Reply-To: <71@mail.example.jp>"], None),
    ],
)
def test_the_message_that_is_answered_is_the_nearest_of_ours_in_the_thread(
    lines: list[str], delivery_id: int | None
) -> None:
    reply = read_reply("\r\n".join(["From: a@example.jp", *lines, "", ""]).encode())
    assert (reply and reply.delivery_id) == delivery_id


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (by a rule)",
        "auto-submitted:Auto-Notified; owner-email=a@example.jp",
        "Precedence: bulk",
        "Precedence: auto_reply",
        "Precedence: List",
        "X-Autoreply: yes",
        "X-Autorespond:",
        "X-Auto-Response-Suppress: All",
        "X-Vacation: yes",
        "X-Failed-Recipients: a@example.jp",
        "List-Id: <friends.example.jp>",
        "Return-Path: <>",
        "Return-Path:",
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="x"',
        "Subject: Automatic reply: News",
        "Subject: =?utf-8?b?6Ieq5YuV6L+U5L+h77ya5LiN5Zyo?=",
        "Subject: 【自動応答】お問い合わせ",
    ],
)
def test_what_a_machine_sent_is_no_reply(line: str) -> None:
    assert read_reply(head(line)) is None


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No (written by hand)",
        "Precedence: normal",
        "X-Autoreply: no",
        "Return-Path: <hana@example.jp>",
        "Content-Type: multipart/alternative; boundary=report",
        "Subject: Re: Automatic reply: News",
        "Subject: =?utf-8?b?broken",
        "Subject: =?no-such-charset?q?a?=",
    ],
)
def test_what_only_resembles_that_is_a_reply(line: str) -> None:
    assert read_reply(head(line)) is not None


@pytest.mark.parametrize(
    "sender",
    [
        "MAILER-DAEMON@example.jp",
        "Mail Delivery <mailer-daemon+x@example.jp>",
        "postmaster@example.jp",
        "no-reply@example.jp",
        "noreply@example.jp",
        "Shop <SHOP@example.jp>",
        '"hana@example.jp" <shop@example.jp>',
        "",
        "nobody",
    ],
)
def test_machines_and_the_shop_itself_do_not_reply(sender: str) -> None:
    assert read_reply(head(sender=sender), OWN) is None


def test_who_bears_the_shops_address_as_a_name_does_reply() -> None:
    assert read_reply(head(sender='"shop@example.jp" <hana@example.jp>'), OWN) is not None
    assert sender_of(read_headers(b'From: "a <x@y>" <Hana@Example.jp>\r\n')) == "hana@example.jp"


def test_a_reply_has_the_same_key_wherever_it_is_read() -> None:
    first = read_reply(head("Date: today"))
    again = read_reply(head("Received: from elsewhere", "Subject: x"))
    other = read_reply(head().replace(b"r1@", b"r2@"))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.key == again.key != other.key


def test_a_reply_without_a_message_id_has_a_key_of_what_else_it_says() -> None:
    bare = read_headers(head("Date: Mon, 1 Jan 2026 00:00:00 +0900").replace(b"Message-ID", b"X-Gone"))
    later = read_headers(head("Date: Mon, 1 Jan 2026 00:00:01 +0900").replace(b"Message-ID", b"X-Gone"))
    assert reply_key(bare) == reply_key(bare) != reply_key(later)


def test_headers_are_unfolded_and_end_with_the_body() -> None:
    read = read_headers(b"A: 1\r\n\t2\r\nnonsense\r\n  more of it\r\nB : 3\r\nA: 4\r\n: x\r\n\r\nC: 5\r\n")
    assert read == {"a": ["1 2", "4"], "b": ["3"]}


def test_a_head_that_has_no_end_is_cut_off() -> None:
    endless = b"From: a@example.jp\r\nReferences: " + b"<x@y> " * 100_000 + OURS.encode()
    assert read_reply(endless) is None
    assert sum(map(len, read_headers(endless)["references"])) < 20_000


@pytest.mark.parametrize("text", ["", "<", "@", "a@b", f"<{OURS}>", "x" * 10_000, "＠", f" {make_token(71)} @x "])
def test_what_is_no_message_id_of_ours_names_no_delivery(text: str) -> None:
    assert delivery_of_message_id(text) in {None, 71}


LINES = st.lists(
    st.tuples(
        st.sampled_from(["From", "In-Reply-To", "References", "Subject", "Auto-Submitted", "Message-ID", "", " x"]),
        st.text(max_size=60) | st.sampled_from([OURS, OURS * 3, "=?utf-8?b?", "=?x?q?=", "<>", "a@b", "\n "]),
    ),
    max_size=8,
)


@given(LINES)
@example([("Subject", "=?utf-8?b?/w==?=")])
def test_no_head_whatsoever_makes_reading_fail(lines: list[tuple[str, str]]) -> None:
    raw = "\r\n".join(f"{name}: {value}" for name, value in lines).encode("utf-8", "surrogatepass")
    reply = read_reply(raw, OWN)
    assert reply is None or reply.delivery_id == 71


@given(st.binary(max_size=400))
def test_no_bytes_whatsoever_make_reading_fail(raw: bytes) -> None:
    assert read_reply(raw) is None
    assert isinstance(is_automatic(read_headers(raw)), bool)
    assert isinstance(message_ids(raw.decode("latin-1")), list)

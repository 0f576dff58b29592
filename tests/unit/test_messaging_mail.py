"""Mail as bytes: what a mail program reads back, and what nobody can smuggle in."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.messaging.channels.base import LetterOrder, Sender
from jouren.messaging.channels.email.writer import EmailWriter, base64_lines, encode_words, mail_address
from jouren.messaging.errors import DeliveryError

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SENDER = Sender("やまだ屋の花子", "shop@example.jp", "reply@example.jp", "https://shop.example")
BODY = {
    "subject": "{{ contact.name }}へのお知らせ",
    "text": "{{ contact.name }}\n.\n.点で始まる行\n{{ unsubscribe_url }}",
    "html": "<p>{{ contact.name }}</p>{{ link_base|safe }}/0",
}


def write(name: str = "山田", *, kind: str = "help", address: str = "a@example.jp", **body: str) -> bytes:
    writer = EmailWriter(SENDER)
    writer.learn(1, BODY | body, kind)
    return writer.write(LetterOrder(1, "id@shop.example", "tok", address, {"contact": {"name": name}}), NOW).data


def read(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body_of(message: EmailMessage, kind: str) -> str:
    part: Any = message.get_body((kind,))
    return str(part.get_content())


def test_a_mail_program_reads_everything_back() -> None:
    message = read(write("山田 花子 様"))
    assert message["Subject"] == "山田 花子 様へのお知らせ"
    assert message["From"].addresses[0].display_name == "やまだ屋の花子"
    assert message["From"].addresses[0].addr_spec == "shop@example.jp"
    assert message["Reply-To"] == "reply@example.jp"
    assert message["To"] == "a@example.jp"
    assert message["Message-ID"] == "<id@shop.example>"
    assert message["Date"].datetime == NOW
    assert message["List-Unsubscribe"] == "<https://shop.example/u/tok>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.get_content_type() == "multipart/alternative"
    assert body_of(message, "plain").splitlines()[:3] == ["山田 花子 様", ".", ".点で始まる行"]
    assert body_of(message, "html") == "<p>山田 花子 様</p>https://shop.example/c/tok/0"
    assert not message.defects


def test_a_transactional_mail_offers_no_unsubscribing() -> None:
    message = read(write(kind="transactional"))
    assert message["List-Unsubscribe"] is None
    assert message["List-Unsubscribe-Post"] is None


@given(st.text(max_size=300))
def test_no_name_breaks_a_mail(name: str) -> None:
    data = write(name)
    assert b"\r\n.\r\n" not in data
    lines = data.split(b"\r\n")
    assert all(len(line) <= 998 and not line.startswith(b".") and b"\n" not in line for line in lines)
    head = data.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert names == [
        b"From",
        b"Reply-To",
        b"MIME-Version",
        b"Content-Type",
        b"To",
        b"Subject",
        b"Date",
        b"Message-ID",
        b"List-Unsubscribe",
        b"List-Unsubscribe-Post",
    ]
    assert data.isascii()


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), min_size=1, max_size=120))
def test_any_header_text_survives(text: str) -> None:
    encoded = encode_words(text)
    assert max(map(len, encoded.split(b"\r\n"))) <= 76
    assert read(b"Subject: " + encoded + b"\r\n\r\n")["Subject"] == text


def test_a_subject_cannot_add_headers() -> None:
    message = read(write(subject="a\r\nBcc: evil@example.com\r\n\r\nx{{ contact.name }}"))
    assert message["Bcc"] is None
    assert message["Subject"] == "a Bcc: evil@example.com x山田"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@example.jp",
        "a@",
        "a b@example.jp",
        "a@b@example.jp",
        "a@example.jp>\r\nRCPT TO:<b@example.jp",
        "a@-x.jp",
        "a@" + "b" * 64 + ".jp",
        "名@example.jp",
        "a@exam ple.jp",
        'a"b@example.jp',
        "a@example.jp\n",
        "a\x00@example.jp",
    ],
)
def test_an_address_that_is_none_is_refused_for_good(address: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        mail_address(address)
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("a.b+c@example.co.jp", "a.b+c@example.co.jp"),
        ("odd..one.@docomo.ne.jp", "odd..one.@docomo.ne.jp"),
        ("a@例え.jp", "a@xn--r8jz45g.jp"),
    ],
)
def test_real_addresses_pass(address: str, written: str) -> None:
    assert mail_address(address) == written


def test_base64_has_short_lines_that_end_in_crlf() -> None:
    lines = base64_lines("あ" * 200).split(b"\r\n")
    assert lines.pop() == b""
    assert {len(line) for line in lines[:-1]} == {76}


def test_a_writer_forgets_the_oldest_version() -> None:
    writer = EmailWriter(SENDER)
    for version in range(writer.REMEMBERED + 1):
        writer.learn(version, BODY, "help")
    assert not writer.knows(0)
    assert writer.knows(1)
    assert writer.knows(writer.REMEMBERED)

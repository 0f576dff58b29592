"""The local mail sink: what it keeps, in which order, and what its readers make of hostile mail."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import smtplib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.conf import settings

from jouren.core.config import Config, SmtpAddress
from jouren.core.loops import wait_until
from jouren.core.mailbox import (
    MailUnavailable,
    NoSuchMail,
    list_mail,
    read_mail,
    serve_sink,
    sink_listens,
    smtp_address,
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(settings.JOUREN, home=tmp_path, email=None)


class RunningSink:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.stop = threading.Event()
        self.thread = threading.Thread(target=serve_sink, args=(config, self.stop))

    def start(self) -> None:
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(timeout=10)
        assert not self.thread.is_alive()


@pytest.fixture
def sink(config: Config) -> Iterator[RunningSink]:
    sink = RunningSink(config)
    sink.start()
    assert wait_until(lambda: sink_listens(config), 10)
    yield sink
    sink.end()


def send(config: Config, *recipients: str, content: bytes | None = None, subject: str = "こんにちは") -> None:
    address = smtp_address(config)
    if content is None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "山田商店 <shop@example.jp>", recipients[0], subject
        mail["List-Unsubscribe"] = "<https://shop.example.jp/u/1>"
        mail.set_content("本文です https://shop.example.jp/a\n")
        mail.add_alternative('<p>本文<a href="https://shop.example.jp/b?x=1&amp;y=2">次へ</a></p>', subtype="html")
        content = mail.as_bytes()
    with smtplib.SMTP(address.host, address.port, timeout=10) as smtp:
        smtp.sendmail("bounce@example.jp", list(recipients), content)


@pytest.mark.usefixtures("sink")
def test_a_mail_is_kept_and_read_with_all_its_parts(config: Config) -> None:
    send(config, "hanako@example.jp")
    (mail,) = list_mail(config)
    assert (mail.sender, mail.recipient, mail.subject) == (
        "山田商店 <shop@example.jp>",
        "hanako@example.jp",
        "こんにちは",
    )
    assert mail.text.strip() == "本文です https://shop.example.jp/a"
    assert "次へ" in mail.html
    assert mail.links == ("https://shop.example.jp/b?x=1&y=2", "https://shop.example.jp/a")
    assert mail.header("list-unsubscribe") == "<https://shop.example.jp/u/1>"
    assert mail.header("X-Envelope-From") == "bounce@example.jp"
    assert read_mail(config, mail.id) == mail


@pytest.mark.usefixtures("sink")
def test_each_recipient_has_a_mail_of_its_own_and_the_newest_comes_first(config: Config) -> None:
    send(config, "a@example.jp", "b@example.jp", subject="first")
    send(config, "A@example.jp", subject="second")
    assert [(mail.recipient, mail.subject) for mail in list_mail(config)] == [
        ("A@example.jp", "second"),
        ("b@example.jp", "first"),
        ("a@example.jp", "first"),
    ]
    assert [mail.subject for mail in list_mail(config, to="a@EXAMPLE.jp")] == ["second", "first"]
    assert [mail.subject for mail in list_mail(config, limit=1)] == ["second"]


@pytest.mark.usefixtures("sink")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no header at all",
        b"Subject: =?utf-8?b?%%%?=\r\nFrom: <<>>,;:\r\n\r\nx",
        b"Content-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe text",
        b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        b"Content-Type: text/html\r\n\r\n<script>alert(1)</script><a href='javascript:x'>y</a>",
        b"From: \xff\xfe@\x00\r\nTo: =?x?q?\r\n\r\n\x00",
    ],
)
def test_a_malformed_mail_is_kept_and_can_be_read(config: Config, content: bytes) -> None:
    send(config, "a@example.jp", content=content)
    (mail,) = list_mail(config)
    assert mail.recipient == "a@example.jp"


@pytest.mark.usefixtures("sink")
@pytest.mark.parametrize(
    ("header", "dated"),
    [
        ("Mon, 29 Feb 2028 08:00:00 +0900", datetime(2028, 2, 28, 23, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 32 Jan 2028 00:00:00 +0900", None),
        ("Fri, 31 Dec 9999 23:59:59 -0900", None),
    ],
)
def test_a_mail_is_of_its_date_or_else_of_when_it_arrived(config: Config, header: str, dated: datetime | None) -> None:
    before = datetime.now(UTC)
    send(config, "a@example.jp", content=f"Date: {header}\r\n\r\nx".encode())
    (mail,) = list_mail(config)
    assert mail.dated == dated if dated else before <= mail.dated <= datetime.now(UTC)


@pytest.mark.parametrize("mail_id", ["", "../secret_key", "/etc/passwd", "x", "00000000000000000000-0-0", "0" * 300])
def test_what_is_no_mails_id_finds_nothing(config: Config, mail_id: str) -> None:
    (config.home / "secret_key").write_text("key")
    (config.home / "secret_key.eml").write_text("key")
    config.mail_folder.mkdir()
    with pytest.raises(NoSuchMail):
        read_mail(config, mail_id)


def test_without_relay_and_sink_there_is_nowhere_to_send(config: Config) -> None:
    assert list_mail(config) == []
    assert not sink_listens(config)
    with pytest.raises(MailUnavailable, match="JOUREN_EMAIL_URL"):
        smtp_address(config)


def test_a_relay_that_is_set_is_used_even_where_a_sink_runs(config: Config, sink: RunningSink) -> None:
    relay = SmtpAddress("relay.example.jp", 25)
    assert smtp_address(replace(config, email=relay)) == relay


def test_a_sink_that_ends_hangs_up(config: Config, sink: RunningSink) -> None:
    address = smtp_address(config)
    with socket.create_connection((address.host, address.port), timeout=10) as caller:
        assert caller.recv(3) == b"220"
        sink.end()
        gc.collect()  # what was left open would complain now
        with contextlib.suppress(ConnectionResetError):
            while caller.recv(1000):
                pass


def test_callers_who_hang_up_at_once_leave_no_connection_behind(config: Config, sink: RunningSink) -> None:
    address = smtp_address(config)
    for _ in range(50):
        socket.create_connection((address.host, address.port), timeout=10).close()
    sink.end()
    gc.collect()  # what was left open would complain now


def test_a_second_sink_waits_and_takes_over_where_a_killed_one_listened(config: Config) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = config.home / "sink.json"
    second = RunningSink(config)
    with (config.home / "sink.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as long as the first one lives
        place.write_text(json.dumps({"host": "127.0.0.1", "port": port, "pid": os.getpid()}))
        second.start()
        assert not sink_listens(config)
    try:
        assert wait_until(lambda: sink_listens(config), 10)
        assert smtp_address(config).port == port
        send(config, "a@example.jp")
        assert len(list_mail(config)) == 1
    finally:
        second.end()
    assert not place.exists()

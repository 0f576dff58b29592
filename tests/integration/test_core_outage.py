"""While PostgreSQL is away every address says "try again" in the visitor's language, and works again by itself."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from jouren.capture.models import Form
from jouren.contacts.models import Contact
from jouren.core.outage import OneLine, is_away
from jouren.wsgi import application
from tests.capture_pages import BROWSER, make_form, make_page, stamp_in, visitor, wait

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = {"ja": "ただいま表示できません", "en": "We will be back in a moment"}
SESSION = "sessionid=abcdefghijklmnopqrstuvwxyz012345"
CLICK = "/c/AAAAAAAAAAAAAAAA/0"


@contextmanager
def database_away() -> Iterator[None]:
    """Where the database should be, nobody listens."""
    settings = connection.settings_dict
    place = settings["HOST"], settings["PORT"]
    connection.close()
    settings["HOST"], settings["PORT"] = "127.0.0.1", "1"
    try:
        yield
    finally:
        connection.close()
        settings["HOST"], settings["PORT"] = place


def ask(path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[str, dict[str, str], str]:
    """Status, headers and page of the whole application, fast paths and all."""
    told: list[Any] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "198.51.100.7",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "HTTP_USER_AGENT": BROWSER,
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    page = b"".join(application(environ, lambda status, headers, _info=None: told.extend((status, headers))))
    return told[0], dict(told[1]), page.decode("utf-8", "replace")


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("path", ["/", "/skin/", "/confirm/x", "/p/AAAAAAAAAAAAAAAA", "/admin/people/", CLICK])
def test_pages_say_so_in_the_language_of_the_visitor(path: str, language: str) -> None:
    with database_away():
        status, headers, page = ask(path, accept_language=language, cookie=SESSION)
    assert status.startswith("503"), path
    assert int(headers["Retry-After"]) > 0
    assert f"<h1>{WORDS[language]}</h1>" in page
    assert f'<html lang="{language}">' in page


def test_other_systems_are_told_to_send_their_events_again() -> None:
    with database_away():
        status, headers, answer = ask("/api/events", "POST", b"{}", authorization="Bearer jrn_x")
    assert status.startswith("503")
    assert int(headers["Retry-After"]) > 0
    assert json.loads(answer) == {"error": "Please try again in a moment."}


def test_a_mail_still_shows_its_pixel() -> None:
    with database_away():
        status, _headers, _image = ask("/o/AAAAAAAAAAAAAAAA.gif")
    assert status == "200 OK"


def test_health_says_when_to_ask_again() -> None:
    with database_away():
        status, headers, _page = ask("/healthz")
    assert status.startswith("503")
    assert int(headers["Retry-After"]) > 0
    assert ask("/healthz")[0] == "200 OK"


def test_a_form_that_was_not_taken_is_taken_the_next_time_it_is_sent() -> None:
    form: Form = make_form()
    page = make_page(form)
    browser = visitor()
    browser.raise_request_exception = False
    stamp = stamp_in(browser.get(page.url).content.decode())
    wait()
    fields = {"family_name": "山田", "given_name": "花子", "email": "hanako@example.jp", "problem": ["乾燥"]}
    fields |= {"consent": "on", "stamp": stamp}
    with database_away():
        assert browser.post(f"/f/{form.public_id}/", fields).status_code == 503
    assert not Contact.objects.exists()
    assert browser.post(f"/f/{form.public_id}/", fields).status_code == 303
    assert Contact.objects.count() == 1


def test_the_log_has_a_line_and_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    with database_away(), caplog.at_level(logging.WARNING, "django.request"):
        ask("/")
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    OneLine().filter(record)
    assert record.exc_info is None
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("Service Unavailable: / (the database is away: ")


def test_only_a_database_that_is_away_counts_as_away() -> None:
    assert not is_away(ValueError("no"))
    assert not is_away(psycopg.errors.DeadlockDetected("no"))
    assert not is_away(psycopg.errors.UniqueViolation("no"))
    assert is_away(psycopg.OperationalError("connection failed"))
    assert is_away(psycopg.errors.AdminShutdown("stopped"))
    assert is_away(psycopg.errors.DiskFull("No space left on device"))
    wrapped = OperationalError("gone")
    wrapped.__cause__ = psycopg.OperationalError("gone")
    assert is_away(wrapped)

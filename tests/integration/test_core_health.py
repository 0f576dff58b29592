"""``/healthz`` and the check-up behind ``jouren doctor``."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from uuid import uuid4
from wsgiref.util import setup_testing_defaults

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from jouren.core import checkup, health
from jouren.core.checkup import Finding, examine
from jouren.core.config import Backups, Config, SmtpAddress
from jouren.core.models import BackupRun
from jouren.core.worker import _say
from jouren.wsgi import application

pytestmark = pytest.mark.django_db


def ask(path: str = "/healthz", method: str = "GET", host: str = "127.0.0.1") -> tuple[str, bytes]:
    environ: dict[str, Any] = {"PATH_INFO": path, "REQUEST_METHOD": method, "HTTP_HOST": host}
    setup_testing_defaults(environ)
    environ["wsgi.input"] = io.BytesIO()
    answer: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[..., None]:
        answer.append(status)
        return lambda data: None

    body: Iterable[bytes] = application(environ, start_response)  # type: ignore[arg-type]
    return answer[0], b"".join(body)


@pytest.fixture(autouse=True)
def migrations_not_looked_at_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)


def test_it_answers_200_when_ready_for_any_host_name() -> None:
    assert ask(host="10.0.0.7:8000") == ("200 OK", b"ok\n")
    assert ask(method="HEAD") == ("200 OK", b"")


def test_once_ready_it_costs_one_query(django_assert_num_queries: Callable[[int], Any]) -> None:
    ask()
    with django_assert_num_queries(1):
        ask()


def test_it_only_reads() -> None:
    assert ask(method="POST") == ("405 Method Not Allowed", b"")


def test_it_answers_503_while_migrations_are_missing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'core'")
    assert ask() == ("503 Service Unavailable", b"not ready\n")


def test_it_answers_503_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", refuse)
    monkeypatch.setattr(connection, "close", lambda: None)
    assert ask() == ("503 Service Unavailable", b"not ready\n")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    backups = Backups(tmp_path, time(3, 30), 7, 4)
    return replace(settings.JOUREN, home=tmp_path, base_url="https://mail.example.jp", sandbox=False, backups=backups)


def errors_and_warnings(config: Config) -> list[tuple[str, str]]:
    found = list(examine(config))
    assert all(bool(finding.mend) == (finding.level != "ok") for finding in found)
    return [(finding.level, finding.text) for finding in found if finding.level != "ok"]


@pytest.fixture(autouse=True)
def backup(db: None) -> None:
    now = datetime.now(UTC)
    BackupRun.objects.create(asked_at=now, begun_at=now, ended_at=now, file="jouren.backup", size=1)


@pytest.fixture
def worker() -> None:

    _say(uuid4())


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "sink_listens", lambda config: True)


@pytest.mark.usefixtures("worker", "sink")
def test_a_well_installation_has_nothing_to_mend(config: Config) -> None:
    assert errors_and_warnings(config) == []


@pytest.mark.usefixtures("sink")
def test_missing_workers_are_an_error(config: Config) -> None:
    assert errors_and_warnings(config) == [("error", "No worker runs: nothing is sent, no journey moves.")]


@pytest.mark.usefixtures("sink")
def test_a_worker_not_heard_of_for_a_minute_does_not_count(config: Config, worker: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_worker SET seen_at = seen_at - interval '1 minute'")
    assert [level for level, _text in errors_and_warnings(config)] == ["error"]


@pytest.mark.usefixtures("worker")
def test_a_sink_that_does_not_run_is_an_error(config: Config) -> None:
    assert errors_and_warnings(config) == [("error", "The local mail sink does not run.")]


@pytest.mark.usefixtures("worker")
def test_a_relay_that_does_not_answer_is_an_error_and_its_password_stays_secret(config: Config) -> None:
    found = list(examine(replace(config, email=SmtpAddress("127.0.0.1", 1, "shop", "hunter2"))))
    (broken,) = [finding for finding in found if finding.level == "error"]
    assert broken.text.startswith("The mail relay 127.0.0.1:1 cannot be used: ")
    assert "JOUREN_EMAIL_URL" in broken.mend
    assert "hunter2" not in repr(found)


@pytest.mark.usefixtures("worker", "sink")
def test_missing_migrations_are_an_error_and_end_what_builds_on_them(config: Config) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'core'")
    ((level, text),) = errors_and_warnings(config)
    assert level == "error"
    assert text.startswith("The database lacks ")


@pytest.mark.usefixtures("worker", "sink")
@pytest.mark.parametrize(
    ("base_url", "sandbox", "expected"),
    [
        ("http://127.0.0.1:8000", True, []),
        ("http://127.0.0.1:8000", False, ["warning"]),
        ("http://mail.example.jp", False, ["warning"]),
        ("https://mail.example.jp", False, []),
    ],
)
def test_a_base_url_without_https_is_a_warning_but_for_a_local_sandbox(
    config: Config, base_url: str, sandbox: bool, expected: list[str]
) -> None:
    found = errors_and_warnings(replace(config, base_url=base_url, sandbox=sandbox))
    assert [level for level, _text in found] == expected


@pytest.mark.usefixtures("worker", "sink")
def test_a_secret_key_that_others_may_read_is_a_warning(config: Config) -> None:
    key = config.home / "secret_key"
    key.write_text("key")
    key.chmod(0o644)
    assert Finding("warning", f"Others may read {key}.", f"chmod 600 {key}") in list(examine(config))


@pytest.mark.usefixtures("worker", "sink")
def test_a_full_disk_is_a_warning(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "_LEAST_FREE_BYTES", 2**80)
    assert [level for level, _text in errors_and_warnings(config)] == ["warning"]

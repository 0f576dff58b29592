"""The command ``jouren`` as its users run it: with an environment, an exit code and what it prints.

A process takes two seconds to load all rooms, so most are run in the one of the tests (``call``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

import jouren
from jouren.cli import main
from jouren.contacts.actions import create_contact
from jouren.core.config import read_config
from jouren.core.errors import ConfigError
from jouren.core.worker import _say
from jouren.pyramid.models import PyramidPosition

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


def database_url() -> str:
    """The URL of the tests' database, embedded or not."""
    place = connection.settings_dict
    query = {"host": place["HOST"], **({"port": str(place["PORT"])} if place["PORT"] else {})}
    login = quote(place["USER"]) + (f":{quote(place['PASSWORD'])}" if place["PASSWORD"] else "")
    return f"postgresql://{login}@/{place['NAME']}?{urlencode(query)}"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run ``jouren`` with a data folder of its own; keywords are environment variables."""

    def run(*arguments: str, input: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        ours = ("JOUREN_", "DATABASE_", "DJANGO_", "LC_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        kept |= {"JOUREN_HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), **env}
        return subprocess.run(
            [sys.executable, "-m", "jouren", *arguments],
            env=kept,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=tmp_path,
        )

    return run


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Run:
    """As ``run``, in this process, on the tests' database; of no use to what starts processes of its own."""
    monkeypatch.setattr("jouren.cli.group.end_on_signals", lambda: None)
    monkeypatch.delenv("JOUREN_SANDBOX", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("JOUREN_HOME", str(tmp_path))

    def call(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        out, err, code = StringIO(), StringIO(), 0
        with monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "argv", ["jouren", *arguments])
            for name, value in ({"DATABASE_URL": database_url()} | env).items():
                patch.setenv(name, value)
            with suppress(ConfigError):
                settings.JOUREN = read_config()
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    return call


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"jouren, version {jouren.__version__}\n"


def test_help_lists_what_hosts_use_and_not_the_sink(run: Run) -> None:
    text = run("--help").stdout
    commands = [line.split()[0] for line in text.split("Commands:\n")[1].splitlines() if line.strip()]
    expected = (
        "backup clock createowner doctor export import mail migrate recompute-stages release-sends restore schema up "
        "upgrade-database web why worker"
    )
    assert commands == expected.split()


@pytest.mark.parametrize("command", ["up", "worker", "doctor"])
def test_a_wrong_setting_ends_a_command_with_code_2_and_no_traceback(run: Run, call: Run, command: str) -> None:
    ended = (run if command == "up" else call)(command, JOUREN_EMAIL_URL="smtp://shop:hunter2@relay:port")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "JOUREN_EMAIL_URL cannot be used.",
        "It must be: smtp://user:password@host:port (smtp+tls:// for STARTTLS, smtps:// for TLS from the start)",
        "For example: smtp+tls://shop:secret@mail.example.jp:587",
    ]


def test_an_empty_mailbox_says_so_and_a_missing_mail_is_an_error(call: Run) -> None:
    assert call("mail", "list").stdout == "The local mail sink holds no such mail.\n"
    shown = call("mail", "show", "../secret_key")
    assert (shown.returncode, shown.stdout, shown.stderr) == (1, "", "There is no mail '../secret_key'.\n")


def test_mail_is_listed_newest_first_and_shown_without_control_characters(call: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    for second, subject in ((1, "first"), (2, "second")):
        content = f"X-Envelope-To: a@example.jp\nSubject: {subject}\n\nhello \x1b[31mred\n"
        (folder / f"{(1_700_000_000 + second) * 10**9:020d}-0-1.eml").write_text(content, encoding="utf-8")
    listed = call("mail", "list").stdout.splitlines()
    assert [line.split()[-1] for line in listed] == ["second", "first"]
    assert listed[0].split()[0] == "1"
    shown = call("mail", "show", "2").stdout
    assert "Subject: first" in shown
    assert "hello [31mred" in shown
    (folder / f"{1_700_000_003 * 10**9:020d}-0-1.eml").write_text("X-Envelope-To: b@example.jp\nSubject: third\n\nx\n")
    assert "second" in call("mail", "list", "--to", "a@example.jp").stdout.splitlines()[0]
    assert "Subject: second" in call("mail", "show", "1", "--to", "a@example.jp").stdout


@pytest.mark.django_db(transaction=True)
def test_createowner_works_without_a_terminal(run: Run, call: Run) -> None:
    place = {"DATABASE_URL": database_url(), "JOUREN_OWNER_PASSWORD": "gloo-fin-33"}
    made = run("createowner", "--email", "Owner@Example.jp", **place)
    assert (made.returncode, made.stdout, made.stderr) == (0, "The owner owner@example.jp can log in.\n", "")
    owner = get_user_model().objects.get()
    assert (owner.get_username(), owner.email) == ("owner@example.jp", "owner@example.jp")
    assert owner.is_superuser
    assert owner.has_usable_password()

    again = call("createowner", "--email", "owner@example.jp", **place)
    assert (again.returncode, again.stderr) == (1, "There is already an account owner@example.jp.\n")
    replaced = call("createowner", "--email", "owner@example.jp", "--replace-password", **place)
    assert replaced.stdout == "The owner owner@example.jp has a new password.\n"
    assert get_user_model().objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("email", "password", "expected"),
    [
        ("nobody", "gloo-fin-33", "“nobody” is no mail address. One looks like name@example.jp."),
        ("a@example.jp", "1234", "This password is too short."),
    ],
)
def test_createowner_refuses_what_is_no_address_or_too_weak(
    call: Run, email: str, password: str, expected: str
) -> None:
    refused = call("createowner", "--email", email, JOUREN_OWNER_PASSWORD=password)
    assert refused.returncode == 1
    assert refused.stderr.startswith(expected)
    assert "Traceback" not in refused.stderr
    assert not get_user_model().objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_clock_of_a_real_shop_is_shown_but_not_moved(call: Run) -> None:
    shown = call("clock", "show")
    assert shown.stdout.rstrip().endswith("JST")
    refused = call("clock", "advance", "7d")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "The clock can only be moved in a sandbox (JOUREN_SANDBOX=1).\n"
    backwards = call("clock", "advance", "-3d", JOUREN_SANDBOX="1")
    assert (backwards.returncode, backwards.stderr) == (
        1,
        "A duration looks like 90m, 12h, 7d or 2w, and is at most ten years.\n",
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_clock")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_a_sandboxs_clock_is_not_moved_without_a_worker_nor_by_nonsense(call: Run) -> None:
    place = {"JOUREN_SANDBOX": "1"}
    assert call("clock", "advance", "7d", **place).stderr.startswith("No worker runs")
    nonsense = call("clock", "advance", "soon", **place)
    assert (nonsense.returncode, nonsense.stderr) == (
        1,
        "A duration looks like 90m, 12h, 7d or 2w, and is at most ten years.\n",
    )


@pytest.mark.django_db(transaction=True)
def test_an_advance_that_does_not_arrive_says_so(call: Run) -> None:
    _say(uuid4())  # a worker that is alive, but moves nothing
    late = call("clock", "advance", "7d", "--timeout", "1", JOUREN_SANDBOX="1")
    assert late.returncode == 1
    assert late.stderr.startswith("The clock has not arrived after 1 seconds")


def test_doctor_says_what_is_wrong_and_the_mend(run: Run) -> None:
    said = run("doctor", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", JOUREN_EMAIL_ULR="smtp://relay:25")
    assert said.returncode == 1
    lines = said.stdout.splitlines()
    assert lines[:2] == [
        "! JOUREN_EMAIL_ULR is set, but Jouren has no such setting.",
        "    → Did you mean JOUREN_EMAIL_URL?",
    ]
    wrong = next(number for number, line in enumerate(lines) if line.startswith("✗ The database cannot be reached"))
    assert "jouren up" in lines[wrong + 1]
    assert "Traceback" not in said.stderr


@pytest.mark.django_db(transaction=True)
def test_doctor_ends_well_where_all_is_well(call: Run) -> None:
    _say(uuid4())
    said = call("doctor", JOUREN_BASE_URL="https://mail.example.jp")
    # Only the sink is missing here, and backups.
    assert [line for line in said.stdout.splitlines() if line.startswith(("✗", "!"))] == [
        "! No backups are made by themselves.",
        "✗ The local mail sink does not run.",
    ]


@pytest.mark.django_db(transaction=True)
def test_migrating_a_migrated_database_changes_nothing(call: Run) -> None:
    done = call("migrate")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.django_db(transaction=True)
def test_stages_are_compared_with_what_the_log_makes(call: Run) -> None:
    person = create_contact(email="hana@example.jp")
    same = call("recompute-stages", "--check")
    assert (same.returncode, same.stdout) == (0, "The log makes the same stages and marks.\n")
    PyramidPosition.objects.create(contact=person, stage=4, since=person.created_at)
    other = call("recompute-stages", "--check")
    assert other.returncode == 1
    assert f"Person {person.pk}, stage: 4 is kept, the log makes 1." in other.stdout
    assert other.stderr.startswith("1 difference.")

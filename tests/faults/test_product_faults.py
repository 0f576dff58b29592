"""The whole product, killed while it works: nobody is lost, nobody is written to twice. Counted at the sink."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from jouren.core.database import EmbeddedDatabase
from jouren.core.loops import wait_until
from tests.faults.judging import is_settled, judge, settle
from tests.faults.scale import SCALE, dice
from tests.faults.visitors import Dam, SignUps, ask, confirm, confirm_paths, got
from tests.installation import ROOT, SERVER, Installation, copy_of
from tests.smtp_server import ScriptedServer, scripted_server

KILLS = min(SCALE.kills, 5)
AWAY_PATHS = ("/", "/letters/", "/confirm/x", "/p/AAAAAAAAAAAAAAAA", "/c/AAAAAAAAAAAAAAAA/0")


@pytest.fixture(scope="module")
def sink() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture(scope="module")
def shop(template: Installation, sink: ScriptedServer) -> Iterator[Installation]:
    """Two web and two worker processes."""
    relay = f"smtp://127.0.0.1:{sink.port}"
    with copy_of(template, email_url=relay, web_processes=2, worker_processes=2) as running:
        yield running


@contextmanager
def database_away(shop: Installation) -> Iterator[None]:
    """PostgreSQL is stopped at once, without a word to anybody, as ``pg_ctl -m immediate`` does. Who runs it, starts it
    again as soon as that is allowed. A server that is not ours breaks all lines and refuses everybody.
    """
    if not SERVER:
        database = EmbeddedDatabase(shop.home)
        with database.alone():
            pid = database.pid()
            assert pid is not None
            os.kill(pid, signal.SIGQUIT)
            assert wait_until(lambda: database.pid() is None, 30)
            yield
        assert wait_until(lambda: ask(shop, "GET", "/healthz")[0] == 200, 60)
        return
    name = urlsplit(shop.database_url).path.lstrip("/")
    with psycopg.connect(make_conninfo(SERVER, dbname="postgres"), autocommit=True) as admin:
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            admin.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def test_what_jouren_up_starts_again_after_kills_writes_to_nobody_twice(
    shop: Installation, sink: ScriptedServer
) -> None:
    points = sorted(dice("workers of jouren up killed").sample(range(1, int(SCALE.people * 0.9)), KILLS))
    dam = Dam(sink, "k", points[0])
    wanted, bound = confirm(shop, "k")
    for following in [*points[1:], math.inf]:
        dam.wait_until_full()
        for worker in shop.processes("jouren worker"):
            os.kill(worker, signal.SIGKILL)
        assert not is_settled(shop.query)
        dam.raise_to(following)
    settle(shop.query)
    judge(shop.query, sink, wanted, bound=KILLS * bound, beginning="k")


def test_two_of_everything_give_one_row_and_one_mail_for_each(shop: Installation, sink: ScriptedServer) -> None:
    people = [f"d{number}@example.jp" for number in range(100)]
    forms = SignUps(shop)
    with ThreadPoolExecutor(16) as pool:
        twice = [(person, number) for number, person in enumerate(people) for _time in range(2)]
        assert set(pool.map(lambda each: forms.send(*each), twice)) == {303}, shop.said()[-6000:]
        settle(shop.query)
        assert got(sink, "d") == Counter(people)
        paths = [path for path in confirm_paths(sink, people) for _time in range(2)]
        assert set(pool.map(lambda path: ask(shop, "POST", path)[0], paths)) == {200}
    settle(shop.query)
    assert got(sink, "d") == Counter(people * 2)
    for table in ("capture_registration", "journeys_enrolment", "contacts_consent", "pyramid_position"):
        rows = shop.query(
            f"SELECT count(*), count(DISTINCT contact_id) FROM {table} WHERE contact_id IN "
            "(SELECT contact_id FROM contacts_identity WHERE value LIKE 'd%%@example.jp')"
        )
        assert rows == [(100, 100)], table


def test_postgresql_stopped_at_once_and_started_again_loses_no_letter_and_no_form(
    shop: Installation, sink: ScriptedServer
) -> None:
    people = [f"r{number}@example.jp" for number in range(60)]
    points = sorted(dice("PostgreSQL stopped").sample(range(1, int(SCALE.people * 0.9)), KILLS))
    dam = Dam(sink, "i", points[0])
    forms, (wanted, bound) = SignUps(shop), confirm(shop, "i")
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(forms.send_patiently, person, number) for number, person in enumerate(people)]
        for following in [*points[1:], math.inf]:
            dam.wait_until_full()
            with database_away(shop):
                expect_apologies(shop)
            dam.raise_to(following)
        seen = set().union(*(answer.result() for answer in answers))
    assert seen <= {303, 503}
    settle(shop.query)
    judge(shop.query, sink, wanted, bound=KILLS * bound, beginning="i")
    mails = got(sink, "r")
    assert mails.keys() == set(people)
    # A confirmation that was in flight is sent once more: somebody waits for it.
    assert set(mails.values()) <= {1, 2}
    assert shop.query("SELECT count(*) FROM capture_registration WHERE email LIKE 'r%%@example.jp'") == [(60,)]
    assert ask(shop, "GET", "/healthz") == (200, "ok\n")
    assert SERVER or shop.said().count("The database ended. It is started again.") == KILLS


def expect_apologies(shop: Installation) -> None:
    """The database is away, and everybody is told so."""
    assert wait_until(lambda: ask(shop, "GET", "/healthz")[0] == 503, 30)
    for path in AWAY_PATHS:
        status, page = ask(shop, "GET", path)
        assert (path, status) == (path, 503)
        assert "<h1>ただいま表示できません</h1>" in page


def test_a_migration_during_traffic_costs_no_form_and_no_error(shop: Installation, sink: ScriptedServer) -> None:
    """A column and an index, built concurrently, on tables that workers and web write to all the time."""
    settings = {"DJANGO_SETTINGS_MODULE": "tests.faults.growing.settings", "PYTHONPATH": str(ROOT)}
    forms, wanted = SignUps(shop), confirm(shop, "m")[0]
    migration = subprocess.Popen(
        [sys.executable, "-m", "jouren", "migrate"], env=shop.env | settings, cwd=ROOT, stdout=subprocess.PIPE
    )
    answers: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        # Those who fill in the form do so until it is done.
        while migration.poll() is None:
            numbers = range(len(answers), len(answers) + 8)
            answers += pool.map(lambda number: forms.send(f"n{number}@example.jp", number), numbers)
    assert migration.communicate()[0].decode().splitlines() == ["growing.0001_column_and_index"]
    assert migration.returncode == 0
    assert set(answers) == {303}
    settle(shop.query)
    judge(shop.query, sink, wanted, bound=0, beginning="m")
    assert got(sink, "n") == Counter(f"n{number}@example.jp" for number in range(len(answers)))
    assert shop.query("SELECT DISTINCT grown FROM messaging_delivery") == [(7,)]
    assert "Traceback" not in shop.said()

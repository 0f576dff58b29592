"""The whole product, killed while it works: nobody is lost, nobody is written to twice. Counted at the sink."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from jouren.core.database import EmbeddedDatabase
from jouren.core.loops import wait_until
from jouren.messaging.vocabulary import State
from tests.installation import SERVER, Installation, copy_of
from tests.smtp_server import ScriptedServer, scripted_server, text_of

PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
SETTLE_SECONDS = 90
AWAY_PATHS = ("/", "/letters/", "/confirm/x", "/p/AAAAAAAAAAAAAAAA", "/c/AAAAAAAAAAAAAAAA/0")
IS_SETTLED = (
    "SELECT NOT EXISTS (SELECT FROM events_inbox) "
    "AND NOT EXISTS (SELECT FROM messaging_delivery WHERE state IN (0, 1)) "
    "AND NOT EXISTS (SELECT FROM journeys_enrolment WHERE state = 1 AND due_at < now())"
)
# Confirmed people, as many as asked for: their registration starts the demo's journey, and that its first letter.
CONFIRM_PEOPLE = """
import sys
from django.db import connection
from jouren.capture.models import Form
from jouren.core import clock
from jouren.events.actions import NewEvent, record_events
from jouren.messaging.models import RelaySettings
form = Form.objects.get()
with connection.cursor() as cursor:
    cursor.execute(
        "WITH people AS (INSERT INTO contacts_contact (family_name) SELECT n FROM generate_series(1, %s) AS n "
        "RETURNING id, family_name), addresses AS (INSERT INTO contacts_identity (contact_id, kind, value) "
        "SELECT id, 'email', 'k' || family_name || '@example.jp' FROM people), "
        "consents AS (INSERT INTO contacts_consent (contact_id, channel, topic, is_granted, since) "
        "SELECT id, 'email', %s, true, now() FROM people) SELECT id FROM people",
        [int(sys.argv[1]), form.topic.key],
    )
    ids = [row[0] for row in cursor.fetchall()]
payload = {"form": form.pk, "title": form.title, "registration": 0}
record_events([NewEvent("registration.confirmed", id_, payload, clock.now(), "test", f"k{id_}") for id_ in ids])
print(RelaySettings.load().in_flight)
"""


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


def settle(shop: Installation) -> None:
    """Wait until nothing is left to do."""
    assert wait_until(lambda: shop.query(IS_SETTLED) == [(True,)], SETTLE_SECONDS, 0.25), shop.said()[-3000:]


def got(sink: ScriptedServer, beginning: str) -> Counter[str]:
    """How many mails each address got that begins so."""
    with sink.lock:
        return Counter(address for address in sink.recipients if address.startswith(beginning))


def addresses(shop: Installation, state: int, beginning: str) -> set[str]:
    """To whom the deliveries of a state go."""
    rows = shop.query(
        "SELECT i.value FROM messaging_delivery d JOIN contacts_identity i ON i.contact_id = d.contact_id "
        "WHERE d.state = %s AND i.value LIKE %s",
        state,
        f"{beginning}%",
    )
    return {str(value) for (value,) in rows}


def ask(
    shop: Installation, method: str, path: str, fields: dict[str, str] | None = None, ip: str = ""
) -> tuple[int, str]:
    """Status and page, as a browser somewhere gets them."""
    connection = HTTPConnection("127.0.0.1", shop.port, timeout=60)
    try:
        headers = {"User-Agent": PERSON, "Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": ip}
        connection.request(method, path, urlencode(fields or {}), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class SignUps:
    """Filled-in forms, each from a place of its own."""

    def __init__(self, shop: Installation) -> None:
        self.shop = shop
        _status, page = ask(shop, "GET", "/letters/")
        action, stamp = re.search(r'action="(/f/[^"#]+)', page), re.search(r'name="stamp" value="([^"]+)"', page)
        assert action is not None
        assert stamp is not None
        self.action, self.stamp = action[1], stamp[1]
        time.sleep(1.6)  # a form that is sent faster than people type is shown again

    def send(self, address: str, number: int) -> int:
        """The status of the answer."""
        fields = {"email": address, "consent": "on", "stamp": self.stamp}
        return ask(self.shop, "POST", self.action, fields, f"198.51.{number // 250}.{number % 250}")[0]

    def send_patiently(self, address: str, number: int) -> set[int]:
        """All statuses until the form was taken."""
        seen: set[int] = set()
        assert wait_until(lambda: bool(seen.add(self.send(address, number))) or 303 in seen, 60, 0.2)
        return seen


def confirm_paths(sink: ScriptedServer, addresses: list[str]) -> list[str]:
    """Of the confirmation link that each of them got."""
    texts = [text_of(sink.mail_to(address), "plain") for address in addresses]
    links = [re.search(r"http\S+/confirm/\S+", text) for text in texts]
    return [urlsplit(link[0]).path for link in links if link]


@contextmanager
def database_away(shop: Installation) -> Iterator[None]:
    """PostgreSQL is killed as by a power cut, and started again; a server that is not ours refuses everybody."""
    if not SERVER:
        EmbeddedDatabase(shop.home).kill()
        yield
        EmbeddedDatabase(shop.home).start()
        return
    name = urlsplit(shop.database_url).path.lstrip("/")
    with psycopg.connect(make_conninfo(SERVER, dbname="postgres"), autocommit=True) as admin:
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def test_workers_killed_amid_two_thousand_letters_write_to_nobody_twice(
    shop: Installation, sink: ScriptedServer
) -> None:
    bound = int(shop.run_inside(CONFIRM_PEOPLE, "2000"))
    assert wait_until(lambda: got(sink, "k").total() >= 700, 60, 0.005)
    for worker in shop.processes("jouren worker"):
        os.kill(worker, signal.SIGKILL)
    assert shop.query(IS_SETTLED) == [(False,)]
    settle(shop)
    letters = got(sink, "k")
    sent, unknown = addresses(shop, State.SENT, "k"), addresses(shop, State.UNKNOWN, "k")
    assert set(letters.values()) == {1}
    assert sent <= letters.keys() <= sent | unknown
    assert sent | unknown == {f"k{number}@example.jp" for number in range(1, 2001)}
    assert not sent & unknown
    assert len(unknown) <= bound


def test_two_of_everything_give_one_row_and_one_mail_for_each(shop: Installation, sink: ScriptedServer) -> None:
    people = [f"d{number}@example.jp" for number in range(300)]
    forms = SignUps(shop)
    with ThreadPoolExecutor(16) as pool:
        twice = [(person, number) for number, person in enumerate(people) for _time in range(2)]
        assert set(pool.map(lambda each: forms.send(*each), twice)) == {303}, shop.said()[-6000:]
        settle(shop)
        assert got(sink, "d") == Counter(people)
        paths = [path for path in confirm_paths(sink, people) for _time in range(2)]
        assert set(pool.map(lambda path: ask(shop, "POST", path)[0], paths)) == {200}
    settle(shop)
    assert got(sink, "d") == Counter(people * 2)
    for table in ("capture_registration", "journeys_enrolment", "contacts_consent", "pyramid_position"):
        rows = shop.query(
            f"SELECT count(*), count(DISTINCT contact_id) FROM {table} WHERE contact_id IN "
            "(SELECT contact_id FROM contacts_identity WHERE value LIKE 'd%%@example.jp')"
        )
        assert rows == [(300, 300)], table


def test_workers_and_web_outlive_a_restart_of_postgresql(shop: Installation, sink: ScriptedServer) -> None:
    people = [f"r{number}@example.jp" for number in range(120)]
    forms = SignUps(shop)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(forms.send_patiently, person, number) for number, person in enumerate(people)]
        assert wait_until(lambda: got(sink, "r").total() >= 20, 60, 0.005)
        with database_away(shop):
            assert wait_until(lambda: ask(shop, "GET", "/healthz")[0] == 503, 30)
            for path in AWAY_PATHS:
                status, page = ask(shop, "GET", path)
                assert (path, status) == (path, 503)
                assert "<h1>ただいま表示できません</h1>" in page
        seen = set().union(*(answer.result() for answer in answers))
    assert seen <= {303, 503}
    settle(shop)
    mails = got(sink, "r")
    assert mails.keys() == set(people)
    # A confirmation that was in flight is sent once more: somebody waits for it.
    assert set(mails.values()) <= {1, 2}
    assert shop.query("SELECT count(*) FROM capture_registration WHERE email LIKE 'r%%@example.jp'") == [(120,)]
    assert ask(shop, "GET", "/healthz") == (200, "ok\n")

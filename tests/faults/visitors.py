"""People who visit a running shop: they fill in forms, confirm their address, and get letters."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from jouren.core.loops import wait_until
from tests.faults.scale import SCALE
from tests.installation import Installation
from tests.smtp_server import ScriptedServer, text_of

PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
FIRST_LETTER = """
SELECT version.name FROM messaging_delivery AS delivery
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
JOIN contacts_identity AS identity ON identity.contact_id = delivery.contact_id
WHERE identity.value = %s ORDER BY delivery.id LIMIT 1
"""
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
        "SELECT id, 'email', %s || family_name || '@example.jp' FROM people), "
        "consents AS (INSERT INTO contacts_consent (contact_id, channel, topic, is_granted, since) "
        "SELECT id, 'email', %s, true, now() FROM people) SELECT id FROM people",
        [int(sys.argv[2]), sys.argv[1], form.topic.key],
    )
    ids = [row[0] for row in cursor.fetchall()]
payload = {"form": form.pk, "title": form.title, "registration": 0}
record_events([NewEvent("registration.confirmed", id_, payload, clock.now(), "test", f"k{id_}") for id_ in ids])
print(RelaySettings.load().in_flight)
"""


def got(sink: ScriptedServer, beginning: str) -> Counter[str]:
    """How many mails each address got that begins so."""
    with sink.lock:
        return Counter(address for address in sink.recipients if address.startswith(beginning))


class Dam:
    """Lets so many letters to such addresses arrive, and keeps the next ones waiting at their end, until it is raised:
    what is done meanwhile is done in their middle.
    """

    def __init__(self, sink: ScriptedServer, beginning: str, level: float) -> None:
        self._beginning, self._level, self._passed = beginning, level, 0
        self._raised = threading.Condition()
        sink.script = self._keep_waiting

    def wait_until_full(self) -> None:
        """Wait until no more may arrive."""
        with self._raised:
            assert self._raised.wait_for(lambda: self._passed >= self._level, SCALE.patience)

    def raise_to(self, level: float) -> None:
        """Let so many arrive, counted from the first."""
        with self._raised:
            self._level = level
            self._raised.notify_all()

    def _keep_waiting(self, verb: str, address: str) -> None:
        if verb == "." and address.startswith(self._beginning):
            with self._raised:
                self._raised.wait_for(lambda: self._passed < self._level, SCALE.patience)
                self._passed += 1
                self._raised.notify_all()


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
        assert wait_until(lambda: bool(seen.add(self.send(address, number))) or 303 in seen, SCALE.patience, 0.2)
        return seen


def confirm_paths(sink: ScriptedServer, addresses: list[str]) -> list[str]:
    """Of the confirmation link that each of them got."""
    texts = [text_of(sink.mail_to(address), "plain") for address in addresses]
    links = [re.search(r"http\S+/confirm/\S+", text) for text in texts]
    return [urlsplit(link[0]).path for link in links if link]


def confirm(shop: Installation, beginning: str) -> tuple[set[tuple[str, str]], int]:
    """People confirm their registration. Returns what they are to get, and how many letters one kill leaves unknown."""
    bound = int(shop.run_inside(CONFIRM_PEOPLE, beginning, str(SCALE.people)))
    people = [f"{beginning}{number}@example.jp" for number in range(1, SCALE.people + 1)]
    assert wait_until(lambda: shop.query(FIRST_LETTER, people[0]) != [], SCALE.patience)
    (letter,) = shop.query(FIRST_LETTER, people[0])[0]
    return {(person, str(letter)) for person in people}, bound

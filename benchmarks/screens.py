"""How long every screen of the back office takes in a large shop: the demo shop among a million people.

The shop has ``--contacts`` people with ``--events`` events of a year, and everybody was sent a broadcast. Every page
that links lead to is opened twice, one of each kind; the second time counts. The first screen has a budget of its own,
and what a job counts for it is measured too; ``--home`` measures nothing else.
"""

from __future__ import annotations

import argparse
import html
import re
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.environment import migrate, report, set_up
from benchmarks.segment_shop import make_shop

if TYPE_CHECKING:
    from django.test import Client

BUDGET, HOME_BUDGET = 0.5, 0.3
HOME = "/admin/"
_LOOKS = 5
_NUMBER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{20}-\d+-\d+|(?<=/)\d+(?=/)")
# The menu is told to a script.
_LINK = re.compile(r'(?:href=|"url": )"(/admin/[^"]*)"')
_LEFT_OUT = re.compile(r"/admin/(logout|bulk|jsi18n|sprite|account/delete)|/export/|/unschedule|/revert/|/copy/")

_DELIVERIES = """
INSERT INTO messaging_delivery (
    run_id, step, contact_id, occurrence, message_version_id, channel, lane, planned_at, due_at, try_at, state, sent_at
)
SELECT run.id, gen_random_uuid(), person.id, 0, version.id, 'email', 2, now(), now(), now(), 2,
       now() - random() * interval '9 days'
FROM contacts_contact AS person,
     (SELECT max(id) AS id FROM messaging_run) AS run,
     (SELECT max(id) AS id FROM messaging_messageversion) AS version
WHERE NOT EXISTS (SELECT FROM messaging_delivery AS other WHERE other.contact_id = person.id)
"""
_CONSENTS = """
INSERT INTO contacts_consent_record (contact_id, channel, topic, is_granted, at, via)
SELECT contact_id, channel, topic, is_granted, since, 'form' FROM contacts_consent
WHERE NOT EXISTS (SELECT FROM contacts_consent_record AS other WHERE other.contact_id = contacts_consent.contact_id)
"""
# Everybody came up to where they stand step by step, in the year before.
_CHANGES = """
INSERT INTO pyramid_change (contact_id, from_stage, to_stage, at, reason)
SELECT contact_id, step - 1, step, since - (stage - step) * interval '30 days', 'rule'
FROM pyramid_position CROSS JOIN LATERAL generate_series(2, stage) AS step
WHERE NOT EXISTS (SELECT FROM pyramid_change AS other WHERE other.contact_id = pyramid_position.contact_id)
"""
_VISITORS = """
INSERT INTO capture_visitor (token_hash, contact_id, utm, referrer, page, first_seen, last_seen)
SELECT sha256(('visitor' || n)::bytea), CASE WHEN n %% 3 = 0 THEN person.id END, '{}', '', '', seen.at, seen.at
FROM generate_series(1, %(contacts)s) AS n
JOIN contacts_contact AS person ON person.id = n
CROSS JOIN LATERAL (SELECT now() - random() * interval '390 days' AS at) AS seen
ON CONFLICT (token_hash) DO NOTHING
"""


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``--help``."""
    options = _options(arguments)
    set_up()
    migrate()
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client

    from jouren.backoffice.demo import load_demo
    from jouren.core.static import collect_static
    from jouren.messaging.control_group.actions import save_control_group

    collect_static()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM contacts_contact")
        if cursor.fetchone()[0] < options.contacts:
            make_shop(options.contacts, options.events)
        load_demo()
        cursor.execute(_DELIVERIES)
        cursor.execute(_CONSENTS)
        cursor.execute(_CHANGES)
        cursor.execute(_VISITORS, {"contacts": options.contacts})
        cursor.execute("VACUUM ANALYZE")
    save_control_group(share=5, days=90, smallest_effect=20)
    owner, _made = get_user_model().objects.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(owner)
    params = {"contacts": options.contacts, "events": options.events}
    _measure_home(browser, options.json, params)
    if options.home:
        return 0
    took = dict(_walk(browser))
    for path, seconds in sorted(took.items(), key=lambda pair: pair[1])[-options.slowest :]:
        report(options.json, "screens", params, **{path: (seconds * 1000, "ms")})
    slow = sum(seconds > BUDGET for seconds in took.values())
    report(options.json, "screens", params, screens=(len(took), "screens"), over_budget=(slow, "screens"))
    return 0


def _measure_home(browser: Client, as_json: bool, params: dict[str, int]) -> None:
    """The first screen, once its figures have been counted; and how long that took."""
    from jouren.reports.kept import count_kept
    from jouren.reports.models import KeptFigures

    browser.get(HOME)  # asks for its figures
    for kept in KeptFigures.objects.filter(asked_at__isnull=False, journey=None):
        started = time.perf_counter()
        count_kept(kept.pk)
        took = (time.perf_counter() - started) * 1000
        report(as_json, "screens", params, **{f"counting {kept.question}": (took, "ms")})
    looks = []
    for _look in range(_LOOKS):
        started = time.perf_counter()
        browser.get(HOME)
        looks.append(time.perf_counter() - started)
    home = sorted(looks)[len(looks) // 2]
    report(as_json, "screens", params, home=(home * 1000, "ms"), home_over_budget=(int(home > HOME_BUDGET), "screens"))


def _walk(browser: Client) -> Iterator[tuple[str, float]]:
    waiting, known = deque([HOME]), set()
    while waiting:
        path = waiting.popleft()
        kind = _NUMBER.sub("N", path)
        if kind in known or _LEFT_OUT.search(path):
            continue
        known.add(kind)
        answer = browser.get(path)
        if answer.status_code != 200 or "html" not in answer["Content-Type"]:
            continue
        waiting += dict.fromkeys(urlsplit(html.unescape(link)).path for link in _LINK.findall(answer.content.decode()))
        started = time.perf_counter()
        browser.get(path)
        yield kind, time.perf_counter() - started


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks screens", description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--home", action="store_true", help="only the first screen")
    parser.add_argument("--slowest", type=int, default=10, help="how many of the slowest are told")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)

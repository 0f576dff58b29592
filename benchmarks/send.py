"""How many personal mails a second: due delivery → gate → letter → SMTP accepted → recorded.

The whole path of the product, with worker processes of its own, into ``--smtp host:port`` or a sink that only counts.
``--rules``: with three sending rules on that let everybody pass, and ten earlier messages a person for them to count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from typing import Any

from benchmarks.environment import load, migrate, report, resident_mib, set_up
from benchmarks.rules import RULES, make_history, set_rules

PARAGRAPH = (
    "<p>{{ contact.name }}、こんにちは。肌のくすみや乾燥でお悩みの方から、毎日たくさんのご相談をいただきます。"
    "今日は、洗顔のあとの三分でできるお手入れを、順番にご紹介します。むずかしいことは何もありません。</p>"
)


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``--help``."""
    options = _options(arguments)
    if options.worker:
        return _work()
    set_up()
    migrate()
    params = {
        "messages": options.messages,
        "workers": options.workers,
        "connections": options.connections,
        "letters": options.letters,
        "smtp": options.smtp or "own sink",
        "rules": RULES if options.rules else 0,
    }
    _set_up_relay(options.connections, options.letters)
    started = time.perf_counter()
    version_id, contact_ids = people_and_message(options.messages)
    set_rules(on=options.rules)
    if options.rules:
        make_history(version_id, contact_ids)
    prepared = time.perf_counter()
    plan_broadcast(version_id, contact_ids)
    planned = time.perf_counter()
    report(options.json, "send", params, planned_per_second=(options.messages / (planned - prepared), "1/s"))
    report(options.json, "send", params, preparation=(prepared - started, "s"))
    sink = None if options.smtp else _start(["-m", "benchmarks.sink"])
    address = options.smtp or f"127.0.0.1:{_line(sink)['port']}"
    _send(options, params, address)
    if sink is not None:
        counted = _ask(sink)
        report(
            options.json,
            "send",
            params,
            sink_messages=(counted["messages"], "mails"),
            bytes_a_mail=(counted["octets"] / max(1, counted["messages"]), "B"),
            most_in_flight_at_sink=(counted["most_open_letters"], "mails"),
        )
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks send", description=__doc__)
    parser.add_argument("--smtp", metavar="HOST:PORT", help="where to send (default: a sink that only counts)")
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=100, help="of the installation; broadcasts get their share")
    parser.add_argument("--letters", type=int, default=1, help="so many a connection takes between two records")
    parser.add_argument("--rules", action="store_true", help="with three sending rules on")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _set_up_relay(connections: int, letters: int) -> None:
    from jouren.messaging.models import RelaySettings

    RelaySettings.objects.update_or_create(
        pk=1, defaults={"connections": connections, "letters": letters, "max_in_flight": connections * letters}
    )


def _send(options: argparse.Namespace, params: dict[str, Any], address: str) -> None:
    os.environ["JOUREN_EMAIL_URL"] = f"smtp://{address}"
    workers = [_start(["-m", "benchmarks", "send", "--worker"]) for _ in range(options.workers)]
    for worker in workers:
        _line(worker)
    started = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    results = [_line(worker) for worker in workers]
    seconds = time.perf_counter() - started
    states = _states(options.messages)
    commits = sum(result["rounds"] for result in results)
    report(
        options.json,
        "send",
        params,
        mails_per_second=(options.messages / seconds, "1/s"),
        recorded_sent=(states.get("sent", 0), "mails"),
        not_sent=(sum(states.values()) - states.get("sent", 0), "mails"),
        in_flight_bound=(sum(result["in_flight"] for result in results), "mails"),
        mails_a_commit=(options.messages / max(1, commits), "mails"),
        memory=(max(result["memory"] for result in results), "MiB"),
        memory_growth=(max(result["growth"] for result in results), "MiB"),
        processor_a_mail=(sum(result["cpu"] for result in results) / options.messages * 1e6, "µs"),
    )
    for worker in workers:
        worker.wait(30)


def _start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(process: subprocess.Popen[str] | None) -> dict[str, Any]:
    assert process is not None and process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("A process of the benchmark ended early; its error is above.")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _ask(sink: subprocess.Popen[str]) -> dict[str, Any]:
    assert sink.stdin is not None
    sink.stdin.close()
    counted = _line(sink)
    sink.wait(30)
    return counted


def _work() -> int:
    """One worker process: the broadcast lane's sender, until nothing is due."""
    load()
    from jouren.core.interpreter import tune_for_loops
    from jouren.messaging.sender import LaneSender
    from jouren.messaging.shop import load_shop
    from jouren.messaging.slots import most_of
    from jouren.messaging.vocabulary import Lane

    tune_for_loops()
    shop = load_shop()
    sender = LaneSender(Lane.BROADCAST)
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    settled = 0.0
    idle = 0
    while idle < 3:
        idle = 0 if sender.tick() else idle + 1
        if sender.rounds == 200 and not settled:
            settled = resident_mib()
        if idle:
            time.sleep(0.02)
    memory = resident_mib()
    sender.close()
    result = {
        "rounds": sender.rounds,
        "in_flight": most_of(Lane.BROADCAST, shop.connections) * shop.letters,
        "memory": memory,
        "growth": memory - (settled or memory),
        "cpu": time.process_time(),
    }
    print(json.dumps(result), flush=True)
    return 0


def people_and_message(count: int) -> tuple[int, list[int]]:
    """People who agreed to a newsletter, and a published mail of about 11 KB."""
    from django.db import connection

    from jouren.contacts.models import Topic
    from jouren.messaging.models import Message, ShopSettings
    from jouren.messaging.publishing import publish_message

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE messaging_delivery")
        cursor.execute('SELECT count(*) FROM contacts_contact WHERE source @> \'{"bench": "send"}\'')
        missing = count - cursor.fetchone()[0]
        cursor.execute(_PEOPLE, [max(0, missing)])
        cursor.execute('SELECT id FROM contacts_contact WHERE source @> \'{"bench": "send"}\' LIMIT %s', [count])
        contact_ids = [row[0] for row in cursor.fetchall()]
        cursor.execute("ANALYZE")
    ShopSettings.objects.update_or_create(
        pk=1,
        defaults={
            "name": "やまだ化粧品",
            "sender_name": "やまだ化粧品",
            "sender_address": "shop@example.jp",
            "postal_address": "東京都千代田区丸の内1-1-1",
            "complaints_email": "help@example.jp",
        },
    )
    topic, _created = Topic.objects.get_or_create(key="bench", defaults={"name": "ニュースレター"})
    message = Message(name="ベンチマーク", kind="help", stage=2, topic=topic, language="ja")
    content = [{"type": "text", "value": PARAGRAPH * 2}] + [
        {"type": "button", "value": {"text": "詳細こちら", "url": f"https://example.jp/{n}"}} for n in range(3)
    ]
    body = {"subject": "{{ contact.name }}、今日のお手入れ", "preheader": "三分でできます", "content": content}
    block = Message._meta.get_field("bodies").stream_block  # type: ignore[union-attr]
    message.bodies = block.to_python([{"type": "email", "value": body}])
    return publish_message(message).pk, contact_ids


_PEOPLE = """
WITH people AS (
    INSERT INTO contacts_contact (family_name, given_name, source, confirmed_at)
    SELECT '山田', '花子' || n, '{"bench": "send"}', now() FROM generate_series(1, %s) AS n
    RETURNING id
), addresses AS (
    INSERT INTO contacts_identity (contact_id, kind, value, verified_at)
    SELECT id, 'email', 'person' || id || '@example' || id %% 50 || '.jp', now() FROM people
)
INSERT INTO contacts_consent (contact_id, channel, topic, is_granted, since)
SELECT id, 'email', 'bench', true, now() FROM people
"""


def plan_broadcast(version_id: int, contact_ids: list[int]) -> None:
    """Make one message to each of these people due now, in the broadcast lane."""
    from jouren.core import clock
    from jouren.messaging.actions import PlannedDelivery, create_run, plan_deliveries
    from jouren.messaging.vocabulary import Lane, RunKind

    run = create_run(RunKind.BROADCAST, "benchmark")
    step, now = uuid.uuid4(), clock.now()
    for start in range(0, len(contact_ids), 1000):
        plan_deliveries(
            [
                PlannedDelivery(run.pk, step, contact_id, 0, version_id, "email", Lane.BROADCAST, now)
                for contact_id in contact_ids[start : start + 1000]
            ],
            now,
        )


def _states(messages: int) -> dict[str, int]:
    from django.db.models import Count

    from jouren.messaging.models import Delivery
    from jouren.messaging.vocabulary import State

    newest = Delivery.objects.order_by("-id").values("id")[:messages]
    rows = Delivery.objects.filter(id__in=newest).values_list("state").annotate(count=Count("id"))
    return {State(state).name.lower(): count for state, count in rows}

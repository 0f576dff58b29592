"""How a broadcast is planned: the audience frozen, people a second, the longest transaction, and memory.

Nothing is sent. Everybody is reachable; the condition is true for all, and asks a fact of each person.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.environment import migrate, report, resident_mib, set_up
from benchmarks.send import people_and_message

CONDITION = {"all": [{"fact": "contact.open_problem_count", "op": "lte", "value": 5}]}


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``--help``."""
    options = _options(arguments)
    set_up()
    migrate()
    from jouren.broadcasts import engine
    from jouren.broadcasts.actions import Wording, change_broadcast, create_broadcast, start_broadcast
    from jouren.broadcasts.forecast import forecast
    from jouren.broadcasts.models import Issue
    from jouren.broadcasts.vocabulary import Stage
    from jouren.core import clock
    from jouren.messaging.models import Message, MessageVersion, ShopSettings

    ShopSettings.objects.update_or_create(
        pk=1, defaults={"name": "店", "postal_address": "東京", "complaints_email": "a@example.jp"}
    )
    version_id, _people = people_and_message(options.people)
    message_id = MessageVersion.objects.get(pk=version_id).message_id
    if message_id is None:
        raise RuntimeError("The benchmark's message is gone.")
    Message.objects.filter(pk=message_id).update(live=True)
    params = {"people": options.people}
    broadcast = create_broadcast("bench")
    change_broadcast(broadcast.pk, variants=[Wording(message_id)], audience=CONDITION)
    broadcast.refresh_from_db()
    started = time.perf_counter()
    forecast(broadcast, clock.now(), clock.now())
    report(options.json, "broadcast", params, forecast=(time.perf_counter() - started, "s"))
    start_broadcast(broadcast.pk)
    started = time.perf_counter()
    engine.tick()
    report(options.json, "broadcast", params, beginning=(time.perf_counter() - started, "s"))
    longest, memory, planning = 0.0, resident_mib(), time.perf_counter()
    issue = Issue.objects.get(broadcast=broadcast)
    while issue.stage != Stage.ENDING:
        started = time.perf_counter()
        engine.tick()
        longest = max(longest, time.perf_counter() - started)
        issue.refresh_from_db()
    report(
        options.json,
        "broadcast",
        params,
        planned_per_second=(issue.planned / (time.perf_counter() - planning), "1/s"),
        longest_batch=(longest * 1000, "ms"),
        memory=(resident_mib(), "MiB"),
        memory_growth=(resident_mib() - memory, "MiB"),
    )
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks broadcast", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)

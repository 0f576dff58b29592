"""The loop that makes calls: a few at a time to each system, each until it is taken or given up.

Calls are claimed and what became of them is written down in transactions of their own; between the two, threads that
know no database do the calling. Whoever dies meanwhile is followed by somebody who calls again: a system may hear the
same thing twice, under the same ``webhook-id``.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from jouren.core import clock
from jouren.core.destinations import ForbiddenDestination
from jouren.core.holding import is_held
from jouren.core.outgoing import TOTAL_SECONDS, Answer, CallFailed, post
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events
from jouren.webhooks.models import CallState
from jouren.webhooks.policies import ERASED, FORBIDDEN, OFF, asked_to_wait, failure_of, is_temporary, next_try
from jouren.webhooks.signing import message_id_of, secret_of, signed_headers
from jouren.webhooks.telling import tell_people

logger = logging.getLogger(__name__)
_sql = load_sql("webhooks")

AT_ONCE = 16
AT_ONCE_EACH = 4
_LEASE = timedelta(seconds=TOTAL_SECONDS * 6)
_LOOK_SECONDS = 0.1
_ANSWER_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Claimed:
    """A call in our hands. ``attempts`` counts this one."""

    id: int
    endpoint_id: int
    name: str
    url: str
    is_on: bool
    message_id: UUID
    contact_id: int | None
    content: dict[str, Any]
    created_at: datetime
    give_up_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call. ``error`` is empty when it was taken; ``wait`` is what the system asked for."""

    error: str
    status: int = 0
    answer: str = ""
    wait: timedelta | None = None


class Caller:
    """Makes calls. Belongs to one thread; :meth:`tick` is one round."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._flying: dict[Future[Outcome], Claimed] = {}

    def tick(self) -> bool:
        """One round. Returns True while there is something to do."""
        has_recorded = self._record_landed()
        claimed = 0 if is_held() else self._claim()
        if not claimed and not has_recorded and self._flying:
            wait(self._flying, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
        return bool(claimed or has_recorded or self._flying)

    def close(self) -> None:
        """Write down what is still under way; what takes too long is called again by somebody else."""
        wait(self._flying, timeout=TOTAL_SECONDS / 2)
        self._record_landed()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None
        self._flying = {}

    def _claim(self) -> int:
        free = AT_ONCE - len(self._flying)
        if free <= 0:
            return 0
        now = clock.now()
        busy = Counter(call.endpoint_id for call in self._flying.values())
        with transaction.atomic():
            rows = _sql.all(
                "claim",
                {
                    "now": now,
                    "lease_until": now + _LEASE,
                    "busy_ids": list(busy.keys()),
                    "busy": list(busy.values()),
                    "most_each": AT_ONCE_EACH,
                    "limit": free,
                },
            )
            calls = [Claimed(*row) for row in rows]
            ready, refused = _prepare(calls)
            record(refused, now)
        for call, body, headers in ready:
            self._flying[self._pool().submit(_call, call.url, body, headers)] = call
        return len(calls)

    def _record_landed(self) -> bool:
        landed = [future for future in self._flying if future.done()]
        if landed:
            record([(self._flying[future], future.result()) for future in landed], clock.now())
            for future in landed:
                del self._flying[future]
        return bool(landed)

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        return self._threads


Ready = tuple[Claimed, bytes, dict[str, str]]


def _prepare(calls: Sequence[Claimed]) -> tuple[list[Ready], list[tuple[Claimed, Outcome]]]:
    """The calls with body and headers, and those that cannot be made, with what became of them."""
    if not calls:
        return [], []
    keys: dict[int, list[str]] = {}
    for endpoint_id, salt in _sql.all("salts", {"endpoint_ids": [call.endpoint_id for call in calls]}):
        keys.setdefault(endpoint_id, []).append(secret_of(salt))
    of_people = [call for call in calls if call.contact_id is not None]
    told = tell_people([(call.contact_id or 0, call.content.get("fields", ())) for call in of_people])
    people = {call.id: person for call, person in zip(of_people, told, strict=True)}
    ready: list[Ready] = []
    refused: list[tuple[Claimed, Outcome]] = []
    for call in calls:
        if not call.is_on:
            refused.append((call, Outcome(OFF)))
        elif call.id in people and people[call.id] is None:
            refused.append((call, Outcome(ERASED)))
        else:
            body = _body(call, people.get(call.id))
            headers = {"Content-Type": "application/json", "User-Agent": "Jouren-Webhooks/1"}
            headers |= signed_headers(message_id_of(call.message_id), body, keys.get(call.endpoint_id, ()))
            ready.append((call, body, headers))
    return ready, refused


def _body(call: Claimed, person: dict[str, Any] | None) -> bytes:
    data = {"event_id": message_id_of(call.message_id), **call.content.get("data", {})}
    if person is not None:
        data["contact"] = person
    content = {"type": call.content["type"], "timestamp": call.created_at.isoformat(), "data": data}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _call(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    """Make a call. Runs in a thread of the pool, and never raises."""
    try:
        answer = post(url, body, headers)
    except ForbiddenDestination:
        return Outcome(FORBIDDEN)
    except CallFailed as failed:
        return Outcome(failed.reason)
    except Exception as fault:
        logger.error("A call failed in a way that nobody thought of: %s", type(fault).__name__)
        return Outcome("answer")
    error = failure_of(answer.status)
    if not error:
        return Outcome("", answer.status)
    return Outcome(error, answer.status, _beginning(answer), asked_to_wait(answer.headers, clock.now()))


def _beginning(answer: Answer) -> str:
    text = answer.body[: _ANSWER_LENGTH * 4].decode(errors="replace")
    return "".join(char if char.isprintable() else " " for char in text).strip()[:_ANSWER_LENGTH]


def record(ended: Sequence[tuple[Claimed, Outcome]], now: datetime) -> None:
    """Write down what became of calls, and tell it on the timelines of those it was about."""
    if not ended:
        return
    fates = [_fate(call, outcome, now) for call, outcome in ended]
    with transaction.atomic():
        rows = _sql.all(
            "record",
            {
                "ids": [call.id for call, _outcome in ended],
                "attempts": [call.attempts for call, _outcome in ended],
                "states": [int(state) for state, _try_at in fates],
                "try_at": [try_at for _state, try_at in fates],
                "errors": [outcome.error for _call, outcome in ended],
                "answers": [outcome.answer for _call, outcome in ended],
                "now": now,
            },
        )
        contacts = dict(rows)
        told = [
            _told(call, outcome, contacts[call.id], now)
            for (call, outcome), (state, _try_at) in zip(ended, fates, strict=True)
            if contacts.get(call.id) is not None and state in {CallState.DELIVERED, CallState.FAILED}
        ]
        record_events(told)


def _fate(call: Claimed, outcome: Outcome, now: datetime) -> tuple[CallState, datetime | None]:
    if not outcome.error:
        return CallState.DELIVERED, None
    again = next_try(call.attempts, now, call.give_up_at, outcome.wait) if is_temporary(outcome.error) else None
    if again is not None:
        return CallState.WAITING, again
    logger.warning("The webhook %s was not delivered (%s).", call.endpoint_id, outcome.error)
    return CallState.FAILED, None


def _told(call: Claimed, outcome: Outcome, contact_id: int, now: datetime) -> NewEvent:
    about = {"webhook": call.endpoint_id, "name": call.name, "call": call.id}
    if outcome.error:
        return NewEvent("webhook.failed", contact_id, {**about, "reason": outcome.error}, occurred_at=now)
    return NewEvent("webhook.delivered", contact_id, {**about, "status": outcome.status}, occurred_at=now)

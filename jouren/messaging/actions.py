"""What writes runs and deliveries."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from jouren.contacts.models import Contact
from jouren.contacts.policies import is_japanese
from jouren.core import clock
from jouren.core.arrays import fold
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.events.actions import NewEvent, record_events
from jouren.messaging.defaults import ensure_default_messages
from jouren.messaging.errors import UnknownPurpose
from jouren.messaging.gate import Question, Verdict, ask, load_gate_facts
from jouren.messaging.models import MessageVersion, Run
from jouren.messaging.sending_rules.holds import record_holds
from jouren.messaging.vocabulary import Lane, RunKind

_sql = load_sql("messaging")
CHANNEL = "jouren_send"
_PURPOSE_STEPS = uuid.UUID("6f0ffb53-63a5-4b0b-9d5e-1a3c9d6f2b11")


class PlannedDelivery(NamedTuple):
    """A message that is to go to a person. ``due_at`` is aware; ``context`` holds variables of this delivery only.

    ``step`` is a UUID, or its text: all of one batch the same. ``withheld``: why it must not go, stored like the gate's
    reasons.
    """

    run_id: int
    step: uuid.UUID | str
    contact_id: int
    occurrence: int
    message_version_id: int
    channel: str
    lane: int
    due_at: datetime
    context: dict[str, Any] | None = None
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What became of a planned delivery. ``id`` is None when it had been planned before.

    ``reason`` says why it does not go when it is due: not before ``waits_until``, or (None) not at all.
    """

    id: int | None
    reason: str = ""
    waits_until: datetime | None = None


def create_run(kind: str, title: str, reference: str = "") -> Run:
    """The run of that kind and reference, made when there is none. Without a reference always a new one."""
    now = clock.now()
    if not reference:
        return Run.objects.create(kind=kind, title=title[:200], created_at=now)
    run, _created = Run.objects.get_or_create(
        kind=kind, reference=reference, defaults={"title": title[:200], "created_at": now}
    )
    return run


def cancel_run(run_id: int) -> None:
    """Let nothing more go out for this run. What is planned, on hold or not, is withheld when its moment comes."""
    Run.objects.filter(pk=run_id, cancelled_at=None).update(cancelled_at=clock.now(), held_at=None)


def hold_run(run_id: int) -> None:
    """Let nothing more go out for this run until :func:`release_run`: what is planned stays so, and is not lost.

    What is being handed over goes out still.
    """
    Run.objects.filter(pk=run_id, held_at=None, cancelled_at=None).update(held_at=clock.now())


def release_run(run_id: int) -> None:
    """Let a run on hold go on. What is due goes now, if the gate still lets it."""
    if Run.objects.filter(pk=run_id).exclude(held_at=None).update(held_at=None):
        wake(CHANNEL)


def plan_deliveries(planned: Sequence[PlannedDelivery], now: datetime) -> list[Plan]:
    """Ask the gate and store a batch of deliveries, in the caller's transaction (or one of its own).

    One that exists (same run, step, contact, occurrence) is left as it is. One that the gate defers is tried, and the
    gate asked again, at that moment. One that it refuses is stored as suppressed with its reason and told as
    ``message.withheld``.
    """
    ids, verdicts = _store(planned, now, tells_all=True)
    return [
        Plan(id_, verdict.reason, verdict.until) if id_ and verdict else Plan(id_)
        for id_, verdict in zip(ids, verdicts, strict=True)
    ]


def plan_many(planned: Sequence[PlannedDelivery], now: datetime) -> None:
    """As :func:`plan_deliveries`, for callers who need not know what became of each."""
    _store(planned, now, tells_all=False)


def _store(
    planned: Sequence[PlannedDelivery], now: datetime, *, tells_all: bool
) -> tuple[list[int | None], list[Verdict | None]]:
    """Returns the id of each that was stored (without ``tells_all``: of those that the gate holds) and its verdict."""
    if not planned:
        return [], []
    questions = [Question(p.contact_id, p.message_version_id, p.run_id, p.channel, p.due_at) for p in planned]
    with transaction.atomic():
        answers = ask(load_gate_facts(questions), now)
        verdicts = [Verdict(p.withheld) if p.withheld else answer for p, answer in zip(planned, answers, strict=True)]
        rows = _sql.all("plan", {**_columns(planned, verdicts, now), "tells_all": tells_all})
        ids: list[int | None] = [None] * len(planned)
        if rows:
            stored = {(run_id, step, contact_id, occurrence): id_ for id_, run_id, step, contact_id, occurrence in rows}
            # A key that stands twice in the batch belongs to its first place.
            ids = [stored.pop((p.run_id, str(p.step), p.contact_id, p.occurrence), None) for p in planned]
        if any(verdicts):
            _record_held(zip(ids, planned, verdicts, strict=True), now)
        if not all(verdicts) and _is_urgent(planned, now):
            wake(CHANNEL)
    return ids, verdicts


def _is_urgent(planned: Sequence[PlannedDelivery], now: datetime) -> bool:
    return any(p.lane < Lane.BROADCAST and p.due_at <= now for p in planned)


def _record_held(stored: Iterable[tuple[int | None, PlannedDelivery, Verdict | None]], now: datetime) -> None:
    held = [(id_, p, verdict) for id_, p, verdict in stored if id_ is not None and verdict is not None]
    record_holds([(id_, max(p.due_at, now), verdict) for id_, p, verdict in held])
    withheld = [(id_, p.contact_id, p.message_version_id, v.reason) for id_, p, v in held if v.until is None]
    if withheld:
        record_withheld(withheld)


def _columns(planned: Sequence[PlannedDelivery], verdicts: Sequence[Verdict | None], now: datetime) -> dict[str, Any]:
    what, whats = fold(
        [
            (p.run_id, p.step, p.channel, p.lane, p.due_at, p.message_version_id, v.reason if v else "", v and v.until)
            for p, v in zip(planned, verdicts, strict=True)
        ],
        8,
    )
    run_ids, steps, channels, lanes, due_at, version_ids, reasons, waits_until = whats
    return {
        "now": now,
        "contact_ids": [p.contact_id for p in planned],
        "occurrences": [p.occurrence for p in planned],
        "contexts": [None if p.context is None else Jsonb(p.context) for p in planned],
        "what": what,
        "run_ids": run_ids,
        "steps": steps,
        "channels": channels,
        "lanes": lanes,
        "due_at": due_at,
        "version_ids": version_ids,
        "reasons": reasons,
        "waits_until": waits_until,
    }


def withhold_planned(people: Iterable[tuple[int, int]], reason: str) -> int:
    """Let nothing that waits go out any more: pairs of run and contact. Returns how many deliveries there were."""
    pairs = sorted(set(people))
    if not pairs:
        return 0
    run_ids, contact_ids = map(list, zip(*pairs, strict=True))
    return _withhold(run_ids, contact_ids, [None] * len(pairs), reason)


def withhold_walks(walks: Iterable[tuple[int, int, int]], reason: str) -> int:
    """The same of single walks: run, contact and occurrence."""
    wanted = sorted(set(walks))
    if not wanted:
        return 0
    run_ids, contact_ids, occurrences = map(list, zip(*wanted, strict=True))
    return _withhold(run_ids, contact_ids, occurrences, reason)


def _withhold(
    run_ids: Sequence[int], contact_ids: Sequence[int], occurrences: Sequence[int | None], reason: str
) -> int:
    waiting = {
        "run_ids": list(run_ids),
        "contact_ids": list(contact_ids),
        "occurrences": list(occurrences),
        "reason": reason,
    }
    with transaction.atomic():
        rows = _sql.all("withhold_planned", waiting)
        if rows:
            record_withheld([(*row, reason) for row in rows])
    return len(rows)


def record_withheld(withheld: Sequence[tuple[int, int, int, str]]) -> None:
    """Tell on the timelines that messages did not go: rows of delivery, contact, message version, reason."""
    titles = version_titles({version for _id, _contact, version, _reason in withheld})
    record_events(
        [
            NewEvent("message.withheld", contact_id, {"delivery": delivery_id, **titles[version_id], "reason": reason})
            for delivery_id, contact_id, version_id, reason in withheld
        ]
    )


def version_titles(version_ids: set[int]) -> dict[int, dict[str, Any]]:
    """``{"message": id of the message, "title": its name}`` of each version, as events carry it."""
    rows = _sql.all("version_titles", {"version_ids": sorted(version_ids)})
    return {version_id: {"message": message_id, "title": name} for version_id, message_id, name in rows}


def send_transactional(
    purpose: str,
    contact_id: int,
    context: dict[str, Any] | None = None,
    occurrence: int = 0,
    *,
    channel: str = "email",
    language: str | None = None,
) -> Plan:
    """Send the message that serves ``purpose`` to a person, once for each ``occurrence``.

    It is written in ``language``, or the contact's language, or whichever there is.

    Raises:
        UnknownPurpose: no published message serves this purpose.
    """
    now = clock.now()
    if language is None:
        language = Contact.objects.filter(pk=contact_id).values_list("language", flat=True).first() or "ja"
    version = version_for(purpose, language)
    run = create_run(RunKind.TRANSACTIONAL, version.name, purpose)
    step = uuid.uuid5(_PURPOSE_STEPS, purpose)
    delivery = PlannedDelivery(
        run.pk, step, contact_id, occurrence, version.pk, channel, Lane.TRANSACTIONAL, now, context
    )
    return plan_deliveries([delivery], now)[0]


def version_for(purpose: str, language: str) -> MessageVersion:
    """The newest published version of the message for a purpose: Japanese for Japanese, else English, else any.

    An installation that has no message for its purposes yet gets the default ones.

    Raises:
        UnknownPurpose: no published message serves this purpose.
    """
    found = _newest_version(purpose, language)
    if found is None:
        # Looked for again whoever made them: somebody else may have while we waited.
        ensure_default_messages()
        found = _newest_version(purpose, language)
    if found is None:
        raise UnknownPurpose(_("There is no published message for “%(purpose)s”.") % {"purpose": purpose})
    return found


def _newest_version(purpose: str, language: str) -> MessageVersion | None:
    versions = MessageVersion.objects.filter(message__purpose=purpose, message__live=True, run=None)
    versions = versions.order_by("-number", "id")
    wanted = "ja" if is_japanese(language) else "en"
    return versions.filter(language=wanted).first() or versions.first()

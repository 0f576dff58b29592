"""What a round of sending writes down: one UPDATE for all deliveries, one batch of events."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from jouren.contacts.actions.consent import suppress_contacts
from jouren.contacts.models import SuppressionReason
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events
from jouren.messaging.channels.base import Fate, Outcome
from jouren.messaging.gate import Verdict
from jouren.messaging.policies import next_try
from jouren.messaging.sending_rules.holds import record_holds
from jouren.messaging.vocabulary import Kind, State

_sql = load_sql("messaging")
MAX_ERROR = 500


class Version(NamedTuple):
    """A message version as events tell it."""

    id: int
    message_id: int | None
    title: str
    kind: str

    @property
    def payload(self) -> dict[str, Any]:
        return {"message": self.message_id, "title": self.title}


@dataclass(slots=True)
class Entry:
    """A delivery in a sender's hands."""

    id: int
    contact_id: int
    version: Version
    attempts: int
    uncertain: int
    reason: str
    address: str
    slot: int = 0
    message_id: str = ""

    def attempt(self, slot: int, message_id: str) -> None:
        """Count a try, in this slot."""
        self.slot, self.message_id = slot, message_id
        self.attempts += 1


@dataclass
class Ledger:
    """Collects one round's results; :meth:`write` stores them in the caller's transaction."""

    now: datetime
    channel: str
    _rows: list[tuple[Any, ...]] = field(default_factory=list)
    _events: list[tuple[int, NewEvent]] = field(default_factory=list)
    _dead: list[tuple[int, int, str]] = field(default_factory=list)
    _held: list[tuple[int, Verdict]] = field(default_factory=list)

    def attempt(self, entry: Entry) -> None:
        """Is being sent from now on."""
        self._add(entry, State.ATTEMPTING, slot=entry.slot)

    def hold(self, entry: Entry, verdict: Verdict) -> None:
        """The gate refused, or wants to be asked again later."""
        self._held.append((entry.id, verdict))
        if verdict.until is not None:
            self._add(entry, State.PLANNED, reason=verdict.reason, try_at=verdict.until)
            return
        self._add(entry, State.SUPPRESSED, reason=verdict.reason)
        self._tell(entry, "message.withheld", reason=verdict.reason)

    def put_off(self, entry: Entry, moment: datetime) -> None:
        """A limit makes it wait; its moment is reserved."""
        self._add(entry, State.PLANNED, reason="rate", try_at=moment)

    def fail(self, entry: Entry, error: str) -> None:
        """Cannot be sent."""
        self._add(entry, State.FAILED, error=error)
        self._tell(entry, "message.failed", reason=_clean(error))

    def finish(self, entry: Entry, outcome: Outcome) -> None:
        """What handing it over came to."""
        if outcome.fate is Fate.ACCEPTED:
            self._add(entry, State.SENT)
            self._tell(entry, "message.sent", channel=self.channel)
        elif outcome.fate is Fate.LOST:
            self.lose(entry, str(outcome.error or ""))
        elif outcome.fate is Fate.NOT_BEGUN:
            self._add(entry, State.PLANNED, reason=entry.reason, try_at=self.now, attempts=entry.attempts - 1)
        elif outcome.error is not None and outcome.error.permanent:
            self.fail(entry, str(outcome.error))
            if outcome.is_dead:
                self._tell(entry, "message.bounced", reason=_clean(str(outcome.error)))
                self._dead.append((entry.id, entry.contact_id, str(outcome.error)))
        else:
            self._try_later(entry, outcome)

    def lose(self, entry: Entry, error: str) -> None:
        """Nobody knows whether it arrived: marketing stays so, transactional is tried once more."""
        uncertain = entry.uncertain + 1
        if entry.version.kind == Kind.TRANSACTIONAL and uncertain == 1:
            self._add(entry, State.PLANNED, error=error, try_at=self.now, uncertain=uncertain)
            return
        self._add(entry, State.UNKNOWN, error=error, uncertain=uncertain)
        self._tell(entry, "message.unknown")

    def _try_later(self, entry: Entry, outcome: Outcome) -> None:
        error = str(outcome.error or "")
        moment = next_try(entry.attempts, self.now, line_broke=outcome.fate is Fate.NOT_TAKEN)
        if moment is None:
            self.fail(entry, error)
        else:
            self._add(entry, State.PLANNED, reason="retry", error=error, try_at=moment)

    def _add(
        self,
        entry: Entry,
        state: State,
        *,
        reason: str = "",
        error: str = "",
        slot: int | None = None,
        try_at: datetime | None = None,
        attempts: int | None = None,
        uncertain: int | None = None,
    ) -> None:
        # The entry stays as it is: a round whose transaction fails is written down once more.
        self._rows.append(
            (
                entry.id,
                state.value,
                reason[:100],
                _clean(error),
                slot,
                entry.message_id,
                try_at,
                entry.attempts if attempts is None else attempts,
                entry.uncertain if uncertain is None else uncertain,
                entry.slot or None,
            )
        )

    def _tell(self, entry: Entry, event_type: str, **payload: str) -> None:
        event = NewEvent(
            event_type, entry.contact_id, {"delivery": entry.id, **entry.version.payload, **payload}, self.now
        )
        self._events.append((entry.id, event))

    def write(self) -> None:
        """Store all of it. What another process settled meanwhile is left alone, and not told twice."""
        if not self._rows:
            return
        names = (
            "ids",
            "states",
            "reasons",
            "errors",
            "slots",
            "message_ids",
            "try_at",
            "attempts",
            "uncertain",
            "held",
        )
        columns = dict(zip(names, map(list, zip(*self._rows, strict=True)), strict=True))
        changed = {id_ for (id_,) in _sql.all("apply", {"now": self.now, **columns})}
        erased = self._forget_answers()
        record_events([_silenced(event) if id_ in erased else event for id_, event in self._events if id_ in changed])
        if self._held:
            record_holds([(id_, self.now, verdict) for id_, verdict in self._held if id_ in changed])
        for id_, contact_id, detail in self._dead:
            if id_ not in erased:
                suppress_contacts(
                    [contact_id], SuppressionReason.HARD_BOUNCE, channel=self.channel, detail=_clean(detail)
                )

    def _forget_answers(self) -> set[int]:
        """Empty what servers said of people who were erased while their letters were under way. Returns those ids."""
        answered = [id_ for id_, _state, _reason, error, *_ in self._rows if error]
        if not answered:
            return set()
        return {id_ for (id_,) in _sql.all("forget_answers", {"ids": answered})}


def _silenced(event: NewEvent) -> NewEvent:
    return replace(event, payload={name: value for name, value in event.payload.items() if name != "reason"})


def recover(slots: Sequence[int], ledger: Ledger, own: Container[int] = ()) -> None:
    """Settle what the former holders of these slots left under way. The caller holds the slots' locks.

    ``own`` are deliveries whose end the caller knows: it had the slot before, in a database session that was lost.
    """
    if not slots:
        return
    rows = _sql.all("in_flight", {"slots": list(slots)})
    for id_, contact_id, version_id, message, name, kind, message_id, attempts, uncertain in rows:
        if id_ in own:
            continue
        entry = Entry(id_, contact_id, Version(version_id, message, name, kind), attempts, uncertain, "", "")
        entry.message_id = message_id
        ledger.lose(entry, "The sender stopped before the answer came.")


def _clean(text: str) -> str:
    return text.replace("\x00", "")[:MAX_ERROR]

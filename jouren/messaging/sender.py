"""The sender: takes due deliveries of one lane, asks the gate again, hands letters over, writes down what came of it.

Each round is one transaction and one exchange. The transaction records what the last exchange finished and marks as
``attempting``, with a fixed Message-ID, the next letters: so many a slot as the shop allows. Only after it committed do
these go out. So a crash leaves at most slots times letters whose fate nobody knows.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from jouren.core import clock
from jouren.core.holding import is_held
from jouren.core.sql import load_sql
from jouren.messaging import rates
from jouren.messaging.channels.base import Handover, Letter, LetterOrder, Outcome, Transport, Writer, channel
from jouren.messaging.errors import DeliveryError, TemplateProblem
from jouren.messaging.gate import GateFacts, Question, ask, load_gate_facts
from jouren.messaging.ledger import Entry, Ledger, Version, recover
from jouren.messaging.offers import Letter as OfferLetter
from jouren.messaging.offers import Told, offers_for_letters
from jouren.messaging.relay_trouble import note_trouble
from jouren.messaging.shop import Shop, hostname, load_shop
from jouren.messaging.slots import Slots, is_abandoned
from jouren.messaging.tracking import make_token
from jouren.messaging.variables import contact_variables, letter_variables
from jouren.messaging.vocabulary import Lane
from jouren.messaging.voices import Told as ToldVoices
from jouren.messaging.voices import voices_told

logger = logging.getLogger(__name__)
_sql = load_sql("messaging")
_SETTINGS_SECONDS = 5.0
_REAP_SECONDS = 5.0
_EXCHANGE_SECONDS = 0.5
_STRAGGLER_SECONDS = 0.02
_LAST_SECONDS = 5.0


class LaneSender:
    """Sends one lane by one channel. Belongs to one thread; :meth:`tick` is one round."""

    def __init__(self, lane: Lane, channel_name: str = "email") -> None:
        self.lane = lane
        self._channel = channel(channel_name)
        self._shop: Shop | None = None
        self._shop_read_at = 0.0
        self._slots: Slots | None = None
        self._transport: Transport | None = None
        self._writer: Writer | None = None
        self._versions: dict[int, Version] = {}
        self._languages: dict[int, str] = {}
        self._offers: dict[int, tuple[str, tuple[int, ...]]] = {}  # the language and offers of versions that show some
        self._voices: dict[int, dict[str, Any]] = {}  # what versions want that show customers' voices
        self._under_way: dict[int, Entry] = {}  # by delivery
        self._finished: list[tuple[Entry, Outcome]] = []
        self._reaped_at = 0.0
        self._has_claimed = False
        self.rounds = 0

    def tick(self) -> bool:
        """One round. Returns True when there was something to do."""
        is_stopped = is_held()
        if is_stopped and not self._is_at_work():
            return False
        now = clock.now()
        shop, slots, transport = self._prepare()
        self._reap(now)
        held = self._hold(slots, now)
        places = self._free_places(held, shop)
        # What was begun before a hold is written down still; nothing follows it.
        backlog = self._backlog(now, len(places)) if places and not is_stopped else 0
        if not (backlog or self._under_way or self._finished):
            transport.ready(0, len(held), shop.letters)
            return False
        wanted = backlog + len(self._under_way)
        lines = transport.ready(wanted, len(held), shop.letters, wait=0.1)[:backlog] if backlog else []
        self._has_claimed = False
        letters = self._commit(lines, places, shop, now) if lines or self._finished else []
        transport.send(letters)
        self._tell_news(transport)
        outcomes = self._poll(_EXCHANGE_SECONDS if letters else _STRAGGLER_SECONDS)
        return bool(letters or outcomes or self._has_claimed)

    def close(self) -> None:
        """Wait for the letters being handed over, five seconds at most, write all down, and hand the slots back.

        Those that wait behind them on their connections stay planned.
        """
        if self._transport is None or self._slots is None or self._shop is None:
            return
        self._transport.recall()
        until = time.monotonic() + _LAST_SECONDS
        while self._under_way and (left := until - time.monotonic()) > 0:
            self._poll(left)
        if self._finished:
            self._commit([], [], self._shop, clock.now())
        self._transport.close()
        if not self._under_way:
            self._slots.release()

    def _poll(self, seconds: float) -> int:
        """Take in what has ended, waiting so long. Returns how many."""
        assert self._transport is not None
        outcomes = self._transport.poll(seconds) if self._under_way else []
        for outcome in outcomes:
            self._finished.append((self._under_way.pop(outcome.key), outcome))
        return len(outcomes)

    def _tell_news(self, transport: Transport) -> None:
        """Note for the back office what hinders mail, or that nothing does any more."""
        for trouble in transport.news()[-1:]:
            note_trouble(self._channel.name, trouble)

    def _prepare(self) -> tuple[Shop, Slots, Transport]:
        if self._shop is None or time.monotonic() - self._shop_read_at > _SETTINGS_SECONDS:
            shop = load_shop()
            if self._shop is None or shop.sender != self._shop.sender:
                self._writer = self._channel.open_writer(shop.sender)
                self._versions.clear()
            self._shop, self._shop_read_at = shop, time.monotonic()
        if self._slots is not None and self._slots.total != self._shop.connections and not self._is_at_work():
            self._slots.release()
            self._slots = None
        if self._slots is None:
            self._slots = Slots(self.lane, self._shop.connections)
        if self._transport is None:
            self._transport = self._channel.open_transport()
        return self._shop, self._slots, self._transport

    def _is_at_work(self) -> bool:
        return bool(self._under_way or self._finished)

    def _free_places(self, held: list[int], shop: Shop) -> list[int]:
        """The slots that may take a letter, each as often as it may. None while their number is about to change."""
        if self._slots is not None and self._slots.total != shop.connections:
            return []
        taken = Counter(entry.slot for entry in self._under_way.values())
        return [slot for slot in held for _place in range(shop.letters - taken[slot])]

    def _hold(self, slots: Slots, now: datetime) -> list[int]:
        """The slots that are ours. What a former holder of a new one left behind is settled at once."""
        held, new = slots.hold()
        if new:
            own = {entry.id for entry in self._under_way.values()} | {entry.id for entry, _ in self._finished}
            ledger = Ledger(now, self._channel.name)
            with transaction.atomic():
                recover(new, ledger, own)
                ledger.write()
        return held

    def _backlog(self, now: datetime, limit: int) -> int:
        row = _sql.one("backlog", {"lane": self.lane, "now": now, "limit": limit})
        return row[0] if row else 0

    def _commit(self, lines: list[int], places: list[int], shop: Shop, now: datetime) -> list[Handover]:
        """The round's one transaction. Returns the letters to hand over on these lines, one for each at most."""
        ledger = Ledger(now, self._channel.name)
        with transaction.atomic():
            for entry, outcome in self._finished:
                ledger.finish(entry, outcome)
            claimed = self._claim(min(len(places), len(lines)), shop, ledger) if lines else []
            letters = self._write_letters(claimed, places, shop, ledger)
            ledger.write()
        self._finished.clear()
        self.rounds += 1
        self._under_way.update((entry.id, entry) for entry, _letter in letters)
        return [Handover(line, entry.id, letter) for line, (entry, letter) in zip(lines, letters, strict=False)]

    def _claim(self, limit: int, shop: Shop, ledger: Ledger) -> list[tuple[Entry, GateFacts, dict[str, object] | None]]:
        """Lock due deliveries, ask the gate and the limits, and give back those that may go now."""
        now = ledger.now
        waits = self.lane != Lane.TRANSACTIONAL
        if shop.per_second and waits:
            limit = min(limit, rates.relay_allowance(now, shop.per_second))
        rows = _standing_still(
            _sql.all("claim", {"lane": self.lane, "now": now, "channel": self._channel.name, "limit": limit})
        )
        if not rows:
            return []
        # Also when the gate lets none of them go: others wait behind them.
        self._has_claimed = True
        facts = load_gate_facts([Question(row[2], row[3], row[1], self._channel.name, None, row[0]) for row in rows])
        self._learn({row[3] for row in rows})
        passed = []
        for row, fact, verdict in zip(rows, facts, ask(facts, now, is_sending=True), strict=True):
            entry = Entry(row[0], row[2], self._versions[row[3]], row[6], row[7], row[4], fact.address or "")
            if verdict is None:
                passed.append((entry, fact, row[5]))
            else:
                ledger.hold(entry, verdict)
        if shop.domain_limits:
            passed = self._within_domain_limits(passed, shop.domain_limits, ledger, waits=waits)
        if shop.per_second:
            rates.spend_relay(now, shop.per_second, len(passed))
        return passed

    @staticmethod
    def _within_domain_limits(
        passed: list[tuple[Entry, GateFacts, dict[str, object] | None]],
        limits: dict[str, float],
        ledger: Ledger,
        *,
        waits: bool,
    ) -> list[tuple[Entry, GateFacts, dict[str, object] | None]]:
        reserved = [item for item in passed if item[0].reason == "rate"]
        others = [item for item in passed if item[0].reason != "rate"]
        moments = rates.reserve([item[0].address for item in others], limits, ledger.now, waits=waits)
        for item, moment in zip(others, moments, strict=True):
            if moment is not None:
                ledger.put_off(item[0], moment)
        return reserved + [item for item, moment in zip(others, moments, strict=True) if moment is None]

    def _learn(self, version_ids: set[int]) -> None:
        """Have the writer know these versions. One that cannot be used fails when it is written."""
        assert self._writer is not None
        unknown = [id_ for id_ in version_ids if id_ not in self._versions or not self._writer.knows(id_)]
        if not unknown:
            return
        for id_, body, kind, message_id, name, language, offers in _sql.all(
            "version_bodies", {"version_ids": unknown, "channel": self._channel.name}
        ):
            self._versions[id_] = Version(id_, message_id, name, kind)
            self._languages[id_] = language
            if offers:
                self._offers[id_] = (language, tuple(offers))
            if body is not None and body.get("voices"):
                self._voices[id_] = {"voices": body["voices"]}
            try:
                if body is not None:
                    self._writer.learn(id_, body, kind)
            except TemplateProblem as problem:
                logger.error("The message version %s cannot be used: %s", id_, problem)

    def _write_letters(
        self,
        claimed: list[tuple[Entry, GateFacts, dict[str, object] | None]],
        places: list[int],
        shop: Shop,
        ledger: Ledger,
    ) -> list[tuple[Entry, Letter]]:
        assert self._writer is not None
        letters: list[tuple[Entry, Letter]] = []
        host = hostname()
        told = self._tell_offers(claimed, shop, ledger.now)
        voices = self._tell_voices(claimed)
        for entry, facts, context in claimed:
            token = make_token(entry.id)
            contact = contact_variables(
                facts.family_name or "",
                facts.given_name or "",
                facts.language or "",
                entry.address,
                letter_language=self._languages.get(entry.version.id, ""),
            )
            offers = {"offers": told[entry.id]} if entry.id in told else {}
            shown = {"voices": voices[entry.version.id]} if entry.version.id in voices else {}
            variables = letter_variables(contact, shop.variables, shop.owner, {**(context or {}), **offers, **shown})
            order = LetterOrder(entry.version.id, f"{token}@{host}", token, entry.address, variables)
            try:
                letter = self._writer.write(order, ledger.now)
            except (TemplateProblem, DeliveryError, KeyError) as error:
                ledger.fail(entry, str(error))
                continue
            entry.attempt(places[len(letters)], order.message_id)
            ledger.attempt(entry)
            letters.append((entry, letter))
        return letters

    def _tell_offers(
        self, claimed: list[tuple[Entry, GateFacts, dict[str, object] | None]], shop: Shop, now: datetime
    ) -> dict[int, Told]:
        """What the letters tell of the offers that they show, by delivery; those without any are left out."""
        if not self._offers:
            return {}
        showing = [
            (entry.id, OfferLetter(facts.contact_id or entry.contact_id, offers, language))
            for entry, facts, _context in claimed
            if (known := self._offers.get(entry.version.id)) is not None
            for language, offers in (known,)
        ]
        told = offers_for_letters([letter for _id, letter in showing], shop.sender.base_url, now)
        return {id_: own for (id_, _letter), own in zip(showing, told, strict=True)}

    def _tell_voices(self, claimed: list[tuple[Entry, GateFacts, dict[str, object] | None]]) -> dict[int, ToldVoices]:
        """What customers' voices the letters show, by version: as they are approved at this moment."""
        if not self._voices:
            return {}
        ids = {entry.version.id for entry, _facts, _context in claimed} & self._voices.keys()
        return {id_: voices_told(self._voices[id_]) for id_ in ids}

    def _reap(self, now: datetime) -> None:
        """Settle what was left behind in slots that nobody took again."""
        if time.monotonic() - self._reaped_at < _REAP_SECONDS:
            return
        self._reaped_at = time.monotonic()
        own = {entry.slot for entry in self._under_way.values()} | {entry.slot for entry, _outcome in self._finished}
        left = [slot for (slot,) in _sql.all("slots_in_flight") if slot not in own]
        if not left:
            return
        ledger = Ledger(now, self._channel.name)
        with transaction.atomic():
            recover([slot for slot in left if is_abandoned(slot)], ledger)
            ledger.write()


def _standing_still(claimed: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Of claimed deliveries those whose person and run nobody is changing, and will until the transaction ends."""
    if not claimed:
        return []
    ids, run_ids, contact_ids = (list(column) for column in list(zip(*claimed, strict=True))[:3])
    still = {id_ for (id_,) in _sql.all("hold_still", {"ids": ids, "run_ids": run_ids, "contact_ids": contact_ids})}
    return [row for row in claimed if row[0] in still]


def make_tick(lane: Lane) -> tuple[Callable[[], bool], Callable[[], None]]:
    """A sender of a lane that comes to be at its first tick, in the thread that will use it."""
    senders: list[LaneSender] = []

    def tick() -> bool:
        if not senders:
            senders.append(LaneSender(lane))
        return senders[0].tick()

    def close() -> None:
        while senders:
            senders.pop().close()

    return tick, close

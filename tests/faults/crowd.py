"""Many people who walk one journey with branches, waits and letters; and who is to get which of these."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from jouren.core import clock
from jouren.events.actions import NewEvent, record_events
from jouren.journeys.models import Journey
from tests.messages import published
from tests.walking import live_journey, send, step, wait

_CHUNK = 200
# They have no names: who is who stands in the address.
_MAKE_PEOPLE = """
WITH numbers AS (
    SELECT number, nextval(pg_get_serial_sequence('contacts_contact', 'id')) AS id
    FROM generate_series(1, %s) AS number
), people AS (
    INSERT INTO contacts_contact (id, given_name) OVERRIDING SYSTEM VALUE SELECT id, 'n' || number FROM numbers
), addresses AS (
    INSERT INTO contacts_identity (contact_id, kind, value)
    SELECT id, 'email', 'p' || number || '@example.jp' FROM numbers
), consents AS (
    INSERT INTO contacts_consent (contact_id, channel, topic, is_granted, since)
    SELECT id, 'email', 'newsletter', true, now() FROM numbers
)
SELECT id FROM numbers ORDER BY number
"""
# The clock of all processes, as if somebody had set the machine's. core.clock itself only ever goes forward.
_SET_CLOCK = """
INSERT INTO core_clock (id, offset_seconds) VALUES (1, %s)
ON CONFLICT (id) DO UPDATE SET offset_seconds = core_clock.offset_seconds + excluded.offset_seconds
"""


def make_people(count: int) -> list[int]:
    """People who agreed to the newsletter; the first has the address p1@example.jp. Returns their ids in order."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_PEOPLE, [count])
        return [row[0] for row in cursor.fetchall()]


def address_of(number: int) -> str:
    """Of the person of that number, from 1."""
    return f"p{number}@example.jp"


def query(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """The rows of a query on the tests' database."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall()


def set_clock(**difference: float) -> None:
    """Put everybody's clock forward, or back."""
    with transaction.atomic():
        query(f"{_SET_CLOCK} RETURNING id", timedelta(**difference).total_seconds())
        query("SELECT pg_notify(%s, '')", clock.CHANNEL)
    clock.forget()


class Crowd:
    """They buy, and get *first*. A day later those who bought twice get *again*, others *once*. Who buys within a day
    after that gets *quick*, the others *slow*."""

    def __init__(self, count: int) -> None:
        self.ids = make_people(count)
        self.numbers = range(1, count + 1)
        names = ("first", "again", "once", "quick", "slow")
        self.messages = {name: published(name=name, subject=name).message for name in names}
        self.journey: Journey = live_journey(self.steps())

    def steps(self) -> list[dict[str, Any]]:
        """Of the journey, as its author writes them."""
        letter = {name: send(message, name) for name, message in self.messages.items()}
        twice = {"fact": "orders.count", "argument": "", "op": "gte", "value": "2"}
        fork = {"when": [{"type": "test", "value": twice}], "then": [letter["again"]], "otherwise": [letter["once"]]}
        listens = {"event": "order.paid", "message": None, "amount": 1, "unit": "days"}
        return [
            letter["first"],
            wait(1, "a day"),
            step("branch", fork, "fork"),
            step("wait_event", {**listens, "then": [letter["quick"]], "otherwise": [letter["slow"]]}, "listen"),
        ]

    def buy(self, order: int, numbers: Iterable[int]) -> None:
        """These people's order of that number is told, in many small transactions."""
        chosen = list(numbers)
        for start in range(0, len(chosen), _CHUNK):
            record_events([self._paid(order, number) for number in chosen[start : start + _CHUNK]])

    def _paid(self, order: int, number: int) -> NewEvent:
        paid = {"order": str(order), "kind": "regular", "amount": 1000, "currency": "JPY", "products": ["tea"]}
        return NewEvent("order.paid", self.ids[number - 1], paid, source=f"shop-{number}")

    @property
    def twice(self) -> list[int]:
        """Who is to buy a second time on the first day."""
        return [number for number in self.numbers if number % 2 == 0]

    @property
    def quick(self) -> list[int]:
        """Who is to buy once more on the second day."""
        return [number for number in self.numbers if number % 3 == 0]

    def letters(self, *, quick: bool = True) -> set[tuple[str, str]]:
        """What everybody gets from the whole journey, when those have been quick who are to be, or nobody has."""
        return {
            (address_of(number), name)
            for number in self.numbers
            for name in (
                "first",
                "again" if number % 2 == 0 else "once",
                "quick" if quick and number % 3 == 0 else "slow",
            )
        }

    @property
    def first_letters(self) -> set[tuple[str, str]]:
        """What everybody gets on the first day."""
        return {(address_of(number), "first") for number in self.numbers}

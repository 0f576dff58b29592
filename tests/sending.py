"""Ways to plan messages and to run a sender. The fixtures ``server`` and ``sender`` are in ``integration``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.events.queries import events_of as log_of
from jouren.messaging.actions import plan_deliveries
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.sender import LaneSender
from tests.messages import planned


def run(sender: LaneSender, rounds: int = 60, until: Callable[[], bool] | None = None) -> None:
    """Let a sender work until nothing is left to do, or until ``until()``."""
    idle = 0
    for _ in range(rounds):
        worked = sender.tick()
        idle = 0 if worked else idle + 1
        if until() if until else idle > 2:
            return
        if not worked:
            time.sleep(0.02)
    raise AssertionError("The sender did not come to rest.")


def plan(version: MessageVersion, *contacts: Contact, **details: Any) -> list[Delivery]:
    plans = plan_deliveries([planned(version, contact, **details) for contact in contacts], clock.now())
    return [Delivery.objects.get(pk=each.id) for each in plans]


def refuse(verb: str, address: str, answer: bytes) -> Callable[[str, str], bytes | None]:
    return lambda command, argument: answer if (command, argument) == (verb, address) else None


def events_of(contact: Contact) -> list[str]:
    return [event.type for event in log_of([contact.pk]) if event.type.startswith("message.")]

"""Conditions of one program share one tuple of facts, so that a batch loads each fact once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jouren.conditions.compile import compile_python
from jouren.conditions.registry import FactUse
from jouren.journeys.program import Condition


class ConditionBinder:
    """Compiles a program's conditions one after the other; ``facts`` grows to what they all need together."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self.facts: tuple[FactUse, ...] = ()

    def bind(self, tree: dict[str, Any]) -> Condition:
        """The condition as a function of (values, now). Raises ConditionError."""
        compiled = compile_python(tree, self.facts)
        self.facts = compiled.facts
        zone, ask = self._zone, compiled.matches

        def condition(values: tuple[Any, ...], now: datetime) -> bool:
            return ask(values, now, zone)

        return condition

    def place(self, use: FactUse) -> int:
        """Where a fact's value stands in the tuple."""
        if use not in self.facts:
            self.facts = (*self.facts, use)
        return self.facts.index(use)

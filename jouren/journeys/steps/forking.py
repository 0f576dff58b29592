"""Steps that send people different ways at once: by a condition, by the first that fits, by lot."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, ClassVar

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.conditions.blocks import ConditionBlock
from jouren.conditions.wording import describe
from jouren.core.lots import LOTS, lot
from jouren.core.wording import percent
from jouren.journeys.program import Condition, Decision, Facts, Go, Program, Step
from jouren.journeys.steps.base import Binder, Compiler, Inner, Raw, StepKind, Way


@dataclass(frozen=True, slots=True)
class Branch(Step):
    """Take the first way whose condition holds, or the last one."""

    ways: tuple[tuple[Condition, str | None], ...]
    otherwise: str | None
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        for holds, first in self.ways:
            if holds(facts.values, now):
                return Go(first)
        return Go(self.otherwise)


class BranchKind(StepKind):
    """``branch`` [when, then, else]"""

    name = "branch"

    def block(self, inner: Inner) -> blocks.Block:
        return blocks.StructBlock(
            [
                ("when", ConditionBlock(label=pgettext_lazy("condition", "when"))),
                ("then", blocks.StreamBlock(inner, required=False, label=_("then"))),
                ("otherwise", blocks.StreamBlock(inner, required=False, label=_("otherwise"))),
            ],
            icon="decimal",
            label=_("Branch"),
        )

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {
            "when": compiler.tree(value["when"]),
            "then": compiler.add_all(value["then"], following),
            "else": compiler.add_all(value["otherwise"], following),
        }

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return Branch(step_id, ((binder.bind(raw["when"]), raw["then"]),), raw["else"])

    def describe(self, raw: Raw) -> str:
        return gettext("If %(condition)s") % {"condition": describe(raw["when"])}

    def ways(self, raw: Raw) -> list[Way]:
        return [Way(gettext("then"), raw["then"]), Way(gettext("otherwise"), raw["else"])]


class ChoiceKind(StepKind):
    """``choice`` [ways: [{name, when, then}], else]"""

    name = "choice"

    def block(self, inner: Inner) -> blocks.Block:
        way = blocks.StructBlock(
            [
                ("name", blocks.CharBlock(max_length=60, label=_("name of this way"))),
                ("when", ConditionBlock(label=pgettext_lazy("condition", "when"))),
                ("then", blocks.StreamBlock(inner, required=False, label=_("then"))),
            ],
            label=_("Way"),
        )
        return blocks.StructBlock(
            [
                (
                    "ways",
                    blocks.ListBlock(
                        way,
                        min_num=1,
                        max_num=10,
                        label=_("ways"),
                        help_text=_("The first one that fits is taken."),
                    ),
                ),
                ("otherwise", blocks.StreamBlock(inner, required=False, label=_("everyone else"))),
            ],
            icon="list-ul",
            label=_("Branch into several ways"),
        )

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {
            "ways": [
                {
                    "name": way["name"],
                    "when": compiler.tree(way["when"]),
                    "then": compiler.add_all(way["then"], following),
                }
                for way in value["ways"]
            ],
            "else": compiler.add_all(value["otherwise"], following),
        }

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return Branch(step_id, tuple((binder.bind(way["when"]), way["then"]) for way in raw["ways"]), raw["else"])

    def describe(self, raw: Raw) -> str:
        return gettext("Branch into several ways")

    def ways(self, raw: Raw) -> list[Way]:
        return [*(Way(way["name"], way["then"]) for way in raw["ways"]), Way(gettext("everyone else"), raw["else"])]


@dataclass(frozen=True, slots=True)
class Split(Step):
    """Draw lots, weighted: the same person always takes the same way of the same step."""

    bounds: tuple[int, ...]
    firsts: tuple[str | None, ...]

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Go(self.firsts[self.way_of(facts.contact_id)])

    def way_of(self, contact_id: int) -> int:
        """The way of a person, from 0. Drawn by step and person, so that no two splits draw alike."""
        return bisect_right(self.bounds, lot(self.id, contact_id) * self.bounds[-1] // LOTS)


class SplitKind(StepKind):
    """``split`` [ways: [{name, weight, then}]]"""

    name = "split"

    def block(self, inner: Inner) -> blocks.Block:
        way = blocks.StructBlock(
            [
                ("name", blocks.CharBlock(max_length=60, label=_("name of this way"))),
                ("weight", blocks.IntegerBlock(min_value=1, max_value=1000, default=50, label=_("share"))),
                ("then", blocks.StreamBlock(inner, required=False, label=_("steps"))),
            ],
            label=_("Way"),
        )
        return blocks.StructBlock(
            [
                (
                    "ways",
                    blocks.ListBlock(
                        way,
                        min_num=2,
                        max_num=10,
                        label=_("ways"),
                        help_text=_("People are drawn by lot, by these shares: 50 and 50 is half and half."),
                    ),
                )
            ],
            icon="resubmit",
            label=_("Split by lot"),
        )

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {
            "ways": [
                {"name": way["name"], "weight": way["weight"], "then": compiler.add_all(way["then"], following)}
                for way in value["ways"]
            ]
        }

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        bounds = tuple(accumulate(way["weight"] for way in raw["ways"]))
        return Split(step_id, bounds, tuple(way["then"] for way in raw["ways"]))

    def describe(self, raw: Raw) -> str:
        return gettext("Split by lot")

    def ways(self, raw: Raw) -> list[Way]:
        total = sum(way["weight"] for way in raw["ways"])
        return [Way(self._told(way, total), way["then"]) for way in raw["ways"]]

    def _told(self, way: Raw, total: int) -> str:
        return gettext("%(name)s (%(share)s)") % {"name": way["name"], "share": percent(way["weight"] / total, 0)}

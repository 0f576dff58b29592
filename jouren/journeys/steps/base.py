"""What a step type is: how it is written, compiled, loaded and told. One class a type, all in this package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from wagtail import blocks

from jouren.conditions.registry import FactUse
from jouren.journeys.program import Condition, Step

Raw = Mapping[str, Any]
Inner = Sequence[tuple[str, blocks.Block]]
SECONDS = {"minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}


class Way(NamedTuple):
    """One of the ways out of a fork: what it is called, and the step it begins with (None: go on)."""

    label: str
    first: str | None


class Compiler(Protocol):
    """What a step type needs to compile its block."""

    journey_id: int | None
    """The journey it is a step of; None before that is stored."""

    def add_all(self, stream: Any, after: str | None) -> str | None:
        """Compile the steps of a way that goes on with ``after``; returns the id of its first step."""

    def tree(self, tree: Any) -> dict[str, Any]:
        """A condition, checked. Raises JourneyProblem when there is none."""

    def message(self, message: Any) -> dict[str, Any]:
        """``{"message_version": …, "message": …}`` of a published message, with ``"names_order": True`` where it names
        an order. Raises JourneyProblem."""

    def key_for(self, event: str) -> str:
        """The property of events of that type which says what a walk is about. Raises JourneyProblem."""

    def refuse(self, message: str) -> Exception:
        """A JourneyProblem of the steps, to be raised."""


class Binder(Protocol):
    """Gives a program's conditions and facts their places in its tuple of values."""

    def bind(self, tree: dict[str, Any]) -> Condition:
        """A condition as a function of (values, now)."""

    def place(self, use: FactUse) -> int:
        """Where the value of a fact stands in the tuple."""


class StepKind(ABC):
    """A step type. ``raw`` is a compiled step: ``{"type": name, "next": STEP_ID | null, …}``."""

    name: str
    ends = False
    waits = False
    """Whether people may stand at it for a while."""
    effect: type[Step] | None = None
    """The step class, where it does something to people."""

    @abstractmethod
    def block(self, inner: Inner) -> blocks.Block:
        """How it is written. ``inner`` are the step blocks that its ways may hold, empty at the deepest level."""

    def is_fork(self) -> bool:
        """Whether it holds steps of its own."""
        return type(self).ways is not StepKind.ways

    @abstractmethod
    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        """The compiled step. Its type and ``next``, the step after it (of a fork: where its ways meet), are added."""

    @abstractmethod
    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        """The step as the engine runs it."""

    @abstractmethod
    def describe(self, raw: Raw) -> str:
        """What it does, in a line."""

    def ways(self, raw: Raw) -> list[Way]:
        """The ways of a fork, in the order they are tried; the last one is for everyone else."""
        return []

    def effect_text(self, step: Any) -> str:
        """What it did to a person, for types that do something."""
        raise NotImplementedError

"""The steps that a journey can have: one class a type, in the order in which the editor offers them.

To add one, write a :class:`StepKind` and its :class:`~jouren.journeys.program.Step` in a module here and list it below;
where it changes something, say in ``effects.py`` how that is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wagtail import blocks

from jouren.journeys.program import Step
from jouren.journeys.steps.attributes import ClearAttributeKind, SetAttributeKind
from jouren.journeys.steps.base import Binder, StepKind, Way
from jouren.journeys.steps.calling import WebhookKind
from jouren.journeys.steps.changing import StageKind, SuppressKind
from jouren.journeys.steps.crossing import LeaveJourneyKind, StartJourneyKind
from jouren.journeys.steps.ending import ExitKind
from jouren.journeys.steps.forking import BranchKind, ChoiceKind, SplitKind
from jouren.journeys.steps.listening import WaitEventKind, WaitFirstKind
from jouren.journeys.steps.sending import SendKind
from jouren.journeys.steps.series import SeriesKind
from jouren.journeys.steps.tagging import AddTagKind, RemoveTagKind
from jouren.journeys.steps.telling import ColleagueKind
from jouren.journeys.steps.waiting import WaitBestKind, WaitDateKind, WaitKind, WaitUntilKind

MAX_DEPTH = 3

_KINDS: tuple[StepKind, ...] = (
    SendKind(),
    SeriesKind(),
    WaitKind(),
    WaitUntilKind(),
    WaitDateKind(),
    WaitBestKind(),
    WaitEventKind(),
    WaitFirstKind(),
    BranchKind(),
    ChoiceKind(),
    SplitKind(),
    StageKind(),
    SuppressKind(),
    SetAttributeKind(),
    ClearAttributeKind(),
    AddTagKind(),
    RemoveTagKind(),
    StartJourneyKind(),
    LeaveJourneyKind(),
    WebhookKind(),
    ColleagueKind(),
    ExitKind(),
)
_BY_NAME = {kind.name: kind for kind in _KINDS}
_KIND_OF_EFFECT = {kind.effect: kind for kind in _KINDS if kind.effect is not None}


def step_kind(name: str) -> StepKind:
    """The step type of that name. Raises ValueError for an unknown one."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise ValueError(f"Unknown step type {name!r}.") from None


def load_step(step_id: str, raw: Mapping[str, Any], binder: Binder) -> Step:
    """A compiled step as the engine runs it."""
    return step_kind(raw["type"]).load(step_id, raw, binder)


def describe_step(raw: Mapping[str, Any]) -> str:
    """What a compiled step does, in a line."""
    return step_kind(raw["type"]).describe(raw)


def ways_of(raw: Mapping[str, Any]) -> list[Way]:
    """The ways of a compiled fork; empty for a step that does not fork."""
    return step_kind(raw["type"]).ways(raw)


def followers(raw: Mapping[str, Any]) -> list[str | None]:
    """All steps that a compiled step may lead to; None is the end. Of a fork, the way for everyone else comes last."""
    kind = step_kind(raw["type"])
    if kind.ends:
        return []
    return [way.first for way in kind.ways(raw)] or [raw["next"]]


def is_end(raw: Mapping[str, Any]) -> bool:
    """Whether the journey ends at a compiled step, whatever stands after it."""
    return step_kind(raw["type"]).ends


def is_wait(raw: Mapping[str, Any]) -> bool:
    """Whether people may stand at a compiled step for a while."""
    return step_kind(raw["type"]).waits


def does_something(raw: Mapping[str, Any]) -> bool:
    """Whether a compiled step does something to people."""
    return step_kind(raw["type"]).effect is not None


def effect_type(step: Step) -> str:
    """The type of a step that was done to a person."""
    return _KIND_OF_EFFECT[type(step)].name


def describe_effect(step: Step) -> str:
    """What a step did to a person."""
    return _KIND_OF_EFFECT[type(step)].effect_text(step)


def step_blocks(depth: int = MAX_DEPTH) -> list[tuple[str, blocks.Block]]:
    """The step blocks; those that fork hold steps again, ``depth`` levels deep."""
    inner = step_blocks(depth - 1) if depth else []
    return [(kind.name, kind.block(inner)) for kind in _KINDS if depth or not kind.is_fork()]


class StepsBlock(blocks.StreamBlock):
    """A journey's steps, from the top down."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        super().__init__(local_blocks or step_blocks(), **kwargs)

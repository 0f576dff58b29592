"""Hints in the words of an author: what, at which step, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.journeys.lints import Hint
from jouren.journeys.shape import Compiled
from jouren.journeys.steps import describe_step, ways_of
from jouren.pyramid.stages import Stage


class HintText(NamedTuple):
    """A hint as it is read. ``step``: the step it is about, empty for the journey as a whole."""

    what: str
    remedy: str
    step: str
    is_error: bool


def hint_text(hint: Hint, compiled: Compiled) -> HintText:
    """A hint in words."""
    step = describe_step(compiled["steps"][hint.step]) if hint.step else ""
    what, remedy = _TEXTS[hint.code](hint, compiled, step)
    return HintText(what, remedy, step, hint.is_error)


def _zero_wait(hint: Hint, compiled: Compiled, step: str) -> tuple[str, str]:
    return _("“%(step)s” lets no time pass.") % {"step": step}, _("Give it a length, or take it out.")


def _unreachable(hint: Hint, compiled: Compiled, step: str) -> tuple[str, str]:
    return (
        _("Nobody comes to “%(step)s”: everybody has left before.") % {"step": step},
        _("Put it before the step that ends the journey, or take it out."),
    )


def _goal_impossible(hint: Hint, compiled: Compiled, step: str) -> tuple[str, str]:
    return (
        _("Nobody can reach the goal: its conditions contradict each other."),
        _("Change one of them, or put those of which one is enough into “At least one of”."),
    )


def _late_moment(hint: Hint, compiled: Compiled, step: str) -> tuple[str, str]:
    return (
        _("“%(step)s” is over by the time anybody comes there; they wait until %(at)s of the next day instead.")
        % {"step": step, "at": hint.values["at"]},
        _("Days count from entry, not from the step before. Choose a later day, or a plain wait."),
    )


def _no_time_passes(hint: Hint, compiled: Compiled, step: str) -> tuple[str, str]:
    return (
        _("“%(step)s” waits for the moment that the step before has waited for: no time passes.") % {"step": step},
        _("Choose a later day or time, or take it out."),
    )


def _no_wait_between(hint: Hint, compiled: Compiled, step: str) -> tuple[str, str]:
    return (
        _("“%(step)s” comes at once after “%(before)s”: two messages in the same minute.")
        % {"step": step, "before": describe_step(compiled["steps"][hint.values["after"]])},
        _("Put a wait between them, or make one message of the two."),
    )


def _hasty_ask(hint: Hint, compiled: Compiled, step: str) -> tuple[str, str]:
    helps = hint.values["helps"]
    what = (
        ngettext(
            "“%(step)s” asks for something after %(helps)s message that helps.",
            "“%(step)s” asks for something after %(helps)s messages that help.",
            helps,
        )
        if helps
        else _("“%(step)s” asks for something before any message has helped.")
    )
    return (
        what % {"step": step, "helps": helps},
        _("Help at least %(wanted)s times first: who asks too early is taken for a salesman.")
        % {"wanted": hint.values["wanted"]},
    )


def _no_way_for_refusers(hint: Hint, compiled: Compiled, step: str) -> tuple[str, str]:
    return (
        _("After “%(step)s” nothing is decided about those who do not buy.") % {"step": step},
        _("Wait for the purchase, and let those who do not buy leave, or get no more unneeded messages."),
    )


def _wrong_stage(hint: Hint, compiled: Compiled, step: str) -> tuple[str, str]:
    stages = ", ".join(str(Stage(stage).label) for stage in hint.values["stages"])
    return (
        _("“%(step)s” is for the stage “%(stage)s”, but who comes there stands on: %(stages)s.")
        % {"step": step, "stage": Stage(hint.values["for"]).label, "stages": stages},
        _("Choose a message for their stage, or change the stage that this message is for."),
    )


def _dead_end(hint: Hint, compiled: Compiled, step: str) -> tuple[str, str]:
    way = ways_of(compiled["steps"][hint.step or ""])[hint.values["way"]].label
    return (
        _("At “%(step)s”, the way “%(way)s” just ends, while others go on.") % {"step": step, "way": way},
        _("Put what they get into that way, or “Leave the journey” with the reason."),
    )


_TEXTS: Mapping[str, Callable[[Hint, Compiled, str], tuple[str, str]]] = {
    "zero_wait": _zero_wait,
    "unreachable": _unreachable,
    "goal_impossible": _goal_impossible,
    "late_moment": _late_moment,
    "no_time_passes": _no_time_passes,
    "no_wait_between": _no_wait_between,
    "hasty_ask": _hasty_ask,
    "no_way_for_refusers": _no_way_for_refusers,
    "wrong_stage": _wrong_stage,
    "dead_end": _dead_end,
}

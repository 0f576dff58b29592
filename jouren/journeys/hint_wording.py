"""Hints in the words of an author: what, at which step, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.core.wording import listed
from jouren.journeys.lints import Hint
from jouren.journeys.shape import Compiled
from jouren.journeys.steps import describe_step, ways_of
from jouren.pyramid.stages import Stage


class HintText(NamedTuple):
    """A hint as it is read. ``step``: the step it is about, empty for the journey as a whole."""

    step: str
    what: str
    remedy: str
    is_error: bool

    @property
    def line(self) -> str:
        """All of it, for where there is one line."""
        return f"{self.step}: {self.what} {self.remedy}" if self.step else f"{self.what} {self.remedy}"


def hint_text(hint: Hint, compiled: Compiled) -> HintText:
    """A hint in words."""
    step = describe_step(compiled["steps"][hint.step]) if hint.step else ""
    return HintText(step, *_TEXTS[hint.code](hint, compiled), hint.is_error)


def _zero_wait(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    return _("It lets no time pass."), _("Give it a length, or take it out.")


def _unreachable(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    return (
        _("Nobody comes here: everybody has left before."),
        _("Put it before the step that ends the journey, or take it out."),
    )


def _goal_impossible(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    return (
        _("Nobody can reach the goal: its conditions contradict each other."),
        _("Change one of them, or put those of which one is enough into “At least one of”."),
    )


def _held_back_receipt(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    return (
        _("It is a transactional message, and those who are held back to compare would not get it."),
        _("Send it by a journey of its own, or hold nobody back from this one."),
    )


def _late_moment(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    return (
        _("That moment is over by the time anybody comes here; they wait until %(at)s of the next day instead.")
        % {"at": hint.values["at"]},
        _("Days count from entry, not from the step before. Choose a later day, or a plain wait."),
    )


def _no_time_passes(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    return (
        _("The step before has waited for that very moment: no time passes."),
        _("Choose a later day or time, or take it out."),
    )


def _no_wait_between(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    return (
        _("Two messages in the same minute: it comes at once after another one (%(before)s).")
        % {"before": describe_step(compiled["steps"][hint.values["after"]])},
        _("Put a wait between them, or make one message of the two."),
    )


def _hasty_ask(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    helps = hint.values["helps"]
    what = (
        ngettext(
            "It asks for something after only %(helps)s message that helps or cares.",
            "It asks for something after only %(helps)s messages that help or care.",
            helps,
        )
        if helps
        else _("It asks for something before any message has helped.")
    )
    return (
        what % {"helps": helps},
        _("Help at least %(wanted)s times first: people who do not trust yet take an early offer for a sales trick.")
        % {"wanted": hint.values["wanted"]},
    )


def _no_way_for_refusers(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    return (
        _("After it nothing is decided about those who do not buy."),
        _("Wait for the purchase, and let those who do not buy leave, or get no more unneeded messages."),
    )


def _wrong_stage(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    stages = listed(str(Stage(stage).label) for stage in hint.values["stages"])
    return (
        _("The message is for the stage “%(stage)s”, but who comes here stands on: %(stages)s.")
        % {"stage": Stage(hint.values["for"]).label, "stages": stages},
        _("Choose a message for their stage, or change the stage that this message is for."),
    )


def _dead_end(hint: Hint, compiled: Compiled) -> tuple[str, str]:
    way = ways_of(compiled["steps"][hint.step or ""])[hint.values["way"]].label
    return (
        _("The way “%(way)s” just ends, while others go on.") % {"way": way},
        _("Put what they get into that way, or “Leave the journey” with the reason."),
    )


_TEXTS: Mapping[str, Callable[[Hint, Compiled], tuple[str, str]]] = {
    "zero_wait": _zero_wait,
    "unreachable": _unreachable,
    "goal_impossible": _goal_impossible,
    "held_back_receipt": _held_back_receipt,
    "late_moment": _late_moment,
    "no_time_passes": _no_time_passes,
    "no_wait_between": _no_wait_between,
    "hasty_ask": _hasty_ask,
    "no_way_for_refusers": _no_way_for_refusers,
    "wrong_stage": _wrong_stage,
    "dead_end": _dead_end,
}

"""What to do next, as one list: the first steps that are left, then what the figures suggest; and those put aside."""

from __future__ import annotations

from typing import Any

from wagtail.admin.ui.components import Component

from jouren.backoffice.home.advice import advice
from jouren.backoffice.home.checklist import StepState, steps
from jouren.reports.kept import Kept
from jouren.reports.overview import Overview, Today

_SHOWN = 4
SET_UP = "journeys.change_journey"
"""Who sets up the shop: sees first steps, and puts them aside."""


def steps_for(user: Any) -> list[StepState]:
    """The first steps that somebody can do."""
    if not user.has_perm(SET_UP):
        return []
    return [each for each in steps() if user.has_perms(each.step.permissions)]


class NextPanel(Component):
    """One list, in its order. In a shop that nobody has come to yet it stands above the pyramid, later below it."""

    name = "next"
    template_name = "backoffice/home/next.html"

    def __init__(self, user: Any, kept: Kept[Overview], work: Kept[Today]) -> None:
        self.steps = steps_for(user)
        self.advice = list(advice(user, kept.answer, work.answer))
        is_new = kept.answer is not None and not kept.answer.people
        self.order = 8 if self.left and is_new else 25

    @property
    def left(self) -> list[StepState]:
        """The steps that are still to be done."""
        return [step for step in self.steps if step.is_left]

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        return {
            "left": self.left[:_SHOWN],
            "more": self.left[_SHOWN:],
            "done": [step for step in self.steps if step.is_done],
            "skipped": [step for step in self.steps if step.is_skipped and not step.is_done],
            "total": len(self.steps),
            "advice": self.advice,
        }

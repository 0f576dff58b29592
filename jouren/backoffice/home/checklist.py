"""The first steps of a shop: any area registers its own; each can be put aside, and is found again.

A step is done when the shop is in that state, however it came there, so nothing about it is kept. That a shop does not
want a step is kept, for everybody of the shop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.models import SkippedStep


class UnknownStep(UserError):
    """There is no step of that name."""


@dataclass(frozen=True)
class Step:
    """Something a new shop does. ``title`` and ``why`` may be lazy translations; ``url`` a text, or what returns it.

    ``key`` stays the same for good: it is kept when the step is put aside. Lower ``order`` comes first.
    ``permissions``: all that somebody needs to do it; who lacks one is not shown it.
    """

    key: str
    title: Any
    why: Any
    url: Any
    is_done: Callable[[], bool]
    order: int
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepState:
    """A step as it stands in this shop."""

    step: Step
    is_done: bool
    is_skipped: bool

    @property
    def key(self) -> str:
        """The name of the step."""
        return self.step.key

    @property
    def title(self) -> str:
        """What to do."""
        return str(self.step.title)

    @property
    def why(self) -> str:
        """Why it is worth doing."""
        return str(self.step.why)

    @property
    def url(self) -> str:
        """Where it is done."""
        return str(self.step.url() if callable(self.step.url) else self.step.url)

    @property
    def is_left(self) -> bool:
        """Whether it is still to be done."""
        return not self.is_done and not self.is_skipped


_steps: dict[str, Step] = {}


def register(step: Step) -> None:
    """Add a step to the list. One of the same key is replaced."""
    _steps[step.key] = step


def steps() -> list[StepState]:
    """All steps in their order, with how each stands."""
    skipped = set(SkippedStep.objects.values_list("key", flat=True))
    ordered = sorted(_steps.values(), key=lambda step: (step.order, step.key))
    return [StepState(step, step.is_done(), step.key in skipped) for step in ordered]


def skip(key: str) -> Step:
    """Put a step aside for this shop. Returns it.

    Raises:
        UnknownStep: there is none of that key.
    """
    step = _step(key)
    SkippedStep.objects.get_or_create(key=key, defaults={"at": clock.now()})
    return step


def unskip(key: str) -> Step:
    """Take a step back that was put aside. Returns it.

    Raises:
        UnknownStep: there is none of that key.
    """
    step = _step(key)
    SkippedStep.objects.filter(key=key).delete()
    return step


def _step(key: str) -> Step:
    if key not in _steps:
        raise UnknownStep(_("There is no such step. Reload the page."))
    return _steps[key]

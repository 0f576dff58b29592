"""What a shop calls the five stages: one of three ways of the field to see the same road.

The stages and what they mean stay; their names, and from which purchase on somebody is a regular, follow the way that
is chosen. Labels are read from here by all screens, by way of :class:`jouren.pyramid.stages.Stage`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection
from django.db.utils import InterfaceError
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

_Handler = Callable[[HttpRequest], HttpResponseBase]
_REFRESH_SECONDS = 5.0
FIVE, KINDS, STEPS = "five", "kinds", "steps"


@dataclass(frozen=True)
class Preset:
    """A way to see the road. ``names`` of the stages from the lowest; ``regular_from``: the n-th regular purchase."""

    key: str
    title: Any
    about: Any
    names: Sequence[Any]
    regular_from: int


PRESETS: Mapping[str, Preset] = {
    preset.key: preset
    for preset in (
        Preset(
            FIVE,
            _("Five stages of the customer pyramid"),
            _("For shops with a trial: each stage gets an offer and a service of its own."),
            (
                _("Aware"),
                _("Prospect"),
                pgettext_lazy("stage of the pyramid", "Trial"),
                _("Existing"),
                _("Regular"),
            ),
            3,
        ),
        Preset(
            KINDS,
            _("Four kinds of customer"),
            _(
                "For shops that count by purchases: nobody knows you, they can be reached, they bought once, they come "
                "back. Whoever buys a second time at the regular price is a repeat customer."
            ),
            (
                _("Potential customer"),
                _("Prospective customer"),
                _("New customer (trial)"),
                _("New customer"),
                _("Repeat customer"),
            ),
            2,
        ),
        Preset(
            STEPS,
            _("Four steps of the sales process"),
            _("For consulting, courses and seminars: gather leads, build trust, front-end product, back-end product."),
            (
                _("Gathering leads"),
                _("Building trust"),
                _("Front-end product bought"),
                _("Back-end product bought"),
                pgettext_lazy("sales process", "Regular"),
            ),
            3,
        ),
    )
}

# Of this process: (read at, by the monotonic clock; the preset's key). Replaced whole, so it needs no lock.
_NEVER = (float("-inf"), FIVE)
_known = _NEVER


def stage_name(number: int) -> str:
    """A stage's name in this shop, in the reader's language. Costs no query: requests and workers :func:`refresh`."""
    return str(PRESETS[_known[1]].names[number - 1])


def refresh() -> str:
    """Read what the shop has chosen, if that was some seconds ago. Returns the preset's key."""
    global _known  # noqa: PLW0603 - one value a process is the point
    if time.monotonic() - _known[0] < _REFRESH_SECONDS:
        return _known[1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT preset FROM pyramid_naming WHERE id = 1")
        row = cursor.fetchone()
    _known = (time.monotonic(), row[0] if row and row[0] in PRESETS else FIVE)
    return _known[1]


def forget() -> None:
    """Drop what this process knows."""
    global _known  # noqa: PLW0603
    _known = _NEVER


def naming_middleware(get_response: _Handler) -> _Handler:
    """Every screen calls the stages as the shop does."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        # What the request itself needs of the database says so in its own words.
        with suppress(DatabaseError, InterfaceError):
            refresh()
        return get_response(request)

    return answer

"""What is wrong with rules before they are kept: in the words of whoever set them, with how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from jouren.messaging.sending_rules.hours import has_room
from jouren.messaging.sending_rules.terms import ROLLING, Cap, Rules

MAX_MOST = 1000
MAX_PERIOD = timedelta(days=366)
MAX_DELAY = timedelta(days=30)
MAX_HELP = 50
MAX_CAPS = 20


class Problem(NamedTuple):
    """Something wrong with a part of the rules: ``quiet``, ``window``, ``readiness``, ``delay``, ``hour`` or ``caps``.

    ``cap`` is the place of the cap that it is about, from 0.
    """

    part: str
    text: str
    cap: int | None = None


def find_problems(rules: Rules, default_hour: int) -> Iterator[Problem]:
    """All that is wrong with rules; nothing is when they can be kept."""
    quiet, window = rules.quiet, rules.window
    if quiet is not None and quiet.start == quiet.end:
        yield Problem("quiet", _("The quiet hours begin and end at the same time. Make the two times different."))
        quiet = None
    if window is not None and not window.days:
        yield Problem("window", _("On no day of the week could anything be sent. Choose at least one day."))
    elif not has_room(quiet, window):
        yield Problem("window", _("The quiet hours leave nothing of the sending hours. Change one of them."))
    if rules.readiness is not None and not 1 <= rules.readiness.needed <= MAX_HELP:
        yield Problem("readiness", _("Write a number from 1 to %(most)s.") % {"most": MAX_HELP})
    if not timedelta(days=1) <= rules.longest_delay <= MAX_DELAY:
        yield Problem("delay", _("Write a number of days from 1 to %(most)s.") % {"most": MAX_DELAY.days})
    if not 0 <= default_hour <= 23:
        yield Problem("hour", _("Write an hour from 0 to 23."))
    yield from _problems_of_caps(rules.caps)


def _problems_of_caps(caps: tuple[Cap, ...]) -> Iterator[Problem]:
    if len(caps) > MAX_CAPS:
        yield Problem("caps", _("Keep to %(most)s limits at most.") % {"most": MAX_CAPS})
    seen: set[tuple[object, ...]] = set()
    for place, cap in enumerate(caps):
        if not 1 <= cap.most <= MAX_MOST:
            text = _("Write a number of messages from 1 to %(most)s.") % {"most": MAX_MOST}
            yield Problem("caps", text, place)
        if cap.unit in ROLLING and not (cap.length >= 1 and (cap.period or MAX_PERIOD) <= MAX_PERIOD):
            yield Problem("caps", _("Write a period of at least 1 hour and at most 366 days."), place)
        covered = (cap.unit, cap.length, cap.channel, cap.kind, cap.topic)
        if covered in seen:
            yield Problem("caps", _("There are two limits for the same messages and period. Remove one."), place)
        seen.add(covered)

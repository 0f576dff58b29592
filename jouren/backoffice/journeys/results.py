"""What a journey brings, as its figures' screen tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.backoffice.comparing import Told, people_text, percent, tell_comparison
from jouren.backoffice.templatetags.backoffice_tags import grouped
from jouren.journeys.conversions import describe_conversion
from jouren.journeys.results import Counts, HoldoutResults, Results, StepSuccesses
from jouren.journeys.results import tell_results as results_from


@dataclass(frozen=True)
class HoldoutTold:
    """The comparison with those held back: since when (and until when), of what, and what came of it."""

    period: str
    goal: str
    told: Told


@dataclass(frozen=True)
class ResultsTold:
    """The results in words. ``rate`` is empty before anybody's time is over. ``steps``: by step."""

    goal: str
    days: int
    rate: str
    reached: str
    range: str
    waiting: str
    steps: dict[str, StepSuccesses]
    counts_yen: bool
    holdout: HoldoutTold | None


def tell_results(counts: Counts, compiled: Mapping[str, Any]) -> ResultsTold:
    """What a journey brings, as it was counted by the goal of one of its versions."""
    found = results_from(counts, compiled)
    walked = found.walked
    return ResultsTold(
        describe_conversion(found.goal),
        found.days,
        "" if found.rate is None else percent(found.rate),
        _("%(reached)s of %(people)s") % {"reached": grouped(found.reached), "people": people_text(walked.over)},
        _range(found),
        people_text(walked.waiting) if walked.waiting else "",
        found.steps,
        any(step.yen is not None for step in found.steps.values()),
        _tell_holdout(found.holdout, found) if found.holdout else None,
    )


def _range(found: Results) -> str:
    if found.rate is None:
        return ""
    return _("The true rate may lie between %(low)s and %(high)s.") % {
        "low": percent(found.interval.low),
        "high": percent(found.interval.high),
    }


def _tell_holdout(holdout: HoldoutResults, found: Results) -> HoldoutTold:
    labels = (_("Those who got this journey"), _("Those who did not get it"))
    if holdout.goal["event"] == "order.paid":
        labels = (_("Bought, having got this journey"), _("Bought without it"))
    told = tell_comparison(
        holdout.comparison, (holdout.treated, holdout.held), labels, holdout.smallest_effect, holdout.weeks
    )
    goal = _compared(holdout, found)
    return HoldoutTold(_period(holdout), goal, told)


def _compared(holdout: HoldoutResults, found: Results) -> str:
    within = ngettext("within %(days)s day", "within %(days)s days", found.days) % {"days": found.days}
    text = _("Compared is: %(goal)s, %(within)s of entering.") % {
        "goal": describe_conversion(holdout.goal),
        "within": within,
    }
    if found.goal is None:
        text = _("%(first)s %(second)s") % {
            "first": text,
            "second": _("Who gets no message cannot click one, so purchases are compared."),
        }
    return text


def _period(holdout: HoldoutResults) -> str:
    since, until, share = holdout.period
    day = date_format(timezone.localtime(since), "DATE_FORMAT")
    if until is None:
        return _("Since %(since)s, %(share)s %% of those who would enter are held back.") % {
            "since": day,
            "share": share,
        }
    return _("From %(since)s until %(until)s, %(share)s %% of those who would enter were held back.") % {
        "since": day,
        "until": date_format(timezone.localtime(until), "DATE_FORMAT"),
        "share": share,
    }

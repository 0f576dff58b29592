"""A broadcast in the words of a shop: whom it goes to, when, with which test, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from jouren.backoffice.messages.wording import why_withheld
from jouren.backoffice.policy.wording import DAYS, moment_text, time_text
from jouren.broadcasts.models import Broadcast, Issue
from jouren.broadcasts.policies import LAST_DAY
from jouren.broadcasts.vocabulary import BroadcastState, Fallback, Metric, Stage, Timing
from jouren.conditions.wording import describe


@dataclass(frozen=True)
class ReasonLine:
    """So many people, and why."""

    people: int
    why: str


def reason_lines(counts: Mapping[str, int]) -> list[ReasonLine]:
    """The gate's reasons as sentences, the most frequent first."""
    return [ReasonLine(people, why_withheld(reason)[0]) for reason, people in counts.items()]


def audience_text(broadcast: Broadcast) -> str:
    """Whom it is meant for."""
    return describe(broadcast.audience) or _("Everybody who agreed to the topic")


def timing_text(broadcast: Broadcast, begins_at: datetime | None) -> str:
    """When it goes. ``begins_at`` is when the next issue begins, if there is one."""
    at = time_text(broadcast.at)
    whose = _("by the clock where each person lives") if broadcast.is_local else ""
    if broadcast.timing == Timing.NOW:
        text = _("At once")
    elif broadcast.timing == Timing.ONCE:
        day = date_format(broadcast.day, "DATE_FORMAT") if broadcast.day else "…"
        text = _("On %(day)s at %(time)s") % {"day": day, "time": at}
    else:
        text = _("%(days)s at %(time)s") % {"days": rhythm_text(broadcast), "time": at}
        if broadcast.until:
            text = _("%(rhythm)s, until %(day)s") % {
                "rhythm": text,
                "day": date_format(broadcast.until, "DATE_FORMAT"),
            }
        if begins_at is not None:
            text = _("%(rhythm)s. The first one: %(moment)s") % {"rhythm": text, "moment": moment_text(begins_at)}
    parts = [text, whose if broadcast.timing != Timing.NOW else "", pace_text(broadcast)]
    return pgettext("between parts of a sentence", ", ").join(part for part in parts if part)


def rhythm_text(broadcast: Broadcast) -> str:
    """On which days it repeats."""
    comma = pgettext("between the members of a list", ", ")
    weekdays = comma.join(str(DAYS[day]) for day in sorted(broadcast.weekdays))
    days = comma.join(
        _("the last day") if day == LAST_DAY else pgettext("day of a month", "%(day)s") % {"day": day}
        for day in sorted(broadcast.month_days)
    )
    parts = [
        _("every week on %(days)s") % {"days": weekdays} if weekdays else "",
        _("every month on %(days)s") % {"days": days} if days else "",
    ]
    return comma.join(part for part in parts if part) or "…"


def pace_text(broadcast: Broadcast) -> str:
    """How fast it goes; empty without a limit."""
    if broadcast.per_hour is None:
        return ""
    return ngettext("%(count)s message an hour at most", "%(count)s messages an hour at most", broadcast.per_hour) % {
        "count": f"{broadcast.per_hour:,}"
    }


def trial_text(broadcast: Broadcast, versions: int) -> str:
    """What is tested and how it is decided; empty without a test."""
    if versions < 2:
        return ""
    if broadcast.test_percent >= 100:
        return _("Everybody gets one of the %(versions)s versions, drawn by lot.") % {"versions": versions}
    decides = {
        Metric.CLICK: _("clicks by people"),
        Metric.OPEN: _("opens by people"),
    }[Metric(broadcast.metric)]
    otherwise = {
        Fallback.FIRST: _("the others get version A"),
        Fallback.ASK: _("you are asked"),
        Fallback.SPLIT: _("the others get all versions, in equal shares"),
    }[Fallback(broadcast.fallback)]
    return ngettext(
        "%(percent)s %% get one of the %(versions)s versions, drawn by lot. After %(hours)s hour the others get the "
        "one with more %(decides)s; if there is not enough data, %(otherwise)s.",
        "%(percent)s %% get one of the %(versions)s versions, drawn by lot. After %(hours)s hours the others get the "
        "one with more %(decides)s; if there is not enough data, %(otherwise)s.",
        broadcast.wait_hours,
    ) % {
        "percent": broadcast.test_percent,
        "versions": versions,
        "hours": broadcast.wait_hours,
        "decides": decides,
        "otherwise": otherwise,
    }


@dataclass(frozen=True)
class Standing:
    """How a broadcast stands, and what kind of news that is (``good``, ``warn`` or nothing, for its colour)."""

    text: str
    tone: str = ""


def standing(broadcast: Broadcast, issue: Issue | None) -> Standing:
    """Where it is on its way. ``issue`` is its newest one."""
    if broadcast.trouble:
        return Standing(_("Stopped by itself"), "warn")
    if broadcast.is_paused:
        return Standing(pgettext("state of a broadcast", "Paused"), "warn")
    if broadcast.state == BroadcastState.SENDING and issue is not None and issue.ended_at is None:
        tone = "warn" if issue.stage == Stage.ASKING else "good"
        return Standing(str(Stage(issue.stage).label), tone)
    if broadcast.state == BroadcastState.SCHEDULED and broadcast.next_at is not None:
        return Standing(_("Goes on %(moment)s") % {"moment": moment_text(broadcast.next_at)}, "good")
    return Standing(str(BroadcastState(broadcast.state).label))

"""The sending rules in words: what each says, why it held a message back, and what all of them do together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from jouren.messaging.channels.base import channel
from jouren.messaging.control_group.models import ControlGroup
from jouren.messaging.sending_rules.holds import Held
from jouren.messaging.sending_rules.hours import open_hours
from jouren.messaging.sending_rules.terms import (
    EVERY_DAY,
    Action,
    Cap,
    Quiet,
    Readiness,
    ReasonTerms,
    Rules,
    Unit,
    Window,
    read_reason,
)
from jouren.messaging.vocabulary import Kind

DAYS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)
_WEEKDAYS, _WEEKEND = frozenset(range(5)), frozenset({5, 6})
_PERIODS = {
    Unit.DAY: gettext_lazy("a calendar day"),
    Unit.WEEK: gettext_lazy("a week from Monday"),
    Unit.MONTH: gettext_lazy("a calendar month"),
}


def moment_text(moment: datetime) -> str:
    """A moment as the shop's clock shows it, with its day of the week."""
    return date_format(timezone.localtime(moment), pgettext("format of a moment", "D j M, H:i"))


def time_text(at: time) -> str:
    """A time of day."""
    return f"{at.hour}:{at.minute:02}"


def limit_text(cap: Cap, topics: Mapping[str, str] | None = None) -> str:
    """A cap in short: 2 messages in a week from Monday (mail only). ``topics`` are the names of topics by key."""
    count = ngettext("%(count)s message", "%(count)s messages", cap.most) % {"count": cap.most}
    limit = _("%(messages)s in %(period)s") % {"messages": count, "period": period_text(cap)}
    scope = [part for part in (_channel_text(cap.channel), _kind_text(cap, topics)) if part]
    if not scope:
        return limit
    what = pgettext("between the parts of a list", ", ").join(scope)
    return _("%(limit)s (%(what)s only)") % {"limit": limit, "what": what}


def period_text(cap: Cap) -> str:
    """The period of a cap."""
    if cap.unit == Unit.HOURS:
        return ngettext("an hour", "%(count)s hours", cap.length) % {"count": cap.length}
    if cap.unit == Unit.DAYS:
        return ngettext("any 24 hours", "any %(count)s days", cap.length) % {"count": cap.length}
    return str(_PERIODS[cap.unit])


def _channel_text(name: str) -> str:
    try:
        return str(channel(name).label) if name else ""
    except LookupError:
        return name


def _kind_text(cap: Cap, topics: Mapping[str, str] | None) -> str:
    if cap.topic:
        return topics.get(cap.topic, cap.topic) if topics is not None else _("this topic")
    return str(Kind(cap.kind).label) if cap.kind in Kind.values else ""


def why_held(reason: str, until: datetime | None) -> tuple[str, str] | None:
    """Why a sending rule held a message back, and what can be done. ``until``: it waits for then; None: it did not go.

    None for the reason of anything else.
    """
    terms = read_reason(reason)
    if terms is None:
        return None
    because = _because(terms)
    if until is not None:
        return (
            _("It waits until %(moment)s: %(reason)s.") % {"moment": moment_text(until), "reason": because},
            _("It goes by itself then. Nothing to do."),
        )
    if terms.is_late:
        return (
            _("It would have had to wait too long: %(reason)s.") % {"reason": because},
            _("So that nobody gets an old offer, it was not sent. You can change this under Sending rules."),
        )
    return (
        _("A sending rule kept it back: %(reason)s.") % {"reason": because},
        _("This is what the shop has chosen. You can change it under Sending rules."),
    )


def held_text(held: Sequence[Held]) -> str:
    """What made a message wait that has gone since; empty when nothing did."""
    waits = [(each, terms) for each in held if each.until is not None and (terms := read_reason(each.reason))]
    if not waits:
        return ""
    first, (last, terms) = waits[0][0], waits[-1]
    assert last.until is not None
    return _("It had to wait from %(since)s until %(moment)s: %(reason)s.") % {
        "since": moment_text(first.at),
        "moment": moment_text(last.until),
        "reason": _because(terms),
    }


def _because(terms: ReasonTerms) -> str:
    match terms.rule:
        case "quiet":
            return _("quiet hours")
        case "window":
            return _("outside the days and hours of sending")
        case "ready":
            return _("help comes before an offer, and only %(reached)s of %(needed)s messages had helped") % {
                "reached": terms.reached,
                "needed": terms.needed,
            }
        case "journey":
            return _("a journey that comes before this one writes to them on that day")
        case _:
            assert terms.cap is not None
            return _("at most %(limit)s") % {"limit": limit_text(terms.cap)}


def sentences(rules: Rules, default_hour: int, topics: Mapping[str, str]) -> Iterator[str]:
    """What the rules do to messages, a sentence each."""
    if rules.is_empty:
        yield _("Every message goes when its time comes: there is no rule.")
    if rules.quiet is not None:
        yield _quiet_sentence(rules.quiet)
    if rules.window is not None:
        yield _window_sentence(rules.window)
    for cap in rules.caps:
        yield _cap_sentence(cap, topics)
    if rules.readiness is not None:
        yield _readiness_sentence(rules.readiness)
    if not rules.is_empty:
        days = rules.longest_delay.days
        yield ngettext(
            "What would have to wait more than %(count)s day is not sent.",
            "What would have to wait more than %(count)s days is not sent.",
            days,
        ) % {"count": days}
    yield from _warnings(rules, topics)
    text = (
        _("Whoever nothing is known of yet has %(time)s as their best hour.")
        if default_hour in open_hours(rules.quiet, rules.window)
        else _("%(time)s is no hour of sending: whoever nothing is known of yet has another one as their best hour.")
    )
    yield text % {"time": time_text(time(default_hour))}


def _quiet_sentence(quiet: Quiet) -> str:
    text = (
        _("From %(start)s to %(end)s nothing is sent; it goes at %(end)s instead.")
        if quiet.action == Action.DEFER
        else _("From %(start)s to %(end)s nothing is sent, and it is not made up for.")
    )
    return text % {"start": time_text(quiet.start), "end": time_text(quiet.end)}


def _window_sentence(window: Window) -> str:
    is_whole_day = window.start == window.end
    hours = _("all day") if is_whole_day else f"{time_text(window.start)}–{time_text(window.end)}"
    days = days_text(window.days)
    text = _("Messages go on these days only: %(days)s, %(hours)s.") % {"days": days, "hours": hours}
    closed = [] if window.on_holidays else [_("public holidays")]
    closed += [] if window.on_closures else [_("the shop's days off")]
    if closed:
        listed = pgettext("between the parts of a list", ", ").join(closed)
        text = two_sentences(text, _("Not on %(days)s.") % {"days": listed})
    if window.action == Action.DEFER:
        return two_sentences(text, _("Others wait for the next of these times."))
    return two_sentences(text, _("At other times they are not sent at all."))


def two_sentences(first: str, second: str) -> str:
    """Two sentences, one after the other: Japanese puts no space between them."""
    return _("%(first)s %(second)s") % {"first": first, "second": second}


def days_text(days: frozenset[int]) -> str:
    """Days of the week in short."""
    if days == EVERY_DAY:
        return _("every day")
    if days == _WEEKDAYS:
        return _("Monday to Friday")
    if days == _WEEKEND:
        return _("Saturday and Sunday")
    return pgettext("between the parts of a list", ", ").join(str(DAYS[day]) for day in sorted(days))


def _cap_sentence(cap: Cap, topics: Mapping[str, str]) -> str:
    text = (
        _("Each person gets at most %(limit)s; more than that waits.")
        if cap.action == Action.DEFER
        else _("Each person gets at most %(limit)s; more than that is not sent.")
    )
    return text % {"limit": limit_text(cap, topics)}


def _readiness_sentence(readiness: Readiness) -> str:
    text = (
        ngettext(
            "Nobody gets an offer before %(count)s message has helped them; until then it waits.",
            "Nobody gets an offer before %(count)s messages have helped them; until then it waits.",
            readiness.needed,
        )
        if readiness.action == Action.DEFER
        else ngettext(
            "Nobody gets an offer before %(count)s message has helped them; else it is not sent.",
            "Nobody gets an offer before %(count)s messages have helped them; else it is not sent.",
            readiness.needed,
        )
    )
    return text % {"count": readiness.needed}


def _warnings(rules: Rules, topics: Mapping[str, str]) -> Iterator[str]:
    for cap in rules.caps:
        period = cap.period or {Unit.DAY: timedelta(days=1), Unit.WEEK: timedelta(days=7)}.get(
            cap.unit, timedelta(days=31)
        )
        if cap.action == Action.DEFER and period > rules.longest_delay:
            yield _(
                "Mind: “at most %(limit)s” can ask for a longer wait than is allowed, and then they are not sent."
            ) % {"limit": limit_text(cap)}


def control_group_text(group: ControlGroup) -> str:
    """How the control group stands, in a sentence."""
    if not group.share or group.since is None:
        return _("There is no control group: everybody gets what they agreed to.")
    since = date_format(timezone.localtime(group.since), "DATE_FORMAT")
    return _("Since %(since)s, %(share)s in a hundred people get no marketing.") % {
        "since": since,
        "share": group.share,
    }

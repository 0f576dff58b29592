"""When the items of a series go out: every day, every few days, or on certain weekdays, at a time of day."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from jouren.core.errors import UserError
from jouren.core.schedule import is_business_day, local_moment, next_business_day

MAX_DAYS = 365
_A_YEAR = 366


@dataclass(frozen=True, slots=True)
class Rhythm:
    """At ``at``, every ``days`` days or, where there are any, on these ``weekdays`` (0 is Monday).

    ``business``: on business days only; another day is passed over (weekdays) or put off to the next (days).
    ``at_once``: the first item goes the moment somebody arrives, whatever the time.
    """

    at: time
    days: int = 1
    weekdays: tuple[int, ...] = ()
    business: bool = False
    at_once: bool = True

    def on_or_after(self, moment: datetime, zone: ZoneInfo, closures: Container[date] = ()) -> datetime:
        """The first moment of the rhythm that is not before ``moment``, in UTC."""
        day = self._fitting(moment.astimezone(zone).date(), closures)
        found = local_moment(day, self.at, zone)
        if found >= moment:
            return found
        return local_moment(self._fitting(day + timedelta(days=1), closures), self.at, zone)

    def after(self, last: datetime, zone: ZoneInfo, closures: Container[date] = ()) -> datetime:
        """When the item that follows one of ``last`` goes, in UTC: never on the same day."""
        ahead = 1 if self.weekdays else self.days
        day = last.astimezone(zone).date() + timedelta(days=ahead)
        return local_moment(self._fitting(day, closures), self.at, zone)

    def _fitting(self, day: date, closures: Container[date]) -> date:
        if not self.weekdays:
            return next_business_day(day, closures) if self.business else day
        listed = (each for each in _days_from(day) if each.weekday() in self.weekdays)
        if not self.business:
            return next(listed)
        # A shop that is closed on all of them for a year has not said so to keep a series from going on.
        return next((each for each in listed if is_business_day(each, closures)), day)

    def to_json(self) -> dict[str, Any]:
        """As it is stored; :func:`read_rhythm` reads it again."""
        return {
            "at": self.at.strftime("%H:%M"),
            "days": self.days,
            "weekdays": list(self.weekdays),
            "business": self.business,
            "at_once": self.at_once,
        }


EVERY_MORNING = Rhythm(time(7))


def _days_from(day: date) -> list[date]:
    return [day + timedelta(days=ahead) for ahead in range(_A_YEAR)]


def read_rhythm(raw: Mapping[str, Any]) -> Rhythm:
    """A stored rhythm."""
    return Rhythm(
        time.fromisoformat(raw["at"]),
        raw["days"],
        tuple(raw["weekdays"]),
        raw["business"],
        raw["at_once"],
    )


def make_rhythm(*, every: str, at: time, days: int | None, weekdays: list[int], business: bool, first: str) -> Rhythm:
    """A rhythm as an author chooses it: ``every`` is day, days or weekdays, ``first`` is now or rhythm.

    Raises:
        UserError: it would never send anything, or is not said in full.
    """
    if every == "weekdays":
        chosen = tuple(sorted(set(weekdays)))
        if not chosen:
            raise UserError(_("Choose at least one weekday."))
        if business and min(chosen) > 4:
            raise UserError(_("A Saturday or Sunday is never a business day. Choose another weekday as well."))
        return Rhythm(at, 1, chosen, business, first == "now")
    wanted = 1 if every == "day" else days
    if wanted is None or not 1 <= wanted <= MAX_DAYS:
        raise UserError(_("Say every how many days, from 1 to %(most)s.") % {"most": MAX_DAYS})
    return Rhythm(at, wanted, (), business, first == "now")


def every_of(rhythm: Rhythm) -> str:
    """What :func:`make_rhythm` calls ``every``."""
    if rhythm.weekdays:
        return "weekdays"
    return "day" if rhythm.days == 1 else "days"


def describe_rhythm(rhythm: Rhythm) -> str:
    """A rhythm in words: every day at 7:00."""
    at = f"{rhythm.at.hour}:{rhythm.at.minute:02}"
    if rhythm.weekdays:
        names = pgettext("between weekdays", ", ").join(str(WEEKDAYS_ABBR[day]) for day in rhythm.weekdays)
        text = _("on %(weekdays)s at %(at)s, business days only") if rhythm.business else _("on %(weekdays)s at %(at)s")
        return text % {"weekdays": names, "at": at}
    if rhythm.days == 1:
        return (_("every business day at %(at)s") if rhythm.business else _("every day at %(at)s")) % {"at": at}
    text = (
        ngettext(
            "every %(days)s day at %(at)s, business days only",
            "every %(days)s days at %(at)s, business days only",
            rhythm.days,
        )
        if rhythm.business
        else ngettext("every %(days)s day at %(at)s", "every %(days)s days at %(at)s", rhythm.days)
    )
    return text % {"days": rhythm.days, "at": at}

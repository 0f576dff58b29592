"""Steps that let time pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.conditions.errors import ConditionError
from jouren.core.schedule import add_business_days, anniversary, local_moment, next_business_day
from jouren.events.types import Event
from jouren.journeys.dates import dated_fact, dated_facts
from jouren.journeys.program import Decision, Facts, Go, Program, Stay, Step
from jouren.journeys.steps.base import SECONDS, Binder, Compiler, Inner, Raw, StepKind, Way
from jouren.messaging.best_hour import next_at

UNITS = [("minutes", _("minutes")), ("hours", _("hours")), ("days", _("days")), ("weeks", _("weeks"))]


@dataclass(frozen=True, slots=True)
class Wait(Step):
    """Let some time pass, counted from arrival: so many seconds, or business days."""

    seconds: int
    next: str | None
    business_days: int = 0
    is_alike: ClassVar[bool] = True

    @property
    def is_clocked(self) -> bool:
        return self.business_days > 0

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        until = facts.arrived_at + timedelta(seconds=self.seconds)
        if self.business_days:
            local = facts.arrived_at.astimezone(program.zone)
            day = add_business_days(local.date(), self.business_days, facts.closures)
            until = max(local_moment(day, local.time(), program.zone), facts.arrived_at)
        return Go(self.next) if now >= until else Stay(until)


class WaitKind(StepKind):
    """``wait`` [seconds, business_days]"""

    name = "wait"
    waits = True

    def block(self, inner: Inner) -> blocks.Block:
        return WaitBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        if value["unit"] == "business_days":
            return {"seconds": 0, "business_days": int(value["amount"])}
        return {"seconds": int(value["amount"]) * SECONDS[value["unit"]]}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return Wait(step_id, raw["seconds"], raw["next"], raw.get("business_days", 0))

    def describe(self, raw: Raw) -> str:
        if days := raw.get("business_days"):
            return ngettext("Wait %(days)s business day", "Wait %(days)s business days", days) % {"days": days}
        return gettext("Wait %(time)s") % {"time": duration_text(raw["seconds"])}


class WaitBlock(blocks.StructBlock):
    """Let time pass."""

    amount = blocks.IntegerBlock(min_value=1, max_value=1000, default=1, label=_("how long"))
    unit = blocks.ChoiceBlock(choices=[*UNITS, ("business_days", _("business days"))], default="days", label=_("unit"))

    class Meta:
        icon = "pause"
        label = _("Wait")
        form_classname = "struct-block jouren-row"


@dataclass(frozen=True, slots=True)
class WaitUntil(Step):
    """Wait for a time of day, ``day`` days after entry (0: the day of entry)."""

    day: int
    at: time
    business: bool
    next: str | None
    is_clocked: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        until = moment_of(self, facts, program.zone)
        return Go(self.next) if now >= until else Stay(until)


def moment_of(step: WaitUntil, facts: Facts, zone: ZoneInfo) -> datetime:
    """When a ``wait_until`` step lets this person go on, in UTC.

    A moment that was over when they arrived is the next day's same time: a message meant for the morning is not sent at
    night because its morning was missed.
    """
    day = facts.entered_at.astimezone(zone).date() + timedelta(days=step.day)
    while True:
        if step.business:
            day = next_business_day(day, facts.closures)
        moment = local_moment(day, step.at, zone)
        if moment >= facts.arrived_at:
            return moment
        day = max(day + timedelta(days=1), facts.arrived_at.astimezone(zone).date())


class WaitUntilKind(StepKind):
    """``wait_until`` [day, at, business]"""

    name = "wait_until"
    waits = True

    def block(self, inner: Inner) -> blocks.Block:
        return WaitUntilBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {
            "day": value["day"],
            "at": value["at"].strftime("%H:%M"),
            "business": bool(value["business"]),
        }

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return WaitUntil(step_id, raw["day"], time.fromisoformat(raw["at"]), raw["business"], raw["next"])

    def describe(self, raw: Raw) -> str:
        text = (
            gettext("Wait until day %(day)s at %(at)s, or the next business day")
            if raw["business"]
            else gettext("Wait until day %(day)s at %(at)s")
        )
        return text % {"day": raw["day"], "at": raw["at"]}


class WaitUntilBlock(blocks.StructBlock):
    """Wait for a time of day."""

    day = blocks.IntegerBlock(
        min_value=0,
        max_value=1000,
        default=1,
        label=pgettext_lazy("counted from entry", "day"),
        help_text=_("Counted from entry: 0 is the day of entry."),
    )
    at = blocks.TimeBlock(default="08:00", label=_("at"))
    business = blocks.BooleanBlock(required=False, label=_("on business days only"))

    class Meta:
        icon = "calendar-alt"
        label = _("Wait until day")
        form_classname = "struct-block jouren-row"


@dataclass(frozen=True, slots=True)
class WaitDate(Step):
    """Wait for a time of day, ``offset`` days after a date of the person's (before it: negative).

    Who has no such date, or whose moment is over when they arrive, takes the other way. A date that is changed while
    they wait counts from then on. ``changes``: the types of events after which it may be another.
    """

    place: int
    offset: int
    at: time
    yearly: bool
    business: bool
    then: str | None
    otherwise: str | None
    changes: frozenset[str] = frozenset()
    is_dated: ClassVar[bool] = True

    @property
    def waits_for(self) -> str | None:
        return " ".join(sorted(self.changes)) or None

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        until = self._moment(facts, program.zone)
        if until is None:
            return Go(self.otherwise)
        return Go(self.then) if now >= until else Stay(until, self.waits_for)

    def hears(self, event: Event, arrived_at: datetime, key: str) -> int | None:
        return 0 if event.type in self.changes else None

    def _moment(self, facts: Facts, zone: ZoneInfo) -> datetime | None:
        """The moment, in UTC, that is not over when the person arrives; None when there is none."""
        value = facts.values[self.place]
        if value is None:
            return None
        day: date = value.astimezone(zone).date() if isinstance(value, datetime) else value
        if not self.yearly:
            moment = self._on(day, facts, zone)
            return moment if moment >= facts.arrived_at else None
        year = facts.arrived_at.astimezone(zone).year
        moments = (self._on(anniversary(day, year + more), facts, zone) for more in range(-1, 3))
        return next((moment for moment in moments if moment >= facts.arrived_at), None)

    def _on(self, day: date, facts: Facts, zone: ZoneInfo) -> datetime:
        shifted = day + timedelta(days=self.offset)
        if self.business:
            shifted = next_business_day(shifted, facts.closures)
        return local_moment(shifted, self.at, zone)


class WaitDateKind(StepKind):
    """``wait_date`` [fact, args, offset, at, yearly, business, then, else]"""

    name = "wait_date"
    waits = True

    def block(self, inner: Inner) -> blocks.Block:
        return blocks.StructBlock(
            [
                ("fact", blocks.ChoiceBlock(choices=dated_facts, label=_("which date"))),
                (
                    "argument",
                    blocks.CharBlock(
                        required=False,
                        max_length=100,
                        label=_("which attribute"),
                        help_text=_("Only for “Attribute”: its key, such as birthday."),
                    ),
                ),
                (
                    "offset",
                    blocks.IntegerBlock(
                        default=0,
                        min_value=-365,
                        max_value=1000,
                        label=_("days after it"),
                        help_text=_("7 is a week after the date, -3 is three days before it."),
                    ),
                ),
                ("at", blocks.TimeBlock(default="08:00", label=_("at"))),
                ("yearly", blocks.BooleanBlock(required=False, label=_("every year again, as a birthday"))),
                ("business", blocks.BooleanBlock(required=False, label=_("on business days only"))),
                ("then", blocks.StreamBlock(inner, required=False, label=_("on that day"))),
                (
                    "otherwise",
                    blocks.StreamBlock(inner, required=False, label=_("when there is no such date, or it is over")),
                ),
            ],
            icon="date",
            label=_("Wait for a date of theirs"),
        )

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        try:
            use = dated_fact(value["fact"], value["argument"])
        except ConditionError as error:
            raise compiler.refuse(str(error)) from error
        return {
            "fact": use.name,
            "args": dict(use.arguments),
            "offset": value["offset"],
            "at": value["at"].strftime("%H:%M"),
            "yearly": bool(value["yearly"]),
            "business": bool(value["business"]),
            "then": compiler.add_all(value["then"], following),
            "else": compiler.add_all(value["otherwise"], following),
        }

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        use = dated_fact(raw["fact"], next(iter(raw["args"].values()), ""))
        return WaitDate(
            step_id,
            binder.place(use),
            raw["offset"],
            time.fromisoformat(raw["at"]),
            raw["yearly"],
            raw["business"],
            raw["then"],
            raw["else"],
            use.changed_by,
        )

    def describe(self, raw: Raw) -> str:
        name = ", ".join([str(dict(dated_facts()).get(raw["fact"], raw["fact"])), *map(str, raw["args"].values())])
        offset = raw["offset"]
        if offset == 0:
            return gettext("Wait for “%(date)s” at %(at)s") % {"date": name, "at": raw["at"]}
        text = (
            ngettext(
                "Wait until %(days)s day after “%(date)s”, at %(at)s",
                "Wait until %(days)s days after “%(date)s”, at %(at)s",
                offset,
            )
            if offset > 0
            else ngettext(
                "Wait until %(days)s day before “%(date)s”, at %(at)s",
                "Wait until %(days)s days before “%(date)s”, at %(at)s",
                -offset,
            )
        )
        return text % {"days": abs(offset), "date": name, "at": raw["at"]}

    def ways(self, raw: Raw) -> list[Way]:
        return [
            Way(gettext("on that day"), raw["then"]),
            Way(gettext("when there is no such date, or it is over"), raw["else"]),
        ]


@dataclass(frozen=True, slots=True)
class WaitBest(Step):
    """Wait for the hour at which the person tends to answer: a day at most."""

    next: str | None
    asks_best_hour: ClassVar[bool] = True
    is_clocked: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        if facts.best is None:
            return Go(self.next)
        # Counted from arrival: what is learned of them meanwhile never makes them wait for more than that day.
        until = next_at(*facts.best, facts.arrived_at)
        return Go(self.next) if now >= until else Stay(until)


class WaitBestKind(StepKind):
    """``wait_best`` []"""

    name = "wait_best"
    waits = True

    def block(self, inner: Inner) -> blocks.Block:
        return WaitBestBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return WaitBest(step_id, raw["next"])

    def describe(self, raw: Raw) -> str:
        return gettext("Wait for their best hour")


class WaitBestBlock(blocks.StaticBlock):
    """Wait for the hour at which the person tends to answer."""

    class Meta:
        icon = "time"
        label = _("Wait for their best hour")
        admin_text = _(
            "At most a day, until the hour at which this person clicked most often. Of whom too little is known, the "
            "hour at which your readers do; before that, the hour that you set among the sending rules."
        )


def duration_text(seconds: int) -> str:
    """A duration in its largest whole unit."""
    if seconds % 86_400 == 0:
        days = seconds // 86_400
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    if seconds % 3_600 == 0:
        hours = seconds // 3_600
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    minutes = seconds // 60
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}

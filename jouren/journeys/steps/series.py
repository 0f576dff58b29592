"""The step that sends a series: where a person stays until they have got its last item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.core.errors import UserError
from jouren.journeys.decide import leaves
from jouren.journeys.program import NEVER, Decision, Facts, Go, Leave, Proceed, Program, Stay, Step
from jouren.journeys.series.models import Series
from jouren.journeys.series.order import SeriesOrder, Slot
from jouren.journeys.series.rhythm import MAX_DAYS, Rhythm, describe_rhythm, make_rhythm, read_rhythm
from jouren.journeys.steps.base import Binder, Compiler, Inner, Raw, StepKind
from jouren.journeys.steps.sending import Send, message_name

LATE = timedelta(hours=6)
"""An item that goes later than this after its moment was missed: the next one counts from when it did go."""

EVERY = [("day", _("every day")), ("days", _("every few days")), ("weekdays", _("on certain weekdays"))]
FIRST = [("now", _("at once")), ("rhythm", _("at the first moment of the rhythm"))]
AT_END = [("go_on", _("go on with the next step")), ("wait", _("wait for new messages"))]


@dataclass(frozen=True, slots=True)
class SendItem(Send):
    """Send the ``number``-th message of a series. Its delivery bears the item's id, wherever the series is sent."""

    within: str
    number: int

    @property
    def written_as(self) -> str:
        return self.within


@dataclass(frozen=True, slots=True)
class SendSeries(Step):
    """Send the items of a series one after the other, in its own rhythm unless another is given.

    ``waits``: whoever has got the last one waits here for more.
    """

    series: int
    rhythm: Rhythm | None
    waits: bool
    next: str | None

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        if facts.series is None:
            return Stay(now)  # they have only just come here: what they got is looked up before the next tick
        order, got = facts.series
        if order is None:
            return Go(self.next)
        index = order.index_of(facts.place)
        if index is None:
            index = order.furthest(got or ())
        if got is None and order.doubtful(index):
            return Stay(now)
        slot = order.following(index, got or ())
        if slot is None:
            return Stay(NEVER) if self.waits else Go(self.next)
        until = self._moment(slot, order, index, program, facts)
        if now < until:
            return Stay(until)
        # Asked again before every message, as before one that stands alone.
        reason = leaves(program, facts, now)
        if reason:
            return Leave(reason)
        send = SendItem(str(slot.item), slot.version, "email", None, self.id, order.number_of(slot))
        return Proceed(send, slot.id, until if now - until < LATE else now)

    @property
    def is_clocked(self) -> bool:
        return True

    def _moment(self, slot: Slot, order: SeriesOrder, index: int, program: Program, facts: Facts) -> datetime:
        rhythm = self.rhythm or order.rhythm
        if index >= 0:
            moment = rhythm.after(facts.arrived_at, program.zone, facts.closures)
        elif rhythm.at_once:
            moment = facts.arrived_at
        else:
            moment = rhythm.on_or_after(facts.arrived_at, program.zone, facts.closures)
        since = datetime.fromtimestamp(slot.since, UTC)
        # What was put in after that moment has not missed it: it goes at the next one.
        return moment if since <= moment else rhythm.on_or_after(since, program.zone, facts.closures)


class SeriesKind(StepKind):
    """``series`` [series, rhythm | null, at_end: go_on | wait]"""

    name = "series"
    waits = True
    effect = SendItem

    def block(self, inner: Inner) -> blocks.Block:
        return SeriesBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        chosen = str(value["series"] or "")
        series = Series.objects.filter(pk=int(chosen)).first() if chosen.isdigit() else None
        if series is None:
            raise compiler.refuse(gettext("A step has no series, or one that is not there any more. Choose one."))
        if series.live_version_id is None:
            raise compiler.refuse(gettext("The series “%(name)s” is not published yet.") % {"name": series})
        return {
            "series": series.pk,
            "rhythm": _own_rhythm(value["rhythm"], compiler),
            "at_end": value["at_end"],
        }

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        rhythm = read_rhythm(raw["rhythm"]) if raw["rhythm"] else None
        return SendSeries(step_id, raw["series"], rhythm, raw["at_end"] == "wait", raw["next"])

    def effect_text(self, step: SendItem) -> str:
        text = gettext("Gets “%(message)s”, number %(number)s of the series")
        return text % {"message": message_name(step.message_version), "number": step.number}

    def describe(self, raw: Raw) -> str:
        series = Series.objects.select_related("live_version").filter(pk=raw["series"]).first()
        live = series.live_version if series else None
        if series is None or live is None:
            return gettext("A series that is not there any more")
        text = ngettext(
            "Series “%(name)s”: %(count)s message, %(rhythm)s",
            "Series “%(name)s”: %(count)s messages, %(rhythm)s",
            live.items,
        )
        rhythm = read_rhythm(raw["rhythm"] or live.rhythm)
        return text % {"name": series, "count": live.items, "rhythm": describe_rhythm(rhythm)}


def _own_rhythm(value: Any, compiler: Compiler) -> dict[str, Any] | None:
    if value["every"] == "series":
        return None
    try:
        rhythm = make_rhythm(
            every=value["every"],
            at=value["at"],
            days=value["days"],
            weekdays=[int(day) for day in value["weekdays"] or ()],
            business=bool(value["business"]),
            first=value["first"],
        )
    except UserError as error:
        raise compiler.refuse(str(error)) from error
    return rhythm.to_json()


def series_choices() -> list[tuple[str, str]]:
    """The shop's series, by name."""
    return [(str(pk), name) for pk, name in Series.objects.values_list("pk", "name")]


class RhythmBlock(blocks.StructBlock):
    """A rhythm of the step's own, or that of the series."""

    every = blocks.ChoiceBlock(
        choices=[("series", _("as the series says")), *EVERY], default="series", label=_("how often it goes")
    )
    days = blocks.IntegerBlock(required=False, min_value=1, max_value=MAX_DAYS, label=_("every how many days"))
    weekdays = blocks.MultipleChoiceBlock(
        required=False,
        choices=lambda: [(str(day), name) for day, name in WEEKDAYS.items()],
        widget=forms.CheckboxSelectMultiple,
        label=_("weekdays"),
    )
    at = blocks.TimeBlock(default="07:00", label=_("at"))
    business = blocks.BooleanBlock(required=False, label=_("on business days only"))
    first = blocks.ChoiceBlock(choices=FIRST, default="now", label=_("the first one"))

    class Meta:
        label = _("rhythm")
        form_classname = "struct-block jouren-own-rhythm"


class SeriesBlock(blocks.StructBlock):
    """Send a series."""

    series = blocks.ChoiceBlock(
        choices=series_choices,
        refers_to="journeys.Series",
        label=_("series"),
        help_text=_("You write its messages, and put them in order, under Sending, Series."),
    )
    rhythm = RhythmBlock()
    at_end = blocks.ChoiceBlock(choices=AT_END, default="go_on", label=_("after the last message"))

    class Meta:
        icon = "list-ol"
        label = _("Send a series")

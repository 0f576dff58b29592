"""What became of the shop's messages on a day, one by one: what the first screen counts, in a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.backoffice.messages.wording import Explanation, label_of_reason, reason_label
from jouren.backoffice.people.telling import Line, tell_lines
from jouren.backoffice.places import read_place, write_place
from jouren.backoffice.screens import CountedScreen
from jouren.broadcasts.models import Broadcast
from jouren.conditions.moments import day_of
from jouren.contacts.models import Contact
from jouren.contacts.queries import canonical_ids
from jouren.contacts.timeline import tell_all
from jouren.core import clock
from jouren.core.zone import shop_zone
from jouren.events.types import Event
from jouren.journeys.models import Journey
from jouren.messaging.day import DayOfMessages, Result, messages_told
from jouren.messaging.models import Delivery, Message, Run
from jouren.messaging.vocabulary import RunKind, State
from jouren.reports.overview import bounds_of, messages_on

PAGE = 50
SEE_OUTCOMES = ("messaging.view_message", "messaging.view_delivery", "contacts.view_contact")
_STATES = {
    "message.sent": State.SENT,
    "message.withheld": State.SUPPRESSED,
    "message.failed": State.FAILED,
    "message.unknown": State.UNKNOWN,
}
_TONES = {State.SENT: "good", State.SUPPRESSED: "", State.FAILED: "bad", State.UNKNOWN: "bad"}
_MAX_REASON = 100


def outcomes_url(result: Result, day: date, reason: str = "") -> str:
    """The list of what came to this on a day; ``reason``: one of ``DayOfMessages.withheld``."""
    asked = {"result": result.value, "day": day.isoformat()} | ({"reason": reason} if reason else {})
    return f"{reverse('message_try:outcomes')}?{urlencode(asked)}"


class DayForm(forms.Form):
    """Of which day, and for which reason."""

    day = forms.DateField(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, widget=forms.Select)


@dataclass(frozen=True)
class Source:
    """What a message was sent by. ``url`` is empty where there is nothing to look at."""

    kind: str
    title: str
    url: str = ""


@dataclass(frozen=True)
class OutcomeRow:
    """One message to one person. ``public_id`` None: somebody erased. ``message_id`` None: it was deleted since."""

    at: datetime
    state: State
    public_id: UUID | None
    name: str
    title: str
    message_id: int | None
    source: Source | None
    explanation: Explanation | None
    delivery_id: int | None

    @property
    def tone(self) -> str:
        """Whether it is well."""
        return _TONES[self.state]


class OutcomesScreen(CountedScreen):
    """Messages of a day by what became of them, the latest first."""

    permissions = SEE_OUTCOMES
    template_name = "backoffice/messages/outcomes.html"
    page_title = gettext_lazy("What became of messages")
    header_icon = "list-ul"
    parents = (("messages:list", gettext_lazy("Messages")),)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        result = _result(asked.get("result", ""))
        # A day that cannot be read is said at its field, and today is shown.
        today = day_of(clock.now(), shop_zone())
        reason = asked.get("reason", "")[:_MAX_REASON].replace("\x00", "") if result in {None, Result.NOT_SENT} else ""
        form = DayForm(asked if "day" in asked else {"day": today.isoformat(), "reason": reason})
        form.fields["day"].widget.attrs["max"] = today.isoformat()
        form.is_valid()
        day = form.cleaned_data.get("day") or today
        if day > today or day.year < 2000:
            form.add_error("day", _("Choose a day between 2000 and today."))
            day = today
        kept = messages_on(day)
        told = kept.answer or DayOfMessages()
        form.fields["reason"].widget.choices = [("", _("any reason")), *_reasons(told, reason)]
        since, until = bounds_of(day)
        found = messages_told(
            since,
            until,
            Result.NOT_SENT if reason else result,
            reason=reason or None,
            before=read_place(asked.get("before", "")),
            limit=PAGE + 1,
        )
        here = (
            {"day": day.isoformat()}
            | ({"result": result.value} if result else {})
            | ({"reason": reason} if reason else {})
        )
        last = found[PAGE - 1] if len(found) > PAGE else None
        return {
            **super().get_context_data(**kwargs),
            "rows": outcome_rows(found[:PAGE]),
            "kept": kept,
            "tabs": _tabs(told if kept.answer else None, result, day),
            "form": form,
            "day": day,
            "is_today": day == today,
            "result": result,
            "reason": reason,
            "asks_reason": result is Result.NOT_SENT,
            "is_later_page": "before" in asked,
            "first": urlencode(here),
            "next": urlencode({**here, "before": write_place(last.occurred_at, last.id)}) if last else "",
        }


def _result(text: str) -> Result | None:
    """Raises Http404."""
    if not text:
        return None
    if text not in Result.values:
        raise Http404
    return Result(text)


def _tabs(told: DayOfMessages | None, chosen: Result | None, day: date) -> list[dict[str, Any]]:
    """The outcomes, each with how many there were that day (None: they are being counted)."""
    counts: dict[Result | None, int] = {}
    if told is not None:
        counts = {Result.SENT: told.sent, Result.NOT_SENT: told.not_sent, Result.FAILED: told.failed + told.unknown}
        counts[None] = sum(counts.values())
    everything = f"{reverse('message_try:outcomes')}?{urlencode({'day': day.isoformat()})}"
    urls: dict[Result | None, str] = {None: everything}
    urls |= {result: outcomes_url(result, day) for result in Result}
    labels: dict[Result | None, str] = {None: _("All")}
    labels |= {result: str(result.label) for result in Result}
    return [
        {"label": labels[result], "url": url, "count": counts.get(result), "is_here": result == chosen}
        for result, url in urls.items()
    ]


def _reasons(told: DayOfMessages, chosen: str) -> Iterator[tuple[str, str]]:
    """The reasons of a day with how many there were, and the chosen one, though there were none."""
    for reason, count in {**({chosen: 0} if chosen else {}), **told.withheld}.items():
        if reason:
            yield reason, f"{label_of_reason(reason)} ({count:,})"


def outcome_rows(events: Sequence[Event]) -> list[OutcomeRow]:
    """What became of messages, with whom they were for and what sent them: as many queries however many they are."""
    ids = {event.contact_id for event in events}
    became = canonical_ids(ids)
    people = Contact.objects.filter(erased_at=None).in_bulk([became.get(each, each) for each in ids])
    delivery_ids = [id_ for event in events if isinstance(id_ := event.payload.get("delivery"), int)]
    deliveries = Delivery.objects.select_related("run").in_bulk(delivery_ids)
    sources = _sources({delivery.run for delivery in deliveries.values()})
    messages = {id_ for event in events if isinstance(id_ := event.payload.get("message"), int)}
    living = set(Message.objects.filter(pk__in=messages).values_list("pk", flat=True))
    lines = tell_lines(tell_all(events))
    rows = []
    for event, line in zip(events, lines, strict=True):
        person = people.get(became.get(event.contact_id, event.contact_id))
        delivery = deliveries.get(event.payload.get("delivery", 0))
        message = event.payload.get("message")
        rows.append(
            OutcomeRow(
                at=event.occurred_at,
                state=_STATES[event.type],
                public_id=person.public_id if person else None,
                name=person.name if person else "",
                title=event.payload.get("title") or "",
                message_id=message if message in living else None,
                source=sources.get(delivery.run_id) if delivery else None,
                explanation=_explanation(event, line),
                delivery_id=line.delivery_id,
            )
        )
    return rows


def _explanation(event: Event, line: Line) -> Explanation | None:
    if line.explanation is None and event.type == "message.withheld":  # its delivery is not kept any more
        return Explanation(reason_label(event.payload.get("reason", "")))
    return line.explanation


def _sources(runs: Iterable[Run]) -> dict[int, Source]:
    """What runs are, by their id, with the screen of the journey or broadcast that is still there."""
    runs = list(runs)
    journeys = {run.pk: int(run.reference) for run in runs if run.kind == RunKind.JOURNEY and run.reference.isdigit()}
    broadcasts = {run.pk: int(parts[1]) for run in runs if len(parts := _broadcast(run)) > 1 and parts[1].isdigit()}
    there = set(Journey.objects.filter(pk__in=journeys.values()).values_list("pk", flat=True))
    sent = set(Broadcast.objects.filter(pk__in=broadcasts.values()).values_list("pk", flat=True))
    urls = {id_: reverse("journeys:inspect", args=[pk]) for id_, pk in journeys.items() if pk in there}
    urls |= {id_: reverse("broadcasts:show", args=[pk]) for id_, pk in broadcasts.items() if pk in sent}
    return {run.pk: Source(str(RunKind(run.kind).label), run.title, urls.get(run.pk, "")) for run in runs}


def _broadcast(run: Run) -> list[str]:
    return run.reference.split(":") if run.kind == RunKind.BROADCAST else []

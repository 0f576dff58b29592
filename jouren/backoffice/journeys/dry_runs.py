"""The dry run on screens: start one, see what would have happened, person by person, and take it along as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.log_actions import log

from jouren.backoffice.downloads import csv_download
from jouren.backoffice.journeys.screens import JourneyScreen
from jouren.backoffice.journeys.stories import step_texts, tell_story
from jouren.backoffice.messages.wording import channel_label, why_withheld
from jouren.backoffice.screens import PermissionAsked
from jouren.conditions.registry import fact
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.schedule import local_moment
from jouren.journeys.dry_run import CHANNELS, KEPT_DAYS, start_dry_run
from jouren.journeys.models import DryRun, DryRunPerson, DryRunState
from jouren.journeys.replay.player import version_of
from jouren.journeys.replay.series import series_of
from jouren.journeys.replay.sources import messages_of, unknown_pasts
from jouren.journeys.replay.story import read_story
from jouren.journeys.wording import reason_text

VIEW, CHANGE = ("journeys.view_journey",), ("journeys.change_journey",)
PEOPLE = ("journeys.view_journey", "contacts.view_contact")
PAGE = 20


class DryRunForm(forms.Form):
    """What is played, from when to when, and what a message costs."""

    what = forms.ChoiceField(
        label=gettext_lazy("What is played"),
        choices=[("live", gettext_lazy("The version that people enter now")), ("draft", gettext_lazy("The draft"))],
    )
    first = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=gettext_lazy("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    email = forms.DecimalField(
        label=gettext_lazy("Cost of a mail (yen)"), min_value=0, max_value=10_000, decimal_places=3, initial=0
    )
    line = forms.DecimalField(
        label=gettext_lazy("Cost of a LINE message (yen)"), min_value=0, max_value=10_000, decimal_places=3, initial=0
    )

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From the first day's beginning to the last day's end, but not beyond now."""
        start, last = self.cleaned_data["first"], self.cleaned_data["last"]
        end = local_moment(last + timedelta(days=1), time(), zone) - timedelta(seconds=1)
        is_today = last == clock.now().astimezone(zone).date()
        return local_moment(start, time(), zone), min(end, clock.now()) if is_today else end

    def costs(self) -> dict[str, Decimal]:
        """By channel."""
        return {channel: self.cleaned_data[channel] for channel in CHANNELS}


class DryRunsScreen(JourneyScreen):
    """All dry runs of a journey, and the form that starts one."""

    permissions = VIEW
    template_name = "backoffice/journeys/dry_runs.html"
    page_title = gettext_lazy("Dry run")
    header_icon = "view"
    form: DryRunForm | None = None
    problem = ""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Start one."""
        if not request.user.has_perms(CHANGE):
            return self.render_to_response(self.get_context_data(), status=403)
        self.form = DryRunForm(request.POST)
        if self.form.is_valid():
            try:
                start, end = self.form.span(ZoneInfo(self.journey.zone))
                run = start_dry_run(
                    self.journey,
                    start=start,
                    end=end,
                    costs=self.form.costs(),
                    is_draft=self.form.cleaned_data["what"] == "draft",
                    by=self.staff,
                )
            except (UserError, OverflowError) as error:
                self.problem = str(error) if isinstance(error, UserError) else _("This day is too far away.")
            else:
                return redirect("journeys:dry_run", self.journey.pk, run.pk)
        return self.render_to_response(self.get_context_data(), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        live = self.journey.versions.filter(live=True).exists()
        today = clock.now().astimezone(ZoneInfo(self.journey.zone)).date()
        initial = {"what": "live" if live else "draft", "first": _years_before(today), "last": today}
        return {
            **super().get_context_data(**kwargs),
            "runs": self.journey.dry_runs.all()[:PAGE],
            "form": self.form or DryRunForm(initial=initial),
            "problem": self.problem,
            "may_start": self.request.user.has_perms(CHANGE),
            "kept_days": KEPT_DAYS,
        }


def _years_before(day: date) -> date:
    return day - timedelta(days=365)


class _RunScreen(JourneyScreen):
    """A screen about one dry run."""

    @cached_property
    def run(self) -> DryRun:
        """The dry run. Raises Http404."""
        return get_object_or_404(
            DryRun.objects.select_related("journey"), pk=self.kwargs["run_id"], journey=self.journey
        )


class DryRunScreen(_RunScreen):
    """What would have happened: by day, by step, by channel."""

    permissions = VIEW
    template_name = "backoffice/journeys/dry_run.html"
    page_title = gettext_lazy("Dry run")
    header_icon = "view"

    @property
    def is_running(self) -> bool:
        """Whether there is no result yet."""
        return self.run.state in {DryRunState.WAITING, DryRunState.RUNNING}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = super().get(request, *args, **kwargs)
        if self.is_running:
            answer["Refresh"] = "2"
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        run, totals = self.run, self.run.totals or {}
        return {
            **super().get_context_data(**kwargs),
            "run": run,
            "last": run.end,
            "is_running": self.is_running,
            "share": run.done * 100 // run.people if run.people else 0,
            "totals": totals,
            "left": [(reason_text(reason), count) for reason, count in totals.get("left", {}).items()],
            "days": _bars(totals.get("days", {})),
            "rows": _step_rows(run, totals) if totals else [],
            "costs": _costs(run, totals),
            "assumptions": _assumptions(run),
            "shows_people": self.shows_people,
        }


def _bars(days: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """The days on which something went or was stopped, or weeks where there are too many, as heights of a chart."""
    if not days:
        return []
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    length = (last - first).days // 120 + 1
    bars: list[dict[str, Any]] = []
    for place in range((last - first).days // length + 1):
        bars.append({"day": first + timedelta(days=place * length), "sent": 0, "stopped": 0})
    for day, counts in days.items():
        bar = bars[(date.fromisoformat(day) - first).days // length]
        bar["sent"] += counts.get("sent", 0)
        bar["stopped"] += counts.get("stopped", 0)
    highest = max(bar["sent"] + bar["stopped"] for bar in bars) or 1
    width = 960 / len(bars)
    for place, bar in enumerate(bars):
        sent, stopped = (bar[name] * 180 / highest for name in ("sent", "stopped"))
        bar |= {"x": f"{place * width:.2f}", "width": f"{max(width - 1, 0.5):.2f}"}
        bar |= {"sent_y": f"{190 - sent:.2f}", "sent_height": f"{sent:.2f}"}
        bar |= {"stopped_y": f"{190 - sent - stopped:.2f}", "stopped_height": f"{stopped:.2f}"}
        bar["until"] = bar["day"] + timedelta(days=length - 1)
    return bars


def _step_rows(run: DryRun, totals: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps, each with who came there and what became of its message."""
    texts, steps = step_texts(run.compiled), run.compiled["steps"]
    rows = []
    for place, (step_id, text) in enumerate(texts.items()):
        counts = totals["steps"].get(step_id, {})
        reasons = [
            (kind, reason, why_withheld(reason)[0], number, f"{kind}:{place}:{reason}")
            for key, number in sorted(counts.items(), key=lambda item: -item[1])
            for kind, colon, reason in [key.partition(":")]
            if colon
        ]
        rows.append(
            {
                "text": text,
                "place": place,
                "is_message": step_id not in steps or steps[step_id]["type"] == "send",
                "is_item": step_id not in steps,
                "reached": counts.get("step", 0),
                "sent": counts.get("sent", 0),
                "stopped": [each for each in reasons if each[0] == "stopped"],
                "held": [each for each in reasons if each[0] == "held"],
            }
        )
    return rows


def _costs(run: DryRun, totals: Mapping[str, Any]) -> list[dict[str, Any]]:
    """By channel: messages, what one costs, and all of them in yen."""
    found = []
    for channel, count in totals.get("channels", {}).items():
        each = Decimal(run.costs.get(channel, "0"))
        found.append(
            {"label": channel_label(channel), "count": count, "each": each, "all": int(each * count + Decimal("0.5"))}
        )
    return found


def _assumptions(run: DryRun) -> list[str]:
    """What a dry run cannot know, said plainly."""
    program = version_of(run).program
    told = [
        _("It goes by when things happened, also of imported history, and as if everything had been told at once."),
        _("Nobody answers what they would have got here: no click, no reply. What they really did counts."),
        _("Sending rules, messages and days off are those of now. No mail service is slow, and nothing comes back."),
        _("Whoever was in this journey before the first day does not go on in it; messages of other journeys count."),
    ]
    if unknown := unknown_pasts(program):
        names = ", ".join(str(fact(name).label) for name in unknown)
        told.append(_("Known only as it is now: %(facts)s.") % {"facts": names})
    if any(each.needed_offers for each in messages_of(program, series_of(run.compiled)).values()):
        told.append(_("Offers have the terms that they have now; whether one was open is asked of each moment."))
    if program.asks_best_hour:
        told.append(_("The hour at which people tend to answer is that of now."))
    if program.series:
        told.append(_("Series are played with the messages, the order and the rhythm that they have now."))
    if program.holdout:
        told.append(_("Whoever the lot holds back to compare does not enter here either."))
    if program.entries_per_hour:
        told.append(_("The limit of people an hour counts who enters here; nobody waits from before the first day."))
    kinds = {step["type"] for step in run.compiled["steps"].values()}
    if kinds & {"start_journey", "leave_journey"}:
        told.append(_("Other journeys that a step starts or ends are not played."))
    return told


class DryRunPeopleScreen(_RunScreen):
    """The people of a dry run, each with their story; those of a mark only, where one is asked for."""

    permissions = PEOPLE
    template_name = "backoffice/journeys/dry_run_people.html"
    page_title = gettext_lazy("Dry run: the people")
    header_icon = "group"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mark = self.request.GET.get("mark", "").replace("\x00", "")[:200]
        after = self.request.GET.get("after", "")
        persons = self.run.persons.order_by("contact_id")
        if mark:
            persons = persons.filter(marks__contains=[mark])
        if after.isascii() and after.isdigit() and len(after) < 19:
            persons = persons.filter(contact_id__gt=int(after))
        shown = list(persons[: PAGE + 1])
        return {
            **super().get_context_data(**kwargs),
            "run": self.run,
            "mark": mark,
            "persons": _with_stories(self.run, shown[:PAGE]),
            "next": shown[PAGE - 1].contact_id if len(shown) > PAGE else None,
            "run_url": reverse("journeys:dry_run", args=[self.run.journey_id, self.run.pk]),
        }


def _with_stories(run: DryRun, persons: list[DryRunPerson]) -> list[dict[str, Any]]:
    contacts = Contact.objects.in_bulk([person.contact_id for person in persons])
    texts = step_texts(run.compiled)
    return [
        {
            "contact": contacts.get(person.contact_id),
            "sent": person.sent,
            "lines": tell_story(read_story(person.story, list(texts)), run.compiled, texts),
        }
        for person in persons
    ]


class DryRunCsv(PermissionAsked, View):
    """Every message and every step of everybody, a line each. It is noted in the audit log."""

    permissions = PEOPLE

    def get(self, request: HttpRequest, pk: int, run_id: int) -> HttpResponseBase:
        run = get_object_or_404(DryRun.objects.select_related("journey"), pk=run_id, journey_id=pk)
        log(instance=run.journey, action="journeys.export_dry_run", user=self.staff, data={"run": run.pk})
        return csv_download(f"dry-run-{run.pk}.csv", _csv_rows(run))


def _csv_rows(run: DryRun) -> Iterator[Sequence[str]]:
    yield [_("Person"), _("Name"), _("When"), _("What"), _("Step"), _("Details")]
    texts = step_texts(run.compiled)
    after = 0
    while persons := list(run.persons.filter(contact_id__gt=after).order_by("contact_id")[:500]):
        after = persons[-1].contact_id
        contacts = Contact.objects.in_bulk([person.contact_id for person in persons])
        for person in persons:
            contact = contacts.get(person.contact_id)
            for each in read_story(person.story, list(texts)):
                for line in tell_story([each], run.compiled, texts):
                    when = f"{timezone.localtime(each.at):%Y-%m-%d %H:%M:%S}"
                    who = [str(contact.public_id), contact.name] if contact else ["", ""]
                    yield [*who, when, str(_what(each.what)), texts.get(each.step, ""), line.text]


def _what(what: str) -> str:
    names = {
        "entered": _("enters"),
        "step": _("comes to a step"),
        "heard": _("what was waited for happens"),
        "did": _("something is done"),
        "sent": _("goes out"),
        "held": _("has to wait"),
        "stopped": _("is stopped"),
        "finished": _("finishes"),
        "left": _("leaves"),
    }
    return names.get(what, what)

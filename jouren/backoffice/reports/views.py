"""What became of a journey: figures, a picture, and a file of both."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import View
from wagtail.admin import messages

from jouren.backoffice.journeys.screens import JourneyScreen
from jouren.backoffice.screens import PermissionAsked, Screen, asking_again
from jouren.core.errors import UserError
from jouren.journeys.conversions import conversion_days, conversion_of, describe_conversion
from jouren.journeys.models import Journey, JourneyVersion
from jouren.reports.exports import KEPT, ask_for_export, find_export
from jouren.reports.kept import report_of
from jouren.reports.models import ExportState, ReportExport
from jouren.reports.picture import draw
from jouren.reports.queries import Period
from jouren.reports.rows import Row, rows_of

_SEE = ("journeys.view_journey",)


class PeriodForm(forms.Form):
    """Which version and which days."""

    version = forms.TypedChoiceField(
        label=gettext_lazy("Version"), required=False, coerce=int, empty_value=None, choices=()
    )
    since = forms.DateField(
        label=gettext_lazy("First day"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("Last day"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, journey: Journey, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = journey.versions.order_by("-number").values_list("number", flat=True)[:100]
        choices = [
            ("", _("all versions")),
            *((number, _("version %(number)s") % {"number": number}) for number in numbers),
        ]
        self.fields["version"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The last day is not before the first."""
        told = super().clean() or {}
        if told.get("since") and told.get("until") and told["until"] < told["since"]:
            raise forms.ValidationError(_("The last day is before the first one."))
        return told

    @property
    def period(self) -> Period:
        """The days that were chosen."""
        return Period(self.cleaned_data.get("since"), self.cleaned_data.get("until"))

    @property
    def number(self) -> int | None:
        """The version that was chosen; None: all."""
        return self.cleaned_data.get("version")


class ReportScreen(JourneyScreen):
    """How people walked a journey."""

    permissions = _SEE
    template_name = "backoffice/reports/journey.html"
    page_title = gettext_lazy("Report")
    header_icon = "route"

    @cached_property
    def form(self) -> PeriodForm:
        """What was asked for."""
        form = PeriodForm(self.journey, self.request.GET)
        form.is_valid()
        return form

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The report; while it is counted for the first time, the screen asks again by itself."""
        context = self.get_context_data(**kwargs)
        answer = self.render_to_response(context)
        return asking_again(answer, context["kept"]) if "kept" in context else answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {**super().get_context_data(**kwargs), "form": self.form}
        versions = self.journey.versions.order_by("-live", "-number")
        if self.form.errors or not versions.exists():
            return context
        chosen: JourneyVersion | None = versions.filter(number=self.form.number).first() if self.form.number else None
        shown = chosen or versions[0]
        kept = report_of(self.journey, chosen, self.form.period)
        context |= {"shown": shown, "chosen": chosen, "kept": kept}
        report = kept.answer
        if report is None:
            return context
        rows = rows_of(shown.compiled, report)
        title = _("The flow of “%(journey)s” with people at each step") % {"journey": self.journey}
        return {
            **context,
            "report": report,
            "goal": describe_conversion(conversion_of(shown.compiled)) if report.goal else "",
            "goal_days": conversion_days(shown.compiled),
            "rows": [(row, _times(row)) for row in rows],
            "picture": mark_safe(draw(rows, title)),  # noqa: S308 — built as a tree, which escapes
            "is_partial": report.counted_since is not None and _began_before(self.journey, report.counted_since),
        }


def _began_before(journey: Journey, day: Any) -> bool:
    first = journey.versions.order_by("number").values_list("created_at", flat=True).first()
    return first is not None and first.date() < day


def _times(row: Row) -> str | SafeString:
    if row.figures is None or not row.waits or row.figures.median is None or row.figures.late is None:
        return ""
    return format_html("{} / {}", length_text(row.figures.median), length_text(row.figures.late))


def length_text(seconds: float) -> str:
    """A length of time in its largest unit, to one decimal."""
    if seconds < 60:
        return _("under a minute")
    for size, one, many in (
        (86_400, "%(count)s day", "%(count)s days"),
        (3_600, "%(count)s hour", "%(count)s hours"),
        (60, "%(count)s minute", "%(count)s minutes"),
    ):
        if seconds >= size * 0.995:
            number = round(seconds / size, 1)
            shown = f"{number:g}"
            return ngettext(one, many, 1 if number == 1 else 2) % {"count": shown}
    return ""


class AskView(PermissionAsked, View):
    """Asks for a file of the report that is shown."""

    permissions = _SEE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Have it written by a job, and show how far that is."""
        journey = get_object_or_404(Journey, pk=kwargs["pk"])
        form = PeriodForm(journey, request.POST)
        try:
            if not form.is_valid():
                raise UserError(_("The last day is before the first one."))
            export = ask_for_export(journey, form.number, form.period, by=self.staff)
        except UserError as error:
            messages.error(request, str(error))
            return redirect("reports:journey", journey.pk)
        return redirect("reports:export", export.pk)


class ExportScreen(Screen):
    """How far a file is, and where to get it."""

    permissions = _SEE
    template_name = "backoffice/reports/export.html"
    page_title = gettext_lazy("Report as a file")
    header_icon = "download"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            export = find_export(kwargs["export_id"], int(self.staff.pk))
        except UserError as error:
            messages.error(request, str(error))
            return redirect("journeys:list")
        answer = self.render_to_response(self.get_context_data(export=export))
        if export.state in {ExportState.WAITING, ExportState.RUNNING}:
            answer["Refresh"] = "2"
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        export: ReportExport = kwargs["export"]
        return {
            **super().get_context_data(**kwargs),
            "is_ready": export.state == ExportState.DONE,
            "has_failed": export.state == ExportState.FAILED,
            "gone_at": export.created_at + KEPT,
            "back_url": reverse("reports:journey", args=[export.journey_id]),
        }


class DownloadView(PermissionAsked, View):
    """The file, to whoever asked for it."""

    permissions = _SEE
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The CSV, or the screen that says how far it is."""
        try:
            export = find_export(kwargs["export_id"], int(self.staff.pk))
        except UserError as error:
            messages.error(request, str(error))
            return redirect("journeys:list")
        if export.content is None:
            return redirect("reports:export", export.pk)
        answer = HttpResponse(bytes(export.content), content_type="text/csv; charset=utf-8")
        name = f"journey-{export.journey_id}-{export.created_at:%Y%m%d}.csv"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["X-Content-Type-Options"] = "nosniff"
        return answer

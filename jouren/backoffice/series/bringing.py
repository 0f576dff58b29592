"""Importing messages from files: looked at first, stored when somebody agrees."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin import messages

from jouren.backoffice.series.forms import ImportForm, place_of
from jouren.backoffice.series.screens import ADD, SeriesPart, series_url
from jouren.core.errors import UserError
from jouren.journeys.series.intake.actions import intake_of, keep_intake, make_intake
from jouren.journeys.series.intake.drafts import Draft, Remark
from jouren.journeys.series.intake.files import MAX_UPLOAD, File, read_files
from jouren.journeys.series.models import SeriesIntake
from jouren.journeys.series.order import MAX_ITEMS

SHOWN = 10
_BEGINNING = 120


class ImportScreen(SeriesPart):
    """Asks for the files, says how they are written, and reads them."""

    permissions = ADD
    template_name = "backoffice/series/import.html"
    page_title = gettext_lazy("Import messages")

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Read the files, and show what they came to."""
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        room = MAX_ITEMS - self.series.items.count()
        # A byte more than may be is enough to know that it is too much.
        given = [File(each.name, each.read(MAX_UPLOAD + 1)) for each in form.cleaned_data["upload"]]
        try:
            read = read_files(given, form.defaults(), room)
        except UserError as error:
            form.add_error("upload", str(error))
            return self.render_to_response(self.get_context_data(form=form))
        intake = keep_intake(self.series.pk, read, by=self.staff)
        return redirect("series:check", pk, intake.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": ImportForm(), **super().get_context_data(**kwargs)}


class CheckScreen(SeriesPart):
    """What the files came to: the first messages, and everything that is wrong. Nothing is stored before the POST."""

    permissions = ADD
    template_name = "backoffice/series/check.html"
    page_title = gettext_lazy("Look before you import")

    @cached_property
    def intake(self) -> SeriesIntake:
        """What was read. Raises Http404 for another's, or one that is forgotten."""
        found = intake_of(self.kwargs["intake_id"], self.series.pk, by=self.staff)
        if found is None:
            raise Http404
        return found

    def post(self, request: HttpRequest, pk: int, intake_id: Any) -> HttpResponse:
        """Make the messages."""
        number = place_of(request.POST)
        try:
            count = make_intake(self.intake.pk, number, by=self.staff)
        except UserError as error:
            messages.error(request, str(error))
            return redirect("series:import", pk)
        text = ngettext(
            "%(count)s message is in the series, as a draft.", "%(count)s messages are in the series, as drafts.", count
        )
        messages.success(request, text % {"count": f"{count:,}"})
        return redirect(series_url(pk, number=number or self.series.items.count() - count + 1))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        drafts = [Draft(**raw) for raw in self.intake.drafts]
        return {
            **super().get_context_data(**kwargs),
            "count": len(drafts),
            "rows": [{"draft": draft, "beginning": _beginning(draft)} for draft in drafts[:SHOWN]],
            "left_out": max(0, len(drafts) - SHOWN),
            "problems": [Remark(**raw) for raw in self.intake.problems],
            "notes": [Remark(**raw) for raw in self.intake.notes],
            "after": self.series.items.count(),
            "most": self.series.items.count() + 1,
        }


def _beginning(draft: Draft) -> str:
    texts = [block["value"] for block in draft.blocks if block["type"] == "text"]
    return strip_tags(" ".join(texts).replace("</p>", " ").replace("<br/>", " "))[:_BEGINNING]

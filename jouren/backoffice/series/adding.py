"""Putting one message into a series: written here, or one that is there already."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.series.forms import WriteForm, place_of
from jouren.backoffice.series.screens import ADD, CHANGE, PAGE, SeriesPart, series_url
from jouren.core.errors import UserError
from jouren.journeys.series.actions import insert_messages
from jouren.journeys.series.intake.actions import write_message
from jouren.journeys.series.intake.drafts import make_draft
from jouren.journeys.series.intake.markdown import read_markdown
from jouren.messaging.models import Message
from jouren.messaging.vocabulary import Kind


class _AddingScreen(SeriesPart):
    """``?at=`` names the number that the message gets; without one it comes at the end."""

    @property
    def at(self) -> int | None:
        """The number asked for."""
        return place_of(self.request.GET)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "at": self.at}

    def done(self, text: str) -> HttpResponse:
        """Say what was done, and show the place."""
        messages.success(self.request, text)
        number = self.at or self.series.items.count()
        return redirect(series_url(self.series.pk, number=number))


class WriteScreen(_AddingScreen):
    """A message written in Markdown, stored as a draft."""

    permissions = ADD
    template_name = "backoffice/series/write.html"
    page_title = gettext_lazy("Write a message")

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Store it; what is wrong is told, and nothing is lost."""
        form = WriteForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        written = read_markdown(form.cleaned_data["text"])
        values = {"subject": form.cleaned_data["subject"]}
        draft, problems = make_draft(values, written, form.defaults(), file="", line=0)
        for problem in problems:
            at_line = _("Line %(line)s: %(text)s") % {"line": problem.line, "text": problem.text}
            form.add_error("text", at_line if problem.line else problem.text)
        if draft is None:
            return self.render_to_response(self.get_context_data(form=form))
        try:
            message = write_message(self.series.pk, draft, self.at, by=self.staff)
        except UserError as error:
            form.add_error(None, str(error))
            return self.render_to_response(self.get_context_data(form=form))
        return self.done(_("“%(message)s” is in the series, as a draft.") % {"message": message})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": WriteForm(), **super().get_context_data(**kwargs)}


class ChooseScreen(_AddingScreen):
    """Messages that are there already, found by name."""

    permissions = CHANGE
    template_name = "backoffice/series/choose.html"
    page_title = gettext_lazy("Choose a message")

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put one in."""
        chosen = request.POST.get("message", "")
        message = Message.objects.filter(pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 18 else None
        try:
            if message is None:
                raise UserError(_("That message is not there any more. Choose another."))
            insert_messages(self.series.pk, [message], self.at, by=self.staff)
        except UserError as error:
            messages.error(request, str(error))
            return self.render_to_response(self.get_context_data())
        return self.done(_("“%(message)s” is in the series.") % {"message": message})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        text = self.request.GET.get("q", "").replace("\x00", "").strip()[:200]
        fitting = Message.objects.exclude(kind=Kind.TRANSACTIONAL).filter(Q(name__icontains=text) if text else Q())
        inside = set(self.series.items.exclude(message=None).values_list("message_id", flat=True))
        found = list(fitting.order_by("name", "id")[: PAGE + 1])
        return {
            **super().get_context_data(**kwargs),
            "text": text,
            "rows": [{"message": message, "is_inside": message.pk in inside} for message in found[:PAGE]],
            "has_more": len(found) > PAGE,
        }

"""The archive of letters on the web (バックナンバー): what authors chose to show, for anybody.

A page is the mail without its reader: nobody is addressed, no link leads through a delivery, no pixel is there.
No script runs: the page's policy forbids all, and what an author writes was escaped when it was published.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import override
from django.views.generic import TemplateView, View

from jouren.broadcasts.models import Issue, Letter
from jouren.broadcasts.vocabulary import Stage
from jouren.messaging.errors import TemplateProblem
from jouren.messaging.models import MessageVersion
from jouren.messaging.web_version import web_version

PAGE = 30
# Pictures may come from where the author took them; nothing may run, be embedded, or send a form.
_POLICY = (
    "default-src 'none'; img-src 'self' https: http: data:; style-src 'unsafe-inline'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_LIST_POLICY = "default-src 'none'; img-src 'self' data:; style-src 'self'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Entry:
    """A line of the archive."""

    url: str
    day: date
    subject: str
    language: str


def shown_issues() -> QuerySet[Issue]:
    """What may be read: issues that have begun and were not cancelled, of broadcasts that are to be shown."""
    begun = Issue.objects.filter(broadcast__is_archived=True).exclude(stage=Stage.CANCELLED)
    return begun.select_related("broadcast").order_by("-begun_at", "-pk")


def shown_version(issue: Issue) -> MessageVersion | None:
    """The letter that stands for an issue: the better one of a test, else version A."""
    first_ones = Letter.objects.filter(issue=issue, is_again=False).select_related("version")
    letters = {each.place: each for each in first_ones}
    chosen = letters.get(issue.winner or 0) or letters.get(0)
    return chosen.version if chosen is not None and "email" in chosen.version.bodies else None


class ListView(TemplateView):
    """All letters that are shown, the newest first."""

    http_method_names = ["get", "head"]
    template_name = "broadcasts/archive.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = Paginator(shown_issues(), PAGE).get_page(self.request.GET.get("page"))
        entries = [entry for issue in page.object_list if (entry := _entry(issue)) is not None]
        return {
            **super().get_context_data(**kwargs),
            "page": page,
            "entries": entries,
            # The list tells of all of them: it may be found only when each of them may.
            "is_searchable": bool(entries) and all(issue.broadcast.is_searchable for issue in page.object_list),
        }

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        response = super().render_to_response(context, **options)
        response["Content-Security-Policy"] = _LIST_POLICY
        if not context["is_searchable"]:
            response["X-Robots-Tag"] = "noindex"
        return response


class LetterView(View):
    """One letter."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, issue_id: int) -> HttpResponse:
        """The letter as a page of its own, with a way back to the others."""
        issue = shown_issues().filter(pk=issue_id).first()
        version = shown_version(issue) if issue is not None else None
        if issue is None or version is None:
            raise Http404
        try:
            html = web_version(version).html
        except TemplateProblem as problem:
            raise Http404 from problem
        with override(version.language):
            top = render_to_string("broadcasts/letter_top.html", {"url": reverse("broadcasts_archive:list")})
        response = HttpResponse(_with_top(html, top))
        response["Content-Security-Policy"] = _POLICY
        response["Referrer-Policy"] = "no-referrer"
        if not issue.broadcast.is_searchable:
            response["X-Robots-Tag"] = "noindex"
        return response


def _with_top(html: str, top: str) -> str:
    start = html.find(">", html.find("<body")) + 1
    return html[:start] + top + html[start:]


def _entry(issue: Issue) -> Entry | None:
    version = shown_version(issue)
    if version is None:
        return None
    try:
        subject = web_version(version).subject
    except TemplateProblem:
        return None
    return Entry(reverse("broadcasts_archive:letter", args=[issue.pk]), issue.day, subject, version.language)

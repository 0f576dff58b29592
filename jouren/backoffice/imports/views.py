"""Imports: their list, sending in a file, choosing columns, the check, how far it is, and what was wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.log_actions import log

from jouren.backoffice.downloads import csv_download
from jouren.backoffice.imports.forms import ColumnsForm, ReadForm, UploadForm
from jouren.backoffice.imports.wording import preset_label, query_of, stages, standings, understood
from jouren.backoffice.screens import Act, PermissionAsked, Screen
from jouren.core.errors import UserError
from jouren.imports.actions import KEPT, check, delete, read_as, resume, start, stop, upload
from jouren.imports.errors import BadFile
from jouren.imports.fields import Kind
from jouren.imports.models import Import, ImportState
from jouren.imports.queries import (
    SAMPLE,
    Group,
    first_rows,
    foreseen_groups,
    foreseen_people,
    foreseen_sample,
    problem_rows,
)
from jouren.imports.reading import ENCODINGS

PAGE = 50
SHOWN_PROBLEMS = 50
EXAMPLES = 5
EXPORTED_AT_ONCE = 2_000
ICON = "upload"
_SEE = ("imports.view_import",)
_SEE_PEOPLE = (*_SEE, "contacts.view_contact")
_DO = ("imports.view_import", "imports.add_import")
PARENTS = (("imports:list", pgettext_lazy("plural", "Imports")),)


class ImportsScreen(Screen):
    """All imports, the latest first."""

    permissions = _SEE
    template_name = "backoffice/imports/list.html"
    page_title = pgettext_lazy("plural", "Imports")
    header_icon = ICON

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        before = self.request.GET.get("before", "")
        runs = Import.objects.select_related("by").order_by("-created_at", "-id")
        if before.isascii() and before.isdigit() and len(before) < 15:
            runs = runs.filter(pk__lt=int(before))
        listed = list(runs[: PAGE + 1])
        return {
            **super().get_context_data(**kwargs),
            "runs": listed[:PAGE],
            "next": listed[PAGE - 1].pk if len(listed) > PAGE else None,
            "is_later_page": bool(before),
            "may_add": self.request.user.has_perms(_DO),
        }


class UploadScreen(Screen):
    """Where a file is sent in. It is written to the disk as it comes."""

    permissions = _DO
    template_name = "backoffice/imports/add.html"
    page_title = gettext_lazy("Send in a file")
    parents = PARENTS
    header_icon = ICON

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Keep it, and go to its columns; else say what is wrong."""
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            sent = form.cleaned_data["file"]
            try:
                run = upload(form.cleaned_data["kind"], sent.name or "", sent.chunks(), by=self.staff)
            except BadFile as error:
                form.add_error("file", str(error))
            else:
                return redirect("imports:columns", run.pk)
        return self.render_to_response(self.get_context_data(form=form), status=400)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": UploadForm(), "kept_days": KEPT.days, **super().get_context_data(**kwargs)}


class _OfImport:
    kwargs: dict[str, Any]

    @cached_property
    def run(self) -> Import:
        """The import that the URL names. Raises Http404."""
        return get_object_or_404(Import.objects.select_related("by", "consent_text"), pk=self.kwargs["pk"])


class ColumnsScreen(_OfImport, Screen):
    """How the file is read, and which column means what; from here it is checked."""

    permissions = _DO
    template_name = "backoffice/imports/columns.html"
    parents = PARENTS
    header_icon = ICON

    def get_page_title(self) -> str:
        return self.run.name

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.run.state not in {ImportState.UPLOADED, ImportState.CHECKED} or not self.run.file:
            return redirect("imports:show", self.run.pk)
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Have it checked with this choice."""
        try:
            form = ColumnsForm(self.run, self.rows, request.POST)
            if not form.is_valid():
                return self.render_to_response(self.get_context_data(form=form), status=400)
            values = form.cleaned_data
            check(self.run.pk, form.columns, source=values["source"], statement=values.get("statement", ""))
        except UserError as error:
            if not self.run.file:
                messages.error(request, str(error))
                return redirect("imports:show", self.run.pk)
            form.add_error(None, str(error))
            return self.render_to_response(self.get_context_data(form=form), status=400)
        return redirect("imports:show", self.run.pk)

    @cached_property
    def rows(self) -> list[Any]:
        """The first rows of the file."""
        try:
            return first_rows(self.run, EXAMPLES)
        except BadFile:
            return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        run = self.run
        return {
            "form": ColumnsForm(run, self.rows),
            **super().get_context_data(**kwargs),
            "run": run,
            "read_form": ReadForm(run),
            "encoding": ENCODINGS[run.encoding],
            "rows": self.rows,
        }


class ImportScreen(_OfImport, Screen):
    """How far an import is, what its check found, and what was wrong."""

    permissions = _SEE
    template_name = "backoffice/imports/show.html"
    parents = PARENTS
    header_icon = ICON

    def get_page_title(self) -> str:
        return self.run.name

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Shown again by the browser itself while somebody works on it."""
        if self.run.state == ImportState.UPLOADED and request.user.has_perms(_DO) and self.run.file:
            return redirect("imports:columns", self.run.pk)
        answer = self.render_to_response(self.get_context_data(**kwargs))
        if self.run.is_working:
            answer["Refresh"] = "2"
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        run, user = self.run, self.request.user
        shows_people = user.has_perm("contacts.view_contact")
        counts = stages(run)
        sample = standings(run, foreseen_sample(run)) if shows_people and run.state == ImportState.CHECKED else []
        return {
            **super().get_context_data(**kwargs),
            "run": run,
            "preset": preset_label(run.preset),
            "is_orders": run.kind == Kind.ORDERS,
            "is_of_check": run.state in {ImportState.CHECKING, ImportState.CHECKED},
            "orders_new": run.orders - run.orders_known,
            "stages": counts,
            "shows_people": shows_people,
            "sample": sample,
            "shows_sample_only": sum(each.people for each in counts) > SAMPLE,
            "understood": understood(run) if shows_people else [],
            "problems": list(run.problems.all()[:SHOWN_PROBLEMS]),
            "more_problems": max(run.bad_rows - SHOWN_PROBLEMS, 0),
            "kept_until": (run.ended_at or run.created_at) + KEPT,
            "may_do": user.has_perms(_DO),
            "may_delete": user.has_perm("imports.delete_import") and not run.is_working,
            "may_see_rows": shows_people and run.bad_rows > 0,
        }


class _Foreseen(_OfImport):
    """Whom a check foresees where: everybody, or one group of them."""

    request: HttpRequest

    @cached_property
    def group(self) -> Group | None:
        """The group that the URL names. Raises Http404 where the check knows of no such."""
        asked = self.request.GET
        if "stage" not in asked:
            return None
        named = {query_of(group): group for group in foreseen_groups(self.run)}
        group = named.get(f"stage={asked['stage']}&rule={asked.get('rule', '')}")
        if group is None:
            raise Http404
        return group


class ForeseenScreen(_Foreseen, Screen):
    """Everybody of a checked file: to which stage they would come, why, and on what consent."""

    permissions = _SEE_PEOPLE
    template_name = "backoffice/imports/foreseen.html"
    page_title = gettext_lazy("To which stage its people would come, and why")
    header_icon = ICON

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = [
            {"url": reverse("imports:list"), "label": PARENTS[0][1]},
            {"url": reverse("imports:show", args=[self.run.pk]), "label": self.run.name},
        ]
        return [*self.breadcrumbs_items, *above, {"url": "", "label": self.get_header_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        after = self.request.GET.get("after", "")
        first = int(after) if after.isascii() and after.isdigit() and len(after) < 15 else 0
        listed = foreseen_people(self.run, self.group, after=first, limit=PAGE + 1)
        last = listed[PAGE - 1] if len(listed) > PAGE else None
        counts = stages(self.run)
        return {
            **super().get_context_data(**kwargs),
            "run": self.run,
            "people": standings(self.run, listed[:PAGE]),
            "next": last and (last.place if self.group is None else last.turn),
            "is_later_page": first > 0,
            "stages": counts,
            "total": sum(each.people for each in counts),
            "chosen": "" if self.group is None else query_of(self.group),
        }


class ForeseenCsv(_Foreseen, PermissionAsked, View):
    """All of them as CSV: no cell is a formula. It is noted in the audit log."""

    permissions = _SEE_PEOPLE
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Written as it is read."""
        log(instance=self.run, action="imports.export_foreseen", user=self.staff)
        return csv_download(f"import-{self.run.pk}-stages.csv", _foreseen_rows(self.run, self.group))


def _foreseen_rows(run: Import, group: Group | None) -> Iterator[Sequence[str]]:
    yield [_("Person"), _("Mail address"), _("Stage now"), _("Stage afterwards"), _("Why"), _("Consent to mail")]
    after = 0
    while people := foreseen_people(run, group, after=after, limit=EXPORTED_AT_ONCE):
        after = people[-1].place if group is None else people[-1].turn
        for each in standings(run, people):
            yield [each.who, each.email, each.before, each.stage, each.why, each.consent]


class _ImportAct(_OfImport, Act):
    permissions = _DO

    def back(self) -> str:
        return reverse("imports:show", args=[self.kwargs["pk"]])


class ReadAct(_ImportAct):
    """Read the file in another way."""

    def act(self) -> str:
        form = ReadForm(self.run, self.request.POST)
        if not form.is_valid():
            raise UserError(_("Files cannot be read like that."))
        values = form.cleaned_data
        preset = values["preset"] if values["preset"] != self.run.preset else ""
        read_as(self.run.pk, encoding=values["encoding"], delimiter=values["delimiter"], preset=preset)
        return _("The file is read like that now. Look at the columns.")

    def back(self) -> str:
        return reverse("imports:columns", args=[self.kwargs["pk"]])


class StartAct(_ImportAct):
    """Import what was checked."""

    def act(self) -> str:
        start(self.run.pk, by=self.staff)
        return _("The import has begun.")


class StopAct(_ImportAct):
    """Stop it."""

    def act(self) -> str:
        stop(self.run.pk, by=self.staff)
        return _("It was stopped. What is imported stays.")


class ResumeAct(_ImportAct):
    """Go on with it."""

    def act(self) -> str:
        resume(self.run.pk, by=self.staff)
        return _("It goes on from where it was.")


class DeleteAct(_ImportAct):
    """Forget it and its file."""

    permissions = ("imports.view_import", "imports.delete_import")

    def act(self) -> str:
        delete(self.run.pk, by=self.staff)
        return _("The import and its file are deleted. What was imported stays.")

    def back(self) -> str:
        if Import.objects.filter(pk=self.kwargs["pk"]).exists():
            return super().back()
        return reverse("imports:list")


class ProblemsView(_OfImport, PermissionAsked, View):
    """The rows that are not imported, with the reasons, as CSV: no cell is a formula."""

    permissions = _SEE_PEOPLE
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Written row by row, as the file is read."""
        return csv_download(f"import-{self.run.pk}-problems.csv", _problem_rows(self.run))


def _problem_rows(run: Import) -> Iterator[Sequence[str]]:
    yield [_("Line"), _("Column"), _("Reason"), *run.header]
    yield from problem_rows(run)

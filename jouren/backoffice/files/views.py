"""Journeys as files: downloaded as a zip, sent in again, looked at, imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages

from jouren.backoffice.files.telling import notes_of, state_label, tell_people
from jouren.backoffice.screens import PermissionAsked, Screen
from jouren.core.errors import UserError
from jouren.files.errors import BadFiles, ChangedMeanwhile
from jouren.files.exporting import export_journeys
from jouren.files.folders import write_zip
from jouren.files.importing import Document, Imported, State, import_files
from jouren.files.kinds import SEGMENTS
from jouren.files.models import Upload
from jouren.files.uploads import MAX_UPLOAD, find_upload, keep_upload
from jouren.journeys.models import Inside, Journey

_SEE = ("journeys.view_journey", "messaging.view_message")
_EDIT = ("journeys.add_journey", "journeys.change_journey", "messaging.add_message", "messaging.change_message")
_PUBLISH = ("journeys.publish_journey", "messaging.publish_message")


class ExportAllView(PermissionAsked, View):
    """All journeys with their messages, as a zip."""

    permissions = _SEE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(None, "journeys")

    def answer(self, ids: list[int] | None, name: str) -> HttpResponse:
        """The zip; what cannot be written is said in the list of journeys."""
        try:
            may_see_segments = self.request.user.has_perm("contacts.view_segment")
            files = export_journeys(ids, without=() if may_see_segments else (SEGMENTS,))
        except BadFiles as error:
            for problem in error.problems:
                messages.error(self.request, str(problem))
            return redirect("journeys:list")
        answer = HttpResponse(write_zip(files), content_type="application/zip")
        answer["Content-Disposition"] = f'attachment; filename="{name}.zip"'
        return answer


class ExportView(ExportAllView):
    """One journey with its messages."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        journey = get_object_or_404(Journey, pk=kwargs["pk"])
        return self.answer([journey.pk], f"journey-{journey.pk}")


class _FilesScreen(Screen):
    permissions = _EDIT
    header_icon = "upload"
    parents: ClassVar[Any] = [("journeys:list", gettext_lazy("Journeys"))]
    page_title = gettext_lazy("Import journeys from files")


class ImportScreen(_FilesScreen):
    """Where a zip is sent in."""

    template_name = "backoffice/files/import.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Keep it, and show what it would do; else say what is wrong, line by line."""
        sent = request.FILES.get("archive")
        try:
            if sent is None:
                raise UserError(_("Choose a zip file first."))
            content = sent.read(MAX_UPLOAD + 1)
            upload = keep_upload(sent.name or "", content, self.user_id)
        except BadFiles as error:
            return self.render_to_response(self.get_context_data(problems=error.problems), status=400)
        except UserError as error:
            messages.error(request, str(error))
            return redirect("files:import")
        return redirect("files:show", upload.pk)

    @property
    def user_id(self) -> int:
        """Whose zip it is."""
        return int(self.staff.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "may_export": self.request.user.has_perms(_SEE)}


@dataclass(frozen=True)
class Row:
    """A file, as the screen tells what becomes of it."""

    document: Document
    label: str
    lines: list[tuple[str, str]]


class ShowScreen(_FilesScreen):
    """What a zip would change, and the button that changes it."""

    template_name = "backoffice/files/show.html"
    page_title = gettext_lazy("Before you import")

    @cached_property
    def upload(self) -> tuple[Upload, dict[str, bytes]]:
        """The zip and its files. Raises UserError when it is gone."""
        return find_upload(self.kwargs["upload_id"], int(self.staff.pk))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().get(request, *args, **kwargs)
        except BadFiles as error:
            url = reverse("files:show", args=[self.kwargs["upload_id"]])
            shown = {"problems": error.problems, "publishes": self.publishes, "show_url": url}
            return self.render_to_response(super().get_context_data(**shown), status=400)
        except UserError as error:
            messages.error(request, str(error))
            return redirect("files:import")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Import what was shown."""
        try:
            upload, _files = self.upload
            done = self._import(act=True, seen=request.POST.get("seen") or "-")
        except ChangedMeanwhile as error:
            messages.warning(request, str(error))
            return self.get(request, *args, **kwargs)
        except BadFiles:
            return self.get(request, *args, **kwargs)
        except UserError as error:
            messages.error(request, str(error))
            return redirect("files:import")
        upload.delete()
        messages.success(request, self._done_text(done))
        return redirect("journeys:list")

    @staticmethod
    def _done_text(done: Imported) -> str:
        counts = {"new": done.counts[State.NEW], "changed": done.counts[State.CHANGED]}
        text = _("Imported and published: %(new)s new, %(changed)s changed.")
        if not done.publishing:
            text = _("Imported as drafts: %(new)s new, %(changed)s changed. Publish them when you have looked at them.")
        return text % counts

    def _import(self, *, act: bool, seen: str = "") -> Imported:
        _upload, files = self.upload
        return import_files(
            files,
            act=act,
            publish=self.publishes,
            inside=self.inside,
            by=self.staff,
            seen=seen,
            tell=tell_people,
            refuse=self._refusal,
        )

    def _refusal(self, document: Document) -> str:
        """Journeys and what they send are allowed to everybody here; segments have a permission of their own."""
        verb = "add" if document.state == State.NEW else "change"
        if document.kind is not SEGMENTS or self.request.user.has_perm(f"contacts.{verb}_segment"):
            return ""
        if document.state == State.NEW:
            return _("You may not make segments. Ask whoever manages your account, or take this file out.")
        return _("You may not change segments. Ask whoever manages your account, or take this file out.")

    @property
    def may_publish(self) -> bool:
        """Whether this user may also publish."""
        return self.request.user.has_perms(_PUBLISH)

    @property
    def _asked(self) -> Any:
        return self.request.POST if self.request.method == "POST" else self.request.GET

    @property
    def publishes(self) -> bool:
        """Whether it is to be published, too."""
        return self.may_publish and self._asked.get("publish") == "1"

    @property
    def inside(self) -> Inside:
        """What becomes of the people inside."""
        chosen = self._asked.get("inside", "")
        return Inside(chosen) if chosen in Inside.values else Inside.MOVE

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = self._import(act=False)
        return {
            **super().get_context_data(**kwargs),
            "shown": shown,
            # What stays as it is comes last.
            "rows": [_row(each) for each in sorted(shown.documents, key=lambda each: each.state == State.SAME)],
            "notes": notes_of(shown),
            "publishes": self.publishes,
            "may_publish": self.may_publish,
            "inside": self.inside,
            "choices": Inside.choices,
            "has_people": any(each.people for each in shown.publishing),
        }


def _row(document: Document) -> Row:
    tones = {"+": "is-added", "-": "is-removed", "@": "is-place"}
    lines = [(line, tones.get(line[:1], "")) for line in document.diff]
    return Row(document, state_label(document.state), lines)

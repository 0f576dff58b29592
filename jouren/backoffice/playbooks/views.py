"""Ready-made journeys: what there is, and the button that makes one of them the shop's own."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from wagtail.admin import messages

from jouren.backoffice.playbooks.forms import PlaybookForm
from jouren.backoffice.screens import Screen
from jouren.contacts.models import Topic
from jouren.core.errors import UserError
from jouren.files.errors import BadFiles
from jouren.playbooks.making import BadChoice, make
from jouren.playbooks.prefilling import texts_of
from jouren.playbooks.reading import LANGUAGES, Playbook, Row, find_playbook, playbooks
from jouren.story.queries import owner_variables

ICON = "route"
_EDIT = ("journeys.add_journey", "journeys.change_journey", "messaging.add_message", "messaging.change_message")
_NAMES = {"ja": gettext_lazy("Japanese"), "en": gettext_lazy("English")}


def when_text(row: Row) -> str:
    """When a message goes, counted from entering."""
    if not row.days and not row.hours:
        return _("at once")
    day = _("day %(day)s") % {"day": row.days}
    if not row.hours:
        return day
    hours = ngettext("%(hours)s hour later", "%(hours)s hours later", row.hours) % {"hours": row.hours}
    return f"{day}, {hours}"


def told(playbook: Playbook) -> list[tuple[str, Row]]:
    """A playbook's messages with when they go."""
    return [(when_text(row), row) for row in playbook.rows]


def asked_language(given: str) -> str:
    """A language that there is: the one asked for, else the reader's own."""
    own = (get_language() or "").partition("-")[0]
    return next((each for each in (given, own) if each in LANGUAGES), LANGUAGES[0])


class PlaybooksScreen(Screen):
    """All of them, each with what it does."""

    permissions = _EDIT
    template_name = "backoffice/playbooks/list.html"
    parents: ClassVar[Any] = [("journeys:list", gettext_lazy("Journeys"))]
    page_title = gettext_lazy("Ready-made journeys")
    header_icon = ICON

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        language = asked_language(self.request.GET.get("language", ""))
        return {
            **super().get_context_data(**kwargs),
            "cards": [(each, told(each)) for each in playbooks(language)],
            "language": language,
            "languages": [(each, _NAMES[each]) for each in LANGUAGES],
        }


class PlaybookScreen(Screen):
    """One of them with its choices; POST makes drafts of it and opens the journey."""

    permissions = _EDIT
    template_name = "backoffice/playbooks/playbook.html"
    parents: ClassVar[Any] = [*PlaybooksScreen.parents, ("playbooks:list", PlaybooksScreen.page_title)]
    header_icon = ICON

    @cached_property
    def playbook(self) -> Playbook:
        """The one that the URL names. Raises Http404."""
        found = find_playbook(self.kwargs["slug"], self.kwargs["language"])
        if found is None:
            raise Http404
        return found

    def get_page_title(self) -> str:
        return self.playbook.title

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Make it, or say what is wrong."""
        form = self._form(request.POST)
        if form.is_valid():
            try:
                journey = make(self.playbook, form.choices(), by=self.staff)
            except BadChoice as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            except BadFiles as error:
                for problem in error.problems:
                    form.add_error(None, str(problem))
            except UserError as error:
                form.add_error(None, str(error))
            else:
                made = _(
                    "“%(name)s” and its messages are drafts now. Look at them, publish the messages, then the journey."
                )
                messages.success(request, made % {"name": journey})
                return redirect(reverse("journeys:edit", args=[journey.pk]))
        return self.render_to_response(self.get_context_data(form=form), status=400)

    def _form(self, data: Any = None) -> PlaybookForm:
        may_add = self.request.user.has_perm("inbox.add_survey")
        owner = texts_of(self.playbook.places, owner_variables())
        return PlaybookForm(data, playbook=self.playbook, may_add_survey=may_add, owner=owner)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            "form": kwargs.get("form") or self._form(),
            **super().get_context_data(**kwargs),
            "playbook": self.playbook,
            "rows": told(self.playbook),
            "has_topics": Topic.objects.exists(),
            "back": reverse("playbooks:list") + f"?language={self.playbook.language}",
        }

"""What journeys have told a colleague: on the first screen the newest, here all of it. Everybody sees their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin.ui.components import Component

from jouren.backoffice.screens import Act, Screen
from jouren.contacts.models import Contact
from jouren.core.errors import UserError
from jouren.team.actions import finish_notices
from jouren.team.mailing import MAY_SEE
from jouren.team.models import Notice
from jouren.team.queries import count_open, done_notices, open_notices

ON_THE_FIRST_SCREEN = 5
PAGE = 100


@dataclass(frozen=True)
class NoticeLine:
    """A notice with its person."""

    notice: Notice
    person: Contact | None


def notice_lines(notices: Iterable[Notice]) -> list[NoticeLine]:
    """Notices with their people, in one query."""
    listed = list(notices)
    people = Contact.objects.filter(erased_at=None).in_bulk({notice.contact_id for notice in listed})
    return [NoticeLine(notice, people.get(notice.contact_id)) for notice in listed]


class NoticesForYouPanel(Component):
    """What a colleague is to see to; nothing when there is nothing."""

    name = "notices-for-you"
    template_name = "backoffice/team/panel.html"
    order = 5

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        request: HttpRequest = parent_context["request"]
        if request.user.pk is None or not request.user.has_perm(MAY_SEE):
            return {"lines": []}
        notices = open_notices(request.user.pk, ON_THE_FIRST_SCREEN)
        return {"lines": notice_lines(notices), "count": count_open(request.user.pk), "request": request}


class NoticesScreen(Screen):
    """One's own list: what is open, and what was done lately."""

    permissions = (MAY_SEE,)
    template_name = "backoffice/team/list.html"
    page_title = gettext_lazy("For you")
    header_icon = "tasks"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        notices = open_notices(self.staff.pk, PAGE + 1)
        return {
            **super().get_context_data(**kwargs),
            "lines": notice_lines(notices[:PAGE]),
            "has_more": len(notices) > PAGE,
            "done": notice_lines(done_notices(self.staff.pk, PAGE)),
        }


class _NoticeAct(Act):
    permissions = (MAY_SEE,)

    def back(self) -> str:
        return reverse("notices:list" if self.request.POST.get("from") == "list" else "wagtailadmin_home")


class Finish(_NoticeAct):
    """Take one notice off one's own list."""

    def act(self) -> str:
        if not finish_notices(self.staff.pk, [self.kwargs["pk"]]):
            raise UserError(_("This is not on your list any more."))
        return _("Done.")


class FinishAll(_NoticeAct):
    """Take everything off one's own list."""

    def act(self) -> str:
        count = finish_notices(self.staff.pk)
        return ngettext("%(count)s entry is done.", "%(count)s entries are done.", count) % {"count": count}

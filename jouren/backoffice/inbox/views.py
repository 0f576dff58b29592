"""The inbox: who waits for a person, and what was done."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.backoffice.screens import Act, Screen
from jouren.inbox.inquiries import MAX_NOTE_LENGTH, handle_inquiry
from jouren.inbox.models import Inquiry
from jouren.inbox.queries import count_open, handled_inquiries, open_inquiries
from jouren.mechanisms.queries import count_open_tasks

PAGE = 100
_SEES = ("inbox.view_inquiry", "contacts.view_contact")


class InboxScreen(Screen):
    """What waits, the newest first."""

    permissions = _SEES
    template_name = "backoffice/inbox/list.html"
    page_title = gettext_lazy("Inbox")
    header_icon = "tray"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "tab": "open",
            "inquiries": open_inquiries(PAGE),
            "count": count_open(),
            "task_count": count_open_tasks(),
            "longest": MAX_NOTE_LENGTH,
            "may_handle": self.request.user.has_perm("inbox.change_inquiry"),
        }


class HandledScreen(Screen):
    """What was handled lately, by whom, and what they did."""

    permissions = _SEES
    template_name = "backoffice/inbox/list.html"
    page_title = gettext_lazy("Seen to")
    parents = (("inbox_screens:list", gettext_lazy("Inbox")),)
    header_icon = "tray"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = {"tab": "handled", "inquiries": handled_inquiries(PAGE), "count": count_open()}
        shown["task_count"] = count_open_tasks()
        return {**super().get_context_data(**kwargs), **shown}


class Handle(Act):
    """Say what was done."""

    permissions = ("inbox.change_inquiry", "contacts.view_contact")

    def act(self) -> str:
        inquiry = get_object_or_404(Inquiry, pk=self.kwargs["pk"])
        handle_inquiry(inquiry.pk, self.request.POST.get("note", ""), by=self.staff)
        return _("Noted, on their timeline too. Thank you.")

    def back(self) -> str:
        return reverse("inbox_screens:list")

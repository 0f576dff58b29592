"""Special treatment that waits for a person of the shop, and what was done."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.backoffice.screens import Act, Screen
from jouren.inbox.queries import count_open
from jouren.mechanisms.models import Task
from jouren.mechanisms.queries import count_open_tasks, finished_tasks, open_tasks
from jouren.mechanisms.tasks_for_people import MAX_NOTE_LENGTH, finish_task, take_task

PAGE = 100
_SEES = ("mechanisms.view_task", "contacts.view_contact")


class TasksScreen(Screen):
    """What is to be done, the oldest first."""

    permissions = _SEES
    template_name = "backoffice/mechanisms/tasks.html"
    page_title = gettext_lazy("Special treatment")
    parents = (("inbox_screens:list", gettext_lazy("Inbox")),)
    header_icon = "gift"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "tab": "tasks",
            "tasks": open_tasks(PAGE),
            "task_count": count_open_tasks(),
            "count": count_open(),
            "longest": MAX_NOTE_LENGTH,
            "may_do": self.request.user.has_perm("mechanisms.change_task"),
        }


class DoneScreen(Screen):
    """What was done lately, or was not needed."""

    permissions = _SEES
    template_name = "backoffice/mechanisms/tasks.html"
    page_title = gettext_lazy("Special treatment seen to")
    parents = (("mechanisms:tasks", gettext_lazy("Special treatment")),)
    header_icon = "gift"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = {"tab": "tasks_done", "tasks": finished_tasks(PAGE)}
        return {**super().get_context_data(**kwargs), **shown, "task_count": count_open_tasks(), "count": count_open()}


class _TaskAct(Act):
    permissions = ("mechanisms.change_task", "contacts.view_contact")

    def back(self) -> str:
        return reverse("mechanisms:tasks")


class Take(_TaskAct):
    """Say that one does it."""

    def act(self) -> str:
        try:
            take_task(self.kwargs["pk"], by=self.staff)
        except Task.DoesNotExist:
            raise Http404 from None
        return _("You have taken it on.")


class Finish(_TaskAct):
    """Say what became of it."""

    def act(self) -> str:
        given = self.request.POST
        try:
            finish_task(self.kwargs["pk"], given.get("outcome", ""), given.get("note", ""), by=self.staff)
        except Task.DoesNotExist:
            raise Http404 from None
        return _("Noted, on their timeline too. Thank you.")

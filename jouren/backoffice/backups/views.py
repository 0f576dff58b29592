"""The backups that were made, and the release of what a restore holds. Files are not given out by the web."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.backoffice.screens import Act, Screen
from jouren.core.backup.runs import ask_for_backup, standing
from jouren.core.holding import current_hold, doubtful_until, release_sends
from jouren.core.models import BackupRun, Overdue
from jouren.messaging.releasing import count_held
from jouren.webhooks.releasing import count_held_calls

RELEASE = "core.change_restore"
SHOWN = 50


class BackupsScreen(Screen):
    """When backups are made, and what became of the last ones. For owners only: no permission opens it."""

    template_name = "backoffice/backups/list.html"
    page_title = gettext_lazy("Backups")
    header_icon = "download"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "backups": settings.JOUREN.backups,
            "standing": standing(settings.JOUREN.backups),
            "runs": BackupRun.objects.order_by("-asked_at")[:SHOWN],
        }


class MakeBackup(Act):
    """Have a worker make one now."""

    def act(self) -> str:
        ask_for_backup(by=self.staff)
        return _("A worker makes a backup. It stands below once it is made.")

    def back(self) -> str:
        return reverse("backups:list")


class HeldSendsScreen(Screen):
    """What a restored installation holds, and what can become of it."""

    permissions = (RELEASE,)
    template_name = "backoffice/backups/held.html"
    page_title = gettext_lazy("Held after a restore")
    header_icon = "pause"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        hold = current_hold()
        return {
            **super().get_context_data(**kwargs),
            "hold": hold,
            "until": hold and doubtful_until(hold),
            "held": count_held(),
            "calls": count_held_calls(),
            "choices": Overdue.choices,
        }


class ReleaseSends(Act):
    """Let messages and calls go again."""

    permissions = (RELEASE,)

    def act(self) -> str:
        overdue = self.request.POST.get("overdue", "")
        if overdue not in Overdue.values:
            raise Http404
        release_sends(Overdue(overdue), by=self.staff)
        return _("Released. What may go, goes now.")

    def back(self) -> str:
        return reverse("wagtailadmin_home")

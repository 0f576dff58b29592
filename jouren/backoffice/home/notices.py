"""What needs attention now, at the top of the first screen: something does not work, or waits for a decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail.admin.ui.components import Component

from jouren.backoffice.backups.notices import backup_notices
from jouren.backoffice.publishing import failed_schedules
from jouren.broadcasts.models import Broadcast, Issue
from jouren.broadcasts.vocabulary import Stage as BroadcastStage
from jouren.core.worker import count_alive
from jouren.events.queries import count_parked_people
from jouren.messaging.relay_trouble import known_trouble
from jouren.messaging.replies import known_mailbox_trouble


@dataclass(frozen=True)
class Notice:
    """Something that needs attention now."""

    text: str
    url: str = ""
    link: str = ""


class NoticesPanel(Component):
    """What needs attention now."""

    name = "notices"
    template_name = "backoffice/home/notices.html"
    order = 0

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        return {"notices": list(notices(parent_context["request"]))}


def _broadcasts() -> Iterator[Notice]:
    for broadcast in Broadcast.objects.exclude(trouble="")[:5]:
        text = _("The broadcast “%(name)s” has stopped by itself: %(why)s")
        url = reverse("broadcasts:show", args=[broadcast.pk])
        yield Notice(text % {"name": broadcast, "why": broadcast.trouble}, url, _("Open it"))
    for issue in Issue.objects.filter(stage=BroadcastStage.ASKING).select_related("broadcast")[:5]:
        text = _("The test of the broadcast “%(name)s” had not enough data: it waits for your choice.")
        url = reverse("broadcasts:show", args=[issue.broadcast_id])
        yield Notice(text % {"name": issue.broadcast}, url, _("Choose"))


def notices(request: HttpRequest) -> Iterator[Notice]:
    """What needs attention now, worst first."""
    if not count_alive():
        yield Notice(
            _("No worker is running: nothing is sent and nothing moves. Start it with “jouren up” or “jouren worker”.")
        )
    for told in backup_notices(request):
        yield Notice(*told)
    for failed in failed_schedules(request.user):
        yield Notice(failed.text, failed.url, _("Open it"))
    trouble = known_trouble()
    if trouble is not None:
        may_look = request.user.has_perm("messaging.change_relaysettings")
        yield Notice(
            _("No mail goes out. %(why)s It waits, and goes once this is mended. (%(detail)s)")
            % {"why": trouble.text, "detail": trouble.detail},
            reverse("wagtailsettings:edit", args=["messaging", "relaysettings"]) if may_look else "",
            _("How to mend it") if may_look else "",
        )
    unread = known_mailbox_trouble()
    if unread is not None:
        yield Notice(
            _("Replies are not counted. %(why)s %(mend)s (%(detail)s)")
            % {"why": unread.text, "mend": unread.mend, "detail": unread.detail}
        )
    if request.user.has_perm("broadcasts.view_broadcast"):
        yield from _broadcasts()
    if request.user.has_perm("events.view_parkedevent") and (people := count_parked_people()):
        text = ngettext(
            "Something got stuck for %(count)s person. It waits for you.",
            "Something got stuck for %(count)s people. It waits for you.",
            people,
        )
        yield Notice(text % {"count": people}, reverse("parked:list"), _("Look at them"))

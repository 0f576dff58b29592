"""The first screen: the pyramid with its people, what moved lately, what needs attention, and what to do first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin.ui.components import Component
from wagtail.models import Page

from jouren.backoffice.backups.notices import backup_notices
from jouren.backoffice.figures import changes
from jouren.backoffice.policy.silence import silence_text, silent_topics
from jouren.backoffice.publishing import failed_schedules
from jouren.backoffice.team.views import NoticesForYouPanel
from jouren.broadcasts.models import Broadcast, Issue
from jouren.broadcasts.vocabulary import Stage as BroadcastStage
from jouren.capture.models import Form
from jouren.content.models import HomePage, LandingPage
from jouren.content.voices.queries import count_waiting
from jouren.core import clock
from jouren.core.worker import count_alive
from jouren.events.models import ParkedEvent
from jouren.journeys.models import Journey
from jouren.messaging.models import Message, ShopSettings
from jouren.messaging.publishing import legal_problems
from jouren.messaging.relay_trouble import known_trouble
from jouren.messaging.replies import known_mailbox_trouble
from jouren.messaging.vocabulary import Kind
from jouren.pyramid.queries import StageCount, stage_counts
from jouren.pyramid.stages import Stage
from jouren.webhooks.queries import count_failed

MEANINGS = {
    Stage.AWARE: gettext_lazy("Visitors and people without a confirmed address"),
    Stage.PROSPECT: gettext_lazy("Registered, can be written to"),
    Stage.TRIAL: gettext_lazy("Bought a trial"),
    Stage.EXISTING: gettext_lazy("Bought at the regular price"),
    Stage.REGULAR: gettext_lazy("Come back again and again"),
}


@dataclass(frozen=True)
class Level:
    """One stage as the pyramid draws it: its corners in percent of the width, and where it leads."""

    count: StageCount
    meaning: Any
    url: str
    shape: str


@dataclass(frozen=True)
class Task:
    """One of the first steps of a new shop."""

    title: str
    why: str
    url: str
    is_done: bool


@dataclass(frozen=True)
class Notice:
    """Something that needs attention now."""

    text: str
    url: str = ""
    link: str = ""


class PyramidPanel(Component):
    """The pyramid and what moved, for whoever may see people."""

    name = "pyramid"
    template_name = "backoffice/home/pyramid.html"
    order = 20

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        request: HttpRequest = parent_context["request"]
        if not request.user.has_perm("contacts.view_contact"):
            return {"is_allowed": False}
        counts = stage_counts()
        return {
            "is_allowed": True,
            "levels": list(_levels(counts)),
            "total": sum(count.people for count in counts),
            "strangers": counts[0].strangers,
            "changes": changes(clock.now()),
        }


class FirstStepsPanel(Component):
    """What a new shop does first; gone once all of it is done."""

    name = "first-steps"
    template_name = "backoffice/home/first_steps.html"
    order = 10

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        user = parent_context["request"].user
        tasks = first_steps() if user.has_perm("journeys.change_journey") else []
        done = sum(task.is_done for task in tasks)
        return {"tasks": tasks, "is_shown": done < len(tasks), "done": done}


class NoticesPanel(Component):
    """What needs attention now."""

    name = "notices"
    template_name = "backoffice/home/notices.html"
    order = 0

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        return {"notices": list(notices(parent_context["request"]))}


def use_our_panels(request: HttpRequest, panels: list[Component]) -> None:
    """Replace what Wagtail shows on its first screen."""
    panels[:] = [NoticesPanel(), NoticesForYouPanel(), FirstStepsPanel(), PyramidPanel()]


def _levels(counts: list[StageCount]) -> Iterator[Level]:
    """From the top down. The tip is cut, so that there is room for its words."""
    tip, rows = 34.0, len(counts)
    for row, count in enumerate(reversed(counts)):
        top, bottom = (tip + (100 - tip) * edge / rows for edge in (row, row + 1))
        corners = ((50 - top / 2, 0), (50 + top / 2, 0), (50 + bottom / 2, 100), (50 - bottom / 2, 100))
        shape = ", ".join(f"{x:.2f}% {y}%" for x, y in corners)
        url = reverse("people:stage", args=[count.stage.key])
        yield Level(count, MEANINGS[count.stage], url, f"polygon({shape})")


def first_steps() -> list[Task]:
    """What a shop needs before anybody can become a regular, in the order to do it."""
    home = HomePage.objects.first()
    page_url = (
        reverse("wagtailadmin_pages:add_subpage", args=[home.pk]) if home else reverse("wagtailadmin_explore_root")
    )
    messages = Message.objects.exclude(kind=Kind.TRANSACTIONAL)
    return [
        Task(
            _("Say who you are"),
            _("The law asks for name, address and a contact in every mail."),
            reverse("wagtailsettings:edit", args=["messaging", "shopsettings"]),
            not legal_problems(ShopSettings.objects.first() or ShopSettings()),
        ),
        Task(
            _("Make a form"),
            _("People with a problem leave their address here."),
            reverse(Form.snippet_viewset.get_url_name("add")),  # type: ignore[attr-defined]
            Form.objects.exists(),
        ),
        Task(
            _("Make a page with the form on it"),
            _("What visitors from a search or a post see first."),
            page_url,
            Page.objects.live().type(LandingPage).exists(),
        ),
        Task(
            _("Write a message"),
            _("Help first: one useful answer to their problem."),
            reverse("messages:add"),
            messages.filter(live=True).exists(),
        ),
        Task(
            _("Make a journey"),
            _("Which message goes when, from each person's own start."),
            reverse("journeys:add"),
            Journey.objects.filter(live=True).exists(),
        ),
    ]


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
    if request.user.has_perms(("content.view_voice", "content.change_voice")) and (waiting := count_waiting()):
        text = ngettext(
            "%(number)s customer's voice waits to be looked at.",
            "%(number)s customers' voices wait to be looked at.",
            waiting,
        )
        yield Notice(text % {"number": waiting}, reverse("voice_screens:list"), _("Look at them"))
    if request.user.has_perm("broadcasts.view_broadcast"):
        yield from _broadcasts()
    if request.user.has_perm("events.view_parkedevent"):
        people = ParkedEvent.objects.values("contact_id").distinct().count()
        if people:
            text = ngettext(
                "Events of %(count)s person are parked, because something failed. They wait for you.",
                "Events of %(count)s people are parked, because something failed. They wait for you.",
                people,
            )
            yield Notice(text % {"count": people}, reverse("parked:list"), _("Look at them"))
    if request.user.has_perm("messaging.view_message"):
        may_write = request.user.has_perm("messaging.add_message")
        for topic, pace in silent_topics():
            url, link = (reverse("messages:add"), _("Write a message")) if may_write else ("", "")
            yield Notice(silence_text(topic, pace), url, link)
    if request.user.has_perm("webhooks.view_endpoint") and (untold := count_failed()):
        text = ngettext(
            "%(count)s call to a system of yours was not delivered.",
            "%(count)s calls to systems of yours were not delivered.",
            untold,
        )
        yield Notice(text % {"count": untold}, reverse("webhooks:list"), _("Look at them"))

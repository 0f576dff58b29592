"""Today's work: what was sent, what was not and why, what fails, what is parked, whom the shop leaves in peace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.admin.ui.components import Component

from jouren.backoffice.messages.outcomes import SEE_OUTCOMES, outcomes_url
from jouren.backoffice.messages.wording import label_of_reason
from jouren.conditions.moments import day_of
from jouren.core.zone import shop_zone
from jouren.events.queries import count_parked_people
from jouren.messaging.day import Result
from jouren.reports.kept import Kept
from jouren.reports.overview import Today

VIEW_MESSAGES, VIEW_PARKED, VIEW_PEACE = "messaging.view_message", "events.view_parkedevent", "peace.view_peacerule"
REASONS_SHOWN = 5


@dataclass(frozen=True)
class Reason:
    """Why messages did not go, how many, and where they are listed."""

    label: str
    count: int
    url: str


@dataclass(frozen=True)
class Line:
    """One figure of today. ``is_bad``: somebody has to look. ``note`` says more; ``url``: where to look."""

    key: str
    label: str
    count: int
    url: str
    note: str = ""
    is_bad: bool = False
    reasons: tuple[Reason, ...] = ()

    @property
    def first_reasons(self) -> tuple[Reason, ...]:
        """The most frequent ones."""
        return self.reasons[:REASONS_SHOWN]

    @property
    def more_reasons(self) -> tuple[Reason, ...]:
        """The others."""
        return self.reasons[REASONS_SHOWN:]


class TodayPanel(Component):
    """What happened since the shop's day began, of what the reader may see."""

    name = "today"
    template_name = "backoffice/home/today.html"
    order = 15

    def __init__(self, kept: Kept[Today]) -> None:
        self.kept = kept

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        user = parent_context["request"].user
        is_shown = any(user.has_perm(permission) for permission in (VIEW_MESSAGES, VIEW_PARKED, VIEW_PEACE))
        found = self.kept.answer
        return {"is_shown": is_shown, "kept": self.kept, "lines": today_lines(user, found)}


def today_lines(user: Any, found: Today | None) -> list[Line]:
    """What somebody may see of today; of what is still being counted nothing."""
    lines = []
    if user.has_perm(VIEW_MESSAGES) and found is not None:
        lines += _messages(found, may_list=user.has_perms(SEE_OUTCOMES))
    if user.has_perm(VIEW_PARKED):
        people = count_parked_people()
        lines.append(
            Line(
                "parked",
                _("Got stuck: people for whom something waits"),
                people,
                reverse("parked:list"),
                is_bad=bool(people),
            )
        )
    if user.has_perm(VIEW_PEACE) and found is not None:
        note = _("%(count)s in all") % {"count": f"{found.left:,}"}
        lines.append(Line("left", _("People left in peace"), found.newly_left, reverse("peace:rule"), note))
    return lines


def _messages(found: Today, *, may_list: bool) -> list[Line]:
    day, listed_on = found.messages, day_of(found.since, shop_zone())

    def url(result: Result, reason: str = "") -> str:
        # Whoever may not see people is led to the messages alone.
        return outcomes_url(result, listed_on, reason) if may_list else reverse("messages:list")

    failing = day.failed + day.unknown
    notes = []
    if day.unknown:
        notes.append(_("%(count)s of unknown outcome") % {"count": f"{day.unknown:,}"})
    if day.retried:
        notes.append(_("%(count)s more are tried again by themselves") % {"count": f"{day.retried:,}"})
    reasons = tuple(
        Reason(label_of_reason(reason), count, url(Result.NOT_SENT, reason)) for reason, count in day.withheld.items()
    )
    return [
        Line("sent", _("Messages sent"), day.sent, url(Result.SENT)),
        Line("not-sent", _("Not sent, for a reason"), day.not_sent, url(Result.NOT_SENT), reasons=reasons),
        Line("failing", _("Failed"), failing, url(Result.FAILED), " ".join(notes), is_bad=bool(failing)),
    ]

"""The list of broadcasts by how they stand, and one of them: its progress, its figures, what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from wagtail.admin import messages

from jouren.backoffice.broadcasts.wording import Standing, audience_text, standing, timing_text, trial_text
from jouren.backoffice.screens import Screen
from jouren.broadcasts.actions import create_broadcast
from jouren.broadcasts.models import Broadcast, Issue, Letter
from jouren.broadcasts.queries import LetterFigures, letter_figures, tallies_of
from jouren.broadcasts.statistics import Estimate, Tally, Verdict, judge
from jouren.broadcasts.vocabulary import BroadcastState, Decision, Metric, Stage, Timing
from jouren.messaging.replies import are_replies_known

PAGE, ISSUES = 20, 5
_OPEN = Q(state__in=[BroadcastState.SCHEDULED, BroadcastState.SENDING])
TABS = {
    "": (gettext_lazy("All"), Q()),
    "draft": (BroadcastState.DRAFT.label, Q(state=BroadcastState.DRAFT)),
    "scheduled": (BroadcastState.SCHEDULED.label, Q(state=BroadcastState.SCHEDULED, held_at=None)),
    "sending": (BroadcastState.SENDING.label, Q(state=BroadcastState.SENDING, held_at=None)),
    "paused": (pgettext_lazy("state of a broadcast", "Paused"), _OPEN & Q(held_at__isnull=False)),
    "sent": (BroadcastState.SENT.label, Q(state__in=[BroadcastState.SENT, BroadcastState.CANCELLED])),
}


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    broadcast: Broadcast
    standing: Standing
    issue: Issue | None
    figures: LetterFigures
    url: str


class BroadcastsScreen(Screen):
    """All broadcasts, the newest first. A POST makes a draft."""

    permissions = ("broadcasts.view_broadcast",)
    template_name = "backoffice/broadcasts/list.html"
    page_title = gettext_lazy("Broadcasts")
    header_icon = "megaphone"

    def post(self, request: HttpRequest) -> HttpResponse:
        """Begin a draft and open its editor."""
        if not request.user.has_perms(("broadcasts.add_broadcast", "broadcasts.change_broadcast")):
            raise PermissionDenied
        name = request.POST.get("name", "").strip()[:200]
        if not name:
            messages.error(request, _("Give the broadcast a name first."))
            return redirect("broadcasts:list")
        return redirect("broadcasts:what", create_broadcast(name, by=self.staff).pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tab = self.request.GET.get("state", "")
        tab = tab if tab in TABS else ""
        before = self.request.GET.get("before", "")
        listed: QuerySet[Broadcast] = Broadcast.objects.filter(TABS[tab][1])
        if before.isascii() and before.isdigit() and len(before) < 19:
            listed = listed.filter(pk__lt=int(before))
        found = list(listed.order_by("-pk")[: PAGE + 1])
        return {
            **super().get_context_data(**kwargs),
            "rows": rows_of(found[:PAGE], may_change=self.request.user.has_perm("broadcasts.change_broadcast")),
            "next": found[PAGE - 1].pk if len(found) > PAGE else None,
            "tabs": [(key, label) for key, (label, _wanted) in TABS.items()],
            "tab": tab,
            "counts_replies": are_replies_known(),
            "may_add": self.request.user.has_perms(("broadcasts.add_broadcast", "broadcasts.change_broadcast")),
        }


def rows_of(broadcasts: list[Broadcast], *, may_change: bool) -> list[Row]:
    """The lines of these broadcasts, with the figures of each one's newest issue."""
    ids = [broadcast.pk for broadcast in broadcasts]
    newest = {
        issue.broadcast_id: issue
        for issue in Issue.objects.filter(broadcast__in=ids).order_by("broadcast_id", "-pk").distinct("broadcast_id")
    }
    letters = Letter.objects.filter(issue__in=newest.values()).values_list("issue__broadcast_id", "version_id")
    figures = letter_figures(version_id for _id, version_id in letters)
    sums: dict[int, LetterFigures] = {}
    for broadcast_id, version_id in letters:
        sums[broadcast_id] = sums.get(broadcast_id, LetterFigures()) + figures[version_id]
    return [
        Row(
            broadcast,
            standing(broadcast, newest.get(broadcast.pk)),
            newest.get(broadcast.pk),
            sums.get(broadcast.pk, LetterFigures()),
            reverse("broadcasts:what" if broadcast.is_open and may_change else "broadcasts:show", args=[broadcast.pk]),
        )
        for broadcast in broadcasts
    ]


@dataclass(frozen=True)
class LetterRow:
    """A letter with its figures; ``estimate`` where it was in a test."""

    name: str
    subject: str
    message: str
    message_id: int | None
    figures: LetterFigures
    place: int
    is_again: bool
    is_winner: bool
    tally: Tally | None = None
    estimate: Estimate | None = None


@dataclass(frozen=True)
class IssueView:
    """An issue with all there is to say about it."""

    issue: Issue
    letters: list[LetterRow]
    total: LetterFigures
    percent: int
    state: str
    decision: str = ""
    is_testing: bool = False
    leader: str = ""
    places: list[tuple[int, str]] = field(default_factory=list)


class BroadcastScreen(Screen):
    """One broadcast."""

    permissions = ("broadcasts.view_broadcast",)
    template_name = "backoffice/broadcasts/show.html"
    header_icon = "megaphone"
    parents = (("broadcasts:list", gettext_lazy("Broadcasts")),)

    @cached_property
    def broadcast(self) -> Broadcast:
        """The broadcast that is shown."""
        return get_object_or_404(Broadcast, pk=self.kwargs["pk"])

    def get_page_title(self) -> str:
        return self.broadcast.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        broadcast, user = self.broadcast, self.request.user
        issues = list(broadcast.issues.prefetch_related("letters__version")[:ISSUES])
        variants = list(broadcast.variants.select_related("message"))
        is_under_way = broadcast.state in {BroadcastState.SCHEDULED, BroadcastState.SENDING}
        return {
            **super().get_context_data(**kwargs),
            "broadcast": broadcast,
            "standing": standing(broadcast, issues[0] if issues else None),
            "issues": [issue_view(issue) for issue in issues],
            "counts_replies": are_replies_known(),
            "variants": variants,
            "audience_text": audience_text(broadcast),
            "timing_text": timing_text(broadcast, None),
            "trial_text": trial_text(broadcast, len(variants)),
            "may_send": user.has_perm("broadcasts.send_broadcast"),
            "may_change": user.has_perm("broadcasts.change_broadcast"),
            "may_add": user.has_perm("broadcasts.add_broadcast"),
            "may_delete": user.has_perm("broadcasts.delete_broadcast"),
            "may_see_people": user.has_perms(
                ("messaging.view_message", "messaging.view_delivery", "contacts.view_contact")
            ),
            "can_recall": broadcast.state == BroadcastState.SCHEDULED and not issues,
            "can_pause": is_under_way and not broadcast.is_paused,
            "can_resume": broadcast.is_paused,
            "can_cancel": is_under_way,
            "repeats": broadcast.timing == Timing.REPEAT and broadcast.next_at is not None,
            "archive_url": reverse("broadcasts_archive:list"),
        }


def issue_view(issue: Issue) -> IssueView:
    """An issue as its screen shows it."""
    letters = list(issue.letters.all())
    figures = letter_figures(letter.version_id for letter in letters)
    firsts = [letter for letter in letters if not letter.is_again]
    tallies = _tallies(issue, len(firsts))
    verdict = judge(tallies) if tallies else Verdict([], None)
    rows = []
    for letter in letters:
        is_tested = bool(tallies) and not letter.is_again
        rows.append(
            LetterRow(
                name=str(letter),
                subject=letter.version.bodies.get("email", {}).get("subject", ""),
                message=letter.version.name,
                message_id=letter.version.message_id,
                figures=figures[letter.version_id],
                place=letter.place,
                is_again=letter.is_again,
                is_winner=issue.decision == Decision.WINNER and issue.winner == letter.place and not letter.is_again,
                tally=tallies[letter.place] if is_tested else None,
                estimate=verdict.estimates[letter.place] if is_tested else None,
            )
        )
    return IssueView(
        issue=issue,
        letters=rows,
        total=sum((row.figures for row in rows), LetterFigures()),
        percent=_percent(issue),
        state=pgettext("state of a broadcast", "Paused") if issue.broadcast.is_paused else issue.get_stage_display(),
        decision=str(Decision(issue.decision).label) if issue.decision else "",
        is_testing=issue.stage in {Stage.FIRST, Stage.TESTING} and bool(tallies),
        leader=str(firsts[verdict.winner]) if verdict.winner is not None else "",
        places=[(letter.place, str(letter)) for letter in firsts],
    )


def _tallies(issue: Issue, versions: int) -> list[Tally]:
    """What decided the test, or would decide it now; nothing where there is one version only."""
    if versions < 2:
        return []
    if issue.tested:
        return [Tally(each["sent"], each["answered"]) for each in issue.tested]
    return tallies_of(issue, Metric(issue.broadcast.metric))


def _percent(issue: Issue) -> int:
    """How far it has come."""
    return 100 if not issue.audience or issue.ended_at else min(99, 100 * issue.planned // issue.audience)

"""What happens to an issue besides planning: its beginning, the end of its test, its second sending, its end."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.broadcasts.audience import freeze_audience
from jouren.broadcasts.checking import naming_order
from jouren.broadcasts.errors import InvalidBroadcast, Problem
from jouren.broadcasts.models import Broadcast, Issue, Letter
from jouren.broadcasts.occurrences import newest_due, next_occurrence
from jouren.broadcasts.queries import tallies_of
from jouren.broadcasts.statistics import judge
from jouren.broadcasts.vocabulary import BroadcastState, Decision, Fallback, Phase, Stage, Timing
from jouren.core.sql import load_sql
from jouren.messaging.actions import create_run
from jouren.messaging.publishing import freeze_for_run
from jouren.messaging.vocabulary import RunKind

_sql = load_sql("broadcasts")
_FORGET = 50_000
_LOOK_AGAIN = timedelta(seconds=5)


def begin_issue(broadcast: Broadcast, now: datetime) -> Issue:
    """Begin the issue that is due: freeze what it says and who gets it. The caller holds the broadcast's row.

    Raises:
        InvalidBroadcast: a message is not published any more, or names an order by now.
        ConditionError: the condition cannot be asked any more.
    """
    due = newest_due(broadcast, now)
    run = create_run(RunKind.BROADCAST, broadcast.name, f"broadcast:{broadcast.pk}:{due.day}")
    issue = Issue.objects.create(broadcast=broadcast, day=due.day, run=run, begun_at=now, due_at=now)
    variants = list(broadcast.variants.select_related("message"))
    topic = ""
    for variant in variants:
        published = variant.message.published_versions.first()
        if published is None or not variant.message.live:
            text = _("The message “%(name)s” is not published any more. Publish it, then resume.")
            raise InvalidBroadcast([Problem("what", text % {"name": variant.message})])
        if published.names_order:
            raise InvalidBroadcast([Problem("what", naming_order(published))])
        version = freeze_for_run(published, run.pk, variant.subject)
        Letter.objects.create(issue=issue, place=variant.place, version=version)
        topic = version.topic
    share = broadcast.test_percent / 100 if len(variants) > 1 else 1.0
    issue.audience = freeze_audience(issue, topic, share, len(variants), now)
    issue.save(update_fields=["audience"])
    following = next_occurrence(broadcast, now) if broadcast.timing == Timing.REPEAT else None
    broadcast.next_at = following.at if following else None
    broadcast.next_day = following.day if following else None
    broadcast.state = BroadcastState.SENDING
    broadcast.save(update_fields=["next_at", "next_day", "state"])
    _note(broadcast, "broadcasts.begin", {"day": f"{issue.day}", "people": issue.audience})
    return issue


def settle_test(issue: Issue, now: datetime) -> None:
    """Decide what the rest gets: the better version, or what the author chose for when nobody can say."""
    broadcast = issue.broadcast
    tallies = tallies_of(issue, broadcast.metric)
    issue.tested = [{"sent": tally.sent, "answered": tally.answered} for tally in tallies]
    winner = judge(tallies).winner
    if winner is not None:
        start_rest(issue, now, Decision.WINNER, winner)
    elif broadcast.fallback == Fallback.ASK:
        issue.stage, issue.due_at = Stage.ASKING, None
        _note(broadcast, "broadcasts.ask", {"day": f"{issue.day}"})
    elif broadcast.fallback == Fallback.SPLIT:
        start_rest(issue, now, Decision.SPLIT, None)
    else:
        start_rest(issue, now, Decision.FIRST, 0)


def start_rest(issue: Issue, now: datetime, decision: Decision, winner: int | None) -> None:
    """Let the rest get version ``winner`` (None: all versions, in equal shares)."""
    issue.decision, issue.winner = decision, winner
    issue.stage, issue.phase, issue.due_at = Stage.REST, Phase.REST, now
    issue.cursor_due, issue.cursor_contact = None, 0
    _note(issue.broadcast, "broadcasts.decide", {"day": f"{issue.day}", "decision": str(decision), "winner": winner})


def fill_again(issue: Issue, now: datetime) -> None:
    """Write down who gets the letter a second time: those who got it and showed no sign of life."""
    letters = {letter.place: letter for letter in issue.letters.select_related("version")}
    best = letters.get(issue.winner or 0) or letters[0]
    version = freeze_for_run(best.version, issue.run_id, issue.broadcast.again_subject)
    Letter.objects.create(issue=issue, place=best.place, is_again=True, version=version)
    people = _sql.run(
        "silent_recipients",
        {
            "issue_id": issue.pk,
            "phase": Phase.AGAIN,
            "due_at": now,
            "version_ids": [letter.version_id for letter in letters.values()],
        },
    )
    issue.audience += people
    issue.stage, issue.phase, issue.due_at = Stage.AGAIN, Phase.AGAIN, now
    issue.cursor_due, issue.cursor_contact = None, 0
    _note(issue.broadcast, "broadcasts.again", {"day": f"{issue.day}", "people": people})


def end_issue(issue: Issue, now: datetime) -> None:
    """End an issue once nothing of it waits any more, and forget who its audience was: the deliveries tell."""
    row = _sql.one("waiting_deliveries", {"run_id": issue.run_id})
    waits_until, is_in_hand = row or (None, False)
    if waits_until is not None or is_in_hand:
        issue.due_at = max(waits_until or now, now + _LOOK_AGAIN)
        return
    if not forget_audience(issue):
        return
    issue.stage, issue.due_at, issue.ended_at = Stage.DONE, None, now
    close_broadcast(issue.broadcast, besides=issue)
    _note(issue.broadcast, "broadcasts.end", {"day": f"{issue.day}"})


def forget_audience(issue: Issue) -> bool:
    """Forget who an issue's audience was, so many at a time. Returns whether nobody is left."""
    return _sql.run("forget_recipients", {"issue_id": issue.pk, "limit": _FORGET}) < _FORGET


def close_broadcast(broadcast: Broadcast, besides: Issue | None = None) -> None:
    """Say how a broadcast stands when an issue of it has ended: sent, unless another is under way or to come.

    The caller holds its row.
    """
    open_ones = Issue.objects.filter(broadcast=broadcast, ended_at=None)
    if besides is not None:
        open_ones = open_ones.exclude(pk=besides.pk)
    if not open_ones.exists():
        broadcast.state = BroadcastState.SENT if broadcast.next_at is None else BroadcastState.SCHEDULED
        broadcast.save(update_fields=["state"])


def _note(broadcast: Broadcast, action: str, data: dict[str, object]) -> None:
    log(instance=broadcast, action=action, data=data)

"""What changes the rules, and what they make of people: marks with their history, events, tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.catalog.eligibility import is_more_than_few
from jouren.contacts.actions.peace import BY_RULE, leave_all_in_peace
from jouren.contacts.models import SuppressionReason
from jouren.core import clock
from jouren.core.money import DEFAULT_CURRENCY, MOST
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events
from jouren.mechanisms.errors import BadRules
from jouren.mechanisms.event_types import LAPSED, LIKELY, NOT_LIKELY, RETURNED
from jouren.mechanisms.models import MOST_COUNT, MOST_DAYS, Mark, MechanismRules
from jouren.mechanisms.policies import Standing, is_news, why_unlikely
from jouren.mechanisms.queries import (
    Lapsing,
    count_customers,
    lapsing,
    likely_rule,
    over_winback,
    standings,
    stored_rules,
)
from jouren.mechanisms.tasks_for_people import open_tasks_for
from jouren.mechanisms.vocabulary import Bar, LapseReason, MarkKind, Occasion
from jouren.pyramid.actions import promote_contacts
from jouren.pyramid.models import ChangeReason
from jouren.pyramid.policies import Cause
from jouren.pyramid.stages import Stage

_sql = load_sql("mechanisms")
_BATCH = 500
_COUNTS = ("likely_purchases", "lapse_times", "winback_messages")
_DAYS = ("likely_days", "lapse_days")
FIELDS = (
    "likely_is_enabled",
    "likely_purchases",
    "likely_days",
    "likely_bar",
    "good_is_enabled",
    "good_amount",
    "lapse_is_enabled",
    "lapse_days",
    "lapse_by_product",
    "lapse_times",
    "winback_is_enabled",
    "winback_messages",
    "winback_days",
)


class Moment(NamedTuple):
    """When something happened that may make a person another one; ``event_id``: in the log."""

    at: datetime
    historical: bool = False
    event_id: int = 0


@transaction.atomic
def save_rules(rules: MechanismRules, *, by: AbstractBaseUser | None = None) -> MechanismRules:
    """Keep the rules as they were changed, and look at once who is a likely regular by them. The audit log keeps what
    changed. Tasks come of it only if they are very few.

    Raises:
        BadRules: a figure cannot be kept; ``field`` names it.
    """
    check_rules(rules)
    stored = MechanismRules.objects.select_for_update().order_by("pk").first() or MechanismRules()
    changes: dict[str, list[Any]] = {
        name: [getattr(stored, name), getattr(rules, name)]
        for name in FIELDS
        if getattr(stored, name) != getattr(rules, name)
    }
    for name in changes:
        setattr(stored, name, getattr(rules, name))
    if changes or stored.pk is None:
        stored.save()
        if by is not None:
            log(instance=stored, action="mechanisms.change_rules", user=by, data={"changes": changes})
    if any(name.startswith("likely_") for name in changes):
        judge_everybody(clock.now())
    return stored


def check_rules(rules: MechanismRules) -> None:
    """Refuse figures that cannot be kept. Raises BadRules."""
    for field in _COUNTS:
        if not 1 <= getattr(rules, field) <= MOST_COUNT:
            raise BadRules(_("Give a number from 1 to %(most)s.") % {"most": MOST_COUNT}, field)
    for field in _DAYS:
        if not 1 <= getattr(rules, field) <= MOST_DAYS:
            raise BadRules(_("Give 1 to %(most)s days.") % {"most": MOST_DAYS}, field)
    if not 0 <= rules.winback_days <= MOST_DAYS:
        raise BadRules(_("Give 0 to %(most)s days.") % {"most": MOST_DAYS}, "winback_days")
    if not 1 <= rules.good_amount <= MOST:
        raise BadRules(_("Give an amount of at least 1 yen."), "good_amount")
    if rules.likely_bar not in Bar.values:
        raise BadRules(_("Choose one of the answers."), "likely_bar")


def judge_everybody(now: datetime) -> int:
    """Look at everybody who is or may be a likely regular. Returns how many marks began or ended."""
    known = standings()
    asked = {"kind": MarkKind.LIKELY_REGULAR.value, "contact_ids": None}
    marked = {row[0] for row in _sql.all("open_marks", asked)}
    rule = likely_rule(stored_rules())
    likely = {contact_id for contact_id, each in known.items() if why_unlikely(rule, each, now) is None}
    is_quiet = is_more_than_few(len(likely), count_customers())
    changed = sorted(likely ^ marked)
    parts = [changed[start : start + _BATCH] for start in range(0, len(changed), _BATCH)]
    return sum(judge_likely({each: Moment(now) for each in part}, brings_tasks=not is_quiet) for part in parts)


@transaction.atomic
def judge_likely(moments: Mapping[int, Moment], *, brings_tasks: bool = True) -> int:
    """Mark who is likely to become a regular, and end the mark of who no longer is, as of their moments.

    Who becomes one brings tasks for people, unless history told it. Returns how many marks began or ended.
    """
    ids = _locked(moments)
    if not ids:
        return 0
    now, rule, known = clock.now(), likely_rule(stored_rules()), standings(ids)
    asked = {"kind": MarkKind.LIKELY_REGULAR.value, "contact_ids": ids}
    marked = {row[0] for row in _sql.all("open_marks", asked)}
    why = {contact_id: why_unlikely(rule, known.get(contact_id, Standing()), now) for contact_id in ids}
    began = [contact_id for contact_id in ids if why[contact_id] is None and contact_id not in marked]
    ended = [contact_id for contact_id in ids if why[contact_id] is not None and contact_id in marked]
    events = []
    for contact_id, since, _days in _begin(MarkKind.LIKELY_REGULAR, {each: moments[each].at for each in began}):
        person = known[contact_id]
        payload: dict[str, Any] = {"purchases": person.purchases, "satisfaction": person.satisfaction}
        events.append(NewEvent(LIKELY, contact_id, payload, since, historical=moments[contact_id].historical))
    for contact_id, until in _end(MarkKind.LIKELY_REGULAR, {each: moments[each].at for each in ended}):
        payload = {"reason": str(why[contact_id])}
        events.append(NewEvent(NOT_LIKELY, contact_id, payload, until, historical=moments[contact_id].historical))
    record_events(events)
    if brings_tasks:
        open_tasks_for([each for each in began if not moments[each].historical], Occasion.LIKELY_REGULAR)
    return len(events)


def _locked(contact_ids: Collection[int]) -> list[int]:
    """Those of the people who are present, locked until the transaction ends."""
    return [row[0] for row in _sql.all("lock", {"contact_ids": sorted(contact_ids)})] if contact_ids else []


def _begin(kind: MarkKind, since: Mapping[int, datetime]) -> list[tuple[int, datetime, int | None]]:
    if not since:
        return []
    nothing = [None] * len(since)
    rows = {"contact_ids": list(since), "since": list(since.values()), "counted_from": nothing, "days": nothing}
    return _sql.all("begin_marks", {"kind": kind.value, "now": clock.now(), **rows})


def _end(kind: MarkKind, at: Mapping[int, datetime]) -> list[tuple[int, datetime]]:
    if not at:
        return []
    return _sql.all("end_marks", {"kind": kind.value, "contact_ids": list(at), "at": list(at.values())})


def mark_lapsed(now: datetime) -> int:
    """Mark everybody who has lapsed since the last look, and before. What lies before is history: it starts no journey.

    Some hundred people a transaction. Returns how many.
    """
    rules = stored_rules()
    found = lapsing(rules, now)
    marked = sum(_lapse(found[start : start + _BATCH], rules) for start in range(0, len(found), _BATCH))
    MechanismRules.objects.filter(pk=rules.pk).update(looked_at=now)
    return marked


@transaction.atomic
def _lapse(found: list[Lapsing], rules: MechanismRules) -> int:
    _locked([each.contact_id for each in found])
    people = {
        "contact_ids": [each.contact_id for each in found],
        "counted_from": [each.last_at for each in found],
    }
    still = {row[0] for row in _sql.all("still_lapsing", people)}
    due = [each for each in found if each.contact_id in still]
    if not due:
        return 0
    began = _sql.all(
        "begin_marks",
        {
            "kind": MarkKind.LAPSED.value,
            "now": clock.now(),
            "contact_ids": [each.contact_id for each in due],
            "since": [each.since for each in due],
            "counted_from": [each.last_at for each in due],
            "days": [each.days for each in due],
        },
    )
    why = {each.contact_id: LapseReason.PRODUCT if each.is_by_product else LapseReason.DAYS for each in due}
    record_events(
        [
            NewEvent(
                LAPSED,
                contact_id,
                {"days": days, "reason": why[contact_id].value},
                since,
                historical=not is_news(since, rules.looked_at),
            )
            for contact_id, since, days in began
        ]
    )
    return len(began)


@transaction.atomic
def end_lapses(moments: Mapping[int, Moment]) -> int:
    """End the lapses of those who have bought since. Returns how many."""
    ids = _locked(moments)
    rows = _sql.all("end_lapses", {"contact_ids": ids}) if ids else []
    record_events(
        [
            NewEvent(
                RETURNED, contact_id, {"days": (until - since).days}, until, historical=moments[contact_id].historical
            )
            for contact_id, since, until in rows
        ]
    )
    return len(rows)


def end_winbacks(now: datetime) -> int:
    """Leave those in peace who lapsed and were invited often enough since. Returns how many."""
    due = over_winback(stored_rules(), now)
    return sum(_leave([row[0] for row in due[start : start + _BATCH]]) for start in range(0, len(due), _BATCH))


@transaction.atomic
def _leave(contact_ids: list[int]) -> int:
    present = _locked(contact_ids)
    asked = {"kind": MarkKind.LAPSED.value, "contact_ids": present}
    still = sorted(row[0] for row in _sql.all("open_marks", asked))
    return len(leave_all_in_peace(still, SuppressionReason.LAPSED, source=BY_RULE))


def promote_good(moments: Mapping[int, Moment]) -> None:
    """Make those regulars who have bought for so much within a year (優良), as of the purchase that made it full."""
    rules = stored_rules()
    if not rules.good_is_enabled or not moments:
        return
    asked = {"contact_ids": list(moments), "currency": DEFAULT_CURRENCY, "amount": rules.good_amount}
    passing = ChangeReason.DIRECT_PURCHASE.value
    promote_contacts(
        {
            contact_id: [
                Cause(
                    Stage.REGULAR,
                    at,
                    ChangeReason.GOOD_CUSTOMER.value,
                    passing,
                    event_id,
                    historical=moments[contact_id].historical,
                )
            ]
            for contact_id, event_id, at in _sql.all("good_customers", asked)
        }
    )


def claim_night(now: datetime, next_at: datetime) -> bool:
    """Take tonight's look through all people, which one process does. False when it is not due, or taken."""
    with transaction.atomic():
        return bool(_sql.all("claim", {"now": now, "next_at": next_at}))


def merge_people(kept_id: int, gone_id: int) -> None:
    """Give one person's marks and tasks to the other. What they are together is judged when the merging is told."""
    people = {"kept_id": kept_id, "gone_id": gone_id}
    _sql.run("merge_open_marks", people)
    Mark.objects.filter(contact=gone_id).update(contact=kept_id)
    _sql.run("merge_tasks", people)

"""What changes the rule, and what carries it out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.contacts.actions.peace import BY_RULE, BY_SURVEY, leave_all_in_peace, leave_in_peace
from jouren.contacts.models import LEFT_IN_PEACE, SuppressionReason
from jouren.core.sql import load_sql
from jouren.peace.errors import BadRule
from jouren.peace.models import MOST_DAYS, MOST_INVITATIONS, PeaceRule
from jouren.peace.queries import due_people, stored_rule
from jouren.pyramid.stages import Stage

_sql = load_sql("peace")
_BATCH = 500
_FIELDS = ("is_enabled", "invitations", "days", "up_to_stage", "leaves_dissatisfied")


@transaction.atomic
def save_rule(rule: PeaceRule, *, by: AbstractBaseUser | None = None) -> PeaceRule:
    """Keep the rule as it was changed. The audit log keeps what changed.

    Raises:
        BadRule: a figure cannot be kept; ``field`` names it.
    """
    check_rule(rule)
    stored = PeaceRule.objects.select_for_update().order_by("pk").first() or PeaceRule()
    changes: dict[str, list[Any]] = {
        name: [getattr(stored, name), getattr(rule, name)]
        for name in _FIELDS
        if getattr(stored, name) != getattr(rule, name)
    }
    for name in changes:
        setattr(stored, name, getattr(rule, name))
    if changes or stored.pk is None:
        stored.save()
        if by is not None:
            log(instance=stored, action="peace.change_rule", user=by, data={"changes": changes})
    return stored


def check_rule(rule: PeaceRule) -> None:
    """Refuse a rule that cannot be kept. Raises BadRule."""
    if not 1 <= rule.invitations <= MOST_INVITATIONS:
        raise BadRule(_("Give 1 to %(most)s invitations.") % {"most": MOST_INVITATIONS}, "invitations")
    if not 0 <= rule.days <= MOST_DAYS:
        raise BadRule(_("Give 0 to %(most)s days.") % {"most": MOST_DAYS}, "days")
    if rule.up_to_stage not in Stage.values:
        raise BadRule(_("Choose a stage."), "up_to_stage")


def apply_rule(now: datetime) -> int:
    """Leave everybody in peace who is due by the rule. Some hundred people a transaction. Returns how many."""
    rule = stored_rule()
    if not rule.is_enabled:
        return 0
    due = due_people(rule, now)
    return sum(_leave(due[start : start + _BATCH]) for start in range(0, len(due), _BATCH))


@transaction.atomic
def _leave(due: list[tuple[int, datetime]]) -> int:
    people = {
        "contact_ids": [contact_id for contact_id, _at in due],
        "invited_at": [at for _contact_id, at in due],
        "reasons": sorted(LEFT_IN_PEACE),
    }
    _sql.all("lock", {"contact_ids": people["contact_ids"]})
    still = [contact_id for (contact_id,) in _sql.all("still_due", people)]
    return len(leave_all_in_peace(still, SuppressionReason.NOT_BOUGHT, source=BY_RULE))


def leave_dissatisfied(contact_id: int) -> bool:
    """Leave somebody in peace who was not satisfied, if the rule says so. Returns whether that is new."""
    if not stored_rule().leaves_dissatisfied:
        return False
    return leave_in_peace(contact_id, SuppressionReason.DISSATISFIED, source=BY_SURVEY)


def claim_night(now: datetime, next_at: datetime) -> bool:
    """Take tonight's look through all people, which one process does. False when it is not due, or taken."""
    with transaction.atomic():
        return bool(_sql.all("claim", {"now": now, "next_at": next_at}))

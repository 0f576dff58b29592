"""What changes the sending rules."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import override
from wagtail.log_actions import log

from jouren.core.errors import UserError
from jouren.messaging.sending_rules.checks import Problem, find_problems
from jouren.messaging.sending_rules.models import DEFAULT_HOUR, CapRow, SendingRules
from jouren.messaging.sending_rules.queries import load_rules
from jouren.messaging.sending_rules.terms import Action, Cap, Rules


class BadRules(UserError):
    """Rules that cannot be kept. ``problems`` say what is wrong with which part."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = list(problems)


@transaction.atomic
def save_rules(rules: Rules, *, default_hour: int = DEFAULT_HOUR, by: AbstractBaseUser | None = None) -> SendingRules:
    """Put these rules in force, in place of all that were. A cap with an id that exists is changed, else it is made.

    Every process knows them from its next batch on. The audit log keeps both, as they were and as they are.

    Raises:
        BadRules: with all that is wrong; nothing is stored.
    """
    problems = list(find_problems(rules, default_hour))
    if problems:
        raise BadRules(problems)
    row = SendingRules.objects.select_for_update().order_by("pk").first() or SendingRules()
    before = as_data(load_rules(), row.default_hour) if row.pk else {}
    _set(row, rules, default_hour)
    row.save()
    _store_caps(rules.caps)
    after = as_data(load_rules(), default_hour)
    if after != before:
        with override(settings.LANGUAGE_CODE):  # the log keeps the row's name, and everybody reads it
            log(instance=row, action="messaging.change_rules", user=by, data={"before": before, "after": after})
    return row


def _set(row: SendingRules, rules: Rules, default_hour: int) -> None:
    quiet, window, readiness = rules.quiet, rules.window, rules.readiness
    row.zone = rules.zone.key
    row.longest_delay_days = rules.longest_delay.days
    row.quiet_from, row.quiet_until = (quiet.start, quiet.end) if quiet else (None, None)
    row.quiet_action = quiet.action if quiet else Action.DEFER
    row.window_from, row.window_until = (window.start, window.end) if window else (None, None)
    row.window_days = sorted(window.days) if window else []
    row.window_on_holidays = window is None or window.on_holidays
    row.window_on_closures = window is None or window.on_closures
    row.window_action = window.action if window else Action.DEFER
    row.help_before_ask = readiness.needed if readiness else None
    row.readiness_action = readiness.action if readiness else Action.DEFER
    row.default_hour = default_hour
    row.edition = 0 if rules.is_empty else secrets.randbits(62) + 2


def _store_caps(caps: Sequence[Cap]) -> None:
    kept = set(CapRow.objects.filter(pk__in=[cap.id for cap in caps]).values_list("pk", flat=True))
    CapRow.objects.exclude(pk__in=kept).delete()
    for cap in caps:
        CapRow(
            pk=cap.id if cap.id in kept else None,
            most=cap.most,
            unit=cap.unit,
            length=cap.length,
            channel=cap.channel,
            kind=cap.kind,
            topic=cap.topic,
            action=cap.action,
        ).save()


def as_data(rules: Rules, default_hour: int) -> dict[str, Any]:
    """Rules as JSON, as the audit log keeps them."""
    quiet, window, readiness = rules.quiet, rules.window, rules.readiness
    return {
        "zone": rules.zone.key,
        "longest_delay_days": rules.longest_delay.days,
        "quiet": quiet and [f"{quiet.start:%H:%M}", f"{quiet.end:%H:%M}", str(quiet.action)],
        "window": window
        and {
            "hours": [f"{window.start:%H:%M}", f"{window.end:%H:%M}"],
            "days": sorted(window.days),
            "on_holidays": window.on_holidays,
            "on_closures": window.on_closures,
            "action": str(window.action),
        },
        "readiness": readiness and [readiness.needed, str(readiness.action)],
        "caps": [[cap.reason, str(cap.action)] for cap in rules.caps],
        "default_hour": default_hour,
    }

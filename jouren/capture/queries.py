"""What reads visitors, and what became of forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from jouren.capture.models import Form, Registration, RegistrationState
from jouren.core.sql import load_sql
from jouren.pyramid.movement import Rise

_sql = load_sql("capture")


def count_unknown_visitors(now: datetime) -> int:
    """How many browsers looked at pages without anybody signing up from them: the base of the pyramid."""
    row = _sql.one("unknown_visitors")
    return int(row[0]) if row else 0


def count_new_visitors(since: datetime) -> int:
    """How many of them first came since a moment."""
    row = _sql.one("new_visitors", {"since": since})
    return int(row[0]) if row else 0


def visitor_rises(since: datetime, until: datetime, within: timedelta) -> Rise:
    """Of the browsers that first came between two moments, from how many somebody registered within that time.

    Somebody who uses two browsers counts twice. What came after ``until`` waits.
    """
    row = _sql.one("visitor_rises", {"since": since, "until": until, "within": within})
    return Rise(*row) if row else Rise()


def has_many_visitors(most: int) -> bool:
    """Whether there are more browsers than ``most``; looks at no more than those."""
    row = _sql.one("has_many_visitors", {"most": most})
    return bool(row and row[0])


@dataclass(frozen=True, slots=True)
class FormFigures:
    """How often a form was sent in the last 30 days, and how many of those were confirmed."""

    sent: int
    confirmed: int


def form_figures(form: Form, now: datetime) -> FormFigures:
    """The figures of one form."""
    recent = Registration.objects.filter(form=form, created_at__gt=now - timedelta(days=30))
    row = recent.aggregate(sent=Count("pk"), confirmed=Count("pk", filter=Q(state=RegistrationState.CONFIRMED)))
    return FormFigures(row["sent"], row["confirmed"])

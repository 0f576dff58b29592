"""What reads visitors, and what became of forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from jouren.capture.models import Form, Registration, RegistrationState
from jouren.core.sql import load_sql

_sql = load_sql("capture")


def count_unknown_visitors(now: datetime) -> int:
    """How many browsers looked at pages without anybody signing up from them: the base of the pyramid."""
    row = _sql.one("unknown_visitors")
    return int(row[0]) if row else 0


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

"""What is asked about webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.webhooks.models import Call, CallState, Endpoint

_sql = load_sql("webhooks")
STANDING_DAYS = 7


@dataclass(frozen=True)
class Standing:
    """How a webhook stands: calls delivered within seven days, waiting, of these after a failure, given up."""

    delivered: int = 0
    waiting: int = 0
    stuck: int = 0
    failed: int = 0


def standings() -> dict[int, Standing]:
    """How each webhook stands."""
    since = clock.now() - timedelta(days=STANDING_DAYS)
    return {row[0]: Standing(*row[1:]) for row in _sql.all("standings", {"since": since})}


def endpoint_choices() -> list[tuple[str, str]]:
    """The webhooks that an author can choose from."""
    off = _("%(name)s (switched off)")
    rows = Endpoint.objects.values_list("pk", "name", "is_on")
    return [(str(pk), name if is_on else off % {"name": name}) for pk, name, is_on in rows]


def failing_calls(limit: int) -> list[Call]:
    """Calls that were given up, or wait after a failure, the newest first."""
    given_up = Call.objects.filter(state=CallState.FAILED).order_by("-id")[:limit]
    waiting = Call.objects.filter(state__in=[CallState.WAITING, CallState.CALLING]).exclude(error="")
    both = [*given_up, *waiting.order_by("-id")[:limit]]
    return sorted(both, key=lambda call: call.pk, reverse=True)[:limit]


def count_failed() -> int:
    """How many calls were given up."""
    return Call.objects.filter(state=CallState.FAILED).count()


def next_due() -> datetime | None:
    """When the next call is due after now; None when none is."""
    row = _sql.one("next_due", {"now": clock.now()})
    return row[0] if row else None


def is_busy() -> bool:
    """True while a call is due or is being made."""
    row = _sql.one("is_busy", {"now": clock.now()})
    return bool(row and row[0])

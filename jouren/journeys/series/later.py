"""Publishing a series whose messages are drafts: hundreds of them take longer than a browser likes to wait."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import get_language

from jouren.core import clock
from jouren.journeys.series.models import SeriesPublishing


@transaction.atomic
def publish_series_later(series_id: int, *, by: AbstractBaseUser) -> None:
    """Have a worker publish the series with its messages. ``SeriesPublishing`` tells how it stands."""
    from jouren.journeys.tasks import publish_series_with_messages

    SeriesPublishing.objects.update_or_create(series_id=series_id, defaults={"problems": [], "asked_at": clock.now()})
    publish_series_with_messages.defer(series_id=series_id, user_id=by.pk, language=get_language() or "ja")

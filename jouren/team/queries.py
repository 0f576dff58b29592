"""What is asked about notices, and about who can be told."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from jouren.team.mailing import MAY_SEE
from jouren.team.models import Notice
from jouren.team.names import colleague_name


def colleagues() -> QuerySet[Any]:
    """Everybody in the back office who may see customers."""
    backend = settings.AUTHENTICATION_BACKENDS[0]
    return get_user_model().objects.with_perm(MAY_SEE, backend=backend).order_by("last_name", "first_name", "username")


def colleagues_who_may(permission: str) -> list[int]:
    """The ids of everybody who may do something and is told of it."""
    backend = settings.AUTHENTICATION_BACKENDS[0]
    people = get_user_model().objects.with_perm(permission, backend=backend)
    return list(people.filter(is_active=True).order_by("pk").values_list("pk", flat=True))


def colleague_choices() -> list[tuple[str, str]]:
    """Those, for an author to choose from."""
    return [(str(user.pk), colleague_name(user)) for user in colleagues()]


def open_notices(user_id: int, limit: int) -> list[Notice]:
    """What a colleague is to see to, the newest first."""
    return list(Notice.objects.filter(user_id=user_id, done_at=None).order_by("-id")[:limit])


def count_open(user_id: int) -> int:
    """How much a colleague is to see to."""
    return Notice.objects.filter(user_id=user_id, done_at=None).count()


def done_notices(user_id: int, limit: int) -> list[Notice]:
    """What a colleague is done with, the last first."""
    return list(Notice.objects.filter(user_id=user_id, done_at__isnull=False).order_by("-done_at", "-id")[:limit])

"""Who may sign in: Django's own check of passwords, behind the guard."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from jouren.backoffice.entry.guard import Attempt
from jouren.core.network import client_network

_UNTIL = "_jouren_refused_until"


class GuardedBackend(ModelBackend):
    """Checks a password only while the guard allows another try. Every form that asks for one goes through it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The user whose password it is. Raises PermissionDenied, and notes until when, for one try too many."""
        if request is None or not username:
            return super().authenticate(request, username, password, **kwargs)
        attempt = Attempt(username, client_network(request))
        until = attempt.begin()
        if until is not None:
            setattr(request, _UNTIL, until)
            raise PermissionDenied
        user = super().authenticate(request, username, password, **kwargs)
        if user is not None:
            attempt.succeed()
        return user


def refused_until(request: HttpRequest | None) -> datetime | None:
    """Until when a request's try to sign in was refused; None when it was not."""
    until: datetime | None = getattr(request, _UNTIL, None)
    return until

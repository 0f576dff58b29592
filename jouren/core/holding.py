"""The hold on all sends that a restore puts on an installation, and its release.

A restored database does not know what was sent after the backup was made. So nothing leaves a restored installation
until its owner says what becomes of the messages that wait. The rooms that send ask :func:`is_held` before each batch,
and register here how they let go of what waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.models import Overdue, Restore

RELEASED = "core.release_sends"
RESTORED = "restored"
"""The reason of what was withheld."""


class NotHeld(UserError):
    """Nothing is held, so nothing can be released."""


@dataclass(frozen=True)
class Release:
    """How an installation lets go. ``until``: what was due by then, if it is not ``sends_doubtful``, does not go.

    ``spares_confirmations``: what somebody asked for, such as the link of a sign-up, goes all the same.
    """

    until: datetime
    sends_doubtful: bool
    spares_confirmations: bool


Step = Callable[[Release], object]
_steps: list[Step] = []


def register_release(step: Step) -> None:
    """Have ``step`` called, in a transaction of its own making, before a hold ends; again when it was cut off."""
    if step not in _steps:
        _steps.append(step)


def is_held() -> bool:
    """Whether nothing may leave this installation. One look at a table of a row or two."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM core_restore WHERE released_at IS NULL)")
        return bool(cursor.fetchone()[0])


def current_hold() -> Restore | None:
    """The restore whose hold lasts; None when nothing is held."""
    return Restore.objects.filter(released_at=None).first()


def doubtful_until(hold: Restore) -> datetime:
    """What was due by then may have been sent by the installation that the backup is of."""
    return hold.settled_at or clock.now()


def release_sends(overdue: Overdue, *, by: AbstractBaseUser | None = None) -> None:
    """Let messages and calls go again; ``overdue`` says what becomes of those that wait.

    Raises:
        NotHeld: nothing is held.
    """
    hold = current_hold()
    if hold is None:
        raise NotHeld(_("Nothing is held: there is nothing to release."))
    until = clock.now() if overdue == Overdue.WITHHOLD else doubtful_until(hold)
    release = Release(until, overdue == Overdue.SEND, overdue == Overdue.CAREFUL)
    # Each in batches of its own: there may be a million. The hold ends after all of them.
    for step in _steps:
        step(release)
    with transaction.atomic():
        ended = Restore.objects.filter(pk=hold.pk, released_at=None).update(
            released_at=clock.now(), overdue=str(overdue)
        )
        if ended:
            log(instance=hold, action=RELEASED, user=by, data={"overdue": str(overdue), "until": until.isoformat()})

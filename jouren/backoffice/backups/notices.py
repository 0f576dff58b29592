"""What the first screen says of backups and of a restore's hold."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from jouren.backoffice.backups.views import RELEASE
from jouren.core.backup.runs import standing
from jouren.core.holding import is_held


def backup_notices(request: HttpRequest) -> Iterator[tuple[str, str, str]]:
    """Text, URL and link of what needs attention."""
    if is_held():
        may = request.user.has_perm(RELEASE)
        text = _("Jouren was restored from a backup. Nothing is sent, and no webhook is called, until you release it.")
        yield text, reverse("backups:held") if may else "", _("Look, and release") if may else ""
    if not request.user.is_superuser:
        return
    how = standing(settings.JOUREN.backups)
    if how.trouble:
        text = _("The last backup was not made: %(reason)s") % {"reason": how.trouble}
    elif how.is_late:
        text = _("No backup was made for more than a day. Does a worker run where the folder of backups is?")
    else:
        return
    yield text, reverse("backups:list"), _("Look at the backups")

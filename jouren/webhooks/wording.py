"""What failures of calls mean, in words for a shop owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jouren.core.holding import RESTORED
from jouren.webhooks.policies import ERASED, FORBIDDEN, OFF

_TEXTS: Mapping[str, Any] = {
    OFF: _("The webhook is switched off."),
    FORBIDDEN: _("Its address may not be called: it lies within a private network, or is no https address."),
    ERASED: _("The person was erased before."),
    RESTORED: _(
        "It was due before this installation was restored from a backup, and may have been made by the one before it."
    ),
    "name": _("Nobody knows a host of that name."),
    "connection": _("No connection could be made, or it broke."),
    "certificate": _("Its certificate is not good: it has expired, or is another host's."),
    "timeout": _("It did not answer within ten seconds."),
    "answer": _("What it answered was no HTTP."),
    "status:401": _("It answered 401: it does not accept the signature, or wants to be signed in to."),
    "status:403": _("It answered 403: it refuses the call."),
    "status:404": _("It answered 404: there is nothing at this address."),
    "status:410": _("It answered 410: it does not want to be called any more."),
    "status:429": _("It answered 429: it was called too often."),
}


def error_text(error: str) -> str:
    """A failure's short word as a sentence."""
    if error in _TEXTS:
        return str(_TEXTS[error])
    if not error.startswith("status:"):
        return error
    status = error.removeprefix("status:")
    if status.startswith("3"):
        return gettext("It answered %(status)s, a redirect; redirects are not followed.") % {"status": status}
    if status.startswith("5"):
        return gettext("It answered %(status)s: something is wrong there.") % {"status": status}
    return gettext("It answered %(status)s.") % {"status": status}

"""What this room forgets of an erased person: what their deliveries brought along, what servers said, their letters."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from jouren.contacts.actions.erasure import register_eraser
from jouren.contacts.models import Identity, IdentityKind
from jouren.core.mailbox import forget_mail
from jouren.core.sql import load_sql
from jouren.messaging.best_hour import forget_click_hours

_sql = load_sql("messaging")


def erase(contact_ids: Sequence[int]) -> None:
    """Empty the personal columns. The rows stay, so that figures stay true, and nothing is sent twice.

    The letters that the local sink has kept of them go with the commit.
    """
    _sql.run("erase", {"contact_ids": list(contact_ids)})
    forget_click_hours(contact_ids)
    identities = Identity.objects.filter(contact_id__in=contact_ids, kind=IdentityKind.EMAIL)
    addresses = list(identities.values_list("value", flat=True))
    transaction.on_commit(lambda: forget_mail(settings.JOUREN, addresses))


def register() -> None:
    """Called when the room starts."""
    register_eraser("messaging", erase)

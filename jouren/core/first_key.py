"""The key to a new installation: whoever has it makes the owner's account in the browser.

``jouren up`` prints it in the terminal while there is no owner. Only its digest is kept, each start makes a new one,
and with the first owner it is gone.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.models import FirstKey
from jouren.core.owners import create_owner

_BYTES = 18


class WrongKey(UserError):
    """This is not the key that was printed last, or there is an owner already."""


def has_owner() -> bool:
    """Whether somebody may do everything already."""
    return get_user_model().objects.filter(is_superuser=True, is_active=True).exists()


def has_nobody() -> bool:
    """Whether there is no account at all that could sign in."""
    return not get_user_model().objects.filter(is_active=True).exists()


def make_first_key() -> str:
    """A new key; the one before it is void. For whoever can read the terminal."""
    key = secrets.token_urlsafe(_BYTES)
    FirstKey.objects.update_or_create(pk=1, defaults={"digest": _digest(key), "made_at": clock.now()})
    return key


def forget_first_key() -> None:
    """No key opens anything any more."""
    FirstKey.objects.all().delete()


def fits(key: str) -> bool:
    """Whether this key opens the installation now."""
    kept = FirstKey.objects.filter(pk=1).first()
    return kept is not None and constant_time_compare(kept.digest, _digest(key)) and not has_owner()


@transaction.atomic
def make_first_owner(key: str, email: str, password: str) -> None:
    """Make the owner's account with the key, which is used up by that.

    Raises:
        WrongKey: the key does not fit, or somebody else was first.
        BadOwner: address or password cannot be used; the key stays good.
    """
    # Two who have the key come one after the other; the second finds an owner.
    FirstKey.objects.select_for_update().filter(pk=1).first()
    if not fits(key):
        raise WrongKey(_("This key is not valid any more. Start Jouren again: it prints a new one."))
    create_owner(email, password)
    forget_first_key()


def _digest(key: str) -> str:
    return sha256(key.strip().encode()).hexdigest()

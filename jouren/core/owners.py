"""The first person of a shop: who may do everything in the back office."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from jouren.core.errors import UserError


class BadOwner(UserError):
    """An owner's address or password cannot be used, or there is one with that address."""


@transaction.atomic
def create_owner(email: str, password: str, *, replace_password: bool = False) -> bool:
    """Make a back office account with every right; its user name is the mail address.

    ``replace_password`` also accepts an owner that exists, and gives it the password. Returns True when it was made.

    Raises:
        BadOwner: the address or the password cannot be used, or the account exists.
    """
    email = email.strip().lower()
    model = get_user_model()
    owner = model.objects.select_for_update().filter(username=email).first()
    if owner is not None and not replace_password:
        raise BadOwner(_("There is already an account %(email)s.") % {"email": email})
    made = owner is None
    owner = owner or model(username=email, email=email)
    try:
        validate_email(email)
    except ValidationError:
        raise BadOwner(
            _("“%(email)s” is no mail address. One looks like name@example.jp.") % {"email": email}
        ) from None
    try:
        validate_password(password, owner)
    except ValidationError as error:
        raise BadOwner(" ".join(error.messages)) from None
    owner.is_staff = owner.is_superuser = owner.is_active = True
    owner.set_password(password)
    owner.save()
    return made

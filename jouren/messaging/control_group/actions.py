"""What changes the control group."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override
from wagtail.log_actions import log

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.messaging.control_group.models import MAX_SHARE, ControlGroup


class BadControlGroup(UserError):
    """A number that cannot be kept; ``field`` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def save_control_group(
    share: int, *, days: int, smallest_effect: int, by: AbstractBaseUser | None = None
) -> ControlGroup:
    """Have ``share`` per cent of all people get no marketing from now on; 0: nobody.

    Another share begins the comparison anew: those who belong to the group are others than before. A larger share keeps
    all who belong to it, a smaller one lets some go.

    Raises:
        BadControlGroup: a number is out of its bounds; nothing is stored.
    """
    ControlGroup.objects.get_or_create(pk=1)
    group = ControlGroup.objects.select_for_update().get(pk=1)
    before = _as_data(group)
    if share != group.share:
        group.since = clock.now() if share else None
    group.share, group.days, group.smallest_effect = share, days, smallest_effect
    _check(group)
    group.save()
    if (after := _as_data(group)) != before:
        with override(settings.LANGUAGE_CODE):  # the log keeps the row's name, and everybody reads it
            log(
                instance=group,
                action="messaging.change_control_group",
                user=by,
                data={"before": before, "after": after},
            )
    return group


def _check(group: ControlGroup) -> None:
    try:
        group.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        if field == "share":
            raise BadControlGroup(
                field, _("Write a number of people in a hundred from 0 to %(most)s.") % {"most": MAX_SHARE}
            ) from error
        raise BadControlGroup(field, " ".join(messages)) from error


def _as_data(group: ControlGroup) -> dict[str, int]:
    return {"share": group.share, "days": group.days, "smallest_effect": group.smallest_effect}

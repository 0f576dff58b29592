"""Choosing how the shop sees the road from stranger to regular."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from wagtail.log_actions import log

from jouren.pyramid.errors import UnknownPreset
from jouren.pyramid.models import ChangeReason, Naming, PyramidRule
from jouren.pyramid.naming import FIVE, PRESETS, forget, refresh
from jouren.pyramid.reactions import PURCHASE
from jouren.pyramid.stages import Stage


def chosen_preset() -> str:
    """The key of the preset in force."""
    row = Naming.objects.filter(pk=1).first()
    return row.preset if row is not None and row.preset in PRESETS else FIVE


def is_preset_chosen() -> bool:
    """Whether somebody has chosen, if only what was there."""
    return Naming.objects.filter(pk=1).exists()


@transaction.atomic
def choose_preset(key: str, *, by: AbstractBaseUser | None = None) -> None:
    """Name the stages so, and set from which regular purchase on somebody is a regular.

    Nobody moves by this: the rule holds for purchases from now on.

    Raises:
        UnknownPreset: there is none of that key.
    """
    if key not in PRESETS:
        raise UnknownPreset(_("There is no such choice. Reload the page."))
    preset = PRESETS[key]
    row, _made = Naming.objects.update_or_create(pk=1, defaults={"preset": key})
    with override(settings.LANGUAGE_CODE):
        name = ngettext(
            "%(times)s purchase at the regular price", "%(times)s purchases at the regular price", preset.regular_from
        ) % {"times": preset.regular_from}
    PyramidRule.objects.filter(
        event_type=PURCHASE, match={"kind": "regular"}, stage=Stage.REGULAR, reason=ChangeReason.REPEAT_PURCHASE
    ).exclude(at_least=preset.regular_from).update(at_least=preset.regular_from, name=name)
    forget()
    refresh()
    transaction.on_commit(forget)
    log(instance=row, action="pyramid.choose_preset", user=by, data={"preset": key})

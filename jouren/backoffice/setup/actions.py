"""What the set-up keeps: each in one transaction, with its note in the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.images import get_image_model
from wagtail.log_actions import log
from wagtail.users.models import UserProfile

from jouren.core import clock
from jouren.core.zone import choose_zone
from jouren.journeys.models import DayOff
from jouren.messaging.models import ShopSettings
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.models import DEFAULT_HOUR, SendingRules
from jouren.messaging.sending_rules.queries import load_rules


@transaction.atomic
def keep_account(user: AbstractBaseUser, given: Mapping[str, str]) -> None:
    """Keep a person's own name and language."""
    account: Any = user
    account.first_name, account.last_name = given["first_name"], given["last_name"]
    account.save(update_fields=["first_name", "last_name"])
    profile = UserProfile.get_for_user(user)
    profile.preferred_language = given["language"]
    profile.save(update_fields=["preferred_language"])


@transaction.atomic
def keep_shop(shop: ShopSettings, *, by: AbstractBaseUser | None = None) -> None:
    """Keep the shop's settings."""
    shop.save()
    log(instance=shop, action="wagtail.edit", user=by)


@transaction.atomic
def keep_time(zone: str, days: Sequence[date], why: str, *, by: AbstractBaseUser | None = None) -> None:
    """Keep the shop's clock, for sending rules too, and add days off; those that are off already stay as they are.

    Raises:
        UnknownZone: there is no such zone.
    """
    choose_zone(zone)
    rules = load_rules()
    if rules.zone.key != zone:
        row = SendingRules.objects.order_by("pk").first()
        hour = row.default_hour if row is not None else DEFAULT_HOUR
        save_rules(replace(rules, zone=ZoneInfo(zone)), default_hour=hour, by=by)
    DayOff.objects.bulk_create([DayOff(day=day, name=why) for day in days], ignore_conflicts=True)


@transaction.atomic
def keep_look(colour: str, logo: Any, *, without_logo: bool = False, by: AbstractBaseUser | None = None) -> None:
    """Keep the shop's colour, and a picture that was checked as its logo; None keeps the one there is."""
    shop = ShopSettings.objects.first() or ShopSettings()
    shop.colour = colour.lower()
    if without_logo:
        shop.logo = None
    elif logo is not None:
        shop.logo = get_image_model().objects.create(title=_("Logo"), file=logo, uploaded_by_user=by)
    shop.save()
    log(instance=shop, action="wagtail.edit", user=by)


def note_mail_taken() -> None:
    """Remember that a mail service has taken a test mail."""
    shop = ShopSettings.objects.first() or ShopSettings()
    shop.mail_taken_at = clock.now()
    shop.save()

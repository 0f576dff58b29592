"""A small shop to try everything on: it sells skin care to people whose skin is dry. Made up, all of it."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import transaction
from django.utils.translation import override

from jouren.backoffice.demo.broadcasts import make_broadcasts
from jouren.backoffice.demo.mechanisms import put_mechanisms
from jouren.backoffice.demo.offers import make_trial
from jouren.backoffice.demo.people import make_people
from jouren.backoffice.demo.products import make_products
from jouren.backoffice.demo.segments import make_segments
from jouren.backoffice.demo.set_up import finish_set_up, put_look, wear_look
from jouren.backoffice.demo.shop import make_shop, put_gift
from jouren.backoffice.demo.year.loading import load_year
from jouren.core import clock
from jouren.journeys.models import Journey
from jouren.messaging.defaults import restore_default_messages


def load_demo(*, small: bool = False) -> bool:
    """Fill an empty installation with the demo shop. Returns False when something is there already.

    It comes with a year that 300 people lived through (see ``year``), which needs an account that may do everything.
    ``small``: with two dozen people and a few lines of a past instead, made on the spot.
    """
    if Journey.objects.exists():
        return False
    if not small:
        owner = get_user_model().objects.filter(is_superuser=True).order_by("pk")[0]
        with transaction.atomic():
            load_year(clock.now(), owner.pk)
            put_gift()
            with override("ja"):
                put_look()
                finish_set_up()
                restore_default_messages()
                wear_look()
                put_mechanisms()
        call_command("update_index", verbosity=0)
        return True
    with transaction.atomic(), override("ja"):
        put_look()
        make_products()
        make_shop(make_trial())
        make_people()
        make_segments()
        make_broadcasts()
        put_mechanisms()
        finish_set_up()
    return True

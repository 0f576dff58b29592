"""A small shop to try everything on: a tea shop for people who sleep badly. Made up, all of it."""

from __future__ import annotations

from django.db import transaction

from jouren.backoffice.demo.broadcasts import make_broadcasts
from jouren.backoffice.demo.offers import make_offers
from jouren.backoffice.demo.people import make_people
from jouren.backoffice.demo.products import make_products
from jouren.backoffice.demo.segments import make_segments
from jouren.backoffice.demo.shop import make_shop
from jouren.journeys.models import Journey


def load_demo() -> bool:
    """Fill an empty installation with the demo shop. Returns False when something is there already."""
    if Journey.objects.exists():
        return False
    with transaction.atomic():
        make_products()
        make_shop(make_offers())
        make_people()
        make_segments()
        make_broadcasts()
    return True

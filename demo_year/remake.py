"""Lives through the year: the shop is made, and everybody in it does what they do, day by day."""

from __future__ import annotations

import random
import sys
import threading
import time
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings

from demo_year.personas import draw_personas
from demo_year.shoppers import Shoppers
from demo_year.staff import Staff
from demo_year.travel import Travel
from jouren.backoffice.demo.broadcasts import make_draft
from jouren.backoffice.demo.offers import make_trial
from jouren.backoffice.demo.products import make_products
from jouren.backoffice.demo.segments import make_segments
from jouren.backoffice.demo.shop import make_shop
from jouren.core import clock
from jouren.core.loops import wait_until
from jouren.core.mailbox import serve_sink, sink_listens

PEOPLE = 305
PASSING = 560
_SEED = 20261130
_SETTINGS_SECONDS = 20


def live_through_the_year(days: int = 365, people: int = PEOPLE, passing: int = PASSING) -> datetime:
    """Make the shop, and let everybody live through so many days. Needs an empty, migrated sandbox.

    Returns when it ended.
    """
    from django.contrib.auth import get_user_model

    chance = random.Random(_SEED)
    user = get_user_model().objects.get(is_superuser=True)
    make_products()
    make_shop(make_trial())
    make_segments()
    # At midnight in Japan, so that days of the year are days.
    begin = (clock.now() + timedelta(days=1)).replace(hour=15, minute=0, second=0, microsecond=0)
    clock.move_to(begin)
    stop = threading.Event()
    sink = threading.Thread(target=serve_sink, args=(settings.JOUREN, stop))
    sink.start()
    if not wait_until(lambda: sink_listens(settings.JOUREN), _SETTINGS_SECONDS):
        raise RuntimeError("The local mail sink does not listen.")
    travel = Travel(begin + timedelta(days=days))
    try:
        personas = [each for each in draw_personas(people, begin, chance) if each.arrives < travel.end]
        shoppers = Shoppers(personas, travel, chance)
        Staff(shoppers, travel, chance, user)
        for number, each in enumerate(draw_personas(passing, begin, chance)):
            travel.plan(each.arrives, partial(shoppers.pass_by, number, each.query, each.referrer), is_heard=False)
        travel.settle()
        _go(travel, shoppers)
        make_draft()
        travel.settle()
        if travel.failures:
            raise RuntimeError(f"{len(travel.failures)} things went wrong.")
        return travel.end
    finally:
        travel.close()
        stop.set()
        sink.join()


def _go(travel: Travel, shoppers: Shoppers) -> None:
    began, told = time.monotonic(), -1

    def look() -> None:
        nonlocal told
        shoppers.look()
        left = (travel.end - clock.now()).days
        if left // 10 != told:
            told = left // 10
            sys.stderr.write(f"{left} days left, {time.monotonic() - began:.0f} s\n")

    travel.go(look)

"""What the shop's cart and its warehouse tell of orders and subscriptions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from demo_year.personas import Persona
from demo_year.travel import Travel
from jouren.backoffice.demo import products
from jouren.catalog.models import ProductCode
from jouren.core import clock
from jouren.orders.telling import Telling, tell_orders

SOURCE = "shop"
PRICES = {
    products.TRIAL: products.TRIAL_PRICE,
    products.PACK: products.PACK_PRICE,
    products.MONTHLY: products.MONTHLY_PRICE,
    products.FINEST: products.FINEST_PRICE,
    products.TOWEL: products.TOWEL_PRICE,
}
DAY = timedelta(days=1)
EVERY_DAYS = 30


class Till:
    """Takes orders of people, and tells of them as they go on."""

    def __init__(self, travel: Travel) -> None:
        self._travel = travel
        self._numbers = itertools.count(1001)
        names = ProductCode.objects.values_list("code", "product__name")
        self._names = {**dict(names), products.TOWEL: "白いガーゼタオル"}

    def sell(self, persona: Persona, *codes: str, coupon: str = "", subscription: str = "", discount: int = 0) -> str:
        """An order that is paid now, shipped tomorrow and delivered two days later. Returns its number."""
        number = f"S{next(self._numbers)}"
        amount = sum(PRICES[code] for code in codes)
        lines = [
            {"code": code, "name": self._names[code], "quantity": 1, "amount": PRICES[code], "tax_rate": 10}
            for code in codes
        ]
        payload: dict[str, object] = {
            "order": number,
            "amount": amount,
            "currency": "JPY",
            "products": list(codes),
            "lines": lines,
        }
        if coupon:
            payload |= {"coupon": coupon, "discount": discount}
        if subscription:
            payload["subscription"] = subscription
        self._tell(persona, "order.placed", payload)
        self._tell(persona, "order.paid", payload)
        persona.bought.append(number)
        at = clock.now()
        self._travel.plan(at + DAY, self._later(persona, "order.shipped", {"order": number}), is_heard=False)
        self._travel.plan(at + 3 * DAY, self._later(persona, "order.delivered", {"order": number}), is_heard=False)
        return number

    def refund(self, persona: Persona, number: str, amount: int, reason: str) -> None:
        """Pay back an order, or a part of it."""
        told = {"order": number, "refund": f"{number}-R", "amount": amount, "currency": "JPY", "reason": reason}
        self._tell(persona, "order.refunded", told)

    def subscribe(self, persona: Persona) -> str:
        """Begin a subscription with its first delivery. Returns its number."""
        subscription = f"T{persona.number:03d}"
        told = {
            "subscription": subscription,
            "product": products.MONTHLY,
            "every_days": EVERY_DAYS,
            "amount": products.MONTHLY_PRICE,
            "currency": "JPY",
        }
        self._tell(persona, "subscription.started", told)
        self.sell(persona, products.MONTHLY, subscription=subscription)
        return subscription

    def renew(self, persona: Persona, subscription: str, *codes: str) -> None:
        """The next delivery of a subscription, with whatever goes into the parcel beside it."""
        number = self.sell(persona, products.MONTHLY, *codes, subscription=subscription)
        self._tell(
            persona,
            "subscription.renewed",
            {"subscription": subscription, "delivery": number, "order": number},
        )

    def skip(self, persona: Persona, subscription: str) -> None:
        """No delivery this month."""
        day = timezone.localtime(clock.now()).date().isoformat()
        self._tell(persona, "subscription.skipped", {"subscription": subscription, "delivery": day})

    def end(self, persona: Persona, subscription: str, reason: str) -> None:
        """No delivery any more."""
        self._tell(persona, "subscription.cancelled", {"subscription": subscription, "reason": reason})

    def _later(self, persona: Persona, kind: str, payload: dict[str, object]) -> Callable[[], None]:
        return lambda: self._tell(persona, kind, payload)

    @staticmethod
    def _tell(persona: Persona, kind: str, payload: dict[str, object]) -> None:
        names = {"family_name": persona.family[0], "given_name": persona.given[0]}
        identities = (("email", persona.email),)
        tell_orders(SOURCE, [Telling(kind, payload, clock.now(), identities=identities, names=names)])

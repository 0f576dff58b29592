"""Pure: what the events of an order or a subscription make of it, in whatever order they are told.

Each part of the state comes from one event, chosen by when things happened and, at one moment, by what was told: never
by which came first. So folding is commutative, and folding an event twice changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from jouren.events.types import Event
from jouren.orders.models import OrderKind, OrderState, SubscriptionState
from jouren.orders.policies import codes_of

_DESCRIBING = {"order.placed": "1", "order.changed": "2", "order.paid": "3"}
_STATES = {
    "subscription.started": ("1", SubscriptionState.ACTIVE),
    "subscription.resumed": ("2", SubscriptionState.ACTIVE),
    "subscription.paused": ("3", SubscriptionState.PAUSED),
    "subscription.cancelled": ("4", SubscriptionState.CANCELLED),
}
_SCHEDULING = frozenset(
    {"subscription.started", "subscription.renewed", "subscription.skipped", "subscription.resumed"}
)
_MOMENTS = {
    "order.placed": "placed_at",
    "order.paid": "paid_at",
    "order.shipped": "shipped_at",
    "order.delivered": "delivered_at",
    "order.cancelled": "cancelled_at",
}
_ZONE = ZoneInfo("Asia/Tokyo")  # as Japanese shops count days


@dataclass
class Folded:
    """An order as its row has it. ``lines`` are those of the description, where this folding has changed it."""

    source: str
    number: str
    contact_id: int
    id: int = 0
    kind: str = ""
    recognised: str = ""
    amount: int = 0
    currency: str = ""
    products: list[str] = field(default_factory=list)
    shipping: int | None = None
    discount: int | None = None
    coupon: str = ""
    tax: dict[str, str] = field(default_factory=dict)
    subscription: str = ""
    reference: str = ""
    name: str = ""
    refunded: int = 0
    reason: str = ""
    placed_at: datetime | None = None
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    cancelled_at: datetime | None = None
    described_at: datetime | None = None
    described_by: str = ""
    event_id: int | None = None
    state: str = OrderState.UNKNOWN.value
    is_counted: bool = False
    lines: list[dict[str, Any]] | None = None

    def take(self, event: Event) -> None:
        """Take an event of this order in; refunds are kept by themselves."""
        payload = event.payload
        if event.type == "order.recognised":
            self.recognised = str(payload["kind"])
            self.kind = self.kind or self.recognised
        if event.type in _DESCRIBING:
            # A shop's system may tell it only once. Of two, which none has, the same one counts in whatever order.
            self.reference = max(self.reference, payload.get("reference") or "")
            self.name = max(self.name, payload.get("name") or "")
            self._describe(event)
        if (moment := _MOMENTS.get(event.type)) is not None:
            known = getattr(self, moment)
            if known is None or event.occurred_at < known:
                setattr(self, moment, event.occurred_at)
                if event.type == "order.paid":
                    self.event_id = event.id
                elif event.type == "order.cancelled":
                    self.reason = payload.get("reason") or ""

    def _describe(self, event: Event) -> None:
        told_by = _mark(_DESCRIBING[event.type], event)
        # Orders of earlier releases were described by their payment.
        known_at = self.described_at or self.paid_at
        if known_at is not None and (known_at, self.described_by) >= (event.occurred_at, told_by):
            return
        payload = event.payload
        self.described_at, self.described_by, self.contact_id = event.occurred_at, told_by, event.contact_id
        self.kind = payload.get("kind") or self.recognised
        self.amount, self.currency = payload["amount"], payload["currency"]
        self.products = codes_of(payload)
        self.shipping, self.discount = payload.get("shipping"), payload.get("discount")
        self.coupon, self.subscription = payload.get("coupon") or "", payload.get("subscription") or ""
        self.tax = payload.get("tax") or {}
        self.lines = payload.get("lines") or []

    @property
    def is_sale(self) -> bool:
        """Whether it was sold or given, and stands: paid, and neither cancelled nor refunded whole."""
        return self.paid_at is not None and self.cancelled_at is None and not self.is_refunded

    @property
    def is_refunded(self) -> bool:
        """Whether all of it was paid back."""
        return 0 < self.refunded >= self.amount

    def settle(self) -> None:
        """Reckon what follows from all that is known."""
        self.is_counted = self.is_sale and self.kind != OrderKind.FREE
        self.state = self._state().value

    def _state(self) -> OrderState:
        if self.cancelled_at is not None:
            return OrderState.CANCELLED
        if self.described_at is None and self.paid_at is None:
            return OrderState.UNKNOWN
        if self.is_refunded:
            return OrderState.REFUNDED
        if self.delivered_at is not None:
            return OrderState.DELIVERED
        if self.shipped_at is not None:
            return OrderState.SHIPPED
        return OrderState.PAID if self.paid_at is not None else OrderState.PLACED


@dataclass
class FoldedSubscription:
    """A subscription as its row has it."""

    source: str
    number: str
    contact_id: int
    state: str = SubscriptionState.UNKNOWN.value
    product: str = ""
    every_days: int | None = None
    amount: int | None = None
    currency: str = ""
    next_on: date | None = None
    started_at: datetime | None = None
    renewed_at: datetime | None = None
    renewals: int = 0
    paused_at: datetime | None = None
    paused_until: date | None = None
    cancelled_at: datetime | None = None
    reason: str = ""
    stated_at: datetime | None = None
    stated_by: str = ""
    scheduled_at: datetime | None = None
    scheduled_by: str = ""
    scheduled_on: date | None = None

    def take(self, event: Event) -> None:
        """Take an event of this subscription in: each once, since renewals are counted."""
        payload, at = event.payload, event.occurred_at
        if event.type == "subscription.started":
            self.contact_id, self.started_at, self.product = event.contact_id, at, payload["product"]
            self.every_days, self.amount = payload.get("every_days"), payload.get("amount")
            self.currency = payload.get("currency") or ""
        elif event.type == "subscription.renewed":
            self.renewals += 1
            self.renewed_at = max(self.renewed_at or at, at)
        elif event.type == "subscription.cancelled":
            self.cancelled_at, self.reason = at, payload.get("reason") or ""
        if event.type in _STATES:
            self._state(event)
        if event.type in _SCHEDULING:
            self._schedule(event)
        self._settle()

    def _state(self, event: Event) -> None:
        rank, state = _STATES[event.type]
        mark = _mark(rank, event)
        if self.stated_at is not None and (self.stated_at, self.stated_by) >= (event.occurred_at, mark):
            return
        self.stated_at, self.stated_by, self.state = event.occurred_at, mark, state.value
        is_paused = state == SubscriptionState.PAUSED
        self.paused_at = event.occurred_at if is_paused else None
        self.paused_until = _day(event.payload.get("until")) if is_paused else None

    def _schedule(self, event: Event) -> None:
        mark = _mark("1" if event.type == "subscription.started" else "2", event)
        if self.scheduled_at is not None and (self.scheduled_at, self.scheduled_by) >= (event.occurred_at, mark):
            return
        self.scheduled_at, self.scheduled_by = event.occurred_at, mark
        self.scheduled_on = _day(event.payload.get("next_on"))

    def _settle(self) -> None:
        self.next_on = None
        if self.state != SubscriptionState.ACTIVE or self.scheduled_at is None:
            return
        self.next_on = self.scheduled_on
        if self.next_on is None and self.every_days:
            self.next_on = self.scheduled_at.astimezone(_ZONE).date() + timedelta(days=self.every_days)


def _mark(rank: str, event: Event) -> str:
    """What decides between events of one moment: their type, and then what they say."""
    told = json.dumps(event.payload, sort_keys=True, ensure_ascii=False)
    return rank + sha256(told.encode()).hexdigest()[:32]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None

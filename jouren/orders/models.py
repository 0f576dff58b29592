"""What people bought."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jouren.contacts.models import Contact

_EMPTY_LIST = Value([], ArrayField(models.TextField()))
_EMPTY_OBJECT = Value({}, models.JSONField())


class OrderKind(models.TextChoices):
    """At what price somebody bought. ``FREE``: a gift of the front end, which is no purchase."""

    TRIAL = "trial", _("Trial")
    REGULAR = "regular", _("Regular price")
    FREE = "free", _("Free gift")


PURCHASE_KINDS = [(kind.value, kind.label) for kind in (OrderKind.TRIAL, OrderKind.REGULAR)]
"""The kinds that are purchases, for editors to choose from."""


class OrderState(models.TextChoices):
    """How far an order has come. ``UNKNOWN``: only something that happened to it was told, not the order itself."""

    UNKNOWN = "unknown", _("Not told of yet")
    PLACED = "placed", _("Placed, not paid")
    PAID = "paid", _("Paid")
    SHIPPED = "shipped", _("Shipped")
    DELIVERED = "delivered", pgettext_lazy("order", "Delivered")
    REFUNDED = "refunded", _("Refunded")
    CANCELLED = "cancelled", pgettext_lazy("order", "Cancelled")


class Order(models.Model):
    """An order: what its events told of it, whatever their order (``folding.py``).

    Amounts count the smallest unit of ``currency`` (yen for JPY), tax included. ``kind`` is empty where the codes mean
    no product yet. What it is was told at ``described_at``; of what was told for the same moment, the greatest
    ``described_by`` counts. ``refunded`` is the sum of the refunds in its currency. ``is_counted``: it is a purchase,
    paid, neither cancelled nor refunded whole, and no gift. ``event_id`` is the event of its payment.
    ``reference``: of which offer, as its page told the shop; it may be forged. ``name``: what the shop calls it when it
    speaks to the buyer, where that is not the number.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="orders")
    source = models.CharField(_("source"), max_length=100)
    number = models.CharField(_("order number"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20, choices=OrderKind, blank=True)
    recognised = models.CharField(max_length=20, db_default="", default="", blank=True)
    amount = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    products = ArrayField(models.TextField(), verbose_name=_("products"), default=list, db_default=_EMPTY_LIST)
    shipping = models.BigIntegerField(_("shipping"), null=True)
    discount = models.BigIntegerField(_("discount"), null=True)
    coupon = models.TextField(_("coupon"), db_default="", default="", blank=True)
    tax = models.JSONField(_("tax"), db_default=_EMPTY_OBJECT, default=dict, blank=True)
    subscription = models.TextField(_("subscription"), db_default="", default="", blank=True)
    reference = models.TextField(db_default="", default="", blank=True)
    name = models.CharField(_("number as the buyer knows it"), max_length=100, db_default="", default="", blank=True)
    refunded = models.BigIntegerField(_("refunded"), db_default=0, default=0)
    reason = models.TextField(_("reason"), db_default="", default="", blank=True)
    placed_at = models.DateTimeField(_("placed"), null=True)
    paid_at = models.DateTimeField(_("paid"), null=True)
    shipped_at = models.DateTimeField(_("shipped"), null=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)
    described_at = models.DateTimeField(null=True)
    described_by = models.CharField(max_length=40, db_default="", default="", db_collation="C")
    state = models.CharField(_("state"), max_length=12, choices=OrderState, db_default="paid", default="paid")
    is_counted = models.BooleanField(db_default=True, default=True)
    event_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "orders_order"
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="orders_order_once")]
        indexes = [
            models.Index(fields=["contact", "paid_at"], name="orders_order_of"),
            models.Index(fields=["paid_at", "id"], name="orders_order_paid"),
            models.Index(Coalesce("placed_at", "paid_at").desc(), F("id").desc(), name="orders_order_listed"),
            models.Index(
                F("state"), Coalesce("placed_at", "paid_at").desc(), F("id").desc(), name="orders_order_state"
            ),
            models.Index(
                F("source"), Coalesce("placed_at", "paid_at").desc(), F("id").desc(), name="orders_order_source"
            ),
            models.Index(fields=["number"], opclasses=["varchar_pattern_ops"], name="orders_order_number"),
            models.Index(
                fields=["name"],
                opclasses=["varchar_pattern_ops"],
                name="orders_order_name",
                condition=Q(name__gt=""),
            ),
            models.Index(fields=["id"], name="orders_order_unknown", condition=Q(kind="")),
            GinIndex(fields=["products"], name="orders_order_products", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def net(self) -> int:
        """What is left of its amount after refunds."""
        return self.amount - self.refunded


class Line(models.Model):
    """A line of an order. ``amount`` is of the whole line, tax included, after its discounts."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveSmallIntegerField()
    code = models.CharField(_("code"), max_length=100)
    name = models.CharField(_("name"), max_length=300, blank=True)
    quantity = models.IntegerField(_("quantity"))
    amount = models.BigIntegerField(_("amount"), null=True)
    tax_rate = models.PositiveSmallIntegerField(_("tax rate"), null=True)

    class Meta:
        db_table = "orders_line"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["order", "position"], name="orders_line_once")]

    def __str__(self) -> str:
        return f"{self.code} × {self.quantity}"


class Refund(models.Model):
    """One refund of an order, which may be told of before the order is. ``amount`` None: all that it cost."""

    source = models.CharField(max_length=100)
    number = models.CharField(max_length=100)
    refund = models.CharField(max_length=100)
    amount = models.BigIntegerField(_("amount"), null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    at = models.DateTimeField(_("when"))

    class Meta:
        db_table = "orders_refund"
        constraints = [models.UniqueConstraint(fields=["source", "number", "refund"], name="orders_refund_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.refund}"


class Remark(models.Model):
    """Why something that an order named did not count: a coupon's code (``subject``), or an offer's reference.

    ``reason`` is of :class:`jouren.catalog.errors.CouponRefused`, or ``forged`` or ``nobody`` of a reference.
    """

    source = models.CharField(max_length=100)
    number = models.CharField(max_length=100)
    subject = models.CharField(max_length=12)
    text = models.CharField(max_length=100)
    reason = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        db_table = "orders_remark"
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "number", "subject", "text"], name="orders_remark_once")
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.subject} {self.reason}"


class Buyer(models.Model):
    """Whose an order or a subscription (``thing``) is, as first told; None: something was told of it, but not whose.

    Its row is the lock between those who tell of one thing at once. ``contact_id`` may be merged: read it by its alias.
    """

    source = models.CharField(max_length=100)
    thing = models.CharField(max_length=12)
    number = models.CharField(max_length=100)
    contact_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "orders_buyer"
        constraints = [models.UniqueConstraint(fields=["source", "thing", "number"], name="orders_buyer_once")]

    def __str__(self) -> str:
        return f"{self.thing} {self.number}"


class Waiting(models.Model):
    """Something told of an order or a subscription that nobody is known to have bought yet. Nothing in it is personal.

    ``name`` says what is told, so that it waits once.
    """

    source = models.CharField(max_length=100)
    thing = models.CharField(max_length=12)
    number = models.CharField(max_length=100)
    name = models.CharField(max_length=64)
    type = models.TextField()
    payload = models.JSONField()
    occurred_at = models.DateTimeField()
    key = models.CharField(max_length=64, null=True)
    historical = models.BooleanField()
    told_at = models.DateTimeField()

    class Meta:
        db_table = "orders_waiting"
        constraints = [
            models.UniqueConstraint(fields=["source", "thing", "number", "name"], name="orders_waiting_once")
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.number}"


class OtherNumber(models.Model):
    """Another number by which a source also speaks of an order: of a payment, where refunds name nothing else."""

    source = models.CharField(max_length=100)
    number = models.CharField(max_length=100)
    order = models.CharField(max_length=100)

    class Meta:
        db_table = "orders_other_number"
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="orders_other_number_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.order}"


class SubscriptionState(models.TextChoices):
    """How a subscription stands. ``UNKNOWN``: its start was not told of yet."""

    UNKNOWN = "unknown", _("Not told of yet")
    ACTIVE = "active", pgettext_lazy("subscription", "Active")
    PAUSED = "paused", pgettext_lazy("subscription", "Paused")
    CANCELLED = "cancelled", pgettext_lazy("subscription", "Cancelled")


class Subscription(models.Model):
    """A subscription (定期): what its events told, whatever their order (``folding.py``).

    ``next_on``: the day of the next delivery, while it is active: as told, or else ``every_days`` after the last that
    was told. The columns at the end remember which event each part is of.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="subscriptions")
    source = models.CharField(_("source"), max_length=100)
    number = models.CharField(_("number"), max_length=100)
    state = models.CharField(_("state"), max_length=12, choices=SubscriptionState)
    product = models.CharField(_("product"), max_length=100, blank=True)
    every_days = models.PositiveSmallIntegerField(_("every so many days"), null=True)
    amount = models.BigIntegerField(_("amount"), null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    next_on = models.DateField(_("next delivery"), null=True)
    started_at = models.DateTimeField(_("started"), null=True)
    renewed_at = models.DateTimeField(_("renewed"), null=True)
    renewals = models.PositiveIntegerField(_("renewals"), default=0)
    paused_at = models.DateTimeField(_("paused"), null=True)
    paused_until = models.DateField(_("paused until"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)
    reason = models.TextField(_("reason"), blank=True)
    stated_at = models.DateTimeField(null=True)
    stated_by = models.CharField(max_length=40, db_collation="C")
    scheduled_at = models.DateTimeField(null=True)
    scheduled_by = models.CharField(max_length=40, db_collation="C")
    scheduled_on = models.DateField(null=True)

    class Meta:
        db_table = "orders_subscription"
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="orders_subscription_once")]
        indexes = [models.Index(fields=["state", "-id"], name="orders_subscription_state")]

    def __str__(self) -> str:
        return self.number


class Purchases(models.Model):
    """A person's orders in figures: what conditions ask, without counting each time."""

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="purchases")
    orders = models.PositiveIntegerField()
    trials = models.PositiveIntegerField()
    regulars = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "orders_purchases"

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.orders}"


class SeenCode(models.Model):
    """In how many orders a code stood: what screens tell without counting orders.

    A row for each shard of people, so that two reactors never write the same one. ``last_number`` is the order of
    ``last_at``.
    """

    code = models.TextField()
    source = models.CharField(max_length=100)
    shard = models.SmallIntegerField()
    orders = models.BigIntegerField()
    last_at = models.DateTimeField()
    last_number = models.CharField(max_length=100)

    class Meta:
        db_table = "orders_seen_code"
        constraints = [models.UniqueConstraint(fields=["code", "source", "shard"], name="orders_seen_code_once")]

    def __str__(self) -> str:
        return f"{self.code}: {self.orders}"

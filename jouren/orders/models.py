"""What people bought."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Value
from django.utils.translation import gettext_lazy as _

from jouren.contacts.models import Contact

_EMPTY_LIST = Value([], ArrayField(models.TextField()))


class OrderKind(models.TextChoices):
    """At what price somebody bought."""

    TRIAL = "trial", _("Trial")
    REGULAR = "regular", _("Regular price")


class Order(models.Model):
    """A paid order. ``amount`` counts the smallest unit of ``currency`` (yen for JPY), tax included."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="orders")
    source = models.CharField(_("source"), max_length=100)
    number = models.CharField(_("order number"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20, choices=OrderKind)
    amount = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    products = ArrayField(models.TextField(), verbose_name=_("products"), default=list, db_default=_EMPTY_LIST)
    paid_at = models.DateTimeField(_("paid"))
    event_id = models.BigIntegerField()

    class Meta:
        db_table = "orders_order"
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="orders_order_once")]
        indexes = [
            models.Index(fields=["contact", "paid_at"], name="orders_order_of"),
            models.Index(fields=["paid_at", "id"], name="orders_order_paid"),
        ]

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

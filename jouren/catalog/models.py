"""What the shop sells, and by which codes orders name it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _
from wagtail.models import Page

from jouren.catalog.offers.models import (  # noqa: F401 — models of this room, in a file of their own
    Coupon,
    CouponCode,
    Offer,
    OfferApplication,
    OfferRefusal,
    OfferSight,
    Redemption,
)
from jouren.catalog.vocabulary import Goods, Role, TaxRate
from jouren.core.money import DEFAULT_CURRENCY, MOST

_EMPTY_LIST = Value([], ArrayField(models.TextField()))


class Product(models.Model):
    """One thing that is sold at one price.

    ``price`` counts the smallest unit of ``currency`` (yen for JPY), tax included; ``cost``, of one unit, the same
    without tax. ``goods``, empty where nobody said it, decides what may be said of it. A product is retired
    (``is_on_sale``), never deleted: orders and conditions still mean it.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    role = models.CharField(_("role"), max_length=20, choices=Role)
    goods = models.CharField(
        _("what it is to the law"), max_length=20, choices=Goods, blank=True, default="", db_default=""
    )
    description = models.CharField(_("short description"), max_length=300, blank=True)
    price = models.BigIntegerField(_("price, tax included"))
    currency = models.CharField(_("currency"), max_length=3, default=DEFAULT_CURRENCY)
    tax_rate = models.PositiveSmallIntegerField(_("consumption tax"), choices=TaxRate, default=TaxRate.STANDARD)
    cost = models.BigIntegerField(_("cost of one, without tax"), null=True, blank=True)
    lasts_days = models.PositiveIntegerField(_("days that one lasts"), null=True, blank=True)
    how_to_page = models.ForeignKey(
        Page, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("page on how to use it")
    )
    how_to_links = ArrayField(
        models.TextField(), verbose_name=_("links on how to use it"), default=list, db_default=_EMPTY_LIST
    )
    is_on_sale = models.BooleanField(_("on sale"), default=True, db_default=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0, price__lte=MOST), name="catalog_product_price"),
            models.CheckConstraint(
                condition=Q(cost=None) | Q(cost__gte=0, cost__lte=MOST), name="catalog_product_cost"
            ),
            models.CheckConstraint(condition=Q(tax_rate__in=TaxRate.values), name="catalog_product_tax"),
            models.CheckConstraint(condition=Q(lasts_days=None) | Q(lasts_days__gte=1), name="catalog_product_lasts"),
        ]

    def __str__(self) -> str:
        return self.name


class ProductCode(models.Model):
    """A text by which orders name a product: the shop's own SKU.

    ``source``: only in the orders that it tells of; empty: in everybody's. Where both know a code, the one of the
    order's own source counts.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="codes")
    code = models.CharField(_("code"), max_length=100)
    source = models.CharField(_("source"), max_length=100, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("code of a product")
        verbose_name_plural = _("codes of products")
        ordering = ["code", "source"]
        constraints = [models.UniqueConstraint(fields=["code", "source"], name="catalog_code_once")]

    def __str__(self) -> str:
        return self.code

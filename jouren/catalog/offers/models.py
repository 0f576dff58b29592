"""Offers, their coupons, and what people did with them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from jouren.catalog.eligibility import OfferTerms
from jouren.catalog.offers.vocabulary import ApplicationState, ButtonKind, CouponKind, Via
from jouren.conditions.fields import ConditionField
from jouren.contacts.models import Contact
from jouren.core.money import MOST
from jouren.pyramid.stages import Stage


class Offer(models.Model):
    """A product at a price, for some people, for some time.

    ``price`` counts the smallest unit of the product's currency, tax included. ``ends_at`` is the first moment at which
    it is over. The texts are those of the final confirmation screen (最終確認画面, 特定商取引法 第12条の6). An offer is
    withdrawn (``is_open``), never deleted: orders and messages still mean it. ``gives_back``: an order that is
    cancelled or paid back whole gives its place and its coupon code back.
    """

    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="offers", verbose_name=_("product"))
    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("short description"), max_length=500, blank=True, default="", db_default="")
    price = models.BigIntegerField(_("price, tax included"))
    starts_at = models.DateTimeField(_("begins"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    personal_hours = models.PositiveIntegerField(_("hours from first sight"), null=True, blank=True)
    least_stage = models.PositiveSmallIntegerField(_("from stage"), choices=Stage, null=True, blank=True)
    most_stage = models.PositiveSmallIntegerField(_("up to stage"), choices=Stage, null=True, blank=True)
    condition = ConditionField(_("for whom"))
    stock = models.PositiveIntegerField(_("how many there are"), null=True, blank=True)
    is_once = models.BooleanField(_("once for each person"), default=True, db_default=True)
    gives_back = models.BooleanField(_("cancelled orders give back"), default=True, db_default=True)
    needs_satisfaction = models.BooleanField(_("only for the satisfied"), default=False, db_default=False)
    needs_likely_regular = models.BooleanField(_("only for likely regulars"), default=False, db_default=False)
    is_limited_information = models.BooleanField(_("limited information"), default=False, db_default=False)
    is_finest = models.BooleanField(_("the finest offer"), default=False, db_default=False)
    button_kind = models.CharField(_("button"), max_length=20, choices=ButtonKind, default=ButtonKind.CART)
    button_text = models.CharField(_("button's text"), max_length=30, blank=True, default="", db_default="")
    button_url = models.CharField(_("button's address"), max_length=1000, blank=True, default="", db_default="")
    quantity_text = models.TextField(_("contents and amount"), blank=True, default="", db_default="")
    prices_text = models.TextField(_("price of every delivery"), blank=True, default="", db_default="")
    payment_text = models.TextField(_("when and how to pay"), blank=True, default="", db_default="")
    delivery_text = models.TextField(_("time of delivery"), blank=True, default="", db_default="")
    cancellation_text = models.TextField(_("withdrawal and cancellation"), blank=True, default="", db_default="")
    period_text = models.TextField(_("period of application"), blank=True, default="", db_default="")
    transfer_text = models.TextField(_("where to transfer the money"), blank=True, default="", db_default="")
    is_open = models.BooleanField(_("open"), default=True, db_default=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0, price__lte=MOST), name="catalog_offer_price"),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=F("ends_at")), name="catalog_offer_time"
            ),
            models.CheckConstraint(
                condition=Q(personal_hours=None) | Q(personal_hours__gte=1), name="catalog_offer_hours"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def currency(self) -> str:
        """That of its product."""
        return self.product.currency

    @property
    def terms(self) -> OfferTerms:
        """What it asks, for :func:`jouren.catalog.eligibility.judge`."""
        return OfferTerms(*(getattr(self, name) for name in OfferTerms._fields))


class Coupon(models.Model):
    """Codes that give an offer's price at the shop's checkout.

    ``discount``: what one use costs the shop, tax included, in the smallest unit of the product's currency.
    """

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="coupons")
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20, choices=CouponKind)
    discount = models.BigIntegerField(_("discount"))
    is_open = models.BooleanField(_("can be used"), default=True, db_default=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(discount__gte=0, discount__lte=MOST), name="catalog_coupon_discount"),
            models.UniqueConstraint(fields=["offer", "name"], name="catalog_coupon_name"),
        ]

    def __str__(self) -> str:
        return self.name


class CouponCode(models.Model):
    """A code. ``most_uses`` None: as often as there are people; each of them uses it once.

    ``uses`` is counted in the same transaction as each use, under the row's lock. ``given_to``: whom the offer's page
    showed it to; nobody else can use it.
    """

    coupon = models.ForeignKey(Coupon, models.PROTECT, related_name="codes")
    code = models.CharField(_("code"), max_length=40, unique=True)
    most_uses = models.PositiveIntegerField(_("uses at most"), null=True, blank=True)
    uses = models.PositiveIntegerField(_("uses"), default=0, db_default=0)
    given_to = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    given_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("code of a coupon")
        verbose_name_plural = _("codes of coupons")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(most_uses=None) | Q(uses__lte=F("most_uses")), name="catalog_code_uses")
        ]
        indexes = [models.Index(fields=["coupon", "id"], condition=Q(given_to=None, uses=0), name="catalog_code_free")]

    def __str__(self) -> str:
        return self.code


class Redemption(models.Model):
    """One use of a code. ``discount`` is what it cost, as it was then; nothing, if the order was ``undone_at``.

    ``source`` and ``order_ref`` are those of the order; ``source`` is empty where none is known.
    """

    code = models.ForeignKey(CouponCode, models.PROTECT, related_name="redemptions")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    source = models.CharField(max_length=100, default="", db_default="")
    order_ref = models.CharField(_("order number"), max_length=100)
    discount = models.BigIntegerField()
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("use of a coupon")
        verbose_name_plural = _("uses of coupons")
        constraints = [models.UniqueConstraint(fields=["code", "source", "order_ref"], name="catalog_redemption_of")]
        indexes = [models.Index(fields=["order_ref"], name="catalog_redemption_order")]

    def __str__(self) -> str:
        return f"{self.code_id}: {self.order_ref}"


class OfferSight(models.Model):
    """When a person first saw an offer: where their personal deadline begins. Written once."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="sights")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    first_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("sight of an offer")
        verbose_name_plural = _("sights of offers")
        constraints = [models.UniqueConstraint(fields=["offer", "contact"], name="catalog_sight_once")]

    def __str__(self) -> str:
        return f"{self.offer_id}: {self.contact_id}"


class OfferRefusal(models.Model):
    """That an offer's page was closed to a person, for a reason, for the first time then."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="refusals")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=30)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("refusal of an offer")
        verbose_name_plural = _("refusals of offers")
        constraints = [models.UniqueConstraint(fields=["offer", "contact", "reason"], name="catalog_refusal_once")]

    def __str__(self) -> str:
        return f"{self.offer_id}: {self.contact_id} {self.reason}"


class OfferApplication(models.Model):
    """That somebody took an offer. Those that are not cancelled count against its stock.

    ``order_ref`` is the number that the person was told, or that of the shop's order, which ``source`` told of.
    ``price`` in the smallest unit. ``cancelled_at``: when what it took was given back.
    """

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="applications")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="offer_applications")
    source = models.CharField(max_length=100, default="", db_default="")
    order_ref = models.CharField(_("order number"), max_length=100)
    via = models.CharField(max_length=20, choices=Via)
    state = models.CharField(_("state"), max_length=20, choices=ApplicationState)
    price = models.BigIntegerField(_("price, tax included"))
    currency = models.CharField(_("currency"), max_length=3)
    at = models.DateTimeField(_("when"))
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)

    class Meta:
        verbose_name = _("application for an offer")
        verbose_name_plural = _("applications for offers")
        constraints = [models.UniqueConstraint(fields=["offer", "source", "order_ref"], name="catalog_taken_once")]
        indexes = [
            models.Index(fields=["offer", "-at"], name="catalog_application_of"),
            models.Index(fields=["order_ref"], name="catalog_application_order"),
        ]

    def __str__(self) -> str:
        return self.order_ref

"""What a column can mean. Data, with the words for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What a file has a row for."""

    ORDERS = "orders", _("Orders")
    CUSTOMERS = "customers", _("Customers")


class Form(StrEnum):
    """How a cell of a field is read."""

    TEXT = "text"
    NUMBER = "number"
    MAIL = "mail"
    MOMENT = "moment"
    DAY = "day"
    MONEY = "money"
    DEDUCTION = "deduction"
    RATE = "rate"
    CURRENCY = "currency"
    COUNT = "count"
    STATUS = "status"
    FLAG = "flag"


@dataclass(frozen=True)
class Field:
    """A meaning of a column. ``is_of_line``: each row of an order has its own; else the order has one."""

    name: str
    label: Any
    form: Form = Form.TEXT
    is_of_line: bool = False
    help: Any = ""


_NAMES = (
    Field("name", _("Whole name"), help=_("Family name first; divided at the space.")),
    Field("family_name", _("Family name")),
    Field("given_name", _("Given name")),
    Field("kana", _("Whole name in kana")),
    Field("family_kana", _("Family name in kana")),
    Field("given_kana", _("Given name in kana")),
)

ORDER_FIELDS = (
    Field("number", _("Order number"), Form.NUMBER, help=_("Rows with the same number are one order.")),
    Field(
        "order_id",
        _("The shop's inner number of the order"),
        Form.NUMBER,
        help=_("Where given it counts as the order's number, so that a connected shop tells of the same order."),
    ),
    Field("email", _("Buyer's mail address"), Form.MAIL),
    Field("shop_id", _("Buyer's customer number"), Form.NUMBER),
    *_NAMES,
    Field("placed_at", _("Ordered on"), Form.MOMENT),
    Field("paid_at", _("Paid on"), Form.MOMENT),
    Field("shipped_at", _("Shipped on"), Form.MOMENT),
    Field("cancelled_at", _("Cancelled on"), Form.MOMENT),
    Field("status", _("State of the order"), Form.STATUS),
    Field("payment_status", _("State of the payment"), Form.STATUS),
    Field("amount", _("Total paid, tax included"), Form.MONEY, help=_("Missing: the sum of the lines.")),
    Field(
        "tax",
        _("Tax in it"),
        Form.MONEY,
        help=_("As the shop reckoned it. It is kept by its rate where the lines have one and the same."),
    ),
    Field("shipping", _("Postage"), Form.MONEY),
    Field("discount", _("Discount"), Form.DEDUCTION),
    Field("coupon", _("Coupon")),
    Field("currency", _("Currency"), Form.CURRENCY, help=_("Missing: yen.")),
    Field("refunded", _("Paid back"), Form.DEDUCTION),
    Field("line_code", _("Product's code (SKU)"), is_of_line=True),
    Field("line_name", _("Product's name"), is_of_line=True),
    Field("quantity", _("Quantity"), Form.COUNT, is_of_line=True),
    Field("unit_price", _("Price of one"), Form.MONEY, is_of_line=True),
    Field("line_amount", _("Amount of the line"), Form.MONEY, is_of_line=True),
    Field("line_tax_rate", _("Tax rate of the line"), Form.RATE, is_of_line=True, help=_("10, 8, 5, 3 or 0 percent.")),
    Field("line_shipping", _("Postage of the line"), Form.MONEY, is_of_line=True),
    Field("line_shipping_discount", _("Discount on the postage of the line"), Form.DEDUCTION, is_of_line=True),
    Field("line_discount", _("Discount of the line"), Form.DEDUCTION, is_of_line=True),
)

CUSTOMER_FIELDS = (
    Field("email", _("Mail address"), Form.MAIL),
    Field("shop_id", _("Customer number"), Form.NUMBER),
    *_NAMES,
    Field("birthday", _("Birthday"), Form.DAY),
    Field("registered_at", _("Registered on"), Form.MOMENT),
    Field("tags", _("Tags"), help=_("Several are divided by commas.")),
    Field("consent", _("Agreed to mail"), Form.FLAG, help=_("Yes or no. Only with your statement below.")),
    Field("consent_at", _("Agreed on"), Form.MOMENT),
    Field("consent_source", _("Where they agreed")),
    Field("orders", _("Number of orders"), Form.COUNT, help=_("For your information only: stages come from orders.")),
)

FIELDS: Mapping[str, Mapping[str, Field]] = {
    Kind.ORDERS: {field.name: field for field in ORDER_FIELDS},
    Kind.CUSTOMERS: {field.name: field for field in CUSTOMER_FIELDS},
}

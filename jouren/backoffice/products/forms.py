"""What staff write of a product. What is wrong with it as a whole is said by the action that saves it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.widgets import AdminPageChooser
from wagtail.models import Page

from jouren.backoffice.products.wording import MEANINGS, price_hint
from jouren.catalog.actions import MAX_CODE_LENGTH, MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, MOST_DAYS
from jouren.catalog.models import Product
from jouren.catalog.vocabulary import Goods, Role, TaxRate
from jouren.core.money import DEFAULT_CURRENCY, MINOR_DIGITS, BadAmount, plain_amount, read_amount

_MONEY = {"inputmode": "decimal", "autocomplete": "off"}


class ProductForm(forms.Form):
    """A product, section by section."""

    name = forms.CharField(label=_("Name"), max_length=MAX_NAME_LENGTH, help_text=_("As your customers know it."))
    description = forms.CharField(
        label=_("Short description"),
        max_length=MAX_DESCRIPTION_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What it is, and for whom: one or two sentences."),
    )
    role = forms.ChoiceField(label=_("Its role"), choices=Role.choices, widget=forms.RadioSelect)
    goods = forms.ChoiceField(
        label=_("What it is to the law"),
        choices=[("", _("Not said")), *Goods.choices],
        required=False,
        help_text=_("What customers' voices and you may say of it depends on it (薬機法)."),
    )
    price = forms.CharField(
        label=_("Price, tax included"),
        max_length=30,
        widget=forms.TextInput(attrs=_MONEY),
        help_text=_("What people pay. 0 where it is free."),
    )
    currency = forms.ChoiceField(
        label=_("Currency"), choices=[(each, each) for each in MINOR_DIGITS], initial=DEFAULT_CURRENCY
    )
    tax_rate = forms.TypedChoiceField(
        label=_("Consumption tax in it"),
        choices=TaxRate.choices,
        coerce=int,
        initial=TaxRate.STANDARD,
        widget=forms.RadioSelect,
    )
    cost = forms.CharField(
        label=_("What one costs you, without tax"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs=_MONEY),
        help_text=_("Goods, packaging, sending. Left empty, no profit is shown. Customers never see it."),
    )
    lasts_days = forms.IntegerField(
        label=_("How many days one lasts"),
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        help_text=_("Such as 30 for a pack of thirty. Empty: it is not used up."),
    )
    how_to_page = forms.ModelChoiceField(
        Page.objects.all(), label=_("Page on how to use it"), required=False, widget=AdminPageChooser
    )
    how_to_links = forms.CharField(
        label=_("Links on how to use it"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Addresses of pages or videos, one in each line."),
    )
    is_on_sale = forms.BooleanField(label=_("It is on sale"), required=False, initial=True)
    code = forms.CharField(
        label=_("Your shop's code (SKU)"),
        max_length=MAX_CODE_LENGTH,
        required=False,
        help_text=_("As it stands in your orders. You can add more codes afterwards."),
    )

    def __init__(self, *args: Any, product: Product | None = None, **kwargs: Any) -> None:
        if product is not None and product.pk:
            kwargs.setdefault("initial", _initial_of(product))
        super().__init__(*args, **kwargs)
        if product is not None and product.pk:
            del self.fields["code"]
        else:  # nobody adds what is not sold any more
            del self.fields["is_on_sale"]

    @property
    def roles(self) -> list[tuple[Any, Any, str]]:
        """Each role as a radio button, with what it is for and what is usual to ask."""
        return [
            (radio, MEANINGS[value], price_hint(value)) for radio, value in zip(self["role"], Role.values, strict=True)
        ]

    def clean(self) -> dict[str, Any]:
        """Read the amounts in the currency that was chosen."""
        cleaned: dict[str, Any] = super().clean() or {}
        currency = cleaned.get("currency", DEFAULT_CURRENCY)
        for name in ("price", "cost"):
            written = cleaned.get(name)
            try:
                cleaned[name] = read_amount(written, currency) if written else None
            except BadAmount as error:
                self.add_error(name, str(error))
        return cleaned

    def put_into(self, product: Product) -> None:
        """Set the product's fields to what was written."""
        values = self.cleaned_data
        for name in (
            "name",
            "description",
            "role",
            "goods",
            "price",
            "currency",
            "tax_rate",
            "cost",
            "lasts_days",
            "how_to_page",
        ):
            setattr(product, name, values[name])
        product.how_to_links = values["how_to_links"].splitlines()
        product.is_on_sale = values.get("is_on_sale", True)


def _initial_of(product: Product) -> dict[str, Any]:
    names = ("name", "description", "role", "goods", "currency", "tax_rate", "lasts_days", "how_to_page", "is_on_sale")
    return {name: getattr(product, name) for name in names} | {
        "price": plain_amount(product.price, product.currency),
        "cost": "" if product.cost is None else plain_amount(product.cost, product.currency),
        "how_to_links": "\n".join(product.how_to_links),
    }


class CodeForm(forms.Form):
    """A code that is to mean a product. An order's text counts as it is, spaces included."""

    code = forms.CharField(label=_("Code (SKU)"), max_length=MAX_CODE_LENGTH)
    source = forms.CharField(
        label=_("Only in orders from"),
        max_length=100,
        required=False,
        help_text=_("Empty: wherever the order comes from."),
    )


class MapForm(forms.Form):
    """An unknown code's product, and in which orders."""

    code = forms.CharField(max_length=MAX_CODE_LENGTH, strip=False)
    source = forms.CharField(max_length=100, required=False, strip=False)
    product = forms.ModelChoiceField(
        Product.objects.all(), error_messages={"required": _("Choose the product that the code means.")}
    )

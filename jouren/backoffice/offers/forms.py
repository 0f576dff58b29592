"""What staff write of an offer and its coupons. What is wrong as a whole is said by the action that saves it."""

from __future__ import annotations

from copy import copy
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jouren.catalog.models import Product
from jouren.catalog.offers.actions import (
    MAX_BUTTON_LENGTH,
    MAX_DESCRIPTION_LENGTH,
    MAX_NAME_LENGTH,
    MAX_TEXT_LENGTH,
    MAX_URL_LENGTH,
    MOST_HOURS,
    MOST_STOCK,
    TEXTS,
    faults_of,
)
from jouren.catalog.offers.coupons import MAX_IMPORT, MOST_AT_ONCE
from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.vocabulary import ButtonKind, CouponKind
from jouren.conditions.widgets import ConditionFormField, ConditionWidget
from jouren.core.money import BadAmount, plain_amount, read_amount
from jouren.pyramid.stages import Stage

_MONEY = {"inputmode": "decimal", "autocomplete": "off"}
_ROWS = forms.Textarea(attrs={"rows": 3})
_STAGES = [("", _("any")), *Stage.choices]


def _moment(label: Any, help_text: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=False, widget=widget, help_text=help_text)


def _stage(label: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=label, required=False, choices=_STAGES, coerce=int, empty_value=None)


def _text(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=MAX_TEXT_LENGTH, widget=_ROWS, help_text=help_text)


class OfferForm(forms.Form):
    """An offer, section by section."""

    name = forms.CharField(label=_("Name"), max_length=MAX_NAME_LENGTH, help_text=_("As your customers see it."))
    description = forms.CharField(
        label=_("Short description"),
        max_length=MAX_DESCRIPTION_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What makes it worth it: one or two sentences."),
    )
    product = forms.ModelChoiceField(Product.objects.none(), label=_("Product"), empty_label=_("Choose a product"))
    price = forms.CharField(
        label=_("Price, tax included"),
        max_length=30,
        widget=forms.TextInput(attrs=_MONEY),
        help_text=_("In the product's currency. 0 where it is free."),
    )
    is_open = forms.BooleanField(label=_("The offer is open"), required=False, initial=True)
    starts_at = _moment(_("Begins"), _("Empty: at once."))
    ends_at = _moment(_("Ends"), _("From this moment on it is over. Empty: it does not end by itself."))
    personal_hours = forms.IntegerField(
        label=_("Personal deadline, in hours"),
        required=False,
        min_value=1,
        max_value=MOST_HOURS,
        help_text=_("Such as 72: each person has so long from when they first open the offer's page."),
    )
    stock = forms.IntegerField(
        label=_("How many there are"),
        required=False,
        min_value=0,
        max_value=MOST_STOCK,
        help_text=_("Empty: as many as are wanted."),
    )
    least_stage = _stage(_("From stage"))
    most_stage = _stage(_("Up to stage"))
    condition = ConditionFormField(label=_("And only for whom this holds"), required=False)
    is_once = forms.BooleanField(label=_("Each person can take it once"), required=False, initial=True)
    gives_back = forms.BooleanField(
        label=_("A cancelled order, or one paid back whole, gives its place and its coupon code back"),
        required=False,
        initial=True,
    )
    needs_satisfaction = forms.BooleanField(label=_("Only for people who are known to be satisfied"), required=False)
    needs_likely_regular = forms.BooleanField(
        label=_("Only for people who are likely to become regulars"), required=False
    )
    is_limited_information = forms.BooleanField(
        label=_("Limited information: only for customers at the regular price"), required=False
    )
    is_finest = forms.BooleanField(label=_("It is the finest offer, for very few"), required=False)
    button_kind = forms.ChoiceField(
        label=_("Where the button leads"), choices=ButtonKind.choices, initial=ButtonKind.CART, widget=forms.RadioSelect
    )
    button_text = forms.CharField(
        label=_("Text of the button"),
        max_length=MAX_BUTTON_LENGTH,
        required=False,
        help_text=_("Empty: it says what pressing it does."),
    )
    button_url = forms.CharField(
        label=_("Address of the cart or payment link"),
        max_length=MAX_URL_LENGTH,
        required=False,
        help_text=_(
            "It begins with https://. In a cart's address, {code} becomes the person's coupon code and {reference} a "
            "text by which you know their order again. Stripe is told both without that."
        ),
    )
    transfer_text = _text(
        _("Where to transfer the money"), _("Bank, branch, account and its holder. Shown after the order.")
    )
    quantity_text = _text(_("What one gets"), _("Number and size, of every delivery. Empty: the product's name."))
    prices_text = _text(
        _("What one pays"),
        _("The price of every delivery, their sum, and the cost of sending. Empty: the price above."),
    )
    payment_text = _text(_("When and how one pays"), "")
    delivery_text = _text(_("When one gets it"), "")
    cancellation_text = _text(_("Withdrawal and cancellation"), _("Until when, how, at what cost, and whom to tell."))
    period_text = _text(
        _("Until when one can order"), _("Empty: what is written above, with the person's own deadline.")
    )

    def __init__(self, *args: Any, offer: Offer | None = None, **kwargs: Any) -> None:
        known = offer if offer is not None and offer.pk else None
        if known is not None:
            kwargs.setdefault("initial", _initial_of(known))
        super().__init__(*args, **kwargs)
        self._offer = offer if offer is not None else Offer()
        products: Any = self.fields["product"]
        own = known.product_id if known is not None else None
        products.queryset = Product.objects.filter(Q(is_on_sale=True) | Q(pk=own))
        self.fields["condition"].widget = ConditionWidget(counts=True)
        if known is None:  # nobody adds what is withdrawn
            del self.fields["is_open"]

    def clean(self) -> dict[str, Any]:
        """Read the price in the currency of the product, and say all that is wrong at once."""
        cleaned: dict[str, Any] = super().clean() or {}
        product, written = cleaned.get("product"), cleaned.get("price")
        if product is not None and written:
            try:
                cleaned["price"] = read_amount(written, product.currency)
            except BadAmount as error:
                self.add_error("price", str(error))
        written_offer = copy(self._offer)
        self.put_into(written_offer)
        for fault in faults_of(written_offer):
            if fault.field not in self.errors and (fault.field != "price" or product is not None):
                self.add_error(fault.field, str(fault))
        return cleaned

    def put_into(self, offer: Offer) -> None:
        """Set the offer's fields to what was written."""
        for name, value in self.cleaned_data.items():
            setattr(offer, name, value)


def _initial_of(offer: Offer) -> dict[str, Any]:
    plain = set(OfferForm.base_fields) - {"price", "product"}
    return {name: getattr(offer, name) for name in plain} | {
        "price": plain_amount(offer.price, offer.currency),
        "product": offer.product_id,
    }


LAW_FIELDS = tuple(name for name in TEXTS if name != "transfer_text")


class CouponForm(forms.Form):
    """A new coupon of an offer."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("For yourselves."))
    kind = forms.ChoiceField(
        label=_("Kind"), choices=CouponKind.choices, initial=CouponKind.UNIQUE, widget=forms.RadioSelect
    )
    code = forms.CharField(
        label=_("The code"), max_length=60, required=False, help_text=_("Of a coupon with one code for everybody.")
    )
    discount = forms.CharField(
        label=_("What one use costs you, tax included"),
        max_length=30,
        widget=forms.TextInput(attrs=_MONEY),
        help_text=_("The discount that the code gives at your shop's checkout."),
    )

    def __init__(self, *args: Any, offer: Offer, **kwargs: Any) -> None:
        saved = max(offer.product.price - offer.price, 0)
        kwargs.setdefault("initial", {"discount": plain_amount(saved, offer.currency), "kind": CouponKind.UNIQUE})
        super().__init__(*args, **kwargs)
        self._currency = offer.currency

    def clean_discount(self) -> int:
        """Read the amount."""
        try:
            return read_amount(self.cleaned_data["discount"], self._currency)
        except BadAmount as error:
            raise forms.ValidationError(str(error)) from None


class GenerateForm(forms.Form):
    """How many codes to make."""

    number = forms.IntegerField(label=_("How many"), min_value=1, max_value=MOST_AT_ONCE, initial=100)


class ImportForm(forms.Form):
    """Codes as text or as a file."""

    text = forms.CharField(
        label=_("Codes"),
        required=False,
        max_length=MAX_IMPORT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("One in each line. Of CSV the first column counts."),
    )
    upload = forms.FileField(
        label=_("Or a CSV file"), required=False, widget=forms.FileInput(attrs={"accept": ".csv,.txt"})
    )

    def clean(self) -> dict[str, Any]:
        """Read the file, in UTF-8 or as Japanese spreadsheets write it."""
        cleaned: dict[str, Any] = super().clean() or {}
        upload = cleaned.get("upload")
        if upload is None:
            return cleaned
        if upload.size > MAX_IMPORT:
            self.add_error("upload", gettext("This is too long. Import it in parts."))
            return cleaned
        content = upload.read()
        for encoding in ("utf-8-sig", "cp932"):
            try:
                cleaned["text"] = content.decode(encoding)
            except UnicodeDecodeError:
                continue
            return cleaned
        self.add_error("upload", gettext("This file is no text. Save it as CSV."))
        return cleaned

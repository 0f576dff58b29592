"""What staff write of orders. What is wrong with it as a whole is said by the action that takes it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.catalog.models import Product
from jouren.core import clock
from jouren.core.money import BadAmount, read_amount
from jouren.core.selects import ChoosingForm
from jouren.core.zone import shop_zone
from jouren.orders.by_hand import MAX_SEMINAR_LENGTH, new_number
from jouren.orders.models import OrderState
from jouren.orders.policies import MAX_REASON_LENGTH

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
_MONEY = {"inputmode": "decimal", "autocomplete": "off"}
EARLIEST = date(1990, 1, 1)


def moment_of(day: date) -> datetime:
    """The moment of a day that staff write: now for today, otherwise noon in the shop's zone."""
    now = clock.now()
    noon = datetime.combine(day, time(12), shop_zone())
    return now if day == now.astimezone(shop_zone()).date() else noon.astimezone(UTC)


def start_of(day: date) -> datetime:
    """When a day begins in the shop's zone."""
    return datetime.combine(day, time(), shop_zone())


def today() -> date:
    """The day in the shop's zone."""
    return clock.now().astimezone(shop_zone()).date()


class DayField(forms.DateField):
    """A day on which something happened: from 1990 to today."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=_DAY, initial=today, **kwargs)

    def clean(self, value: Any) -> Any:
        """Refuse days that cannot be."""
        day = super().clean(value)
        if day is not None and day > today():
            raise forms.ValidationError(_("This day is in the future."))
        if day is not None and day < EARLIEST:
            raise forms.ValidationError(_("Write a day after 1990."))
        return day


class FilterForm(forms.Form):
    """Which orders are listed."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        choices=[("", gettext_lazy("any state")), *(each for each in OrderState.choices if each[0] != "unknown")],
        required=False,
    )
    source = forms.ChoiceField(label=gettext_lazy("From where"), required=False)
    product = forms.ModelChoiceField(
        Product.objects.order_by("name"),
        label=gettext_lazy("Product"),
        required=False,
        empty_label=gettext_lazy("any product"),
    )
    since = forms.DateField(label=gettext_lazy("From (day)"), required=False, widget=_DAY)
    until = forms.DateField(label=gettext_lazy("Until (day)"), required=False, widget=_DAY)

    def __init__(self, *args: Any, sources: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = [("", _("from anywhere")), *sources]  # type: ignore[attr-defined]

    def before(self) -> datetime | None:
        """The moment at which the period ends."""
        until = self.cleaned_data.get("until")
        return start_of(until + timedelta(days=1)) if until and until < date.max else None

    def since_moment(self) -> datetime | None:
        """The moment at which the period begins."""
        since = self.cleaned_data.get("since")
        return start_of(since) if since and since > EARLIEST else None


class EnterForm(ChoosingForm, forms.Form):
    """An order of one product. What is sent twice has one number."""

    number = forms.CharField(widget=forms.HiddenInput, required=False, max_length=20, initial=new_number)
    email = forms.EmailField(
        label=gettext_lazy("Mail address of the buyer"),
        max_length=254,
        help_text=gettext_lazy(
            "Whoever is not known yet becomes known. They are sent no marketing: nobody agreed to it."
        ),
    )
    product = forms.ModelChoiceField(
        Product.objects.filter(is_on_sale=True).order_by("name"), label=gettext_lazy("Product")
    )
    quantity = forms.IntegerField(label=gettext_lazy("Quantity"), min_value=1, max_value=10_000, initial=1)
    amount = forms.CharField(
        label=gettext_lazy("Amount of all, tax included"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs=_MONEY),
        help_text=gettext_lazy("Empty: the product's price times how many."),
    )
    is_paid = forms.TypedChoiceField(
        label=gettext_lazy("Paid already?"),
        choices=[("yes", gettext_lazy("Paid")), ("no", gettext_lazy("Placed, not paid"))],
        coerce=lambda value: value == "yes",
        initial="yes",
        widget=forms.RadioSelect,
    )
    day = DayField(label=gettext_lazy("On which day"))

    def clean(self) -> dict[str, Any]:
        """Read the amount in the product's currency, or reckon it."""
        cleaned: dict[str, Any] = super().clean() or {}
        product, quantity = cleaned.get("product"), cleaned.get("quantity")
        if product is None or quantity is None:
            return cleaned
        try:
            written = cleaned.get("amount")
            cleaned["amount"] = read_amount(written, product.currency) if written else product.price * quantity
        except BadAmount as error:
            self.add_error("amount", str(error))
        return cleaned


class SeminarForm(forms.Form):
    """At which seminar somebody was, and when."""

    seminar = forms.CharField(label=gettext_lazy("Seminar"), max_length=MAX_SEMINAR_LENGTH)
    day = DayField(label=gettext_lazy("On which day"))


class MarkForm(forms.Form):
    """When something happened to an order, and what belongs to it."""

    day = DayField(label=gettext_lazy("On which day"))
    amount = forms.CharField(
        label=gettext_lazy("How much was paid back"), max_length=30, widget=forms.TextInput(attrs=_MONEY)
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=MAX_REASON_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    number = forms.SlugField(widget=forms.HiddenInput, required=False, max_length=20, initial=new_number)

    def __init__(self, *args: Any, what: str, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        if what != "refunded":
            del self.fields["amount"]
        if what not in {"refunded", "cancelled"}:
            del self.fields["reason"]

    def clean_amount(self) -> int:
        """The amount in the order's currency."""
        try:
            return read_amount(self.cleaned_data["amount"], self.currency)
        except BadAmount as error:
            raise forms.ValidationError(str(error)) from None

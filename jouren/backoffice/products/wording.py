"""What the screens say of roles, prices and changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from jouren.backoffice.history import HistoryLine, history_of
from jouren.catalog.models import Product
from jouren.catalog.policies import USUAL, is_far_off
from jouren.catalog.vocabulary import Goods, Role, TaxRate
from jouren.core.money import DEFAULT_CURRENCY, money_text

MEANINGS: Mapping[str, Any] = {
    Role.FRONT_END: gettext_lazy("Free or easy to buy. It gives more than it costs, and people get to know you."),
    Role.TRIAL: gettext_lazy("A better product, at a discount for a short time, for prospects."),
    Role.MAIN: gettext_lazy("What you sell at its regular price."),
    Role.SUBSCRIPTION: gettext_lazy("The same again and again, in a fixed rhythm."),
    Role.BACK_END: gettext_lazy("The finest you have, for the few who are likely to become regulars."),
}


def price_hint(role: str) -> str:
    """What is usual to ask for a product of a role, in one sentence."""
    band = USUAL.get(role)
    prices = {"lowest": _yen(band.lowest), "highest": _yen(band.highest)} if band else {}
    if role == Role.FRONT_END:
        return _("Usual: free, or %(lowest)s to %(highest)s. Profit is not the point here.") % prices
    if role == Role.TRIAL:
        return _("Usual: clearly less than the regular price, for a limited time.")
    if role == Role.SUBSCRIPTION:
        return _("The price of one delivery. What is usual depends on what you sell.")
    if role == Role.BACK_END:
        return _("Usual: %(lowest)s to %(highest)s; goods may well cost less. Here is where the profit is.") % prices
    return _("Your regular price. What is usual depends on what you sell.")


def price_doubt(product: Product) -> str:
    """A gentle question about a price far outside of what is usual; empty where there is none."""
    if product.currency != DEFAULT_CURRENCY or not is_far_off(product.price, product.role):
        return ""
    details = {"price": _yen(product.price), "role": product.get_role_display(), "hint": price_hint(product.role)}
    return _("%(price)s is far from what is usual for “%(role)s”. %(hint)s If you mean it so, leave it.") % details


def _yen(amount: int) -> str:
    return money_text(amount, DEFAULT_CURRENCY)


_LABELS = {field.attname: field.verbose_name for field in Product._meta.concrete_fields}


def history(product: Product, limit: int) -> list[HistoryLine]:
    """What was done with a product, the latest first."""
    return history_of(product, limit, partial(_details, product))


def _details(product: Product, data: Mapping[str, Any]) -> list[str]:
    if "code" in data:
        return [code_text(data["code"], data.get("source") or "")]
    return list(_changed(product, data.get("changes") or {}))


def _changed(product: Product, changes: Mapping[str, Any]) -> Iterable[str]:
    currencies = changes.get("currency", [product.currency, product.currency])
    for name, (before, now) in changes.items():
        label = str(_LABELS.get(name, name))
        if name in {"how_to_links", "how_to_page_id", "description"}:
            yield label
            continue
        values = [_value(name, value, currency) for value, currency in zip((before, now), currencies, strict=True)]
        yield _("%(field)s: %(before)s → %(now)s") % {"field": label, "before": values[0], "now": values[1]}


def _value(name: str, value: Any, currency: str) -> str:
    if value is None:
        return "—"
    if name in {"price", "cost"}:
        return money_text(value, currency)
    if name == "role" and value in Role.values:
        return str(Role(value).label)
    if name == "goods":
        return str(Goods(value).label) if value in Goods.values else _("Not said")
    if name == "tax_rate" and value in TaxRate.values:
        return _("%(number)s %%") % {"number": value}
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def code_text(code: str, source: str) -> str:
    """A code, and where it counts if that is not everywhere."""
    return _("%(code)s (only from %(source)s)") % {"code": code, "source": source} if source else code


def tax_text(rate: int) -> str:
    """A tax rate beside a price."""
    return pgettext("beside a price", "tax %(rate)s %%") % {"rate": rate}

"""Products: the list by role, one product's page, and the form that adds or changes one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.products.forms import CodeForm, ProductForm
from jouren.backoffice.products.wording import MEANINGS, history, price_doubt, tax_text
from jouren.backoffice.screens import Screen
from jouren.catalog.actions import map_code, save_product
from jouren.catalog.errors import BadCode, BadProduct
from jouren.catalog.models import Product
from jouren.catalog.policies import Profit, included_tax, unit_profit
from jouren.catalog.vocabulary import Role
from jouren.content.voices.queries import voices_of_product
from jouren.content.voices.vocabulary import State as VoiceState
from jouren.core.money import money_text
from jouren.orders.queries import Sold, count_unmapped_codes, sold_by_product

PAGE = 200
HISTORY = 20
VOICES = 5
ICON = "tag"
PARENTS = (("products:list", gettext_lazy("Products")),)


@dataclass(frozen=True)
class Row:
    """A product with its figures in words; ``profit`` is None where its cost is not known."""

    product: Product
    price: str
    tax: str
    cost: str
    profit: Profit | None
    profit_text: str
    sold: Sold | None
    codes: int


def row_of(product: Product, sold: Sold | None, codes: int) -> Row:
    """A product as lists and its page tell it."""
    profit = unit_profit(product.price, product.tax_rate, product.cost) if product.cost is not None else None
    return Row(
        product,
        money_text(product.price, product.currency),
        tax_text(product.tax_rate),
        "" if product.cost is None else money_text(product.cost, product.currency),
        profit,
        "" if profit is None else money_text(profit.amount, product.currency),
        sold,
        codes,
    )


def tabs_context() -> dict[str, Any]:
    """What the tabs above the lists tell."""
    return {"unmapped": count_unmapped_codes(), "has_retired": Product.objects.filter(is_on_sale=False).exists()}


class ProductsScreen(Screen):
    """What is on sale, by role."""

    permissions = ("catalog.view_product",)
    template_name = "backoffice/products/list.html"
    page_title = gettext_lazy("Products")
    header_icon = ICON
    is_retired = False

    def products(self) -> QuerySet[Product]:
        """What is listed."""
        return Product.objects.filter(is_on_sale=not self.is_retired).annotate(code_count=Count("codes"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        after = self.request.GET.get("after", "")[:100]
        listed = list(self.products().filter(name__gt=after).order_by("name")[: PAGE + 1])
        sold = sold_by_product()
        rows = [row_of(each, sold.get(each.pk), each.code_count) for each in listed[:PAGE]]  # type: ignore[attr-defined]
        groups = [
            (role.label, MEANINGS[role], [row for row in rows if row.product.role == role])
            for role in Role
            if any(row.product.role == role for row in rows)
        ]
        return {
            **super().get_context_data(**kwargs),
            **tabs_context(),
            "groups": groups,
            "tab": "retired" if self.is_retired else "on_sale",
            "next": urlencode({"after": rows[-1].product.name}) if len(listed) > PAGE else "",
            "is_later_page": bool(after),
            "may_add": self.request.user.has_perm("catalog.add_product"),
        }


class RetiredScreen(ProductsScreen):
    """What is not sold any more."""

    page_title = gettext_lazy("Products no longer on sale")
    parents = PARENTS
    is_retired = True


class _OfProduct:
    kwargs: dict[str, Any]

    @cached_property
    def product(self) -> Product:
        """The product that the URL names. Raises Http404."""
        return get_object_or_404(Product.objects.select_related("how_to_page"), pk=self.kwargs["pk"])


class ProductScreen(_OfProduct, Screen):
    """One product: its figures, its codes, how it is used, what was changed."""

    permissions = ("catalog.view_product",)
    template_name = "backoffice/products/product.html"
    parents = PARENTS
    header_icon = ICON

    def get_page_title(self) -> str:
        return self.product.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        product = self.product
        codes = list(product.codes.all())
        shown, counts = voices_of_product(product.pk, VOICES)
        return {
            **super().get_context_data(**kwargs),
            "product": product,
            "row": row_of(product, sold_by_product().get(product.pk), len(codes)),
            "included_tax": money_text(included_tax(product.price, product.tax_rate), product.currency),
            "meaning": MEANINGS[product.role],
            "doubt": price_doubt(product),
            "codes": codes,
            "code_form": CodeForm(),
            "history": history(product, HISTORY),
            "voices": shown,
            "waiting": counts.get(VoiceState.RECEIVED, 0),
            "may_see_voices": self.request.user.has_perm("content.view_voice"),
            "may_change": self.request.user.has_perm("catalog.change_product"),
        }


class _Editor(Screen):
    """GET shows the form; POST saves it or says what is wrong, at its field."""

    template_name = "backoffice/products/edit.html"
    parents = PARENTS
    header_icon = ICON

    @property
    def edited(self) -> Product:
        """What is written into."""
        return Product()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save the product."""
        product = self.edited
        form = ProductForm(request.POST, product=product)
        if form.is_valid():
            form.put_into(product)
            try:
                self.save(product, form)
            except BadProduct as error:
                form.add_error(error.field or None, str(error))
            except BadCode as error:
                form.add_error("code", str(error))
            else:
                messages.success(request, _("The product “%(name)s” is saved.") % {"name": product.name})
                return redirect("products:product", product.pk)
        return self.render_to_response(self.get_context_data(form=form))

    def save(self, product: Product, form: ProductForm) -> None:
        """Keep what was written. Raises BadProduct, BadCode."""
        save_product(product, by=self.staff)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        form = kwargs.get("form") or ProductForm(product=self.edited)
        back = reverse("products:product", args=[self.edited.pk]) if self.edited.pk else reverse("products:list")
        return {**context, "form": form, "media": form.media, "back": back}


class AddScreen(_Editor):
    """A new product; ``?code=`` has it mean a code that orders named."""

    permissions = ("catalog.add_product",)
    page_title = gettext_lazy("Add a product")

    def save(self, product: Product, form: ProductForm) -> None:
        code = form.cleaned_data["code"]
        with transaction.atomic():
            save_product(product, by=self.staff)
            if code:
                map_code(product.pk, code, by=self.staff)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.pop("form", None) or ProductForm(initial={"code": self.request.GET.get("code", "")})
        return super().get_context_data(form=form, **kwargs)


class EditScreen(_OfProduct, _Editor):
    """Another price, role or name; taking it off sale."""

    permissions = ("catalog.change_product",)

    def get_page_title(self) -> str:
        return _("Change “%(name)s”") % {"name": Product.objects.get(pk=self.product.pk).name}

    @property
    def edited(self) -> Product:
        return self.product

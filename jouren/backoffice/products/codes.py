"""Codes of orders: those that mean no product yet, and what is done about them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.backoffice.products.forms import CodeForm, MapForm
from jouren.backoffice.products.views import ICON, PARENTS, tabs_context
from jouren.backoffice.screens import Act, Screen
from jouren.catalog.actions import map_code, unmap_code
from jouren.catalog.models import Product, ProductCode
from jouren.catalog.queries import product_choices
from jouren.core.errors import UserError
from jouren.orders.queries import unmapped_codes

PAGE = 100


class UnmappedScreen(Screen):
    """Codes that orders named and that mean nothing yet: how often, the last time, and a choice of products."""

    permissions = ("catalog.view_product",)
    template_name = "backoffice/products/codes.html"
    page_title = gettext_lazy("Codes without a product")
    parents = PARENTS
    header_icon = ICON

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        codes = unmapped_codes(PAGE + 1)
        user = self.request.user
        return {
            **super().get_context_data(**kwargs),
            **tabs_context(),
            "tab": "unmapped",
            "codes": codes[:PAGE],
            "has_more": len(codes) > PAGE,
            "products": product_choices(),
            "may_map": user.has_perm("catalog.change_product"),
            "may_add": user.has_perm("catalog.add_product") and user.has_perm("catalog.change_product"),
        }


class _CodeAct(Act):
    permissions = ("catalog.change_product",)

    def map(self, product: Product, code: str, source: str) -> str:
        """Let the code mean the product."""
        map_code(product.pk, code, source=source, by=self.staff)
        return _("“%(code)s” means “%(product)s” now. Past orders count too.") % {"code": code, "product": product.name}


class MapUnmapped(_CodeAct):
    """Let an unknown code mean a product."""

    def act(self) -> str:
        form = MapForm(self.request.POST)
        if not form.is_valid():
            raise UserError(_first_problem(form.errors))
        values = form.cleaned_data
        return self.map(values["product"], values["code"], values["source"])

    def back(self) -> str:
        return reverse("products:unmapped")


class AddCode(_CodeAct):
    """A further code of a product."""

    def act(self) -> str:
        product = get_object_or_404(Product, pk=self.kwargs["pk"])
        form = CodeForm(self.request.POST)
        if not form.is_valid():
            raise UserError(_first_problem(form.errors))
        return self.map(product, form.cleaned_data["code"], form.cleaned_data["source"])

    def back(self) -> str:
        return reverse("products:product", args=[self.kwargs["pk"]])


class RemoveCode(_CodeAct):
    """Let a code mean its product no longer."""

    @cached_property
    def code(self) -> ProductCode:
        """The code that is removed. Raises Http404."""
        return get_object_or_404(ProductCode.objects.select_related("product"), pk=self.kwargs["code_id"])

    def act(self) -> str:
        unmap_code(self.code.pk, by=self.staff)
        return _("“%(code)s” does not mean “%(product)s” any more.") % {
            "code": self.code.code,
            "product": self.code.product.name,
        }

    def back(self) -> str:
        return reverse("products:product", args=[self.code.product_id])


def _first_problem(errors: Any) -> str:
    return next(str(message) for messages in errors.values() for message in messages)

"""What reads products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from jouren.catalog.models import Product, ProductCode
from jouren.conditions.choices import Choice

PRODUCTS = "catalog_products"
"""The list of products that conditions choose from."""


def product_choices() -> list[Choice]:
    """All products by name, the retired ones too: people bought them."""
    return list(Product.objects.order_by("name").values_list("pk", "name"))


def roles_of_codes(source: str, codes: Collection[str]) -> dict[str, str]:
    """What the products are for that codes mean in orders of a source; a code that means none is left out."""
    if not codes:
        return {}
    rows = ProductCode.objects.filter(code__in=codes, source__in=["", source]).order_by("source")
    return dict(rows.values_list("code", "product__role"))


def names_of_codes(codes: Collection[str]) -> dict[str, str]:
    """The names of the products that codes mean, whichever source uses them. One that means several is left out."""
    meant: dict[str, set[str]] = defaultdict(set)
    for code, name in ProductCode.objects.filter(code__in=codes).values_list("code", "product__name"):
        meant[code].add(name)
    return {code: names.pop() for code, names in meant.items() if len(names) == 1}


def products_of_codes(pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], Product]:
    """What (source, code) of orders mean; those that mean nothing are left out."""
    codes = {code for _source, code in pairs}
    found: dict[tuple[str, str], Product] = {
        (each.source, each.code): each.product
        for each in ProductCode.objects.filter(code__in=codes).select_related("product")
    }
    meant = {pair: found.get(pair) or found.get(("", pair[1])) for pair in pairs}
    return {pair: product for pair, product in meant.items() if product is not None}

"""What reads products."""

from __future__ import annotations

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

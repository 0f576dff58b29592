"""What reads products."""

from __future__ import annotations

from jouren.catalog.models import Product
from jouren.conditions.choices import Choice

PRODUCTS = "catalog_products"
"""The list of products that conditions choose from."""


def product_choices() -> list[Choice]:
    """All products by name, the retired ones too: people bought them."""
    return list(Product.objects.order_by("name").values_list("pk", "name"))

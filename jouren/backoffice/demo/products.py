"""The demo shop's products, in all roles, with the codes that its orders use; one code still means nothing."""

from __future__ import annotations

from typing import Any

from jouren.catalog.actions import map_code, save_product
from jouren.catalog.models import Product
from jouren.catalog.vocabulary import Role, TaxRate

TRIAL, OLD_TRIAL, PACK, MONTHLY = "tea-trial", "tea-trial-3", "tea-30", "tea-regular"
# Sold beside the tea, and not in the catalogue yet.
CUP, CUP_PRICE = "cup-white", 1_320
TRIAL_PRICE, OLD_TRIAL_PRICE, PACK_PRICE, MONTHLY_PRICE = 980, 580, 4_300, 3_980

_HOW_TO = ["https://komorebi-tea.example/how-to-brew", "https://komorebi-tea.example/cold-brew"]

_PRODUCTS: list[tuple[str, dict[str, Any]]] = [
    (
        "tea-sample",
        {
            "name": "はじめての一包",
            "role": Role.FRONT_END,
            "description": "手紙をお読みの方に、ご希望で一包お送りします。",
            "price": 0,
            "cost": 190,
            "lasts_days": 1,
        },
    ),
    (
        TRIAL,
        {
            "name": "お試し7包",
            "role": Role.TRIAL,
            "description": "棗と陳皮のお茶を一週間。手紙の最後に、72時間だけご案内します。",
            "price": TRIAL_PRICE,
            "cost": 520,
            "lasts_days": 7,
        },
    ),
    (
        OLD_TRIAL,
        {
            "name": "お試し3包",
            "role": Role.TRIAL,
            "description": "以前のお試し。三日では違いがわからないという声で、7包にしました。",
            "price": OLD_TRIAL_PRICE,
            "cost": 400,
            "lasts_days": 3,
            "is_on_sale": False,
        },
    ),
    (
        PACK,
        {
            "name": "ねむりのお茶 30包",
            "role": Role.MAIN,
            "description": "夜の一杯を一か月。",
            "price": PACK_PRICE,
            "cost": 1_480,
            "lasts_days": 30,
        },
    ),
    (
        MONTHLY,
        {
            "name": "毎月のお茶 30包の定期便",
            "role": Role.SUBSCRIPTION,
            "description": "毎月30包。飲みきれない月はお休みできます。",
            "price": MONTHLY_PRICE,
            "cost": 1_480,
            "lasts_days": 30,
        },
    ),
    (
        "tea-first-can",
        {
            "name": "畑のいちばん奥の一缶",
            "role": Role.BACK_END,
            "description": "毎年三十缶。棚には並べず、長くおつきあいくださる方だけにお知らせします。",
            "price": 33_000,
            "cost": 9_000,
            "lasts_days": 60,
        },
    ),
]


def make_products() -> None:
    """Make them, and let the codes of the demo's orders mean them."""
    for code, details in _PRODUCTS:
        product = save_product(Product(tax_rate=TaxRate.REDUCED, how_to_links=_HOW_TO, **details))
        map_code(product.pk, code)

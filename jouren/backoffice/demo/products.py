"""The demo shop's products, in all roles, with the codes that its orders use; one code still means nothing."""

from __future__ import annotations

from typing import Any

from jouren.catalog.actions import map_code, save_product
from jouren.catalog.models import Product
from jouren.catalog.vocabulary import Goods, Role, TaxRate

TRIAL, OLD_TRIAL, PACK, MONTHLY, FINEST = "skin-trial", "skin-trial-3", "skin-30", "skin-regular", "skin-moon"
# Sold beside the rest, and not in the catalogue yet.
TOWEL, TOWEL_PRICE = "towel-white", 1_320
TRIAL_PRICE, OLD_TRIAL_PRICE, PACK_PRICE, MONTHLY_PRICE, FINEST_PRICE = 980, 580, 5_800, 5_200, 33_000

_HOW_TO = ["https://tsukishiro.example/how-to", "https://tsukishiro.example/how-to-foam"]

_PRODUCTS: list[tuple[str, dict[str, Any]]] = [
    (
        "skin-sample",
        {
            "name": "はじめての泡ひとつ",
            "role": Role.FRONT_END,
            "description": "手紙をお読みの方に、ご希望でせっけんをひとかけお送りします。",
            "price": 0,
            "cost": 190,
        },
    ),
    (
        TRIAL,
        {
            "name": "7日間お試しセット",
            "role": Role.TRIAL,
            "description": "せっけん、化粧水、クリームの7日分。手紙の最後に、72時間だけご案内します。",
            "price": TRIAL_PRICE,
            "cost": 520,
        },
    ),
    (
        OLD_TRIAL,
        {
            "name": "3日間お試しセット",
            "role": Role.TRIAL,
            "description": "以前のお試し。三日では違いがわからないという声で、7日分にしました。",
            "price": OLD_TRIAL_PRICE,
            "cost": 400,
            "is_on_sale": False,
        },
    ),
    (
        PACK,
        {
            "name": "つきしろの三品 ひと月分",
            "role": Role.MAIN,
            "description": "せっけん、化粧水、クリームのひと月分。",
            "price": PACK_PRICE,
            "cost": 1_480,
            "lasts_days": 30,
        },
    ),
    (
        MONTHLY,
        {
            "name": "つきしろの三品 毎月の定期便",
            "role": Role.SUBSCRIPTION,
            "description": "毎月ひと月分。使い切れない月はお休みできます。",
            "price": MONTHLY_PRICE,
            "cost": 1_480,
            "lasts_days": 30,
        },
    ),
    (
        FINEST,
        {
            "name": "満月のクリーム",
            "role": Role.BACK_END,
            "description": "毎年三十個。棚には並べず、長くおつきあいくださる方だけにお知らせします。",
            "price": FINEST_PRICE,
            "cost": 9_000,
            "lasts_days": 60,
        },
    ),
]


def make_products() -> None:
    """Make them, and let the codes of the demo's orders mean them."""
    for code, details in _PRODUCTS:
        product = save_product(
            Product(tax_rate=TaxRate.STANDARD, goods=Goods.COSMETIC, how_to_links=_HOW_TO, **details)
        )
        map_code(product.pk, code)

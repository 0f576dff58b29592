"""The demo shop's offers: the trial, for prospects and three days each; a month at the regular price, for who was
satisfied with it; and the finest, for the very few who are likely to become regulars.
"""

from __future__ import annotations

from jouren.backoffice.demo.products import FINEST_PRICE, PACK_PRICE, TRIAL_PRICE
from jouren.catalog.models import Product
from jouren.catalog.offers.actions import save_offer
from jouren.catalog.offers.coupons import generate_codes, make_coupon
from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.vocabulary import ButtonKind, CouponKind
from jouren.pyramid.stages import Stage

_PAYMENT = "クレジットカード（ご注文時）、または商品到着後14日以内の後払い。"
_DELIVERY = "ご注文から3日以内に、工房から発送します。"
_CANCELLATION = (
    "定期購入ではありません。届いてから30日以内は、使いかけでも返品できます（返送料はお客様のご負担）。"
    "お電話かメールでお知らせください。"
)


FINEST_NAME = "今年の満月のクリームのお知らせ"


def make_trial() -> Offer:
    """Make the one that the letters end with."""
    trial = save_offer(
        Offer(
            product=Product.objects.get(name="7日間お試しセット"),
            name="7日間お試しセットを送料無料で",
            description="三品の7日分。お一人様一回かぎりです。",
            price=TRIAL_PRICE,
            personal_hours=72,
            least_stage=Stage.PROSPECT,
            most_stage=Stage.PROSPECT,
            button_kind=ButtonKind.CART,
            button_text="7日間お試しを注文する",
            button_url="https://tsukishiro.example/cart?item=skin-trial&coupon={code}&reference={reference}",
            quantity_text="せっけん15g、化粧水20mL、クリーム8g（7日分）、1回のお届け",
            prices_text="980円（税込、送料込み）",
            payment_text=_PAYMENT,
            delivery_text=_DELIVERY,
            cancellation_text=_CANCELLATION,
        )
    )
    generate_codes(make_coupon(trial, "送料無料", CouponKind.UNIQUE, 350), 200)
    return trial


def make_regular() -> Offer:
    """Make the one at the regular price."""
    return save_offer(
        Offer(
            product=Product.objects.get(name="つきしろの三品 ひと月分"),
            name="つきしろの三品 ひと月分を、通常価格で",
            description="お試しと同じ三品の、ひと月分です。",
            price=PACK_PRICE,
            least_stage=Stage.TRIAL,
            most_stage=Stage.TRIAL,
            needs_satisfaction=True,
            button_kind=ButtonKind.CART,
            button_text="ひと月分を注文する",
            button_url="https://tsukishiro.example/cart?item=skin-30&reference={reference}",
            quantity_text="せっけん80g、化粧水120mL、クリーム30g（ひと月分）、1回のお届け",
            prices_text="5,800円（税込）。送料350円は別にいただきます。",
            payment_text=_PAYMENT,
            delivery_text=_DELIVERY,
            cancellation_text=_CANCELLATION,
        )
    )


def make_finest(known: Offer | None) -> Offer:
    """Make the finest, or of a ``known`` one the offer that it is now."""
    finest = known or Offer(
        product=Product.objects.get(name="満月のクリーム"),
        name=FINEST_NAME,
        description="毎年三十個。今年もできました。",
        price=FINEST_PRICE,
        stock=30,
        is_finest=True,
        button_kind=ButtonKind.TRANSFER,
        quantity_text="1個（40g）、1回のお届け",
        payment_text="ご注文から7日以内に、銀行振込でお支払いください。手数料はお客様のご負担です。",
        delivery_text="ご入金から3日以内に、工房から発送します。",
        cancellation_text=_CANCELLATION,
        transfer_text="つきしろ銀行 丘の上支店 普通 1234567\nはだの店つきしろ",
    )
    # Regulars have a letter of their own. Who is likely to become one has said to be satisfied.
    finest.least_stage = finest.most_stage = Stage.EXISTING
    finest.needs_likely_regular, finest.needs_satisfaction = True, False
    return save_offer(finest)

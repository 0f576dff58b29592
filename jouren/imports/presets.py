"""The tables that shops hand out: which of their headers mean what. Data only.

Where the headers are from is said at each. Shops change them without a word, and let their users choose columns: a
preset is recognised by a few headers (``signature``), takes of its columns those that are there, and can be changed
column by column. Of several names for one field the first that the file has counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from jouren.imports.fields import FIELDS, Kind
from jouren.imports.values import CANCELLED, NOTHING, PAID, SHIPPED, UNPAID

Names = tuple[str, ...]


@dataclass(frozen=True)
class Preset:
    """A shop's table. ``source``: under which name its orders are known. ``words``: states only it writes like that."""

    key: str
    label: Any
    kind: Kind
    source: str
    signature: Names
    columns: Mapping[str, Names]
    words: Mapping[str, str] = field(default_factory=dict)


# Verified: https://help.shopify.com/ja/manual/fulfillment/managing-orders/exporting-orders (and public tools that read
# the file). Rows after an order's first have its name, its mail address and their line only.
_SHOPIFY_ORDERS = Preset(
    "shopify",
    "Shopify",
    Kind.ORDERS,
    "shopify",
    ("Name", "Financial Status", "Lineitem quantity"),
    {
        "number": ("Name",),
        "order_id": ("Id",),
        "email": ("Email",),
        "name": ("Billing Name",),
        "placed_at": ("Created at",),
        "paid_at": ("Paid at",),
        "shipped_at": ("Fulfilled at",),
        "cancelled_at": ("Cancelled at",),
        "payment_status": ("Financial Status",),
        "amount": ("Total",),
        "tax": ("Taxes",),
        "shipping": ("Shipping",),
        "discount": ("Discount Amount",),
        "coupon": ("Discount Code",),
        "currency": ("Currency",),
        "refunded": ("Refunded Amount",),
        "line_code": ("Lineitem sku",),
        "line_name": ("Lineitem name",),
        "quantity": ("Lineitem quantity",),
        "unit_price": ("Lineitem price",),
    },
)
# Verified by public tools that read the file: "Customer ID", "Accepts Email Marketing", "Total Orders", "Tags".
_SHOPIFY_CUSTOMERS = Preset(
    "shopify_customers",
    "Shopify",
    Kind.CUSTOMERS,
    "shopify",
    ("First Name", "Last Name", "Email", "Accepts Email Marketing"),
    {
        "shop_id": ("Customer ID",),
        "email": ("Email",),
        "family_name": ("Last Name",),
        "given_name": ("First Name",),
        "tags": ("Tags",),
        "consent": ("Accepts Email Marketing",),
        "orders": ("Total Orders",),
    },
)
# Verified by public tools that read BASE's file: the header from 注文ID to 調整金額 with 税率, later also 商品コード
# and 種類コード.
_BASE = Preset(
    "base",
    "BASE",
    Kind.ORDERS,
    "base",
    ("注文ID", "注文日時", "メールアドレス(請求先)"),
    {
        "number": ("注文ID",),
        "email": ("メールアドレス(請求先)",),
        "family_name": ("氏(請求先)",),
        "given_name": ("名(請求先)",),
        "placed_at": ("注文日時",),
        "status": ("発送状況",),
        "amount": ("合計金額",),
        "shipping": ("送料",),
        "line_code": ("種類コード", "商品コード", "商品ID"),
        "line_name": ("商品名",),
        "quantity": ("数量",),
        "unit_price": ("価格",),
        "line_tax_rate": ("税率",),
    },
)
# オーダー番号, オーダー日, アイテム名, 個数, 小計, 配送料, 合計, 内消費税 and the names are verified by a public tool
# that writes the file; the others are from memory.
_STORES = Preset(
    "stores",
    "STORES",
    Kind.ORDERS,
    "stores",
    ("オーダー番号", "オーダー日", "アイテム名"),
    {
        "number": ("オーダー番号",),
        "email": ("メールアドレス(購入者)", "メールアドレス", "メールアドレス(請求先)", "メール"),
        "family_name": ("氏(購入者)", "氏(請求先)"),
        "given_name": ("名(購入者)", "名(請求先)"),
        "placed_at": ("オーダー日",),
        "paid_at": ("決済日", "入金日"),
        "shipped_at": ("発送日",),
        "status": ("ステータス", "発送ステータス"),
        "payment_status": ("決済ステータス", "支払いステータス"),
        "amount": ("合計",),
        "tax": ("内消費税",),
        "shipping": ("配送料",),
        "discount": ("クーポン割引", "割引"),
        "coupon": ("クーポン名", "クーポンコード"),
        "line_code": ("品番", "アイテム品番", "アイテム名"),
        "line_name": ("アイテム名",),
        "quantity": ("個数",),
        "unit_price": ("価格", "販売価格"),
        "line_amount": ("小計",),
    },
)
# Verified by public tools that read sales_all.csv; 総合計金額 and 入金日 are from memory.
_COLORME = Preset(
    "colorme",
    "カラーミーショップ",
    Kind.ORDERS,
    "colorme",
    ("売上ID", "受注日", "購入者 メールアドレス"),
    {
        "number": ("売上ID",),
        "email": ("購入者 メールアドレス",),
        "shop_id": ("購入者 顧客ID",),
        "name": ("購入者 名前",),
        "kana": ("購入者 フリガナ",),
        "placed_at": ("受注日",),
        "paid_at": ("入金日",),
        "shipped_at": ("発送日", "配送日"),
        "status": ("受注状態", "キャンセル状態", "発送状態"),
        "payment_status": ("入金状態",),
        "amount": ("総合計金額", "総合計", "合計金額"),
        "shipping": ("送料合計",),
        "discount": ("割引金額",),
        "coupon": ("割引名称",),
        "line_code": ("購入商品 型番", "購入商品 商品ID"),
        "line_name": ("購入商品 商品名",),
        "quantity": ("購入商品 販売個数",),
        "unit_price": ("購入商品 販売価格(消費税込)", "購入商品 販売価格"),
        "line_amount": ("購入商品 小計",),
    },
)
# Verified by public tools that read and write RMS's file of all columns. The numbers of states are RMS's: 900 is a
# cancellation that is final, 800 one that is asked for.
_RAKUTEN = Preset(
    "rakuten",
    "楽天市場 (RMS)",
    Kind.ORDERS,
    "rakuten",
    ("注文番号", "注文日時", "商品管理番号", "請求金額"),
    {
        "number": ("注文番号",),
        "email": ("注文者メールアドレス",),
        "family_name": ("注文者姓",),
        "given_name": ("注文者名",),
        "family_kana": ("注文者姓カナ",),
        "given_kana": ("注文者名カナ",),
        "placed_at": ("注文日時",),
        "shipped_at": ("発送完了報告日時",),
        "status": ("ステータス",),
        "amount": ("請求金額",),
        "tax": ("消費税合計",),
        "shipping": ("送料合計",),
        "discount": ("クーポン利用総額",),
        "line_code": ("商品番号", "商品管理番号", "商品ID"),
        "line_name": ("商品名",),
        "quantity": ("個数",),
        "unit_price": ("単価",),
        "line_tax_rate": ("商品税率",),
    },
    {
        "100": UNPAID,
        "200": UNPAID,
        "300": PAID,
        "400": PAID,
        "500": SHIPPED,
        "600": UNPAID,
        "700": PAID,
        "800": NOTHING,
        "900": CANCELLED,
    },
)
# Verified: the fields are those of https://developer.yahoo.co.jp/webapi/shopping/orderList.html, which the templates of
# ストアクリエイターPro name in the same way. The numbers of states are of that page, too.
_YAHOO = Preset(
    "yahoo",
    "Yahoo!ショッピング",
    Kind.ORDERS,
    "yahoo",
    ("OrderId", "OrderTime", "BillMailAddress"),
    {
        "number": ("OrderId",),
        "email": ("BillMailAddress",),
        "name": ("BillName",),
        "kana": ("BillNameKana",),
        "family_name": ("BillLastName",),
        "given_name": ("BillFirstName",),
        "family_kana": ("BillLastNameKana",),
        "given_kana": ("BillFirstNameKana",),
        "placed_at": ("OrderTime",),
        "paid_at": ("PayDate",),
        "shipped_at": ("ShipDate",),
        "status": ("OrderStatus",),
        "payment_status": ("PayStatus",),
        "amount": ("TotalPrice", "Total"),
        "shipping": ("ShipCharge",),
        "discount": ("Discount",),
        "line_code": ("SubCode", "ItemId"),
        "line_name": ("Title",),
        "quantity": ("Quantity",),
        "unit_price": ("UnitPrice",),
        "line_tax_rate": ("ItemTaxRatio",),
    },
    {"4": CANCELLED, "1": NOTHING, "2": NOTHING, "3": NOTHING, "5": SHIPPED},
)
_YAHOO_PAID = {"0": UNPAID, "1": PAID}
# Verified: https://sellercentral.amazon.co.jp, "Order Report" fields (itemID=201648780). Amounts are of the whole line
# there; the mail address is one that Amazon makes up for the order's buyer.
_AMAZON = Preset(
    "amazon",
    "Amazon",
    Kind.ORDERS,
    "amazon",
    ("order-id", "order-item-id", "purchase-date"),
    {
        "number": ("order-id",),
        "email": ("buyer-email",),
        "name": ("buyer-name",),
        "placed_at": ("purchase-date",),
        "paid_at": ("payments-date",),
        "line_code": ("sku",),
        "line_name": ("product-name", "item-name"),
        "quantity": ("quantity-purchased",),
        "currency": ("currency",),
        "line_amount": ("item-price",),
        "line_shipping": ("shipping-price",),
        "line_discount": ("item-promotion-discount",),
        "line_shipping_discount": ("ship-promotion-discount",),
    },
)
# From memory: MyASP lets its users name and choose the columns, so that most of them are candidates only.
_MYASP = Preset(
    "myasp",
    "MyASP",
    Kind.ORDERS,
    "myasp",
    ("注文ID", "登録日時", "メールアドレス"),
    {
        "number": ("注文ID", "注文番号", "ユーザーID"),
        "email": ("メールアドレス",),
        "name": ("名前", "お名前", "氏名"),
        "family_name": ("名前(姓)", "お名前(姓)", "姓"),
        "given_name": ("名前(名)", "お名前(名)", "名"),
        "family_kana": ("フリガナ(姓)", "フリガナ(セイ)"),
        "given_kana": ("フリガナ(名)", "フリガナ(メイ)"),
        "placed_at": ("注文日時", "登録日時"),
        "paid_at": ("入金日時", "決済日時", "入金日"),
        "cancelled_at": ("キャンセル日時",),
        "payment_status": ("入金状況", "決済状況", "支払状況"),
        "status": ("登録状態", "状態"),
        "amount": ("合計金額", "支払金額", "決済金額", "金額"),
        "line_code": ("商品コード", "商品ID", "シナリオ管理用名称", "商品名"),
        "line_name": ("商品名", "シナリオ名"),
        "quantity": ("数量", "個数"),
        "unit_price": ("単価", "商品価格"),
    },
)
_MYASP_READERS = Preset(
    "myasp_readers",
    "MyASP",
    Kind.CUSTOMERS,
    "myasp",
    ("ユーザーID", "登録日時", "メールアドレス"),
    {
        "email": ("メールアドレス",),
        "name": ("名前", "お名前", "氏名"),
        "family_name": ("名前(姓)", "お名前(姓)", "姓"),
        "given_name": ("名前(名)", "お名前(名)", "名"),
        "family_kana": ("フリガナ(姓)", "フリガナ(セイ)"),
        "given_kana": ("フリガナ(名)", "フリガナ(メイ)"),
        "birthday": ("生年月日", "誕生日"),
        "registered_at": ("登録日時", "登録日"),
        "tags": ("ラベル", "タグ"),
    },
)
# What tables of one's own are headed with: a first guess.
_OWN_ORDERS = Preset(
    "own",
    _("A table of your own"),
    Kind.ORDERS,
    "csv",
    (),
    {
        "number": ("注文番号", "注文ID", "受注番号", "伝票番号", "order number", "order", "order_number", "order_id"),
        "email": ("メールアドレス", "メール", "mail", "email", "e-mail", "Eメール"),
        "shop_id": ("会員番号", "会員ID", "顧客番号", "顧客ID", "customer_id"),
        "name": ("氏名", "お名前", "名前", "注文者", "購入者", "name"),
        "family_name": ("姓", "名字", "family_name", "last name"),
        "given_name": ("名", "given_name", "first name"),
        "kana": ("ふりがな", "フリガナ", "氏名カナ"),
        "family_kana": ("セイ", "姓カナ", "せい"),
        "given_kana": ("メイ", "名カナ", "めい"),
        "placed_at": ("注文日時", "注文日", "受注日時", "受注日", "購入日", "ordered_at", "date"),
        "paid_at": ("入金日時", "入金日", "決済日", "支払日", "paid_at"),
        "shipped_at": ("発送日", "出荷日", "shipped_at"),
        "cancelled_at": ("キャンセル日", "cancelled_at"),
        "status": ("ステータス", "状態", "注文状況", "status"),
        "payment_status": ("入金状況", "入金状態", "決済状況", "支払状況"),
        "amount": ("合計金額", "合計", "総額", "請求金額", "支払金額", "total", "amount"),
        "tax": ("消費税", "内消費税", "tax"),
        "shipping": ("送料", "配送料", "shipping"),
        "discount": ("割引", "値引き", "割引額", "discount"),
        "coupon": ("クーポン", "クーポンコード", "coupon"),
        "currency": ("通貨", "currency"),
        "refunded": ("返金額", "refunded"),
        "line_code": ("商品コード", "商品番号", "品番", "SKU", "JAN", "code", "商品ID", "商品名"),
        "line_name": ("商品名", "品名", "product"),
        "quantity": ("数量", "個数", "quantity"),
        "unit_price": ("単価", "価格", "unit_price", "price"),
        "line_amount": ("小計", "金額", "line_amount"),
        "line_tax_rate": ("税率", "消費税率", "tax_rate"),
    },
)
_OWN_CUSTOMERS = Preset(
    "own_customers",
    _("A table of your own"),
    Kind.CUSTOMERS,
    "csv",
    (),
    {
        "email": ("メールアドレス", "メール", "mail", "email", "e-mail", "Eメール"),
        "shop_id": ("会員番号", "会員ID", "顧客番号", "顧客ID", "customer_id"),
        "name": ("氏名", "お名前", "名前", "顧客名", "name"),
        "family_name": ("姓", "名字", "family_name", "last name"),
        "given_name": ("名", "given_name", "first name"),
        "kana": ("ふりがな", "フリガナ", "氏名カナ"),
        "family_kana": ("セイ", "姓カナ", "せい"),
        "given_kana": ("メイ", "名カナ", "めい"),
        "birthday": ("生年月日", "誕生日", "birthday"),
        "tags": ("タグ", "tags"),
        "consent": (
            "メルマガ",
            "メール配信",
            "メールマガジン",
            "メルマガ購読",
            "配信可否",
            "メルマガ同意",
            "メール同意",
            "同意",
        ),
        "consent_at": ("同意日", "同意日時"),
        "consent_source": ("同意元", "登録経路"),
        "registered_at": ("登録日時", "登録日", "会員登録日", "registered_at"),
        "orders": ("購入回数", "注文回数"),
    },
)

PRESETS: Mapping[str, Preset] = {
    preset.key: preset
    for preset in (
        _SHOPIFY_ORDERS,
        _BASE,
        _STORES,
        _COLORME,
        _RAKUTEN,
        _YAHOO,
        _AMAZON,
        _MYASP,
        _OWN_ORDERS,
        _SHOPIFY_CUSTOMERS,
        _MYASP_READERS,
        _OWN_CUSTOMERS,
    )
}
PAYMENT_WORDS: Mapping[str, Mapping[str, str]] = {"yahoo": _YAHOO_PAID}
"""Words of the state of the payment that only this preset's shop writes."""


def find_preset(header: Sequence[str], kind: str) -> Preset:
    """The preset that a header belongs to: all of its signature is there, and the most of its columns are."""
    heads = {_plain(name) for name in header}
    fitting = [
        preset
        for preset in PRESETS.values()
        if preset.kind == kind and all(_plain(name) in heads for name in preset.signature)
    ]
    return max(fitting, key=lambda preset: (bool(preset.signature), len(columns_of(preset, header))))


def columns_of(preset: Preset, header: Sequence[str]) -> dict[str, int]:
    """Which column each field is of, by the preset; fields without one are left out."""
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        places.setdefault(_plain(name), place)
    found = {}
    for name in FIELDS[preset.kind]:
        at = next((places[_plain(each)] for each in preset.columns.get(name, ()) if _plain(each) in places), None)
        if at is not None:
            found[name] = at
    return found


def _plain(name: str) -> str:
    return "".join(name.replace("（", "(").replace("）", ")").split()).casefold()

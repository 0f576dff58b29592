"""What cells say, whose table it is, and what the rows of an order come to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jouren.imports.errors import BadMapping, BadRow
from jouren.imports.mapping import RowReader, check_mapping
from jouren.imports.orders import tellings_of
from jouren.imports.presets import PRESETS, columns_of, find_preset
from jouren.imports.values import read_count, read_day, read_flag, read_moment, read_money, read_rate, read_status

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2025-04-01 09:30:00",
        "2025-04-01T09:30:00+09:00",
        "2025-04-01 09:30:00 +0900",
        "2025-04-01T00:30:00Z",
        "2025/4/1 9:30",
        "2025年4月1日 9時30分",
        "2025年04月01日(火) 午前9:30",
        "20250401093000",
        "令和7年4月1日 9:30",
        "R7.4.1 9:30",
        "２０２５／４／１　９：３０",
    ],
)
def test_dates_are_read_as_people_here_write_them(text: str) -> None:
    assert read_moment(text, TOKYO, NOW) == datetime(2025, 4, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["04/01/2025", "2025-13-01", "2025/2/30", "soon", "1989-12-31", "2027-01-01", "45748"])
def test_what_is_no_date_or_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(BadRow):
        read_moment(text, TOKYO, NOW)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("3,980", "JPY", 3980),
        ("¥3,980", "JPY", 3980),
        ("3980.00", "JPY", 3980),
        ("３９８０円", "JPY", 3980),
        ("9.8", "USD", 980),
    ],
)
def test_amounts_are_whole_numbers_of_the_smallest_unit(text: str, currency: str, amount: int) -> None:
    assert read_money(text, currency) == amount


@pytest.mark.parametrize("text", ["3980.5", "-3980", "free", "1e3", "=1+1", ""])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(BadRow):
        read_money(text, "JPY")


def test_a_deduction_may_be_written_as_minus() -> None:
    assert read_money("-500", "JPY", is_deduction=True) == read_money("△500", "JPY", is_deduction=True) == 500


def test_other_cells() -> None:
    assert (read_count("２"), read_count("2.0"), read_flag("希望する"), read_flag("no")) == (2, 2, True, False)
    assert read_day("昭和60年5月3日", NOW.date()).isoformat() == "1985-05-03"
    with pytest.raises(BadRow):
        read_flag("maybe")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        *[(text, 8) for text in ("8", "8%", "８％", "8.0", "0.08", "軽減", "軽減税率対象", "軽減税率 8%", "8%(軽減)")],
        *[(text, 10) for text in ("10", "10.0", "10.00%", "0.1", "0.10", "標準税率", "標準(10%)")],
        *[(text, 5) for text in ("5", "5%", "0.05", "5.00")],
        *[(text, 0) for text in ("0", "0.00", "0%", "非課税", "免税", "課税対象外", "不課税(0%)")],
    ],
)
def test_rates_of_tax_are_read_as_shops_write_them(text: str, rate: int) -> None:
    assert read_rate(text) == rate


@pytest.mark.parametrize("text", ["4", "0.8", "免税 10%", "80", "1", "軽減 10%", "軽減標準", "non", "8 10", "%", "-8"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(BadRow):
        read_rate(text)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("入金済み", "paid"),
        ("未入金", "unpaid"),
        ("キャンセル", "cancelled"),
        ("キャンセル確定待ち", ""),
        ("partially_refunded", ""),
        ("refunded", "refunded"),
        ("voided", "cancelled"),
        ("発送済み", "shipped"),
        ("unfulfilled", ""),
        ("whatever", ""),
    ],
)
def test_states_of_orders(text: str, state: str) -> None:
    assert read_status(text) == state


HEADERS = {
    "shopify": "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,"
    "Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem sku,Billing Name,Cancelled at,Refunded Amount,Id",
    "base": "注文ID,注文日時,氏(請求先),名(請求先),メールアドレス(請求先),氏(配送先),備考,商品名,"
    "バリエーション,価格,税率,数量,合計金額,送料,支払い方法,代引き手数料,発送状況,商品ID,種類ID",
    "stores": "オーダー番号,オーダー日,アイテム名,個数,小計,配送料,合計,内消費税,氏(請求先),名(請求先),メールアドレス",
    "colorme": "売上ID,受注日,購入者 顧客ID,購入者 名前,購入者 メールアドレス,送料合計,入金状態,"
    "購入商品 型番,購入商品 商品名,購入商品 販売価格(消費税込),購入商品 販売個数,購入商品 小計",
    "rakuten": "注文番号,ステータス,注文日時,発送完了報告日時,消費税合計,送料合計,請求金額,合計金額,"
    "クーポン利用総額,注文者姓,注文者名,注文者姓カナ,注文者名カナ,注文者メールアドレス,商品名,商品番号,商品管理番号,単価,個数",
    "yahoo": "OrderId,OrderTime,OrderStatus,PayStatus,PayDate,BillMailAddress,BillLastName,BillFirstName,TotalPrice,"
    "ShipCharge,LineId,ItemId,Title,UnitPrice,Quantity",
    "amazon": "order-id,order-item-id,purchase-date,payments-date,buyer-email,buyer-name,sku,product-name,"
    "quantity-purchased,currency,item-price,shipping-price,item-promotion-discount,ship-promotion-discount",
    "myasp": "注文ID,登録日時,メールアドレス,名前(姓),名前(名),商品名,金額,入金日時",
    "own": "注文番号,注文日,メール,氏名,合計金額",
}


@pytest.mark.parametrize("key", HEADERS)
def test_each_shops_table_is_recognised_and_can_be_checked_at_once(key: str) -> None:
    header = HEADERS[key].split(",")
    preset = find_preset(header, "orders")
    assert preset.key == key
    columns = columns_of(preset, header)
    check_mapping("orders", columns, len(header))
    assert header[columns["number"]] == header[0]


def test_every_preset_has_fields_that_exist() -> None:
    from jouren.imports.fields import FIELDS

    assert {name for preset in PRESETS.values() for name in preset.columns.keys() - FIELDS[preset.kind].keys()} == set()


def test_customers_of_shopify_are_no_orders() -> None:
    header = ["Customer ID", "First Name", "Last Name", "Email", "Accepts Email Marketing", "Tags", "Total Orders"]
    assert find_preset(header, "customers").key == "shopify_customers"
    assert find_preset(header, "orders").key == "own"


@pytest.mark.parametrize("lacking", ["email", "number", "placed_at", "amount"])
def test_a_choice_of_columns_by_which_nothing_is_understood_is_refused(lacking: str) -> None:
    columns = {"email": 0, "number": 1, "placed_at": 2, "amount": 3}
    del columns[lacking]
    with pytest.raises(BadMapping):
        check_mapping("orders", columns, 4)


def test_a_bad_cell_is_named_by_its_column() -> None:
    reader = RowReader("orders", "own", {"number": 0, "email": 1, "placed_at": 2}, TOKYO, NOW)
    with pytest.raises(BadRow) as refused:
        reader.read(["1", "hana@example.jp", "yesterday"])
    assert refused.value.column == 2
    assert reader.read(["=1+1", "", "2025-04-01"])["number"] == "=1+1"


def said(**more: Any) -> dict[str, Any]:
    return {"number": "1", "email": "hana@example.jp", "placed_at": 1_743_465_600, "amount": 3980, **more}


@pytest.mark.parametrize(
    ("more", "with_dates", "types"),
    [
        ({}, False, ["paid"]),
        ({}, True, ["placed"]),
        ({"payment_status": "paid"}, True, ["paid"]),
        ({"status": "unpaid"}, False, ["placed"]),
        ({"paid_at": 1_743_552_000}, True, ["placed", "paid"]),
        ({"paid_at": 1_743_465_600, "shipped_at": 1_743_552_000}, True, ["paid", "shipped"]),
        ({"status": "cancelled"}, False, ["placed", "cancelled"]),
        ({"paid_at": 1_743_465_600, "cancelled_at": 1_743_552_000}, True, ["paid", "cancelled"]),
        ({"payment_status": "refunded"}, False, ["paid", "refunded"]),
        ({"refunded": 500}, False, ["paid", "refunded"]),
    ],
)
def test_what_an_order_tells(more: dict[str, Any], with_dates: bool, types: list[str]) -> None:
    told = tellings_of([(2, said(**more))], has_payment_dates=with_dates)
    assert [each.type for each in told] == [f"order.{type}" for type in types]
    assert all(each.historical and each.identities == (("email", "hana@example.jp"),) for each in told)


def test_rows_of_one_order_are_its_lines_and_without_a_total_it_is_their_sum() -> None:
    rows: list[tuple[int, dict[str, Any]]] = [
        (
            2,
            {
                "number": "1",
                "shop_id": "7",
                "placed_at": 1_743_465_600,
                "line_code": "tea",
                "unit_price": 3980,
                "quantity": 2,
            },
        ),
        (9, {"number": "1", "shop_id": "7", "line_code": "cup", "line_amount": 1200, "line_shipping": 600}),
    ]
    (paid,) = tellings_of(rows, has_payment_dates=False)
    assert paid.payload["amount"] == 2 * 3980 + 1200 + 600
    assert [(line["code"], line["quantity"], line["amount"]) for line in paid.payload["lines"]] == [
        ("tea", 2, 7960),
        ("cup", 1, 1200),
    ]


def _line(code: str, amount: int, **more: Any) -> dict[str, Any]:
    return {"number": "1", "email": "hana@example.jp", "line_code": code, "line_amount": amount, **more}


@pytest.mark.parametrize(
    ("rates", "tax"),
    [((8, 8), {"8": "153"}), ((8, 10), {"": "153"}), ((8, None), {"": "153"}), ((None, None), {"": "153"})],
)
def test_tax_is_kept_under_the_rate_that_all_lines_have(rates: tuple[int | None, ...], tax: dict[str, str]) -> None:
    lines = [_line(f"c{at}", 1080, **({"line_tax_rate": rate} if rate else {})) for at, rate in enumerate(rates)]
    rows = [(2, {**lines[0], "placed_at": 1_743_465_600, "tax": 153}), (3, lines[1])]
    (paid,) = tellings_of(rows, has_payment_dates=False)
    assert paid.payload["tax"] == tax
    assert tuple(line.get("tax_rate") for line in paid.payload["lines"]) == rates


def test_a_promotion_on_the_postage_is_not_paid() -> None:
    header = HEADERS["amazon"].split(",")
    columns = columns_of(find_preset(header, "orders"), header)
    cells = dict.fromkeys(header, "") | {
        "order-id": "503-1",
        "purchase-date": "2025-04-01T09:30:00+09:00",
        "payments-date": "2025-04-01T09:30:00+09:00",
        "buyer-email": "hana@example.jp",
        "sku": "tea",
        "quantity-purchased": "1",
        "item-price": "3980",
        "shipping-price": "410",
        "item-promotion-discount": "-100",
        "ship-promotion-discount": "410",
    }
    said = RowReader("orders", "amazon", columns, TOKYO, NOW).read(list(cells.values()))
    (paid,) = tellings_of([(2, said)], has_payment_dates=True)
    assert (paid.payload["amount"], paid.payload["shipping"], paid.payload["discount"]) == (3880, 0, 100)


def test_an_order_known_by_an_inner_number_keeps_the_one_that_the_buyer_knows_as_its_name() -> None:
    (paid,) = tellings_of([(2, said(number="#1001", order_id="450789469"))], has_payment_dates=False)
    assert (paid.payload["order"], paid.payload["name"]) == ("450789469", "#1001")
    (paid,) = tellings_of([(2, said())], has_payment_dates=False)
    assert "name" not in paid.payload


@pytest.mark.parametrize(
    "rows",
    [
        [(2, said()), (3, said(amount=1))],
        [(2, said()), (3, said(email="taro@example.jp"))],
        [(2, {"number": "1", "placed_at": 1, "amount": 1})],
        [(2, {"number": "1", "email": "hana@example.jp", "amount": 1})],
        [(2, {"number": "1", "email": "hana@example.jp", "placed_at": 1_743_465_600})],
    ],
)
def test_an_order_that_contradicts_itself_or_lacks_something_is_none(rows: list[tuple[int, dict[str, Any]]]) -> None:
    with pytest.raises(BadRow):
        tellings_of(rows, has_payment_dates=False)

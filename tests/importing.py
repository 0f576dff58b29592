"""Files for tests of imports, and what does the jobs' work."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from jouren.core import clock
from jouren.imports.actions import check, go_on, start, upload
from jouren.imports.models import Import

ORDERS = (
    "注文番号",
    "注文日時",
    "メールアドレス",
    "姓",
    "名",
    "商品コード",
    "商品名",
    "数量",
    "単価",
    "合計金額",
    "送料",
)
CUSTOMERS = ("メールアドレス", "姓", "名", "生年月日", "タグ", "メルマガ", "同意日", "登録日")
STATEMENT = "People ticked a box for the newsletter when they registered in our old shop, 2019 to 2024."


def table(header: Sequence[str], *rows: Sequence[str], encoding: str = "utf-8", newline: str = "\r\n") -> bytes:
    """A CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator=newline).writerows([header, *rows])
    return text.getvalue().encode(encoding)


def order(number: str, day: str = "2025-04-01", who: str = "hana", code: str = "tea", amount: int = 3980) -> list[str]:
    """A row that is a whole order."""
    return [
        number,
        day,
        f"{who}@example.jp" if who else "",
        "山田",
        "花子",
        code,
        "お茶",
        "1",
        str(amount),
        str(amount),
        "",
    ]


def waiting_import(pk: int, name: str) -> Import:
    """The row of a file that waits for somebody; the file itself is gone."""
    return Import.objects.create(
        pk=pk,
        name=name,
        kind="orders",
        file="gone.csv",
        size=1,
        language="en",
        source="csv",
        preset="own",
        encoding="utf-8",
        is_encoding_sure=True,
        delimiter=",",
        header=["a", "b"],
        mapping={},
        state="uploaded",
        created_at=clock.now(),
    )


def sent_in(data: bytes, kind: str = "orders") -> Import:
    """A file as somebody has sent it in."""
    return upload(kind, "file.csv", [data])


def checked(run: Import, columns: Mapping[str, int] | None = None, statement: str = "") -> Import:
    """The import after its check."""
    check(run.pk, run.mapping if columns is None else columns, source=run.source, statement=statement)
    go_on(run.pk)
    run.refresh_from_db()
    return run


def imported(data: bytes, kind: str = "orders", statement: str = "") -> Import:
    """The import of a file, through to its end."""
    run = checked(sent_in(data, kind), statement=statement)
    start(run.pk)
    go_on(run.pk)
    run.refresh_from_db()
    return run


def problems(run: Import) -> list[tuple[int, str]]:
    """What is wrong with which line."""
    return list(run.problems.order_by("line", "id").values_list("line", "reason"))

"""How fast a file of orders is imported: read, put together, told, each order durable; and how much memory it takes.

The file is Shift_JIS with Japanese headers; each row is an order (``--rows-of-order``: so many rows are), and there are
a third as many buyers as orders.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.environment import database_seconds, migrate, own_seconds, report, resident_mib, set_up

_HEADER = "注文番号,注文日時,メールアドレス,姓,名,商品コード,商品名,数量,単価,合計金額,送料"


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks imports", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rows-of-order", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    set_up()
    migrate()
    measure(options.rows, options.rows_of_order, as_json=options.json)
    return 0


def measure(rows: int, rows_of_order: int, *, as_json: bool) -> None:
    """Check and import a file of so many rows, and report both."""
    from jouren.imports.actions import upload

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        _write(path, rows, rows_of_order)
        params = {"rows": rows, "orders": rows // rows_of_order, "mb": path.stat().st_size // 1_000_000}
        with path.open("rb") as file:
            run = upload("orders", path.name, iter(lambda: file.read(1 << 16), b""))
        _work(run.pk, "check_orders", params, as_json=as_json)
        _work(run.pk, "import_orders", params, as_json=as_json)


def _work(import_id: int, name: str, params: dict[str, int], *, as_json: bool) -> None:
    """Do what the job does, chunk by chunk, and look at the memory meanwhile."""
    from jouren.imports.actions import _without_sweeping, check, start
    from jouren.imports.models import Import, ImportState
    from jouren.imports.working import Worker

    run = Import.objects.get(pk=import_id)
    if name == "check_orders":
        check(import_id, run.mapping, source=f"bench{time.time_ns()}")
    else:
        start(import_id)
    before, own, database = time.perf_counter(), own_seconds(), database_seconds()
    worker, most, steps, at_first = Worker(import_id), 0.0, 0, 0.0
    with _without_sweeping() as sweep:
        while worker.step():
            sweep()
            steps += 1
            if steps % 20 == 0:
                most = max(most, resident_mib())
                at_first = at_first or most
    seconds = time.perf_counter() - before
    run.refresh_from_db()
    wanted = ImportState.CHECKED if name == "check_orders" else ImportState.DONE
    if run.state != wanted or run.bad_rows or run.orders != params["orders"]:
        raise RuntimeError(f"{name}: {run.state}, {run.bad_rows} bad rows, {run.orders} orders. {run.error}")
    report(
        as_json,
        name,
        params,
        rows_per_second=(params["rows"] / seconds, "1/s"),
        seconds=(seconds, "s"),
        memory=(most, "MiB"),
        memory_growth=(most - at_first, "MiB"),
        own_processor=((own_seconds() - own) / seconds * 100, "%"),
        database_processor=((database_seconds() - database) / seconds * 100, "%"),
    )


def _write(path: Path, rows: int, rows_of_order: int) -> None:
    with path.open("w", encoding="cp932", newline="") as file:
        file.write(_HEADER + "\r\n")
        file.writelines(_rows(rows, rows_of_order))


def _rows(rows: int, rows_of_order: int) -> Iterator[str]:
    orders = rows // rows_of_order
    first = datetime(2021, 1, 1)  # noqa: DTZ001 — as shops write it, without a zone
    people = max(orders // 3, 1)
    for place in range(rows):
        order, line = divmod(place, rows_of_order)
        at = first + timedelta(minutes=order)
        who = order * 7919 % people
        total = 3980 * rows_of_order + 600
        yield (
            f"A-{order:08},{at:%Y/%m/%d %H:%M:%S},kokyaku{who}@example.jp,山田,花子{who},"
            f'tea-{line % 9},"有機ほうじ茶 {line % 9}号、100g",1,"3,980",{total},600\r\n'
        )

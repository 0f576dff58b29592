"""Money is whole numbers of the smallest unit: in the code that handles it there is nothing that makes it another."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOMS = Path(__file__).parents[2] / "jouren"
ABOUT_MONEY = (
    "catalog",
    "orders",
    "core/money.py",
    "imports/orders.py",
    "imports/values.py",
    "connectors/reading.py",
    "connectors/segment",
    "connectors/shopify",
    "connectors/signed",
    "connectors/stripe",
)
INEXACT = re.compile(r"\b(float\d?|double precision|real)\b", re.IGNORECASE)


def inexact_in(source: str) -> Iterator[str]:
    """What in a piece of Python makes or takes a float."""
    for node in ast.walk(ast.parse(source)):
        is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
        is_name = isinstance(node, ast.Name) and node.id == "float"
        if is_float or is_name or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
            yield f"{node.lineno}: {ast.unparse(node)}"


def files(pattern: str) -> list[Path]:
    """Those of the rooms about money."""
    rooms = [ROOMS / room for room in ABOUT_MONEY]
    assert all(room.exists() for room in rooms)
    inside = [file for path in rooms for file in ([path] if path.is_file() else sorted(path.rglob(pattern)))]
    return [file for file in inside if file.match(pattern) and "migrations" not in file.parts]


def test_no_code_about_money_has_a_float_or_divides_into_one() -> None:
    looked_at = files("*.py")
    assert len(looked_at) > 50
    found = [f"{path}:{what}" for path in looked_at for what in inexact_in(path.read_text("utf-8"))]
    assert not found, "\n".join(found)


def test_no_sql_about_money_has_a_float() -> None:
    looked_at = files("*.sql")
    assert len(looked_at) > 3
    found = [str(path) for path in looked_at if INEXACT.search(path.read_text("utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("source", ["x = 0.1", "x = float(y)", "x = amount / 2", "def f(a: float): pass"])
def test_what_would_be_inexact_is_found(source: str) -> None:
    assert list(inexact_in(source))

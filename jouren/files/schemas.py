"""The JSON Schemas of the files, for editors that complete and check them."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import override

from jouren.files.kinds import KINDS


def schemas() -> dict[str, dict[str, Any]]:
    """The schemas by folder, in English. They hold nothing of the shop's own."""
    with override("en"):
        return {kind.folder: spoken(kind.schema()) for kind in KINDS}


def schema_text(folder: str) -> str:
    """One of them as it is published. Raises KeyError."""
    return json.dumps(schemas()[folder], ensure_ascii=False, indent=1) + "\n"


def spoken(part: Any) -> Any:
    """Texts that wait for a language are said now."""
    if isinstance(part, dict):
        return {str(key): spoken(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [spoken(each) for each in part]
    return part if part is None or isinstance(part, bool | int | float) else str(part)

"""Places in a text that the shop has still to fill in: ``【記入：商品名】`` or ``【fill in: product name】``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_PLACE = re.compile(r"【\s*(?:記入|fill in)\s*[:：]\s*([^【】]+?)\s*】", re.IGNORECASE)


def placeholders_in(value: Any) -> list[str]:
    """What is still to be filled in, each once, in order. ``value``: texts, and lists and mappings of them."""
    return list(dict.fromkeys(name for text in _texts(value) for name in _PLACE.findall(text)))


def fill(text: str, texts: Mapping[str, str], written: Callable[[str], str] = str) -> str:
    """A text with what was filled in; places of which nothing is known stay. ``written`` says how one stands there."""
    return _PLACE.sub(lambda found: written(known) if (known := texts.get(found[1])) else found[0], text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)

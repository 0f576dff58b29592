"""Dataclasses as plain data, such as JSON holds, and back by what their fields are annotated with. Pure."""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Numbers, texts, flags, None, lists, and dicts of dataclasses. Mappings become lists of pairs: keys keep types."""
    if is_dataclass(value):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return [[to_plain(key), to_plain(each)] for key, each in value.items()]
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if isinstance(value, Collection) and not isinstance(value, str):
        return [to_plain(each) for each in value]
    return value


def from_plain(kind: type[T], plain: Any) -> T:
    """What was made plain. Raises KeyError, TypeError or ValueError for what has another shape."""
    made: T = _made(kind, plain)
    return made


def _made(kind: Any, plain: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return None if plain is None else _made(next(each for each in inner if each is not type(None)), plain)
    if origin is not None and issubclass(origin, Mapping):
        pairs = {_made(inner[0], key): _made(inner[-1] if len(inner) > 1 else int, each) for key, each in plain}
        return pairs if origin is Mapping else origin(pairs)
    if origin is not None and issubclass(origin, Collection):
        return [_made(inner[0], each) for each in plain]
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{each.name: _made(hints[each.name], plain[each.name]) for each in fields(kind)})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, tuple):
        return kind(*(_made(hint, each) for hint, each in zip(get_type_hints(kind).values(), plain, strict=True)))
    if isinstance(kind, type) and issubclass(kind, date):
        return kind.fromisoformat(plain)
    return plain

"""Lists of values that editors offer: stages, topics, messages, … Rooms register what they own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jouren.conditions.registry import Text

Choice = tuple[str | int, Text]
"""A value as a condition holds it, and its name."""


@dataclass(frozen=True)
class Choices:
    """``lister()`` is asked whenever an editor opens or a condition is told. ``is_open``: other values may be typed."""

    lister: Callable[[], Sequence[Choice]]
    is_open: bool = False

    def listed(self) -> list[tuple[str | int, str]]:
        """The values with their names."""
        return [(value, str(label)) for value, label in self.lister()]


_NOTHING = Choices(tuple, is_open=True)
_lists: dict[str, Choices] = {}


def register_choices(name: str, lister: Callable[[], Sequence[Choice]], *, is_open: bool = False) -> None:
    """Make a list known by its name."""
    _lists[name] = Choices(lister, is_open)


def choices(name: str) -> Choices:
    """The list of that name; an open one without values where nobody registered it."""
    return _lists.get(name, _NOTHING)


def choice_label(name: str, value: object) -> str:
    """The name of one value; a value that is not in the list stands for itself."""
    return next((label for known, label in choices(name).listed() if known == value), str(value))

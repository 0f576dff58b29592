"""Gifts in messages: what the room that keeps them tells of them. A button's link leads to the reader's own.

As with surveys, a version keeps the link with a dash in the reader's place, and the click puts their token in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from jouren.messaging.surveys import NO_READER


class Shown(NamedTuple):
    """What a message shows of a gift: its name, and for how many days the link is good."""

    name: str
    days: int


Lister = Callable[[], Sequence[tuple[str, str]]]
Show = Callable[[int], Shown | None]
_lister: Lister | None = None
_show: Show | None = None


def register_gifts(lister: Lister, show: Show) -> None:
    """Tell which gifts an editor offers, as (form's id, name), and what a message shows of one; None: it is gone."""
    global _lister, _show
    _lister, _show = lister, show


def choices() -> list[tuple[str, str]]:
    """The gifts that an editor offers."""
    return list(_lister()) if _lister is not None else []


def shown(form_id: int) -> Shown | None:
    """What a message shows of the gift of a form; None where there is none."""
    return _show(form_id) if _show is not None else None


def gift_path(form_id: int, token: str = NO_READER) -> str:
    """The address of a reader's gift; without a token it is nobody's."""
    return f"/gift/{token}/{form_id}"

"""Customers' voices in messages: what the room that keeps them shows, looked up when a message goes.

So what somebody withdrew is in no later mail. A compiled body says what its blocks want (``voices``), and what its
blocks that ask for words promise in return (``voice_asks``, by product); a template goes through ``voices.v<place>``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import override

from jouren.messaging.surveys import NO_READER

PATH = "/voice/"
NOTHING = "nothing"
FIELDS = ("text", "name", "about", "mark", "product")


class Wanted(NamedTuple):
    """``chosen``: these voices, by id; empty: the newest, of a product or (0) of all. ``most``: so many at most."""

    product: int
    most: int
    chosen: tuple[int, ...] = ()


Told = dict[str, list[dict[str, Any]]]
Lister = Callable[[], Sequence[tuple[str, str]]]
Show = Callable[[Wanted], Sequence[dict[str, Any]]]
_products: Lister | None = None
_voices: Lister | None = None
_givens: Lister | None = None
_show: Show | None = None


def register_voices(products: Lister, voices: Lister, givens: Lister, show: Show) -> None:
    """Tell what an editor offers (products, voices, what is given in return) and what is shown of what is wanted."""
    global _products, _voices, _givens, _show
    _products, _voices, _givens, _show = products, voices, givens, show


def product_choices() -> list[tuple[str, str]]:
    """The products of which an editor offers to show voices."""
    return list(_products()) if _products is not None else []


def voice_choices() -> list[tuple[str, str]]:
    """The voices that an editor offers to choose by hand."""
    return list(_voices()) if _voices is not None else []


def given_choices() -> list[tuple[str, str]]:
    """What can be given for words."""
    return list(_givens()) if _givens is not None else [(NOTHING, NOTHING)]


def template_name(place: int) -> str:
    """What templates call the voices of a block."""
    return f"voices.v{place}"


def voice_variables(body: Mapping[str, Any]) -> set[str]:
    """The variables that the templates of a compiled body may ask for."""
    return {template_name(place) for place in range(len(body.get("voices", ())))}


def voices_told(body: Mapping[str, Any]) -> Told:
    """What is shown now where a compiled body wants voices, in its language."""
    told: Told = {}
    for place, each in enumerate(body.get("voices", ())):
        with override(each["language"]):
            wanted = Wanted(each["product"], each["most"], tuple(each["chosen"]))
            told[f"v{place}"] = list(_show(wanted)) if _show is not None else []
    return told


def sample_voices(body: Mapping[str, Any]) -> Told:
    """One voice with everything in each place, to try templates with."""
    voice = {**dict.fromkeys(FIELDS, "…"), "lines": ["…"]}
    return {f"v{place}": [voice] for place in range(len(body.get("voices", ())))}


def no_voices(body: Mapping[str, Any]) -> Told:
    """Nothing in any place."""
    return {f"v{place}": [] for place in range(len(body.get("voices", ())))}


def ask_path(product: int, token: str = NO_READER) -> str:
    """The address of a reader's page for their words about a product (0: about the shop); without a token nobody's."""
    return f"{PATH}{token}/{product}"

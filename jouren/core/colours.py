"""Colours that can be read: contrast as WCAG 2.2 defines it, and what to do with a colour that has too little.

A colour is three integers from 0 to 255 (sRGB). All functions are pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
# WCAG 2.2, 1.4.3 (text) and 1.4.11 (the edges of what can be pressed), level AA.
TEXT_CONTRAST = 4.5
EDGE_CONTRAST = 3.0

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_STEPS = 64


def parse_colour(text: str) -> Colour | None:
    """``#rrggbb`` as a colour; None for anything else."""
    if not _HEX.fullmatch(text):
        return None
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def as_hex(colour: Colour) -> str:
    """A colour as ``#rrggbb``, and never anything else."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 for black to 1 for white (WCAG 2.2, "relative luminance")."""
    red, green, blue = map(_linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mix(colour: Colour, other: Colour, part: float) -> Colour:
    """``colour`` with ``part`` (0 to 1) of ``other`` in it."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def text_on(ground: Colour) -> Colour:
    """White where it can be read on the ground, else black. One of the two always can: the worse of them has 4.58."""
    return WHITE if contrast(ground, WHITE) >= TEXT_CONTRAST else BLACK


def readable(colour: Colour, grounds: Iterable[Colour], towards: Colour, ratio: float = TEXT_CONTRAST) -> Colour:
    """The colour with as little of ``towards`` (black or white) as it takes to stand out from all grounds.

    Where not even ``towards`` alone has that contrast, it is given all the same: nothing stands out more.
    """
    known = tuple(grounds)
    for step in range(_STEPS + 1):
        mixed = mix(colour, towards, step / _STEPS)
        if all(contrast(mixed, ground) >= ratio for ground in known):
            return mixed
    return towards


def _linear(channel: int) -> float:
    value = channel / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

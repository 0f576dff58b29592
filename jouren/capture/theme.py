"""The shop's colour on its public pages: one colour in, a few out, each of which can be read where it stands.

Pure, and a stylesheet depends on nothing but the colour and ``VERSION``: its address names both, so that browsers may
keep it for good.
"""

from __future__ import annotations

from dataclasses import dataclass

from jouren.core.colours import (
    BLACK,
    EDGE_CONTRAST,
    TEXT_CONTRAST,
    WHITE,
    Colour,
    as_hex,
    contrast,
    mix,
    parse_colour,
    readable,
    text_on,
)

# Raise it when the same colour gives another stylesheet.
VERSION = 1
# What a shop without a colour has; public.css holds what it gives.
DEFAULT_COLOUR = "#1f6f54"


@dataclass(frozen=True)
class Theme:
    """Day or night: the grounds that public.css paints, and which way a colour goes to stand out from them."""

    paper: Colour
    card: Colour
    towards: Colour
    tint: float
    # A bright screen in the dark: what only just can be read by day tires there.
    link_contrast: float


DAY = Theme(paper=(0xFB, 0xF9, 0xF4), card=WHITE, towards=BLACK, tint=0.08, link_contrast=TEXT_CONTRAST)
NIGHT = Theme(paper=(0x17, 0x16, 0x14), card=(0x1F, 0x1E, 0x1B), towards=WHITE, tint=0.12, link_contrast=7.0)


def palette(colour: Colour, theme: Theme) -> dict[str, Colour]:
    """The variables of public.css that follow the shop's colour.

    By day a button has the colour as it is, with white or black on it; where it would melt into the page it gets an
    edge. By night a dark one is lightened instead. Links, marks and outlines take a darker shade by day and a lighter
    one by night, as far as reading asks.
    """
    tint = mix(theme.card, readable(colour, [theme.card], theme.towards), theme.tint)
    grounds = (theme.paper, theme.card, tint)
    accent = readable(colour, grounds, theme.towards, theme.link_contrast)
    button = colour if theme is DAY else readable(colour, grounds, theme.towards, EDGE_CONTRAST)
    on_button = text_on(button)
    stands_out = all(contrast(button, ground) >= EDGE_CONTRAST for ground in grounds)
    return {
        "accent": accent,
        "accent-deep": mix(accent, theme.towards, 0.25),
        "tint": tint,
        "button": button,
        # Away from the text on it, so that it never gets harder to read.
        "button-hover": mix(button, BLACK if on_button == WHITE else WHITE, 0.16),
        "button-edge": button if stands_out else accent,
        "on-button": on_button,
    }


def stylesheet(text: str) -> str:
    """CSS that puts a shop's colour (``#rrggbb``) over public.css. Empty for what is no colour."""
    colour = parse_colour(text)
    if colour is None:
        return ""
    day, night = (_variables(palette(colour, theme)) for theme in (DAY, NIGHT))
    return f":root {{ {day} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {night} }} }}\n"


def theme_name(text: str) -> str:
    """What the address of a colour's stylesheet says: ``1-1f6f54``. Empty for no colour, and for the default one."""
    colour = parse_colour(text)
    return "" if colour is None or as_hex(colour) == DEFAULT_COLOUR else f"{VERSION}-{as_hex(colour)[1:]}"


def _variables(colours: dict[str, Colour]) -> str:
    return " ".join(f"--{name}: {as_hex(colour)};" for name, colour in colours.items())

"""How the demo shop's messages are written down."""

from __future__ import annotations

from typing import Any, NamedTuple

Block = tuple[str, Any]
SITE = "https://tsukishiro.example"


class Letter(NamedTuple):
    """One message of the demo shop."""

    name: str
    kind: str
    stage: int
    subject: str
    preheader: str
    blocks: list[Block]
    wall: str = ""
    doubt: str = ""


def text(*paragraphs: str) -> Block:
    """Paragraphs."""
    return "text", "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def button(label: str, path: str) -> Block:
    """A way to a page of the shop."""
    return "button", {"text": label, "url": f"{SITE}/{path}"}


# Stand for what has its number only once it is made.
OFFER: Block = ("offer", None)
GIFT: Block = ("gift", None)
SURVEY: Block = ("survey", None)
VOICES: Block = ("voices", None)
VOICE_ASK: Block = ("voice_ask", None)

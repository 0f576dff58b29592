"""The texts that Wagtail lends to Jouren's screens, and which of them its Japanese catalogue lacks.

Wagtail ships all of its texts as an English catalogue with each of its packages; that of another language has what was
translated in time. What is missing there would be English amid Japanese.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import wagtail
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

# Parts that are installed with Wagtail but not among Jouren's apps.
_UNUSED = frozenset(
    f"contrib/{name}"
    for name in (
        "redirects",
        "search_promotions",
        "simple_translation",
        "styleguide",
        "table_block",
        "typed_table_block",
    )
) | {"locales"}


def read_lent(domain: str) -> tuple[Catalog, set[tuple[str | None, str]]]:
    """Wagtail's texts of a domain (``django``, ``djangojs``), and the keys of those that have no Japanese."""
    texts = Catalog(locale="ja", project="Wagtail", charset="utf-8")
    lacking: set[tuple[str | None, str]] = set()
    translated: set[tuple[str | None, str]] = set()
    for folder in _locale_folders():
        english = folder / "en/LC_MESSAGES" / f"{domain}.po"
        if not english.exists():
            continue
        known = _translated(folder / "ja/LC_MESSAGES" / f"{domain}.mo")
        translated |= known
        for message in _messages(english):
            texts.add(message.id, flags=message.flags, context=message.context)
            if key_of(message) not in known:
                lacking.add(key_of(message))
    # All catalogues become one: what another package has translated is no gap.
    return texts, lacking - translated


def key_of(message: Message) -> tuple[str | None, str]:
    """What tells a text from others: its context and its (singular) English."""
    context = message.context.decode() if isinstance(message.context, bytes) else message.context
    return context, message.id[0] if isinstance(message.id, tuple | list) else message.id


def _locale_folders() -> list[Path]:
    package = Path(wagtail.__file__).parent
    folders = sorted(package.rglob("locale"))
    return [folder for folder in folders if str(folder.parent.relative_to(package)) not in _UNUSED]


def _messages(path: Path) -> Iterator[Message]:
    with path.open("rb") as file:
        yield from (message for message in read_po(file) if message.id)


def _translated(path: Path) -> set[tuple[str | None, str]]:
    if not path.exists():
        return set()
    with path.open("rb") as file:
        found = [message for message in read_mo(file) if message.id]
    return {key_of(message) for message in found if all(_forms(message))}


def _forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)

"""Keeps the Japanese catalogue whole: ``translations.py check`` and ``translations.py update``.

``check`` fails when a text of the sources has no translation, when one is marked as doubtful (fuzzy), when its
placeholders differ from the source's, or when the compiled catalogue is not what the .po file says. ``update`` adds
the sources' new texts to the .po file, drops those that are gone, and compiles. No GNU gettext is needed.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "jouren"
PO = PACKAGE / "locale" / "ja" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")

_KEYWORDS = {
    **DEFAULT_KEYWORDS,
    **{f"{name}_lazy": DEFAULT_KEYWORDS[name] for name in ("gettext", "ngettext", "pgettext", "npgettext")},
    "gettext_noop": None,
}
_STRING = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
_CALL = re.compile(rf"\b(?:_|gettext|ngettext|pgettext|npgettext)\((?:[^()\"']|{_STRING})*\)")
_PLACE = re.compile(r"%\((\w+)\)|\{(\w*)\}")
_CATALOGUE_WIDTH = 110
_HEAD = "# The Japanese of Jouren. 'make messages' brings this file in line with the sources."


def read_sources() -> Catalog:
    """All texts of the sources that are marked for translation, as an untranslated catalogue."""
    catalog = Catalog(locale="ja", project="Jouren", charset="utf-8")
    files = [path for kind in ("*.py", "*.html", "*.txt") for path in sorted(PACKAGE.rglob(kind))]
    for path in files:
        text = path.read_text(encoding="utf-8")
        code = text if path.suffix == ".py" else _calls_of_template(text, str(path))
        for line, message, comments, context in extract(
            "python", io.BytesIO(code.encode()), _KEYWORDS, ("Translators:",), {"encoding": "utf-8"}
        ):
            place = (str(path.relative_to(ROOT)), line)
            catalog.add(message, locations=[place], auto_comments=comments, context=context)
    return catalog


def _calls_of_template(text: str, origin: str) -> str:
    """A template's translatable texts as Python calls, each on the line where it stands."""
    lines = templatize(text, origin=origin).split("\n") if "{%" in text or "{{" in text else []
    joined = "\n".join(lines)
    calls: dict[int, list[str]] = {}
    for found in _CALL.finditer(joined):
        calls.setdefault(joined.count("\n", 0, found.start()), []).append(found.group())
    return "\n".join("; ".join(calls.get(number, [])) for number in range(len(lines)))


def read_catalogue() -> Catalog:
    """The .po file as it is."""
    with PO.open("rb") as file:
        return read_po(file, locale="ja")


def find_faults(sources: Catalog, catalogue: Catalog) -> Iterator[str]:
    """What keeps the catalogue from being whole, a line each."""
    for wanted in _entries(sources):
        entry = catalogue.get(wanted.id, wanted.context)
        name = f"{wanted.locations[0][0]}: {_singular(wanted)!r}"
        if entry is None:
            yield f"{name} is not in the catalogue"
        elif not all(entry.string if isinstance(entry.string, tuple) else (entry.string,)):
            yield f"{name} has no translation"
        elif entry.fuzzy:
            yield f"{name} is marked fuzzy"
        elif _places(entry.string) != _places(entry.id):
            yield f"{name}: the placeholders of the translation are not those of the source"
    if not MO.exists():
        yield f"{MO.relative_to(ROOT)} is missing"
    elif _texts(_compiled()) != _texts(catalogue):
        yield f"{MO.relative_to(ROOT)} is not what the .po file says"


def update() -> None:
    """Bring the .po file in line with the sources, and compile it."""
    old = read_catalogue() if PO.exists() else Catalog(locale="ja")
    catalogue = Catalog(
        locale="ja",
        header_comment=_HEAD,
        project="Jouren",
        version="1",
        msgid_bugs_address="-",
        last_translator="Jouren",
        language_team="Jouren",
        charset="utf-8",
        fuzzy=False,
        creation_date=old.creation_date,  # kept: a run without new texts leaves the file as it is
        revision_date=old.creation_date,
    )
    for message in _entries(read_sources()):
        known = old.get(message.id, message.context)
        string = known.string if known is not None else None
        catalogue.add(
            message.id, string, message.locations, message.flags, message.auto_comments, context=message.context
        )
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalogue, width=_CATALOGUE_WIDTH, omit_header=False, sort_by_file=True, include_lineno=False)
    with MO.open("wb") as file:
        write_mo(file, catalogue)


def _compiled() -> Catalog:
    with MO.open("rb") as file:
        return read_mo(file)


def _entries(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _texts(catalogue: Catalog) -> dict[object, object]:
    # A compiled catalogue gives contexts as bytes and plurals as lists.
    texts: dict[object, object] = {}
    for message in _entries(catalogue):
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        context = message.context.decode() if isinstance(message.context, bytes) else message.context
        if not message.fuzzy and all(strings):
            texts[context, _singular(message)] = strings
    return texts


def _singular(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def _places(text: str | tuple[str, ...] | list[str]) -> set[str]:
    parts = [text] if isinstance(text, str) else list(text)
    return {name for part in parts for pair in _PLACE.findall(part) for name in pair if name}


def main() -> None:
    # The template lexer asks for settings; none of them matters here.
    settings.configure()
    django.setup()
    match sys.argv[1:]:
        case ["update"]:
            update()
        case ["check"]:
            faults = list(find_faults(read_sources(), read_catalogue())) if PO.exists() else [f"{PO} is missing"]
            for fault in faults:
                print(fault)
            if faults:
                sys.exit(f"{len(faults)} faults. 'make messages' updates the catalogue; then fill in {PO.name}.")
        case _:
            sys.exit("usage: translations.py check|update")


if __name__ == "__main__":
    main()

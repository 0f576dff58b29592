"""Keeps the Japanese catalogues whole: ``translations.py check`` and ``translations.py update``.

There are two: that of Jouren's own texts (``jouren/locale``), and that of Wagtail's texts which Wagtail's catalogue
lacks or says badly (``jouren/backoffice/locale``).

``check`` fails when a text has no translation, when one is marked as doubtful (fuzzy), when its placeholders or markup
differ from the source's, or when the compiled catalogue is not what the .po file says. ``update`` adds new texts to the
.po files, drops those that are gone, and compiles. No GNU gettext is needed.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

# Run as a script, this file's folder is where imports are looked for.
from lent_texts import key_of, read_lent

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "jouren"

_KEYWORDS = {
    **DEFAULT_KEYWORDS,
    **{f"{name}_lazy": DEFAULT_KEYWORDS[name] for name in ("gettext", "ngettext", "pgettext", "npgettext")},
    "gettext_noop": None,
}
_STRING = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
_CALL = re.compile(rf"\b(?:_|gettext|ngettext|pgettext|npgettext)\((?:[^()\"']|{_STRING})*\)")
_PLACE = re.compile(r"%\((\w+)\)|\{(\w*)\}")
_TAG = re.compile(r"<[a-z/][^>]*>")
_CATALOGUE_WIDTH = 110
# Templates of Wagtail's that we had to copy: their texts are Wagtail's, and in its catalogue.
_COPIES = ("templates/wagtailadmin/shared/", "templates/wagtailusers/")


@dataclass(frozen=True)
class Book:
    """One catalogue's files. ``head`` is the comment at their top."""

    folder: Path
    domain: str
    head: str

    @property
    def po(self) -> Path:
        """What people edit."""
        return self.folder / "ja/LC_MESSAGES" / f"{self.domain}.po"

    @property
    def mo(self) -> Path:
        """What Django reads."""
        return self.po.with_suffix(".mo")

    def read(self) -> Catalog:
        """The .po file as it is."""
        if not self.po.exists():
            return Catalog(locale="ja")
        with self.po.open("rb") as file:
            return read_po(file, locale="ja")

    def compiled(self) -> Catalog:
        """What the .mo file holds."""
        with self.mo.open("rb") as file:
            return read_mo(file)

    def write(self, catalogue: Catalog) -> None:
        """Both files."""
        self.po.parent.mkdir(parents=True, exist_ok=True)
        with self.po.open("wb") as file:
            write_po(file, catalogue, width=_CATALOGUE_WIDTH, sort_by_file=True, include_lineno=False)
        with self.mo.open("wb") as file:
            write_mo(file, catalogue)


OWN = Book(
    PACKAGE / "locale", "django", "# The Japanese of Jouren. 'make messages' brings this file in line with the sources."
)
_LENT_HEAD = (
    "# The Japanese of Wagtail's texts where its own catalogue has none, or none that a shop understands.\n"
    "# 'make messages' adds what a new version of Wagtail lacks; an entry of yours wins over Wagtail's."
)
LENT = [Book(PACKAGE / "backoffice/locale", domain, _LENT_HEAD) for domain in ("django", "djangojs")]


def read_sources() -> Catalog:
    """All texts of the sources that are marked for translation, as an untranslated catalogue."""
    catalog = Catalog(locale="ja", project="Jouren", charset="utf-8")
    files = [path for kind in ("*.py", "*.html", "*.txt") for path in sorted(PACKAGE.rglob(kind))]
    for path in files:
        if any(folder in str(path) for folder in _COPIES):
            continue
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


def read_gaps(book: Book) -> Catalog:
    """What a catalogue of lent texts has to hold: those that lack Japanese, and those it says better than Wagtail."""
    texts, lacking = read_lent(book.domain)
    held = {key_of(message) for message in _entries(book.read())}
    gaps = Catalog(locale="ja", project="Wagtail", charset="utf-8")
    for message in _entries(texts):
        if key_of(message) in lacking | held:
            gaps.add(message.id, flags=message.flags, context=message.context)
    return gaps


def find_faults(book: Book, wanted: Catalog) -> Iterator[str]:
    """What keeps a catalogue from being whole, a line each."""
    catalogue = book.read()
    for message in _entries(wanted):
        entry = catalogue.get(message.id, message.context)
        name = f"{message.locations[0][0] if message.locations else 'wagtail'}: {key_of(message)[1]!r}"
        if entry is None:
            yield f"{name} is not in the catalogue"
        elif not all(entry.string if isinstance(entry.string, tuple) else (entry.string,)):
            yield f"{name} has no translation"
        elif entry.fuzzy:
            yield f"{name} is marked fuzzy"
        elif _places(entry.string) != _places(entry.id):
            yield f"{name}: the placeholders of the translation are not those of the source"
        elif not _tags(entry.string) <= _tags(entry.id):
            yield f"{name}: the translation has markup that the source has not"
    for entry in _entries(catalogue):
        if wanted.get(entry.id, entry.context) is None:
            yield f"{key_of(entry)[1]!r} is asked for by nobody"
    if not book.mo.exists():
        yield f"{book.mo.relative_to(ROOT)} is missing"
    elif _texts(book.compiled()) != _texts(catalogue):
        yield f"{book.mo.relative_to(ROOT)} is not what the .po file says"


def update(book: Book, wanted: Catalog) -> None:
    """Bring a .po file in line with what is wanted, and compile it."""
    old = book.read()
    catalogue = Catalog(
        locale="ja",
        header_comment=book.head,
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
    for message in _entries(wanted):
        known = old.get(message.id, message.context)
        string = known.string if known is not None else None
        catalogue.add(
            message.id, string, message.locations, message.flags, message.auto_comments, context=message.context
        )
    book.write(catalogue)


def _entries(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _texts(catalogue: Catalog) -> dict[object, object]:
    # A compiled catalogue gives contexts as bytes and plurals as lists.
    texts: dict[object, object] = {}
    for message in _entries(catalogue):
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        if not message.fuzzy and all(strings):
            texts[key_of(message)] = strings
    return texts


def _places(text: str | tuple[str, ...] | list[str]) -> set[str]:
    parts = [text] if isinstance(text, str) else list(text)
    return {name for part in parts for pair in _PLACE.findall(part) for name in pair if name}


def _tags(text: str | tuple[str, ...] | list[str]) -> set[str]:
    parts = [text] if isinstance(text, str) else list(text)
    return {re.sub(r"\s+", " ", tag) for part in parts for tag in _TAG.findall(part)}


def main() -> None:
    # The template lexer asks for settings; none of them matters here.
    settings.configure()
    django.setup()
    books = [(OWN, read_sources()), *((book, read_gaps(book)) for book in LENT)]
    match sys.argv[1:]:
        case ["update"]:
            for book, wanted in books:
                update(book, wanted)
        case ["check"]:
            faults = [fault for book, wanted in books for fault in find_faults(book, wanted)]
            for fault in faults:
                print(fault)
            if faults:
                sys.exit(f"{len(faults)} faults. 'make messages' updates the catalogues; then fill in the .po files.")
        case _:
            sys.exit("usage: translations.py check|update")


if __name__ == "__main__":
    main()

"""Pure rules of voices: shortening, and the name under which somebody's words are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jouren.contacts.policies import clean_text, display_name, is_japanese, to_katakana
from jouren.content.voices.vocabulary import NameForm

CUT = "…"
FEWEST_CHARACTERS, MOST_CHARACTERS, MOST_OF_NAME = 10, 1_000, 40

_ROWS = {
    "K": "カキクケコ",
    "G": "ガギグゲゴ",
    "S": "サシスセソ",
    "Z": "ザズゼゾ",
    "J": "ジ",
    "T": "タテトツ",
    "C": "チ",
    "D": "ダヂヅデド",
    "N": "ナニヌネノン",
    "H": "ハヒヘホ",
    "F": "フ",
    "B": "バビブベボ",
    "P": "パピプペポ",
    "M": "マミムメモ",
    "Y": "ヤユヨ",
    "R": "ラリルレロ",
    "W": "ワヲ",
    "V": "ヴ",
    "A": "ア",
    "I": "イヰ",
    "U": "ウ",
    "E": "エヱ",
    "O": "オ",
}
_LETTERS = {kana: letter for letter, row in _ROWS.items() for kana in row}
_HONORED = ("さん", "様", "さま", "ちゃん", "くん", "君", "先生", "氏")


def clean_words(text: str) -> str:
    """A voice's text fit to keep: clean lines, at most one empty one in a row."""
    lines = [clean_text(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept).strip("\n")


@dataclass(frozen=True)
class Passage:
    """A piece of an original, shown or left out."""

    text: str
    is_shown: bool


def passages(original: str, shown: str) -> list[Passage] | None:
    """What of an original is shown and what is left out, where ``shown`` only leaves out passages, each by one “…”.

    None where it says anything else, says it in another order, or shows nothing. A “…” of the person's own may stay.
    """
    pieces = shown.split(CUT)
    if not any(piece.strip() for piece in pieces):
        return None
    found: list[tuple[int, int]] = []
    at = 0
    for number, piece in enumerate(pieces):
        if number == 0:
            start = 0 if original.startswith(piece) else -1
        elif number == len(pieces) - 1:
            start = len(original) - len(piece) if original.endswith(piece) else -1
            if number and start < at:
                start = -1
        else:
            start = original.find(piece, at)
        if start < 0:
            return None
        found.append((start, start + len(piece)))
        at = start + len(piece)
    if len(pieces) == 1 and found[0][1] != len(original):
        return None
    return list(_passages(original, found))


def _passages(original: str, found: list[tuple[int, int]]) -> Iterable[Passage]:
    at = 0
    for start, end in found:
        if start > at:
            # The person's own “…” was taken for a cut of itself: nothing is left out.
            yield Passage(original[at:start], original[at:start] == CUT)
        if end > start:
            yield Passage(original[start:end], True)
        at = end
    if at < len(original):
        yield Passage(original[at:], original[at:] == CUT)


@dataclass(frozen=True)
class Names:
    """A person's names as they are known."""

    family: str = ""
    given: str = ""
    family_kana: str = ""
    given_kana: str = ""
    language: str = "ja"


def name_shown(form: str, names: Names, nickname: str = "") -> str | None:
    """The name for words in that form, without さん; empty for no name. None where too little is known for the form."""
    if form == NameForm.ANONYMOUS:
        return ""
    if form == NameForm.NICKNAME:
        return nickname or None
    if form == NameForm.INITIALS:
        return _initials(names)
    if form == NameForm.FAMILY:
        return names.family or None
    if form == NameForm.FULL and names.family and names.given:
        return display_name(names.family, names.given, names.language)
    return None


def _initials(names: Names) -> str | None:
    pairs = [(names.family, names.family_kana), (names.given, names.given_kana)]
    letters = [_initial(*pair) for pair in (pairs if is_japanese(names.language) else reversed(pairs))]
    return ".".join(letter for letter in letters if letter) + "." if all(letters) else None


def _initial(name: str, kana: str) -> str:
    for text in (name, kana):
        first = to_katakana(text[:1])
        if first in _LETTERS:
            return _LETTERS[first]
        if first.isascii() and first.isalpha():
            return first.upper()
    return ""


def credited(name: str, language: str) -> str:
    """A shown name as readers of a language read it: 山田さん, T. Yamada; those without a name are customers."""
    if not name:
        return "匿名のお客様" if is_japanese(language) else "A customer"
    if not is_japanese(language) or name.endswith(_HONORED):
        return name
    return f"{name}さん"

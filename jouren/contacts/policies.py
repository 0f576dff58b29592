"""Pure rules about names: how they are cleaned, shown, sorted and found. No database, no clock."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import override

from jouren.contacts.errors import BadName, BadValue

DEFAULT_ZONE = "Asia/Tokyo"
DEFAULT_TOPIC = "news"
MAX_NAME_LENGTH = 100
MAX_TAG_LENGTH = 50

_COMPATIBILITY_IDEOGRAPHS = re.compile("([\uf900-\ufaff]+)")
_SMALL_TO_LARGE = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_VOWEL_ROWS = {
    "ア": "アカサタナハマヤラワ",
    "イ": "イキシチニヒミリヰ",
    "ウ": "ウクスツヌフムユル",
    "エ": "エケセテネヘメレヱ",
    "オ": "オコソトノホモヨロヲ",
}
_VOWEL_OF = {kana: vowel for vowel, row in _VOWEL_ROWS.items() for kana in row}


def clean_text(text: str) -> str:
    """Drop control, formatting and broken characters, join runs of white space, compose split characters.

    Variant forms of ideographs in names (﨑, 神) stay as they were written; plain NFC would replace some of them.
    """
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in _UNWANTED)
    parts = _COMPATIBILITY_IDEOGRAPHS.split(kept)
    composed = [part if index % 2 else unicodedata.normalize("NFC", part) for index, part in enumerate(parts)]
    return " ".join("".join(composed).split())


_UNWANTED = frozenset({"Cc", "Cf", "Cs"})


@lru_cache(maxsize=10_000)  # batches bring the same names again and again
def clean_name(text: str) -> str:
    """One part of a name, fit to keep. Raises BadName when it is longer than 100 characters."""
    if len(text) > MAX_NAME_LENGTH * 4 or len(cleaned := clean_text(text)) > MAX_NAME_LENGTH:
        raise BadName(_("A name may have at most %(limit)s characters.") % {"limit": MAX_NAME_LENGTH})
    return cleaned


def clean_tag(text: str) -> str:
    """A tag, fit to keep: ＶＩＰ and VIP are one. Raises BadValue for an empty, over-long or divided one."""
    cleaned = clean_text(unicodedata.normalize("NFKC", text[: MAX_TAG_LENGTH * 8]))
    if not 0 < len(cleaned) <= MAX_TAG_LENGTH:
        raise BadValue(_("A tag has 1 to %(limit)s characters.") % {"limit": MAX_TAG_LENGTH})
    if "," in cleaned or "、" in cleaned:
        raise BadValue(_("A tag holds no comma. Add several tags one by one."))
    return cleaned


def clean_kana(text: str) -> str:
    """A ふりがな as written, half-width kana made full-width. Raises BadName when it is too long."""
    return clean_name(unicodedata.normalize("NFKC", text[: MAX_NAME_LENGTH * 8]))


def display_name(family_name: str, given_name: str, language: str) -> str:
    """The whole name in the order of the language: 山田 太郎, Taro Yamada. Empty when there is none."""
    parts = (family_name, given_name) if is_japanese(language) else (given_name, family_name)
    return " ".join(part for part in parts if part.strip())


def addressee(family_name: str, given_name: str, language: str) -> str:
    """How a message addresses somebody: 山田 太郎 様, Taro Yamada. Never 様 alone: the nameless are お客様."""
    name = display_name(family_name, given_name, language)
    if is_japanese(language):
        return f"{name} 様" if name else "お客様"
    if name:
        return name
    with override(language):
        return _("customer")


def is_japanese(language: str) -> bool:
    """Whether a language tag means Japanese; the empty one does."""
    return not language or language.lower().split("-")[0] == "ja"


def to_katakana(text: str) -> str:
    """Hiragana as katakana; everything else as it is."""
    return "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" or c in "ゝゞ" else c for c in text)


def fold(text: str) -> str:
    """Text as it is compared in a search: compatibility forms, case, kana and white space make no difference."""
    return "".join(to_katakana(unicodedata.normalize("NFKC", text).casefold()).split())


def kana_key(family_kana: str, given_kana: str, family_name: str = "", given_name: str = "", other: str = "") -> str:
    """What people are sorted by under the C collation: the syllabary's order, as a dictionary has it.

    Voiced, small and long kana count as their plain ones first (ガアル before カキ), and decide between equals.
    Without ふりがな the name sorts by itself, after all kana when it is written in ideographs; without that, ``other``.
    """
    full = fold(family_kana + given_kana) or fold(family_name + given_name) or fold(other)
    plain = "".join(c for c in unicodedata.normalize("NFD", full) if c not in "\u3099\u309a").translate(_SMALL_TO_LARGE)
    letters: list[str] = []
    for letter in plain:
        letters.append(_VOWEL_OF.get(letters[-1], letter) if letter == "ー" and letters else letter)
    return f"{''.join(letters)} {full}" if full else ""


def search_tokens(texts: Iterable[str]) -> list[str]:
    """Tokens under which texts are found: each pair of neighbouring characters, and ``^x`` for the first one."""
    tokens: set[str] = set()
    for text in texts:
        folded = fold(text)
        if folded:
            tokens.add("^" + folded[0])
            tokens.update(_pairs(folded))
    return sorted(tokens)


def query_tokens(word: str) -> list[str]:
    """The tokens that a text has to have to contain ``word`` (folded); a single character must begin it."""
    return sorted(_pairs(word)) if len(word) > 1 else ["^" + word]


def _pairs(text: str) -> set[str]:
    return {text[index : index + 2] for index in range(len(text) - 1)}


def check_zone(name: str) -> str:
    """A time zone's name; the empty one means Asia/Tokyo. Raises BadValue for an unknown one."""
    if not name:
        return DEFAULT_ZONE
    if name not in available_timezones():
        raise BadValue(_("Unknown time zone: %(zone)s. Write it like Asia/Tokyo.") % {"zone": name[:64]})
    return name


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name, Asia/Tokyo where it is empty or unknown: a bad row must not stop a journey."""
    try:
        return ZoneInfo(name or DEFAULT_ZONE)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(DEFAULT_ZONE)


class _Said(Protocol):
    is_granted: bool
    at: datetime


_Record = TypeVar("_Record", bound=_Said)


def withdrawal_behind(records: Sequence[_Record], planned_at: datetime) -> _Record | None:
    """Of what somebody said about one consent, in order: the withdrawal that kept back a message planned then.

    It stood at that moment, or it was the next one after it. None for whoever had not agreed at all by then.
    """
    before = [record for record in records if record.at <= planned_at]
    if not before:
        return None
    if not before[-1].is_granted:
        return before[-1]
    return next((record for record in records[len(before) :] if not record.is_granted), None)

"""What a message is before it is made, and how what stands in a column or in front matter is understood.

Columns and values may be named in English or Japanese, whatever language the reader of the screen prefers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from jouren.contacts.models import Topic
from jouren.core.wording import listed
from jouren.journeys.series.intake.markdown import Written
from jouren.messaging.models import Message
from jouren.messaging.vocabulary import Doubt, Kind, Wall
from jouren.pyramid.stages import Stage

MAX_LINE = 200

FIELDS: dict[str, tuple[str, ...]] = {
    "subject": ("subject", "title", "件名", "タイトル"),
    "text": ("text", "body", "本文"),
    "kind": ("kind", "目的", "役割", "種類", "種別"),
    "name": ("name", "名前", "管理名"),
    "preheader": ("preheader", "preview", "プレビュー文"),
    "stage": ("stage", "段階", "ステージ", "対象の段階"),
    "topic": ("topic", "トピック", "配信の種類"),
    "wall": ("wall", "壁", "こたえる壁", "答える壁"),
    "doubt": ("doubt", "迷い", "こたえる迷い", "不安", "疑問"),
}
"""What can be said of a message: the names by which a column or a line of front matter says it."""

_FIELD_OF = {name: field for field, names in FIELDS.items() for name in names}
_CHOICES: dict[str, Any] = {"kind": Kind, "stage": Stage, "wall": Wall, "doubt": Doubt}


@dataclass(frozen=True)
class Defaults:
    """What holds for messages that do not say it themselves. ``topic`` is a key."""

    kind: str = Kind.HELP
    stage: int | None = Stage.PROSPECT
    topic: str = ""
    language: str = "ja"


@dataclass(frozen=True)
class Draft:
    """A message that can be made. ``blocks`` are those of its mail, ``source`` where it stood."""

    subject: str
    blocks: list[dict[str, Any]]
    name: str
    preheader: str = ""
    kind: str = Kind.HELP
    stage: int | None = None
    topic: str = ""
    wall: str = ""
    doubt: str = ""
    language: str = "ja"
    source: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is kept; ``Draft(**raw)`` reads it again."""
        return asdict(self)


@dataclass(frozen=True)
class Remark:
    """Something to say about a place in a file. ``line`` 0: about all of it."""

    file: str
    line: int
    text: str

    def to_json(self) -> dict[str, Any]:
        """As it is kept; ``Remark(**raw)`` reads it again."""
        return asdict(self)


@dataclass
class Read:
    """What files came to: messages that can be made, what is wrong, and what is worth knowing."""

    drafts: list[Draft] = field(default_factory=list)
    problems: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)


def field_of(name: str) -> str | None:
    """What a column of that name says of a message; None for nothing that we know."""
    return _FIELD_OF.get(name.strip().casefold())


def make_draft(
    values: Mapping[str, str], written: Written, defaults: Defaults, *, file: str, line: int
) -> tuple[Draft | None, list[Remark]]:
    """A message of what was said of it (by field, see :data:`FIELDS`) and its text. None when something is wrong."""
    problems = [Remark(file, place, text) for place, text in written.problems]
    chosen: dict[str, Any] = {}
    for name, read in (*((name, _choice) for name in _CHOICES), ("topic", _topic)):
        try:
            chosen[name] = read(name, values.get(name, "").strip(), defaults)
        except ValueError as error:
            problems.append(Remark(file, line, str(error)))
    subject = _line(values.get("subject", "") or written.heading)
    name = _line(values.get("name", "")) or subject
    preheader = _line(values.get("preheader", ""))
    if not subject:
        problems.append(Remark(file, line, _("There is no subject.")))
    if not written.blocks and not written.problems:
        problems.append(Remark(file, line, _("There is no text.")))
    problems += [
        Remark(file, line, _("“%(text)s…” is longer than %(most)s characters.") % {"text": each[:30], "most": MAX_LINE})
        for each in {subject, name, preheader}
        if len(each) > MAX_LINE
    ]
    if problems:
        return None, problems
    details = {**chosen, "preheader": preheader, "language": defaults.language, "source": file}
    return Draft(subject, written.blocks, name, **details), []


def _line(text: str) -> str:
    return " ".join(text.split())


def _choice(name: str, text: str, defaults: Defaults) -> Any:
    if not text:
        return {"kind": defaults.kind, "stage": defaults.stage}.get(name, "")
    values = _values_of(name)
    try:
        return values[text.casefold()]
    except KeyError:
        labels = listed(str(label) for value, label in _CHOICES[name].choices if value in values.values())
        field: Any = Message._meta.get_field(name)
        told = {"field": field.verbose_name, "text": text[:40], "known": labels}
        raise ValueError(_("“%(text)s” is not possible as “%(field)s”. Possible are: %(known)s.") % told) from None


@lru_cache(maxsize=8)
def _values_of(name: str) -> dict[str, Any]:
    """Each value by what may be written for it: itself, and its name in every language of the screens."""
    values: dict[str, Any] = {}
    for member in _CHOICES[name]:
        if member == Kind.TRANSACTIONAL:
            continue
        values |= dict.fromkeys({str(member.value), member.name.casefold()}, member.value)
        for code, _language in settings.LANGUAGES:
            with override(code):
                values[str(member.label).casefold()] = member.value
    return values


def _topic(name: str, text: str, defaults: Defaults) -> str:
    if not text:
        return defaults.topic
    names = {**{name: key for key, name in topics()}, **{key: key for key, _name in topics()}}
    if text not in names:
        known = listed(name for _key, name in topics())
        raise ValueError(
            _("“%(text)s” is no topic of yours. You have: %(known)s.") % {"text": text[:40], "known": known}
        )
    return names[text]


def topics() -> list[tuple[str, str]]:
    """The shop's topics: key and name."""
    return list(Topic.objects.order_by("name").values_list("key", "name"))

"""The playbooks that are shipped: folders under ``ready/``, one a playbook and language.

A folder holds ``about.yaml`` and files of journeys and messages as in ``docs/how-to/journeys-as-files.md``, without ids
and topics. Where the words of the shop belong stands ``【記入：…】`` or ``【fill in: …】``. A survey or an offer is
named by nothing (``survey:``): it is chosen when the playbook is made, and its block left out where none is. A button
that stands after an offer is there for whoever chooses none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from jouren.files.documents import read_document
from jouren.messaging.placeholders import placeholders_in
from jouren.messaging.vocabulary import Doubt, Kind, Wall

READY = Path(__file__).resolve().parent / "ready"
LANGUAGES = ("ja", "en")
_ORDER = ("owners-story", "large-mail-order", "small-company", "five-stages", "after-trial", "win-back")
_HOURS = {"minutes": 0, "hours": 1, "days": 24, "weeks": 168}


class Row(NamedTuple):
    """A message of a playbook and when it goes, from entering: so many days, and hours beyond them.

    ``wait``: the place of the wait before it whose day can be chosen, among those; None for one without.
    """

    message: str
    name: str
    kind: str
    wall: str
    doubt: str
    days: int
    hours: int
    wait: int | None

    @property
    def answers(self) -> str:
        """The wall or doubt that it answers, in words; else what it does."""
        if self.wall:
            return str(Wall(self.wall).label)
        return str(Doubt(self.doubt).label if self.doubt else Kind(self.kind).label)


@dataclass(frozen=True)
class Playbook:
    """A ready-made journey in one language. ``journey`` and ``messages`` (by file name) are plain documents.

    ``asks_about``: ``order`` where it may be walked once for each order, or once a person; else empty.
    """

    slug: str
    language: str
    title: str
    whom: str
    does: str
    asks_about: str
    journey: Mapping[str, Any]
    messages: Mapping[str, Mapping[str, Any]]
    places: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """Its messages in the order in which they go."""
        return list(self._rows())

    @cached_property
    def addresses(self) -> frozenset[str]:
        """The places that are the address of a page."""
        return frozenset(placeholders_in(list(_addresses(self.messages))))

    @property
    def days(self) -> list[int]:
        """The days of its waits that can be chosen."""
        return [step["wait_until"]["day"] for step in self.journey["steps"] if "wait_until" in step]

    @property
    def begins_with_purchase(self) -> bool:
        """Whether a purchase brings people in, of a kind that can be chosen."""
        return any("purchase" in trigger for trigger in self.journey["trigger"])

    @property
    def has_survey(self) -> bool:
        """Whether a message asks by a survey."""
        return self._shows("survey")

    @property
    def has_offer(self) -> bool:
        """Whether a message may show an offer."""
        return self._shows("offer")

    def _shows(self, kind: str) -> bool:
        return any(kind in block for message in self.messages.values() for block in content_of(message))

    def _rows(self) -> Iterator[Row]:
        hours, waits = 0, 0
        wait: int | None = None
        for step in self.journey["steps"]:
            if "wait_until" in step:
                hours, wait, waits = step["wait_until"]["day"] * 24, waits, waits + 1
            elif "wait" in step:
                hours, wait = hours + step["wait"]["amount"] * _HOURS[step["wait"]["unit"]], None
            elif "send" in step:
                stem = step["send"]["message"]
                told = self.messages[stem]
                wall, doubt = told.get("wall") or "", told.get("doubt") or ""
                yield Row(stem, told["name"], told["kind"], wall, doubt, *divmod(hours, 24), wait)
                wait = None


def content_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The blocks of a message's mail."""
    return [block for body in message["bodies"] for block in body["email"]["content"]]


@cache
def playbooks(language: str) -> list[Playbook]:
    """All playbooks in a language, in the order in which they are shown."""
    return [_read(slug, language) for slug in _ORDER if (READY / slug).is_dir()]


def find_playbook(slug: str, language: str) -> Playbook | None:
    """One of them; None when there is no such one."""
    if language not in LANGUAGES:
        return None
    return next((each for each in playbooks(language) if each.slug == slug), None)


def _read(slug: str, language: str) -> Playbook:
    folder = READY / slug / language
    about = _plain(folder / "about.yaml")
    (journey,) = (_plain(path) for path in (folder / "journeys").glob("*.yaml"))
    messages = {path.stem: _plain(path) for path in sorted((folder / "messages").glob("*.yaml"))}
    return Playbook(
        slug=slug,
        language=language,
        title=about["title"],
        whom=about["whom"],
        does=about["does"],
        asks_about=about.get("asks_about") or "",
        journey=journey,
        messages=messages,
        places=placeholders_in([journey, *messages.values()]),
    )


def _addresses(value: Any) -> Iterator[str]:
    """Where buttons of messages lead."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name == "url" and isinstance(each, str):
                yield each
            yield from _addresses(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _addresses(each)


def _plain(path: Path) -> Any:
    return read_document(path.read_bytes(), str(path.relative_to(READY))).plain

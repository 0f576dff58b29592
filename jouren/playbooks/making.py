"""A playbook becomes the shop's own: drafts of messages and of a journey, by the import of files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from html import escape
from itertools import count, pairwise
from typing import Any
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from jouren.contacts.models import Topic
from jouren.core.errors import UserError
from jouren.files.documents import write_document
from jouren.files.identities import identities, lock_identities
from jouren.files.importing import import_files
from jouren.files.kinds import JOURNEYS, MESSAGES, Kind
from jouren.inbox.actions import save_survey
from jouren.inbox.models import Survey
from jouren.inbox.vocabulary import Question
from jouren.journeys.models import Journey
from jouren.messaging.placeholders import fill
from jouren.playbooks.reading import Playbook, content_of

MAX_DAY = 1_000
MAX_TEXT = 2_000
ORDER, PERSON = "order", "person"
_BREAKS = re.compile(r"\s*\n\s*")


class BadChoice(UserError):
    """A playbook cannot be made so. ``field``: which choice is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Choices:
    """What is chosen when a playbook is made.

    ``topic`` is the key of a topic. ``per``: ``order`` or ``person``. ``purchase``: ``trial``, ``regular``, or empty:
    any. ``days``: of the waits, in their order (empty: as they are). ``texts``: by place, what belongs there.
    ``survey`` and ``offer`` are names; ``new_survey``: one is made.
    """

    topic: str
    per: str = ORDER
    purchase: str = ""
    days: Sequence[int] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    survey: str = ""
    offer: str = ""
    new_survey: bool = False


@transaction.atomic
def make(playbook: Playbook, choices: Choices, *, by: AbstractBaseUser | None = None) -> Journey:
    """Make drafts of a playbook's messages and journey. What has the same names already is left alone: these get a
    number. Nothing is published.

    Raises:
        BadChoice: a choice cannot be.
        BadFiles: the files cannot be imported; nothing is made.
    """
    _check(playbook, choices)
    lock_identities()
    number = _free_number(playbook)
    survey = _make_survey(playbook, number, by) if choices.new_survey and playbook.has_survey else choices.survey
    files = _Filling(playbook, choices, survey, number).files()
    done = import_files(files, act=True, by=by)
    return Journey.objects.get(pk=next(each.thing.pk for each in done.documents if each.kind is JOURNEYS))


def _check(playbook: Playbook, choices: Choices) -> None:
    if not Topic.objects.filter(key=choices.topic).exists():
        raise BadChoice("topic", _("Choose the topic that people agreed to receive."))
    if choices.days and len(choices.days) != len(playbook.days):
        raise BadChoice("days", _("Say the day of each message."))
    days = [0, *choices.days]
    if any(not 0 <= day <= MAX_DAY for day in days) or any(later <= earlier for earlier, later in pairwise(days)):
        raise BadChoice(
            "days", _("Each message needs a later day than the one before it, up to day %(most)s.") % {"most": MAX_DAY}
        )
    if any(len(text) > MAX_TEXT for text in choices.texts.values()):
        raise BadChoice("texts", _("Write at most %(limit)s characters.") % {"limit": MAX_TEXT})


def numbered(name: str, number: int) -> str:
    """A name of the first, second … copy."""
    return name if number == 1 else f"{name} {number}"


def _free_number(playbook: Playbook) -> int:
    """The first number of which none of the names is taken."""
    wanted = [(JOURNEYS, str(playbook.journey["name"]))]
    wanted += [(MESSAGES, str(message["name"])) for message in playbook.messages.values()]
    taken = {kind.name: _taken(kind) for kind in (JOURNEYS, MESSAGES)}
    return next(
        number
        for number in count(1)
        if not any(
            {numbered(name, number), kind.stem(numbered(name, number))} & taken[kind.name] for kind, name in wanted
        )
    )


def _taken(kind: Kind) -> set[str]:
    return {each.stem for each in identities(kind).values()} | set(kind.rows().values_list("name", flat=True))


def _make_survey(playbook: Playbook, number: int, by: AbstractBaseUser | None) -> str:
    taken = set(Survey.objects.values_list("name", flat=True))
    with override(playbook.language):
        title = _("How is it, compared with what you expected?")
        first = numbered(playbook.title, number)[:90]
    name = next(each for again in count(1) if (each := numbered(first, again)) not in taken)
    asked = [
        Question.SATISFACTION.value,
        Question.STILL_USING.value,
        Question.WORTH_PRICE.value,
        Question.TROUBLE.value,
    ]
    return save_survey(Survey(name=name, title=title, questions=asked), by=by).name


class _Filling:
    """A playbook's documents on their way to files."""

    def __init__(self, playbook: Playbook, choices: Choices, survey: str, number: int) -> None:
        self.playbook, self.choices, self.number = playbook, choices, number
        self._named = {"survey": survey, "offer": choices.offer}

    def files(self) -> dict[str, bytes]:
        """What is imported."""
        stems = {old: MESSAGES.stem(self._name(message)) for old, message in self.playbook.messages.items()}
        files = {
            f"{MESSAGES.folder}/{stems[old]}.yaml": self._message(message)
            for old, message in self.playbook.messages.items()
        }
        journey = JOURNEYS.stem(self._name(self.playbook.journey))
        return {**files, f"{JOURNEYS.folder}/{journey}.yaml": self._journey(stems)}

    def _name(self, document: Mapping[str, Any]) -> str:
        return numbered(str(document["name"]), self.number)

    def _own(self, document: Mapping[str, Any]) -> dict[str, Any]:
        return {**deepcopy(dict(document)), "id": str(uuid4()), "name": self._name(document)}

    def _message(self, document: Mapping[str, Any]) -> bytes:
        message = self._own(document) | {"topic": self.choices.topic}
        for body in message["bodies"]:
            body["email"]["content"] = self._chosen(content_of({"bodies": [body]}))
        return write_document(self._filled(message))

    def _chosen(self, content: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The blocks, of which those of a survey or an offer name the one that was chosen."""
        chosen: list[dict[str, Any]] = []
        is_offered = False
        for block in content:
            kind = next(iter(block))
            if kind in self._named:
                if name := self._named[kind]:
                    chosen.append({kind: {**block[kind], kind: name}})
                is_offered = kind == "offer" and bool(name)
                continue
            if not (is_offered and kind == "button"):
                chosen.append(block)
            is_offered = False
        return chosen

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            if set(value) == {"text"} and isinstance(value["text"], str):  # a formatted text
                return {"text": fill(value["text"], self.choices.texts, _as_html)}
            return {name: self._filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        return fill(value, self.choices.texts, _as_line) if isinstance(value, str) else value

    def _journey(self, stems: Mapping[str, str]) -> bytes:
        journey = self._own(self.playbook.journey)
        days = iter(self.choices.days)
        for step in journey["steps"]:
            if "wait_until" in step:
                step["wait_until"]["day"] = next(days, step["wait_until"]["day"])
            elif "send" in step:
                step["send"]["message"] = stems[step["send"]["message"]]
        for trigger in journey["trigger"]:
            if "purchase" in trigger:
                trigger["purchase"]["kind"] = self.choices.purchase or None
        if self.playbook.asks_about and self.choices.per == PERSON:
            journey |= {"reentry": "once", "key": None}
            for way_out in journey.get("exits") or ():
                if "event" in way_out:
                    way_out["event"]["keyed"] = False
        return write_document(journey)


def _as_html(text: str) -> str:
    return _BREAKS.sub("<br/>", escape(text.strip(), quote=False))


def _as_line(text: str) -> str:
    return " ".join(text.split())

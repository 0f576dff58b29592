"""What every codec shares: how it is asked, and where it tells what is wrong."""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from jouren.core.errors import UserError
from jouren.files.documents import Node
from jouren.files.errors import Problem
from jouren.files.references import Names

Schema = dict[str, Any]
_SHOWN = 30


@dataclass
class Writing:
    """One file being written."""

    file: str
    names: Names
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, text: str) -> None:
        """Note why the file cannot be written as it should."""
        self.problems.append(Problem(self.file, 0, text))


@dataclass
class Reading:
    """One file being read. ``problems`` are faults; ``unfinished`` is what a draft may lack and a published one not."""

    file: str
    names: Names
    identity: uuid.UUID
    is_partial: bool = False
    """Other files could not be read, so a name that nothing has may be that of one of them."""
    problems: list[Problem] = field(default_factory=list)
    unfinished: list[Problem] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    """The ids of steps met so far, with their lines."""
    _unnamed: Counter[str] = field(default_factory=Counter)

    @property
    def unnamed(self) -> int:
        """How many steps have no id in the file."""
        return self._unnamed.total()

    def refuse(self, line: int, text: str) -> None:
        """Note a fault; reading goes on, so that all are told at once."""
        self.problems.append(Problem(self.file, line, text))

    def miss(self, line: int, text: str) -> None:
        """Note something that is wanting before it can be published."""
        self.unfinished.append(Problem(self.file, line, text))

    def unknown(self, line: int, word: str, known: Iterable[str], text: str) -> None:
        """Refuse a word that is none of the known ones, with what may have been meant. ``text`` has ``%(word)s``."""
        known = list(known)
        near = get_close_matches(word, known, n=1)
        hint = (
            _("Did you mean “%(near)s”?") % {"near": near[0]}
            if near
            else _("Possible: %(known)s.") % {"known": ", ".join(known[:_SHOWN]) or "-"}
        )
        self.refuse(line, f"{text % {'word': word[:60]}} {hint}")

    def find(self, node: Node, model: Any, name: str) -> Any:
        """The id of what a file calls ``name``; None, and a fault noted, when there is no such thing."""
        try:
            return self.names.find(model, name)
        except UserError as error:
            if not self.is_partial:
                self.refuse(node.line, str(error))
            return None

    def id_for(self, type: str, plain: Any) -> str:
        """An id for a step that has none in the file: the same one as long as it says the same, wherever it stands."""
        said = json.dumps([type, _outline(plain)], sort_keys=True, ensure_ascii=False)
        self._unnamed[said] += 1
        return self.id_at(f"{self._unnamed[said]} {said}")

    def id_at(self, path: str) -> str:
        """A stable id for a part that has none of its own in the file."""
        return str(uuid.uuid5(self.identity, path))


def _outline(plain: Any) -> Any:
    """What a step says itself, without the steps in it."""
    if isinstance(plain, dict):
        return {key: _outline(value) for key, value in plain.items() if not _are_steps(value)}
    return [_outline(each) for each in plain] if isinstance(plain, list) else plain


def _are_steps(plain: Any) -> bool:
    return isinstance(plain, list) and all(isinstance(each, dict) and len(each) == 1 for each in plain)


class Codec(ABC):
    """Between the JSON that is stored (*raw*), what a file holds (*plain*), and its JSON Schema."""

    @abstractmethod
    def write(self, raw: Any, to: Writing) -> Any:
        """The plain value of a raw one."""

    @abstractmethod
    def read(self, node: Node, by: Reading, path: str) -> Any:
        """The raw value; faults are noted, and None is returned for them."""

    @abstractmethod
    def schema(self) -> Schema:
        """What a plain value may be."""


def is_empty(plain: Any) -> bool:
    """Whether a plain value says nothing."""
    return plain is None or plain is False or plain in ("", [], {})


def check(node: Node, by: Reading, value: Any, run_validators: Callable[[Any], Any]) -> Any:
    """``value`` when the validators take it; else None, and what they say is noted."""
    try:
        run_validators(value)
    except ValidationError as error:
        by.refuse(node.line, " ".join(map(str, error.messages)))
        return None
    return value


def is_mapping(node: Node, by: Reading) -> bool:
    """Whether a node has keys; noted when it has not."""
    if not isinstance(node.value, dict):
        by.refuse(node.line, _("Keys with values are wanted here, such as “name: …”."))
    return isinstance(node.value, dict)


def is_list(node: Node, by: Reading) -> bool:
    """Whether a node is a list; noted when it is not."""
    if not isinstance(node.value, list):
        by.refuse(node.line, _("A list is wanted here: every part on a line that begins with “- ”."))
    return isinstance(node.value, list)

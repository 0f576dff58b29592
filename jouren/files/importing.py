"""Files become drafts (segments: what they say), and if asked for are published: all of them or none.

What it would do is found by doing it and taking it back, so that what is shown is what happens. Of journeys that people
are in, showing stops short of moving them.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from enum import StrEnum
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from jouren.core.errors import UserError
from jouren.files.codecs import Reading, Writing
from jouren.files.documents import Node, read_document, write_document
from jouren.files.errors import BadFiles, ChangedMeanwhile, Problem
from jouren.files.exporting import Known, stems_of
from jouren.files.identities import identities, lock_identities, take_identity
from jouren.files.kinds import KINDS, MESSAGES, Kind
from jouren.files.pictures import FOLDER as PICTURES
from jouren.files.pictures import Pictures
from jouren.files.publishing import Publishing, publish_all
from jouren.files.references import Names
from jouren.journeys.models import Inside

Files = Mapping[str, bytes]


class State(StrEnum):
    """What an import does with a file."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass
class Document:
    """One file on its way: what it is, and what becomes of it."""

    kind: Kind
    file: str
    stem: str
    node: Node
    source: bytes
    identity: uuid.UUID
    thing: Any = None
    state: State = State.SAME
    diff: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    messages: frozenset[int] = frozenset()
    """The messages that it names."""

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.thing)


@dataclass
class Imported:
    """What an import did, or would do. ``unnamed``: how many steps have no id in their file, by file."""

    documents: list[Document]
    unfinished: list[Problem]
    unnamed: Counter[str]
    publishing: list[Publishing]

    @property
    def counts(self) -> Counter[State]:
        """How many files are new, changed and the same."""
        return Counter(each.state for each in self.documents)

    @property
    def is_idle(self) -> bool:
        """Whether it changes nothing."""
        return not self.publishing and all(each.state == State.SAME for each in self.documents)

    @property
    def digest(self) -> str:
        """Equal for equal effects: what was shown is compared with what would be done."""
        told = [(each.file, each.state, each.diff) for each in self.documents]
        return sha256(repr([told, self.publishing]).encode()).hexdigest()


def import_files(
    files: Files,
    *,
    act: bool,
    publish: bool = False,
    inside: Inside = Inside.MOVE,
    by: AbstractBaseUser | None = None,
    seen: str = "",
    tell: Callable[..., list[str]] | None = None,
    refuse: Callable[[Document], str] = lambda document: "",
) -> Imported:
    """Make drafts of files, or (``act`` false) only say what would become of them.

    What has the id of something that is here becomes its draft; else, without an id, what has the file name of
    something; everything else is new. ``seen``: the digest of what was shown; when it would now be something else,
    nothing is done. ``tell`` says in lines what publishing a journey does to the people inside
    (see :class:`~jouren.files.publishing.Publishing`). ``refuse`` says of what is new or changed why it may not be.

    Raises:
        BadFiles: with all that is wrong; nothing is changed.
        ChangedMeanwhile: what was shown is not what would happen.
    """
    documents = _documents(files)
    pictures = Pictures({PurePosixPath(name).name: files[name] for name in files if name.startswith(f"{PICTURES}/")})
    is_kept = False
    try:
        with transaction.atomic():
            done = _import(
                documents, pictures, publish=publish, inside=inside, act=act, by=by, tell=tell, refuse=refuse
            )
            is_kept = act and seen in {"", done.digest}
            if not is_kept:
                transaction.set_rollback(True)
    finally:
        if not is_kept:
            pictures.forget()
    if act and not is_kept:
        raise ChangedMeanwhile(_("Something was changed meanwhile. Look at it again before you import."))
    return done


def _documents(files: Files) -> list[Document]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for file in sorted(files):
        kind = next((kind for kind in KINDS if file.startswith(f"{kind.folder}/")), None)
        if kind is None:
            continue
        try:
            node = read_document(files[file], file)
        except BadFiles as error:
            problems += error.problems
            continue
        stem = PurePosixPath(file).stem
        identity, wrong = _identity(kind, stem, node, files[file])
        problems += [Problem(file, line, text) for line, text in wrong]
        documents.append(Document(kind, file, stem, node, files[file], identity))
    problems += _twice(documents)
    if problems:
        # What else is wrong is told together with it, as far as it can be known without the broken files.
        raise BadFiles([*problems, *_other_problems(documents)])
    return documents


def _identity(kind: Kind, stem: str, node: Node, source: bytes) -> tuple[uuid.UUID, list[tuple[int, str]]]:
    """The identity that a file has; of one that says none, one made of what it is."""
    made = uuid.uuid5(uuid.NAMESPACE_OID, f"{kind.name}/{stem} {sha256(source).hexdigest()}")
    part = node.value.get("id") if isinstance(node.value, dict) else None
    if part is None or part.value is None:
        return made, []
    try:
        return uuid.UUID(part.text), []
    except ValueError:
        text = _("“%(text)s” is no id. Remove the line: it then becomes a new one.")
        return made, [(part.line, text % {"text": part.text[:60]})]


def _twice(documents: Sequence[Document]) -> list[Problem]:
    first: dict[tuple[str, Any], str] = {}
    problems = []
    for each in documents:
        for key in ((each.kind.name, each.identity), (each.kind.name, each.stem)):
            other = first.setdefault(key, each.file)
            if other != each.file:
                text = _("%(other)s is the same one. To make a copy, remove the id and give it another file name.")
                problems.append(Problem(each.file, 0, text % {"other": other}))
    return problems


def _other_problems(documents: Sequence[Document]) -> list[Problem]:
    try:
        with transaction.atomic():
            try:
                _read(documents, Pictures(), is_partial=True)
            finally:
                transaction.set_rollback(True)
    except BadFiles as error:
        return error.problems
    return []


@dataclass
class _Read:
    names: Names
    known: Known
    unfinished: list[Problem]
    unnamed: Counter[str]


def _read(documents: Sequence[Document], pictures: Pictures, *, is_partial: bool = False) -> _Read:
    """Give every document its thing, and read what it holds."""
    lock_identities()
    known: Known = {kind.name: identities(kind) for kind in KINDS}
    for document in documents:
        _find_thing(document, known)
    stems = stems_of(known)
    for document in documents:
        stems[document.kind.model._meta.label][document.thing.pk] = document.stem
    names = Names(stems, pictures)
    problems: list[Problem] = []
    unfinished: list[Problem] = []
    unnamed: Counter[str] = Counter()
    for document in documents:
        reading = Reading(document.file, names, document.identity, is_partial)
        document.raw = document.kind.read(document.node, reading)
        problems += reading.problems
        (unfinished if document.kind.has_drafts else problems).extend(reading.unfinished)
        unnamed[document.file] = reading.unnamed
        if getattr(document.thing, "locked", False):
            text = _("“%(name)s” is locked in the back office. Unlock it first.")
            problems.append(Problem(document.file, 0, text % {"name": document.thing}))
    if problems:
        raise BadFiles(problems)
    return _Read(names, known, unfinished, +unnamed)


def _find_thing(document: Document, known: Known) -> None:
    kind = document.kind
    here = known[kind.name]
    found = next((pk for pk, each in here.items() if each.pk == document.identity), None)
    if found is None and not _says_id(document.node):
        found = next((pk for pk, each in here.items() if each.stem == document.stem), None)
    if found is not None:
        document.identity = here[found].pk
        document.thing = kind.load(found)
        return
    name = document.node.value.get("name") if isinstance(document.node.value, dict) else None
    document.state = State.NEW
    document.thing = kind.make(name.text[:200] if name else document.stem, document.identity)
    here[document.thing.pk] = take_identity(kind, document.identity, document.thing.pk, document.stem)


def _says_id(node: Node) -> bool:
    return isinstance(node.value, dict) and "id" in node.value and node.value["id"].value is not None


def _import(
    documents: list[Document],
    pictures: Pictures,
    *,
    publish: bool,
    inside: Inside,
    act: bool,
    by: AbstractBaseUser | None,
    tell: Callable[..., list[str]] | None,
    refuse: Callable[[Document], str],
) -> Imported:
    read = _read(documents, pictures)
    problems: list[Problem] = []
    changed: list[Document] = []
    for document in documents:
        before = b"" if document.state == State.NEW else _written(document, read.names, [])
        document.kind.fill(document.thing, document.raw)
        after = _written(document, read.names, problems)
        if before != after:
            document.state = document.state if document.state == State.NEW else State.CHANGED
            document.diff = _diff(before, after, document.file)
            changed.append(document)
    problems += [Problem(each.file, 0, text) for each in changed if (text := refuse(each))]
    if problems:
        raise BadFiles(problems)
    _store(changed, by)
    published: list[Publishing] = []
    if publish:
        if read.unfinished:
            raise BadFiles(read.unfinished)
        published = publish_all(documents, inside=inside, act=act, by=by, tell=tell)
    return Imported(documents, read.unfinished, read.unnamed, published)


def _written(document: Document, names: Names, problems: list[Problem]) -> bytes:
    label = MESSAGES.model._meta.label
    names.used[label].clear()
    writing = Writing(document.file, names)
    text = write_document(document.kind.write(document.thing, document.identity, writing))
    document.messages = frozenset(names.used[label])
    problems += writing.problems
    return text


def _diff(before: bytes, after: bytes, file: str) -> list[str]:
    lines = unified_diff(before.decode().split("\n"), after.decode().split("\n"), file, file, lineterm="", n=2)
    return list(lines)[2:] if before else [f"+{line}" for line in after.decode().splitlines()]


def _store(documents: Sequence[Document], by: AbstractBaseUser | None) -> None:
    """Keep all; what needs another one to be kept before it is tried again, as long as one more succeeds."""
    waiting = sorted(documents, key=lambda each: KINDS.index(each.kind))
    while waiting:
        refused: list[tuple[Document, Problem]] = []
        for document in waiting:
            try:
                with transaction.atomic():
                    document.kind.store(document.thing, is_new=document.state == State.NEW, by=by)
            except UserError as error:
                line = document.node.lines.get(getattr(error, "field", ""), 0)
                refused.append((document, Problem(document.file, line, str(error))))
        if len(refused) == len(waiting):
            raise BadFiles([problem for _document, problem in refused])
        waiting = [document for document, _problem in refused]


__all__ = ["Document", "Imported", "State", "import_files"]

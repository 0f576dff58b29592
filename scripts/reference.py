"""Writes the pages of docs/reference that say what the code says: ``reference.py write``, ``reference.py check``.

``commands.md`` is made of the commands' own help, ``events.md`` of the registered event types. ``check`` fails when a
page is not what would be written; a test asks the same.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jouren.events.types import EventType

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs/reference"

_COMMANDS = """# Commands

Everything that `jouren` can be asked on a command line (`.venv/bin/jouren`, after `make setup`). Settings come from the
environment: see [settings](../settings.md). `jouren --demo …` means the demo's data folder; `clock` and `mail` find a
running demo by themselves. What goes wrong is said on standard error; the exit code is then 1, and 2 for a setting or
an option that cannot be used. This page is made of the commands' own help by `make reference`.
"""
_EVENTS = """# Event types

Everything that happens to a person is one event of one of these types ([how the log works](../subsystems/events.md)).
Which of them other systems may tell stands in [API](../api.md). A payload that does not fit its type is refused.

Fields with a question mark may be missing. *Personal* fields are removed when the person is erased. An event that is
*told of once* counts once for each source and thing, under whatever keys it comes. *Only told* means that nothing may
wait for it: it stands on the timeline and in conditions. This page is made of the registered types by `make reference`.
"""


def pages() -> dict[str, str]:
    """The pages by file name, as they should be. Django has to be set up."""
    from jouren.events.types import event_types

    # Tests have types of their own.
    kinds = [kind for kind in event_types() if not kind.name.startswith("test.")]
    return {"commands.md": commands_page(), "events.md": events_page(kinds)}


def stale() -> list[str]:
    """The pages that are not what the code says."""
    return [name for name, text in pages().items() if _read(FOLDER / name) != text]


def commands_page() -> str:
    """All commands with their options."""
    from jouren.cli.group import cli

    return _COMMANDS + "".join(_command(cli, click.Context(cli, info_name="jouren", **cli.context_settings)))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    told = inspect.cleandoc(command.help or "").replace("\b\n", "").partition("\f")[0]
    yield f"\n## {context.command_path}\n\n```\n{usage}\n```\n"
    if told:
        yield f"\n{told}\n"
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    # Every command has --help: it is said once, by the first. An argument without help is in the usage already.
    options = [each for each in records if each and each[1] and (context.parent is None or "--help" not in each[0])]
    if options:
        yield "\n| option | |\n|---|---|\n"
        yield from (f"| `{_cell(names)}` | {_cell(help)} |\n" for names, help in options)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _command(inner, click.Context(inner, info_name=name, parent=context))


def events_page(kinds: Iterable[EventType]) -> str:
    """These event types, which are sorted, with their fields."""
    from django.utils import translation

    with translation.override("en"):
        groups = groupby(kinds, key=lambda kind: kind.name.partition(".")[0])
        return _EVENTS + "".join(f"\n## {area}\n" + "".join(map(_event, kinds)) for area, kinds in groups)


def _event(kind: EventType) -> str:
    from jouren.events.types import KIND_NAMES

    marks = [f"version {kind.version}"] if kind.version > 1 else []
    if kind.identity:
        marks.append("told of once for each " + " and ".join(f"`{name}`" for name in kind.identity))
    if not kind.reacts:
        marks.append("only told")
    text = f"\n### {kind.name}\n\n{kind.label}" + (f" ({'; '.join(marks)})" if marks else "") + ".\n"
    if kind.fields:
        text += "\n| field | is | |\n|---|---|---|\n"
    for name, type in kind.fields.items():
        personal = "personal" if name in kind.personal else ""
        text += f"| `{name}`{'?' if name in kind.optional else ''} | {KIND_NAMES[type]} | {personal} |\n"
    return text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def main(verb: str) -> int:
    """Do what was asked; the exit code."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jouren.settings")
    os.environ.setdefault("JOUREN_HOME", str(ROOT / ".jouren/check"))
    django.setup()
    if verb == "check":
        for name in stale():
            print(f"docs/reference/{name} is not what the code says: make reference")
        return bool(stale())
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["write"], ["check"]):
        sys.exit(__doc__)
    # Run as a script, this file's folder is where imports are looked for.
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1]))

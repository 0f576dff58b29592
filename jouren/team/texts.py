"""What an author writes to colleagues: a text with the person's name in it, filled in as a message is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.messaging.errors import TemplateProblem
from jouren.messaging.templating import Templates, mend_honorifics, variables_of
from jouren.messaging.variables import CONTACT_VARIABLES, contact_variables

_sql = load_sql("team")
MAX_TEXT_LENGTH = 500
MAX_FILLED_LENGTH = 2_000
KNOWN = tuple(f"contact.{name}" for name in CONTACT_VARIABLES)


class BadText(UserError):
    """A text to colleagues cannot be filled in; the message says why."""


def check_text(text: str) -> str:
    """An author's text, fit to be filled in. Raises BadText."""
    source = mend_honorifics(text.strip())
    try:
        unknown = variables_of(source) - set(KNOWN)
        if unknown:
            raise BadText(
                _("Unknown variable {{ %(name)s }}. Known are: %(known)s.")
                % {"name": sorted(unknown)[0], "known": ", ".join(KNOWN)}
            )
        for names in (("山田", "花子"), ("", "")):
            _fill(source, {"contact": contact_variables(*names, "ja", "")})
    except TemplateProblem as problem:
        raise BadText(_("The template has a mistake: %(problem)s") % {"problem": problem}) from problem
    return source


def fill_texts(wanted: Iterable[tuple[str, int]]) -> list[str]:
    """Each text for its person, as one paragraph or several of plain text; for somebody who is gone, empty."""
    pairs = list(wanted)
    rows = _sql.all("variables", {"contact_ids": list({contact_id for _text, contact_id in pairs})})
    people = {row[0]: {"contact": contact_variables(row[1], row[2], row[3], row[4] or "")} for row in rows}
    templates = Templates()
    names: dict[str, str] = {}
    for text, _contact_id in pairs:
        if text not in names:
            names[text] = f"{len(names)}.txt"
            templates.add(names[text], text)
    return [
        plain(templates.render(names[text], people[contact_id])) if contact_id in people else ""
        for text, contact_id in pairs
    ]


def _fill(source: str, variables: Mapping[str, object]) -> str:
    templates = Templates()
    templates.add("once.txt", source)
    return plain(templates.render("once.txt", variables))


def plain(text: str) -> str:
    """A text of somebody's own, as it may stand on a screen and in a mail."""
    kept = "".join(char for char in text if char == "\n" or char.isprintable())
    return kept.strip()[:MAX_FILLED_LENGTH]

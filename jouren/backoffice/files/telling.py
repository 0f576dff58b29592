"""What an import does, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.backoffice.journeys.telling import tell_changes, tell_impact
from jouren.files.importing import Imported, State
from jouren.journeys.change_wording import ChangeText
from jouren.journeys.impact import Impact
from jouren.journeys.models import JourneyVersion


def state_label(state: State) -> str:
    """What becomes of a file."""
    return {State.NEW: _("new"), State.CHANGED: _("changed"), State.SAME: _("unchanged")}[state]


def tell_people(impact: Impact, former: JourneyVersion, moved: Iterable[JourneyVersion], compiled: Any) -> list[str]:
    """What publishing a journey changes, and what it does to the people inside."""
    changes = [f"{each.label}: {_what(each.text)}" for each in tell_changes(impact, former.compiled, compiled)]
    return changes + [line.text for line in tell_impact(impact, moved, compiled)]


def _what(text: ChangeText) -> str:
    return f"{text.what}: {text.before} → {text.after}" if text.after else text.what


def notes_of(shown: Imported) -> list[str]:
    """What whoever imports should know before."""
    notes = [_("Before it can be published: %(problem)s") % {"problem": problem} for problem in shown.unfinished]
    if segments := [each.name for each in shown.documents if not each.kind.has_drafts and each.state != State.SAME]:
        text = _("Segments have no drafts: these count as soon as they are imported: %(names)s")
        notes.append(text % {"names": _(", ").join(segments)})
    for file, count in sorted(shown.unnamed.items()):
        text = ngettext(
            "%(file)s: %(count)s step has no id yet; it gets one. Export again then, so that it stays the same.",
            "%(file)s: %(count)s steps have no id yet; they get some. Export again then, so that they stay the same.",
            count,
        )
        notes.append(text % {"file": file, "count": count})
    return notes

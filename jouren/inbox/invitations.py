"""What the page that thanks somebody satisfied invites them to; registered by the room above that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jouren.inbox.models import SurveyAnswer
from jouren.inbox.policies import is_satisfied


@dataclass(frozen=True, slots=True)
class Invitation:
    """A question, and the button that leads on."""

    text: str
    button: str
    url: str


Note = Callable[[SurveyAnswer], None]
Invite = Callable[[SurveyAnswer], Invitation | None]
_note: Note | None = None
_invite: Invite | None = None


def register_invitation(note: Note, invite: Invite) -> None:
    """``note`` is told of every satisfied answer, in its transaction; ``invite`` of who reads the thanks after it."""
    global _note, _invite
    _note, _invite = note, invite


def note_satisfied(answer: SurveyAnswer) -> None:
    """Tell of a satisfied answer."""
    if _note is not None:
        _note(answer)


def invitation_for(answer: SurveyAnswer | None) -> Invitation | None:
    """What somebody is invited to who answered so; None for those who are not satisfied."""
    if answer is None or _invite is None or not is_satisfied(answer.satisfaction):
        return None
    return _invite(answer)

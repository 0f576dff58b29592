"""What this part of the room tells those below it, when it starts."""

from __future__ import annotations

from django.utils.translation import gettext as _

from jouren.contacts.actions import register_eraser, register_merger
from jouren.content.voices import event_types, people
from jouren.content.voices.actions import invite_satisfied
from jouren.content.voices.links import voice_path
from jouren.content.voices.queries import invitation_of, product_choices, tell_shown, voice_choices
from jouren.content.voices.vocabulary import Given
from jouren.inbox.invitations import Invitation, register_invitation
from jouren.inbox.models import SurveyAnswer
from jouren.messaging.voices import register_voices


def register() -> None:
    """Called when the room starts."""
    event_types.register()
    register_eraser("voices", people.forget_people)
    register_merger("voices", people.merge_people)
    register_voices(
        product_choices, voice_choices, lambda: [(each.value, str(each.label)) for each in Given], tell_shown
    )
    register_invitation(invite_satisfied, _invite)


def _invite(answer: SurveyAnswer) -> Invitation | None:
    voice = invitation_of(answer)
    if voice is None:
        return None
    text = _("May we show your words to others? A few sentences help those who hesitate.")
    return Invitation(text, _("Write a few words"), voice_path(voice.pk))

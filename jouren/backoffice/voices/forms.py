"""What staff fill in about voices. What is wrong with it as a whole is said by the action."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jouren.catalog.models import Product
from jouren.content.voices.actions import MAX_NOTE_LENGTH
from jouren.content.voices.models import Voice
from jouren.content.voices.policies import MOST_CHARACTERS
from jouren.content.voices.vocabulary import Given

_GIVEN_HELP = _("It is shown beside their words: hidden advertising is forbidden (ステマ告示).")


class VoiceAskForm(forms.Form):
    """About what somebody is asked, and what they get for it."""

    product = forms.ModelChoiceField(
        Product.objects.order_by("name"), label=_("About"), required=False, empty_label=_("About the shop")
    )
    given = forms.ChoiceField(
        label=_("What you give in return"), choices=Given.choices, initial=Given.NOTHING, help_text=_GIVEN_HELP
    )


class ApprovalForm(forms.Form):
    """What is shown of a voice. ``seen`` says which state of it was looked at."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=40)
    text = forms.CharField(
        label=_("What is shown"),
        max_length=2 * MOST_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_(
            "You may only leave passages out, each marked by “…”. Leave out nothing that turns the meaning round: "
            "whoever cuts a complaint away misleads."
        ),
    )
    given = forms.ChoiceField(label=_("What you gave in return"), choices=Given.choices, help_text=_GIVEN_HELP)
    note = forms.CharField(label=_("Note, for colleagues"), max_length=MAX_NOTE_LENGTH, required=False)
    accepts_doubts = forms.BooleanField(
        label=_("I have looked at each doubtful place, and it may stay."), required=False
    )

    def __init__(self, *args: Any, voice: Voice, **kwargs: Any) -> None:
        initial = {"text": voice.text, "given": voice.given, "note": voice.note, "seen": voice.changed_at.isoformat()}
        kwargs.setdefault("initial", initial)
        super().__init__(*args, **kwargs)

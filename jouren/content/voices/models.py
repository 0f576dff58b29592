"""What customers say, and what they allowed to be done with it."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jouren.catalog.models import Product
from jouren.contacts.models import ConsentText, Contact
from jouren.content.voices.vocabulary import AgeGroup, Given, NameForm, Prefecture, State
from jouren.inbox.vocabulary import Satisfaction


def new_key() -> str:
    """A short name for a voice: staff and files know it by this."""
    return secrets.token_hex(4)


class Voice(models.Model):
    """Somebody's words about a product (or about the shop), from being asked for to being shown.

    ``original`` are their words, ``text`` what is shown of them: shortened at most. ``shown_name``, without さん, is
    what they saw and allowed; empty is no name. ``permitted_at`` and ``permission`` prove that they did, and under
    which words. ``contact`` is null once the person was erased; nothing of them is left then.
    """

    key = models.CharField(max_length=20, unique=True, default=new_key, editable=False)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="voices", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, null=True, related_name="+", verbose_name=_("product"))
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.ASKED)
    original = models.TextField(blank=True, default="")
    text = models.TextField(blank=True, default="")
    name_form = models.CharField(_("name"), max_length=20, choices=NameForm, blank=True, default="")
    shown_name = models.CharField(max_length=250, blank=True, default="")
    age_group = models.CharField(_("age"), max_length=2, choices=AgeGroup, blank=True, default="")
    prefecture = models.CharField(_("prefecture"), max_length=2, choices=Prefecture, blank=True, default="")
    given = models.CharField(_("given in return"), max_length=20, choices=Given, default=Given.NOTHING)
    satisfaction = models.CharField(_("satisfaction"), max_length=20, choices=Satisfaction, blank=True, default="")
    permitted_at = models.DateTimeField(null=True)
    permission = models.ForeignKey(ConsentText, models.PROTECT, null=True, related_name="+", db_index=False)
    changed_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    withdrawn_at = models.DateTimeField(null=True)
    note = models.CharField(_("note"), max_length=1000, blank=True, default="")

    class Meta:
        verbose_name = _("voice")
        verbose_name_plural = _("voices")
        indexes = [
            models.Index(fields=["contact"], name="content_voice_of"),
            models.Index(fields=["state", "-changed_at", "-id"], name="content_voice_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=State.APPROVED) | Q(contact__isnull=False, permitted_at__isnull=False) & ~Q(text=""),
                name="content_voice_permitted",
            )
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def is_shortened(self) -> bool:
        """Whether something of it is left out."""
        return self.text != self.original

    @property
    def is_given_something(self) -> bool:
        """Whether they got something in return."""
        return self.given != Given.NOTHING

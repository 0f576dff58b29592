"""The people a shop knows, how they can be reached, and what they allowed."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from jouren.contacts.policies import DEFAULT_ZONE, display_name
from jouren.contacts.segments.models import Segment  # noqa: F401 — a model of this room, in a file of its own

_EMPTY_LIST = Value([], ArrayField(models.TextField()))
_EMPTY_OBJECT = Value({}, models.JSONField())
_PRESENT = Q(erased_at__isnull=True, merged_at__isnull=True)


class Contact(models.Model):
    """One person. Raw SQL may insert with ``DEFAULT VALUES``: every column has a database default.

    ``search`` holds the tokens of :func:`jouren.contacts.policies.search_tokens`, ``kana_key`` sorts people in the
    order of the Japanese syllabary under the ``C`` collation. A person merged into another keeps an empty row
    (``merged_at``), an erased one too (``erased_at``): other rooms still hold their id.
    """

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, db_default=RandomUUID(), unique=True)
    family_name = models.CharField(_("family name"), max_length=100, blank=True, db_default="")
    given_name = models.CharField(_("given name"), max_length=100, blank=True, db_default="")
    family_kana = models.CharField(_("family name in kana"), max_length=100, blank=True, db_default="")
    given_kana = models.CharField(_("given name in kana"), max_length=100, blank=True, db_default="")
    kana_key = models.TextField(blank=True, db_default="", db_collation="C")
    search = ArrayField(models.TextField(), default=list, blank=True, db_default=_EMPTY_LIST)
    language = models.CharField(_("language"), max_length=12, db_default="ja", default="ja")
    zone = models.CharField(_("time zone"), max_length=64, db_default=DEFAULT_ZONE, default=DEFAULT_ZONE)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True, db_default=_EMPTY_OBJECT)
    source = models.JSONField(_("first touch"), default=dict, blank=True, db_default=_EMPTY_OBJECT)
    created_at = models.DateTimeField(_("known since"), db_default=Now())
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)
    merged_at = models.DateTimeField(_("merged"), null=True, blank=True)

    class Meta:
        db_table = "contacts_contact"
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = [
            # Of those who are present only, so that lists walk them and counts read nothing but the index.
            models.Index(fields=["kana_key", "id"], name="contacts_contact_kana", condition=_PRESENT),
            models.Index(fields=["created_at", "id"], name="contacts_contact_created", condition=_PRESENT),
            GinIndex(fields=["search"], name="contacts_contact_search", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.name or str(self.public_id)

    @property
    def name(self) -> str:
        """The name as people write it in the contact's language; empty when unknown."""
        return display_name(self.family_name, self.given_name, self.language)

    @property
    def is_present(self) -> bool:
        """False for somebody erased or merged into another."""
        return self.erased_at is None and self.merged_at is None


class IdentityKind(models.TextChoices):
    """What kind of address or number finds a person."""

    EMAIL = "email", _("Mail address")
    LINE = "line", _("LINE")
    SHOP = "shop", _("Shop customer number")


class Identity(models.Model):
    """One address or number of a person; no two people share one.

    ``value`` is normalised, ``as_given`` is how it was written, ``is_odd`` marks what the standards forbid but
    receivers accept (old docomo addresses with two dots).
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="identities")
    kind = models.CharField(_("kind"), max_length=12, choices=IdentityKind)
    value = models.CharField(_("value"), max_length=254, db_collation="C")
    as_given = models.CharField(max_length=254, db_default="")
    is_odd = models.BooleanField(db_default=False, default=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "contacts_identity"
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="contacts_identity_unique")]

    def __str__(self) -> str:
        return self.value


class AttributeType(models.TextChoices):
    """The type of an attribute that a shop defines."""

    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    DATE = "date", _("Date")
    BOOLEAN = "boolean", _("Yes or no")


class AttributeDefinition(models.Model):
    """An attribute of people that the shop wants to keep. Its key and type never change once made."""

    key = models.SlugField(_("key"), max_length=50, unique=True)
    type = models.CharField(_("type"), max_length=10, choices=AttributeType)
    label = models.CharField(_("label"), max_length=100)

    class Meta:
        db_table = "contacts_attribute_definition"
        ordering = ["key"]

    def __str__(self) -> str:
        return self.label


class Problem(models.Model):
    """What somebody wants solved (悩み). ``text`` is one problem, as the form or the person put it."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="problems")
    text = models.CharField(_("problem"), max_length=500)
    noted_at = models.DateTimeField(_("noted"))
    solved_at = models.DateTimeField(_("solved"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True, db_default="")

    class Meta:
        db_table = "contacts_problem"
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "text"], condition=Q(solved_at__isnull=True), name="contacts_problem_open_once"
            )
        ]
        indexes = [models.Index(fields=["contact", "noted_at"], name="contacts_problem_of")]

    def __str__(self) -> str:
        return self.text


class Tag(models.Model):
    """A word that the shop puts on a person."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="tags", db_index=False)
    text = models.CharField(_("tag"), max_length=50, db_collation="C")
    at = models.DateTimeField(_("since"))

    class Meta:
        db_table = "contacts_tag"
        constraints = [models.UniqueConstraint(fields=["contact", "text"], name="contacts_tag_once")]
        indexes = [models.Index(fields=["text", "contact"], name="contacts_tag_of_text")]

    def __str__(self) -> str:
        return self.text


class Topic(models.Model):
    """What a person can ask for or decline, for example the newsletter."""

    key = models.SlugField(_("key"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_offered = models.BooleanField(_("offered on the preference page"), default=True)

    class Meta:
        db_table = "contacts_topic"
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["position", "key"]

    def __str__(self) -> str:
        return self.name


class ConsentText(models.Model):
    """A text that people agreed to, kept word for word. Its id is its version; rows are never changed."""

    digest = models.CharField(max_length=64, unique=True)
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("used since"))

    class Meta:
        db_table = "contacts_consent_text"

    def __str__(self) -> str:
        return self.text[:80]


class Consent(models.Model):
    """Whether a person now allows a topic on a channel. No row: they never said."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="consents")
    channel = models.CharField(_("channel"), max_length=20)
    topic = models.CharField(_("topic"), max_length=50)
    is_granted = models.BooleanField(_("granted"))
    since = models.DateTimeField(_("since"))

    class Meta:
        db_table = "contacts_consent"
        constraints = [
            models.UniqueConstraint(fields=["contact", "channel", "topic"], name="contacts_consent_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}/{self.topic}: {self.is_granted}"


class ConsentRecord(models.Model):
    """The proof: who allowed or withdrew what, to which text, when, by what way and where. Append-only."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="consent_records")
    channel = models.CharField(_("channel"), max_length=20)
    topic = models.CharField(_("topic"), max_length=50)
    is_granted = models.BooleanField(_("granted"))
    text = models.ForeignKey(ConsentText, models.PROTECT, null=True, blank=True)
    at = models.DateTimeField(_("when"))
    via = models.CharField(_("by way of"), max_length=50)
    page = models.CharField(_("page"), max_length=2000, blank=True, db_default="")
    ip_hash = models.CharField(max_length=64, blank=True, db_default="")

    class Meta:
        db_table = "contacts_consent_record"
        indexes = [models.Index(fields=["contact", "at"], name="contacts_consent_record_of")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.channel}/{self.topic}: {self.is_granted}"


class SuppressionReason(models.TextChoices):
    """Why somebody gets no more messages."""

    UNNEEDED = "unneeded", _("No more unneeded messages")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    HARD_BOUNCE = "hard_bounce", _("The address does not exist")
    COMPLAINT = "complaint", _("Reported as spam")
    MANUAL = "manual", _("Stopped by the shop")
    ERASED = "erased", _("Erased")
    NOT_BOUGHT = "not_bought", _("Invited often enough without buying")
    DISSATISFIED = "dissatisfied", _("Not satisfied after use")
    IN_PEACE = "in_peace", _("Left in peace by the shop")
    LAPSED = "lapsed", _("Lapsed, and invited often enough")


LEFT_IN_PEACE = frozenset(
    {
        SuppressionReason.NOT_BOUGHT.value,
        SuppressionReason.DISSATISFIED.value,
        SuppressionReason.IN_PEACE.value,
        SuppressionReason.LAPSED.value,
    }
)
"""Reasons that stop promotion alone (離脱): what people asked for still goes to them."""


class Suppression(models.Model):
    """A person gets nothing on ``channel`` (empty: on any) until it is lifted; of :data:`LEFT_IN_PEACE`: no promotion.

    ``detail``: a few words of whoever stopped it; where a person was left in peace, by what (``rule``, ``survey``, …).
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="suppressions")
    channel = models.CharField(_("channel"), max_length=20, blank=True, db_default="")
    reason = models.CharField(_("reason"), max_length=20, choices=SuppressionReason)
    at = models.DateTimeField(_("since"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    detail = models.CharField(_("detail"), max_length=500, blank=True, db_default="")

    class Meta:
        db_table = "contacts_suppression"
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "channel", "reason"],
                condition=Q(lifted_at__isnull=True),
                name="contacts_suppression_once",
            )
        ]
        indexes = [models.Index(fields=["contact", "at"], name="contacts_suppression_of")]

    def __str__(self) -> str:
        return f"{self.channel or '*'}: {self.reason}"


class ErasedIdentity(models.Model):
    """A keyed hash of an identity that was erased, so that no import brings the person back."""

    hash = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "contacts_erased_identity"

    def __str__(self) -> str:
        return self.hash


class Alias(models.Model):
    """``from_id`` was merged into ``to``: resolved when read, so that the log is never rewritten."""

    from_id = models.BigIntegerField(primary_key=True)
    to = models.ForeignKey(Contact, models.CASCADE, related_name="aliases")

    class Meta:
        db_table = "contacts_alias"

    def __str__(self) -> str:
        return f"{self.from_id} → {self.to_id}"

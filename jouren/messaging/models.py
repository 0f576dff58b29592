"""Messages as authored and as published; runs and deliveries; the shop's own data for the law."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.panels import FieldPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting
from wagtail.fields import StreamField
from wagtail.images import get_image_model_string
from wagtail.models import DraftStateMixin, LockableMixin, PreviewableMixin, RevisionMixin

from jouren.contacts.addresses import normalise_email
from jouren.contacts.errors import BadAddress
from jouren.messaging.channels.email.blocks import BodiesBlock
from jouren.messaging.control_group.models import ControlGroup
from jouren.messaging.forms import MessageForm
from jouren.messaging.panels import InFlightPanel
from jouren.messaging.sending_rules.models import CapRow, Hold, SendingRules
from jouren.messaging.slots import DEFAULT_IN_FLIGHT
from jouren.messaging.vocabulary import Doubt, Kind, Lane, RunKind, State, Wall
from jouren.pyramid.stages import Stage

_NO_OFFERS = models.Value([], ArrayField(models.BigIntegerField()))

__all__ = [
    "CapRow",
    "ClickHour",
    "ControlGroup",
    "Delivery",
    "DomainLimit",
    "Hold",
    "Message",
    "MessageVersion",
    "RateClock",
    "RelaySettings",
    "Run",
    "SendingRules",
    "ShopClickHour",
    "ShopSettings",
]
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]


class Message(DraftStateMixin, LockableMixin, RevisionMixin, PreviewableMixin, models.Model):
    """A message as its author edits it. What is sent is always a :class:`MessageVersion`."""

    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(
        pgettext_lazy("of a message", "kind"), max_length=20, choices=Kind.choices, default=Kind.HELP
    )
    stage = models.PositiveSmallIntegerField(_("for the stage"), choices=Stage.choices, null=True, blank=True)
    wall = models.CharField(_("wall it answers"), max_length=20, choices=Wall.choices, blank=True)
    doubt = models.CharField(_("doubt it answers"), max_length=20, choices=Doubt.choices, blank=True)
    topic = models.ForeignKey(
        "contacts.Topic", verbose_name=_("topic"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    purpose = models.CharField(max_length=50, blank=True, editable=False)
    language = models.CharField(_("language"), max_length=5, choices=LANGUAGES, default="ja")
    bodies = StreamField(BodiesBlock(), verbose_name=_("bodies"), blank=True)

    base_form_class = MessageForm

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "language"], condition=~models.Q(purpose=""), name="messaging_message_purpose"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def published_versions(self) -> models.QuerySet[MessageVersion]:
        """What publishing made, the newest first, without what was made of it for one run alone."""
        return self.versions.filter(run=None).order_by("-number")

    @property
    def preview_modes(self) -> list[tuple[str, Any]]:
        return [("", _("Mail")), ("text", _("Plain text"))]

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        from jouren.messaging.preview import preview_response

        return preview_response(self, mode_name)

    def publish(self, revision: Any, *args: Any, **kwargs: Any) -> None:
        """Publish a revision, whoever asks for it: check it, make it live, freeze it. Raises InvalidMessage."""
        from jouren.messaging.publishing import check_message, freeze

        with transaction.atomic():
            bodies = check_message(revision.as_object())
            super().publish(revision, *args, **kwargs)
            live = type(self).objects.get(pk=self.pk)
            if live.live and live.live_revision_id == revision.pk:
                freeze(live, bodies)


class MessageVersion(models.Model):
    """A published message, frozen. ``bodies`` is keyed by channel: ``{"email": {"subject", "html", "text", …}}``.

    ``offers``: those that it shows; without one of ``needed_offers`` it does not go.
    ``run``: only that run sends it, perhaps under another subject; its number is that of the version it was made from.
    """

    message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    stage = models.PositiveSmallIntegerField(null=True)
    topic = models.CharField(max_length=50, blank=True)
    language = models.CharField(max_length=5, default="ja")
    bodies = models.JSONField()
    offers = ArrayField(models.BigIntegerField(), default=list, db_default=_NO_OFFERS)
    needed_offers = ArrayField(models.BigIntegerField(), default=list, db_default=_NO_OFFERS)
    hash = models.CharField(max_length=64)
    run = models.ForeignKey("messaging.Run", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "number"], condition=models.Q(run__isnull=True), name="messaging_version_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"

    @property
    def names_order(self) -> bool:
        """Whether it names an order, so that only a walk about one can send it."""
        return any(body.get("names_order", False) for body in self.bodies.values())


class Run(models.Model):
    """What deliveries belong to: a journey, a broadcast, a transactional purpose, a test.

    While it is on hold (``held_at``) what is planned stays planned. Cancelled, nothing of it goes out any more.
    """

    kind = models.CharField(max_length=20, choices=RunKind.choices)
    title = models.CharField(max_length=200)
    reference = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "reference"], condition=~models.Q(reference=""), name="messaging_run_reference"
            )
        ]

    def __str__(self) -> str:
        return self.title


class Delivery(models.Model):
    """One message to one person, once: unique by run, step, contact and occurrence.

    No rendered copy is kept: the version, the person and ``context`` (what only this delivery knows, such as a
    confirmation link) give it again. ``due_at`` is when it was meant to go, ``try_at`` when it is tried next or, once
    there is nothing to try any more, when it was handed over.
    Foreign keys have no constraint in the database: a hundred senders locking one run's row would wait for each other.
    """

    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    step = models.UUIDField()
    contact_id = models.BigIntegerField()
    occurrence = models.BigIntegerField(default=0)
    channel = models.CharField(max_length=20, default="email")
    lane = models.PositiveSmallIntegerField(choices=Lane.choices)
    state = models.PositiveSmallIntegerField(choices=State.choices, default=State.PLANNED)
    reason = models.CharField(max_length=100, default="", db_default="")
    due_at = models.DateTimeField()
    try_at = models.DateTimeField()
    planned_at = models.DateTimeField()
    message_version = models.ForeignKey(
        MessageVersion, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    message_id = models.CharField(max_length=200, default="", db_default="")
    slot = models.PositiveSmallIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    uncertain = models.PositiveSmallIntegerField(default=0, db_default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, default="", db_default="")
    first_opened_at = models.DateTimeField(null=True)
    first_clicked_at = models.DateTimeField(null=True)
    first_replied_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    context = models.JSONField(null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["run", "step", "contact_id", "occurrence"], name="messaging_delivery_once")
        ]
        indexes = [
            # By run, so that the planned ones of a run on hold stand in nobody's way.
            models.Index(
                fields=["lane", "run", "try_at", "id"],
                condition=models.Q(state=State.PLANNED),
                name="messaging_delivery_next",
            ),
            models.Index(
                fields=["slot"], condition=models.Q(state=State.ATTEMPTING), name="messaging_delivery_attempting"
            ),
            models.Index(fields=["contact_id", "try_at"], name="messaging_delivery_person"),
            # What became of a message is counted, and listed, without looking at the rows. Who clicked has opened.
            models.Index(fields=["message_version", "state", "id"], name="messaging_delivery_version"),
            models.Index(
                fields=["message_version", "first_clicked_at"],
                condition=models.Q(first_opened_at__isnull=False),
                name="messaging_delivery_seen",
            ),
            models.Index(
                fields=["message_version"],
                condition=models.Q(first_replied_at__isnull=False),
                name="messaging_delivery_replied",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


@register_setting(icon="home")
class ShopSettings(BaseGenericSetting):
    """Who writes to people. The law (特定電子メール法) asks for name, address and a contact for complaints."""

    name = models.CharField(_("shop name"), max_length=100, blank=True)
    sender_name = models.CharField(_("sender name"), max_length=100, blank=True)
    sender_address = models.EmailField(_("sender address"), blank=True)
    reply_to = models.EmailField(_("reply address"), blank=True)
    postal_address = models.CharField(_("postal address"), max_length=300, blank=True)
    complaints_email = models.EmailField(_("mail for complaints"), blank=True)
    complaints_phone = models.CharField(_("telephone for complaints"), max_length=30, blank=True)
    commerce_law_url = models.URLField(_("page required by commercial law (特商法)"), blank=True)
    privacy_url = models.URLField(_("privacy policy"), blank=True, default="", db_default="")
    mail_taken_at = models.DateTimeField(null=True, editable=False)  # when a mail service took a test mail
    logo = models.ForeignKey(
        get_image_model_string(),
        verbose_name=_("logo"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Shown at the top of your pages. Wide and on a clear ground is best."),
    )
    colour = models.CharField(
        _("colour"),
        max_length=7,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}\Z", _("Give a colour as # and six signs, such as #2f6b4f."))],
        help_text=_("The colour of buttons and links on your pages."),
    )

    class Meta:
        verbose_name = _("shop")

    def clean(self) -> None:
        """Refuse an address that looks like one and cannot be written in a mail: nothing would go out."""
        for name in ("sender_address", "reply_to"):
            address = getattr(self, name)
            try:
                if address:
                    normalise_email(address)
            except BadAddress as error:
                raise ValidationError({name: str(error)}) from error


@register_setting(icon="mail")
class RelaySettings(BaseGenericSetting):
    """How hard the mail relay may be driven. Running senders take a change up within seconds."""

    connections = models.PositiveSmallIntegerField(
        _("connections at most"),
        default=100,
        db_default=100,
        validators=[MinValueValidator(3), MaxValueValidator(1000)],
        help_text=_(
            "As many as your mail service allows at the same time. At least 3: confirmations, journeys and broadcasts "
            "have connections of their own."
        ),
    )
    letters = models.PositiveSmallIntegerField(
        _("messages in a row on one connection"),
        default=1,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text=_(
            "1 is best. Where your mail service allows only few connections, up to 20 make sending faster: they are "
            "handed over one after the other, and what became of them is written down together."
        ),
    )
    max_in_flight = models.PositiveSmallIntegerField(
        _("messages of unknown outcome allowed at most"),
        default=DEFAULT_IN_FLIGHT,
        validators=[MinValueValidator(3), MaxValueValidator(20_000)],
        help_text=_(
            "Connections times messages may not exceed this. Raise it only if you can bear that after a crash nobody "
            "knows of so many messages whether they arrived."
        ),
    )
    per_second = models.FloatField(
        _("messages a second at most"), null=True, blank=True, validators=[MinValueValidator(0.001)]
    )

    panels = [
        InFlightPanel(),
        FieldPanel("connections"),
        FieldPanel("letters"),
        FieldPanel("max_in_flight"),
        FieldPanel("per_second"),
    ]

    class Meta:
        verbose_name = _("mail relay")

    @property
    def in_flight(self) -> int:
        """The bound: of how many messages nobody knows the outcome after a crash, at most."""
        return self.connections * self.letters

    def clean(self) -> None:
        """Refuse a bound that is higher than what is allowed."""
        # Of a field that was refused already there is no number.
        if None in {self.connections, self.letters, self.max_in_flight} or self.in_flight <= self.max_in_flight:
            return
        raise ValidationError(
            {
                "letters": _(
                    "%(connections)s connections with %(letters)s messages each are %(product)s messages, and "
                    "%(allowed)s are allowed. Lower one of the two, or raise the number allowed."
                )
                % {
                    "connections": self.connections,
                    "letters": self.letters,
                    "product": self.in_flight,
                    "allowed": self.max_in_flight,
                }
            }
        )


class RelayTrouble(models.Model):
    """Why mail of a channel cannot leave, as a sender met it last. Gone once a connection succeeds."""

    channel = models.CharField(max_length=20, primary_key=True)
    kind = models.CharField(max_length=20)
    detail = models.CharField(max_length=500)
    is_permanent = models.BooleanField()
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.channel}: {self.kind}"


class ReplyMailbox(models.Model):
    """How far the mailbox that replies come to was read: all mails up to ``last_uid``.

    ``name`` is a digest of server, user and folder, so that another mailbox is begun anew. UIDs mean something under
    one ``uid_validity`` only (RFC 3501, 2.3.1.1).
    """

    name = models.CharField(max_length=64, primary_key=True)
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0, db_default=0)
    next_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_reply_mailbox"

    def __str__(self) -> str:
        return f"{self.uid_validity}: {self.last_uid}"


class DomainLimit(models.Model):
    """At most so many messages a second to one receiving domain."""

    domain = models.CharField(_("domain"), max_length=253, unique=True)
    per_second = models.FloatField(_("messages a second at most"), validators=[MinValueValidator(0.001)])

    class Meta:
        verbose_name = _("limit of a domain")
        verbose_name_plural = _("limits of domains")

    def __str__(self) -> str:
        return self.domain


class RateClock(models.Model):
    """Until when a limit's allowance is used up. ``key`` is a domain, or empty for the relay."""

    key = models.CharField(max_length=253, primary_key=True)
    busy_until = models.DateTimeField()


class ClickHour(models.Model):
    """How often a person clicked in one hour of their own day (0 to 23). Written by ``best_hour``."""

    pk = models.CompositePrimaryKey("contact_id", "hour")
    contact_id = models.BigIntegerField()
    hour = models.PositiveSmallIntegerField()
    clicks = models.PositiveIntegerField()

    class Meta:
        db_table = "messaging_click_hour"

    def __str__(self) -> str:
        return f"{self.contact_id} {self.hour}:00 {self.clicks}"


class ShopClickHour(models.Model):
    """The same over everybody, in a part for each shard of the reactor, so that no two wait for each other.

    ``pairs`` counts ordered pairs of clicks of one person, ``same_pairs`` those within one hour; both stand at the hour
    of the later click.
    """

    pk = models.CompositePrimaryKey("shard", "hour")
    shard = models.PositiveSmallIntegerField()
    hour = models.PositiveSmallIntegerField()
    clicks = models.PositiveBigIntegerField()
    pairs = models.PositiveBigIntegerField()
    same_pairs = models.PositiveBigIntegerField()

    class Meta:
        db_table = "messaging_shop_click_hour"

    def __str__(self) -> str:
        return f"{self.shard} {self.hour}:00 {self.clicks}"

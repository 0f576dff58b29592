"""From a message as edited to a version that is sent: checked, compiled, frozen.

Publishing from the editor, by a schedule, by a workflow or by code runs :func:`publish_message` or
``Message.publish``, and those are one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from jouren.core import clock
from jouren.messaging.channels.base import CompileContext, channel
from jouren.messaging.channels.email.writer import link_variables
from jouren.messaging.errors import FieldProblem, InvalidMessage, TemplateProblem
from jouren.messaging.models import MessageVersion, ShopSettings
from jouren.messaging.offers import closed_offers, offer_variables, offers_of, problems_of, sample_offers
from jouren.messaging.orders import ORDER_VARIABLES, sample_order
from jouren.messaging.placeholders import placeholders_in
from jouren.messaging.purposes import purpose
from jouren.messaging.shop import SHOP_VARIABLES, logo_of_mails
from jouren.messaging.templating import mend_honorifics, variables_of
from jouren.messaging.variables import CONTACT_VARIABLES, LINKS, contact_variables, letter_variables
from jouren.messaging.vocabulary import Kind
from jouren.messaging.voices import no_voices, sample_voices, voice_variables
from jouren.story.interview import VARIABLES as OWNER_VARIABLES
from jouren.story.queries import OWNER_PLACES, sample_owner, unanswered

if TYPE_CHECKING:
    from jouren.messaging.models import Message

_TEMPLATE_PARTS = ("subject", "preheader", "html", "text")
Bodies = dict[str, dict[str, Any]]


def publish_message(message: Message, by: AbstractBaseUser | None = None) -> MessageVersion:
    """Save what ``message`` holds now as a revision and publish it.

    Raises:
        InvalidMessage: with all that is wrong; nothing is stored.
    """
    with transaction.atomic():
        if message.pk is None:
            message.live = False
            message.save()
        message.save_revision(user=by).publish(user=by, skip_permission_checks=True)
        message.refresh_from_db()
        return message.published_versions[0]


def check_message(message: Message) -> Bodies:
    """Compile all bodies of a draft as they would be published.

    Raises:
        InvalidMessage: with all that is wrong.
    """
    problems = _missing_parts(message)
    if places := placeholders_in(message.bodies.get_prep_value()):
        text = _("Write what belongs in the place “%(place)s”, or take the sentence out.")
        raise InvalidMessage([*problems, *(text % {"place": place} for place in places)])
    bodies: Bodies = {}
    try:
        bodies = compile_bodies(message)
    except InvalidMessage as error:
        problems += error.problems
    problems += problems_of(offers_of(bodies), is_transactional=message.kind == Kind.TRANSACTIONAL)
    for name, body in bodies.items():
        problems += template_problems(name, body, extra_variables(message.purpose))
    if problems:
        raise InvalidMessage(problems)
    return bodies


def compile_bodies(message: Message) -> Bodies:
    """The body for each channel, keyed by the channel's name. Raises InvalidMessage."""
    shop = ShopSettings.objects.first() or ShopSettings()
    base_url = settings.JOUREN.base_url
    context = CompileContext(
        message.kind, message.language, message.purpose, base_url, shop.colour, logo_of_mails(shop)
    )
    bodies: Bodies = {}
    for block in message.bodies:
        if block.block_type not in bodies:
            bodies[block.block_type] = channel(block.block_type).compile(block.value, context)
    return bodies


def digest_of(message: Message, bodies: Bodies) -> str:
    """The same for what would be sent alike."""
    content = [message.kind, message.stage, _topic_of(message), message.language, bodies]
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _topic_of(message: Message) -> str:
    return message.topic.key if message.topic else ""


def freeze(message: Message, bodies: Bodies) -> MessageVersion:
    """Keep a published message as its next version; the newest one when nothing changed."""
    topic, digest = _topic_of(message), digest_of(message, bodies)
    # The message's row is locked by its own update: two publications number their versions one after the other.
    latest = message.published_versions.first()
    if latest is not None and latest.hash == digest and latest.name == message.name:
        return latest
    number = message.versions.aggregate(last=Max("number"))["last"] or 0
    return MessageVersion.objects.create(
        message=message,
        number=number + 1,
        name=message.name,
        kind=message.kind,
        stage=message.stage,
        topic=topic,
        language=message.language,
        bodies=bodies,
        offers=offers_of(bodies),
        needed_offers=offers_of(bodies, "needed_offers"),
        hash=digest,
        created_at=clock.now(),
    )


def freeze_for_run(version: MessageVersion, run_id: int, subject: str = "") -> MessageVersion:
    """A version that one run alone sends, so that its figures are its own; under another subject, if one is given.

    Raises:
        InvalidMessage: the subject asks for what nobody knows.
    """
    bodies: Bodies = version.bodies
    if subject:
        bodies = {**bodies, "email": with_subject(bodies.get("email", {}), subject)}
    return MessageVersion.objects.create(
        message=version.message,
        run_id=run_id,
        number=version.number,
        name=version.name,
        kind=version.kind,
        stage=version.stage,
        topic=version.topic,
        language=version.language,
        bodies=bodies,
        offers=version.offers,
        needed_offers=version.needed_offers,
        hash=version.hash,
        created_at=clock.now(),
    )


def with_subject(body: dict[str, Any], subject: str) -> dict[str, Any]:
    """A compiled mail under another subject. Raises InvalidMessage."""
    changed = {**body, "subject": mend_honorifics(" ".join(subject.split()))}
    if not changed["subject"]:
        raise InvalidMessage([_("The mail has no subject.")])
    if problems := template_problems("email", changed, ORDER_VARIABLES if body.get("names_order") else ()):
        raise InvalidMessage(problems)
    return changed


def _missing_parts(message: Message) -> list[str]:
    problems: list[str] = []
    if not len(message.bodies):
        problems.append(_("The message has no body."))
    if message.kind == Kind.TRANSACTIONAL:
        # Such mail needs no consent and has no way out: it must never carry an offer.
        if not message.purpose:
            problems.append(_("Only built-in messages, such as a confirmation, are transactional. Choose another."))
        return problems
    if message.stage is None:
        problems.append(FieldProblem(_("Say which stage of the pyramid the message is for."), "stage"))
    if message.topic is None:
        problems.append(FieldProblem(_("Choose the topic that people agreed to receive."), "topic"))
    return problems + legal_problems(ShopSettings.objects.first() or ShopSettings())


def legal_problems(shop: ShopSettings) -> list[str]:
    """What advertising mail has to tell by 特定電子メール法 第4条 (施行規則 第9条), and the settings lack."""
    needed = (
        (shop.name, _("the shop's name")),
        (shop.postal_address, _("the postal address")),
        (shop.complaints_email or shop.complaints_phone, _("a mail address or telephone number for complaints")),
    )
    return [
        _("The law asks for %(what)s in every advertising mail. Fill it in under Settings, Shop.") % {"what": what}
        for value, what in needed
        if not value.strip()
    ]


def extra_variables(purpose_key: str) -> Sequence[str]:
    """What a message may show besides the person and the shop: what its purpose brings, else an order."""
    known = purpose(purpose_key) if purpose_key else None
    return known.variables if known else () if purpose_key else ORDER_VARIABLES


def template_problems(channel_name: str, body: Mapping[str, Any], extra: Sequence[str]) -> list[str]:
    """What is wrong with a compiled body's templates: syntax, variables that nobody provides, what fails to render."""
    offer_ids = body.get("offers", [])
    allowed = allowed_variables(extra) | offer_variables(offer_ids) | voice_variables(body)
    used: set[str] = set()
    try:
        for part in _TEMPLATE_PARTS:
            used |= variables_of(body.get(part, ""))
    except TemplateProblem as problem:
        return [_("The template has a mistake: %(problem)s") % {"problem": problem}]
    if unknown := used - allowed:
        return [
            _("Unknown variable {{ %(name)s }}. Known are: %(known)s.")
            % {"name": name, "known": ", ".join(sorted(shown_variables(extra)))}
            for name in sorted(unknown)
        ]
    if untold := unanswered(used):
        text = _("The message shows your answer to “%(question)s”, and there is none. Answer it under Owner's story.")
        return [text % {"question": question} for question in untold]
    shown, hidden = sample_offers(offer_ids, "https://example.jp", clock.now()), closed_offers(offer_ids)
    full, empty = {"offers": shown, "voices": sample_voices(body)}, {"offers": hidden, "voices": no_voices(body)}
    try:
        for person, told in ((probe_variables(extra), full), (probe_variables(extra, is_nameless=True), empty)):
            channel(channel_name).render(body, {**person, **told})
    except TemplateProblem as problem:
        return [_("The template has a mistake: %(problem)s") % {"problem": problem}]
    return []


def shown_variables(extra: Sequence[str] = ()) -> set[str]:
    """The variables that an author may use."""
    contact = {f"contact.{name}" for name in CONTACT_VARIABLES}
    shop = {f"shop.{name}" for name in SHOP_VARIABLES} | {f"owner.{name}" for name in OWNER_VARIABLES}
    return contact | shop | {*LINKS, *extra}


def allowed_variables(extra: Sequence[str] = ()) -> set[str]:
    """Those, and the ones that compiling adds."""
    return shown_variables(extra) | OWNER_PLACES | {"link_base", "pixel_url", "media_base"}


def probe_variables(extra: Sequence[str] = (), *, is_nameless: bool = False) -> dict[str, Any]:
    """Variables of an invented person, to try templates with."""
    names = ("", "") if is_nameless else ("山田", "花子")
    contact = contact_variables(*names, "ja", "hanako@example.jp")
    context: dict[str, Any] = dict.fromkeys(extra, "https://example.jp/") | sample_order()
    return {
        **letter_variables(contact, dict.fromkeys(SHOP_VARIABLES, "https://example.jp/"), sample_owner(), context),
        **link_variables("https://example.jp", "0"),
    }

"""What staff do with offers, and what people do: see one, take one."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.catalog.eligibility import Reason
from jouren.catalog.errors import BadOffer, OfferClosed
from jouren.catalog.models import Product
from jouren.catalog.offers.models import Offer, OfferApplication, OfferSight
from jouren.catalog.offers.queries import judge_offer
from jouren.catalog.offers.vocabulary import TRANSFERS, ApplicationState, ButtonKind, Via
from jouren.conditions.errors import ConditionError
from jouren.conditions.tree import validate_tree
from jouren.contacts.actions.base import locked
from jouren.contacts.policies import clean_text
from jouren.core import clock
from jouren.core.money import MOST
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_event
from jouren.pyramid.stages import Stage

_sql = load_sql("catalog")
MAX_NAME_LENGTH, MAX_DESCRIPTION_LENGTH, MAX_BUTTON_LENGTH, MAX_URL_LENGTH, MAX_TEXT_LENGTH = 100, 500, 30, 1_000, 2_000
MOST_HOURS, MOST_STOCK = 24 * 365, 1_000_000
LOOKS_APART = timedelta(minutes=30)
"""Looks at a page within the same half hour are told as one."""
TEXTS = (
    "quantity_text",
    "prices_text",
    "payment_text",
    "delivery_text",
    "cancellation_text",
    "period_text",
    "transfer_text",
)
ASKED_BY_LAW = ("payment_text", "delivery_text", "cancellation_text")
"""What nobody but the shop can tell. Quantity, price and period are told by the offer itself where they are empty."""
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Of what is read aloud and copied by hand: without 0, O, 1 and I."""
_BREAKING = re.compile(r"[\s\"'<>\\^`|]")
_PLACE = re.compile(r"\{(\w*)\}")
PLACES = frozenset({"code", "reference"})


@transaction.atomic
def save_offer(offer: Offer, *, by: AbstractBaseUser | None = None) -> Offer:
    """Keep an offer, a new one or as it was changed. The audit log keeps what changed.

    Raises:
        BadOffer: a detail cannot be kept; ``field`` names it.
    """
    before = Offer.objects.select_for_update().filter(pk=offer.pk).first() if offer.pk else None
    if (fault := next(faults_of(offer), None)) is not None:
        raise fault
    if Offer.objects.filter(name=offer.name).exclude(pk=offer.pk or 0).exists():
        raise _name_taken(offer)
    changes = _changes(before, offer)
    if before is not None and not changes:
        return offer
    if before is None:
        offer.created_at = clock.now()
    try:
        with transaction.atomic():
            offer.save()
    except IntegrityError:
        raise _name_taken(offer) from None
    log_act(offer, "change_offer" if before else "add_offer", by, changes=changes)
    return offer


def _name_taken(offer: Offer) -> BadOffer:
    return BadOffer(_("There is another offer of the name “%(name)s”.") % {"name": offer.name}, "name")


def faults_of(offer: Offer) -> Iterator[BadOffer]:
    """All details of an offer that cannot be kept, each with its field. What is written of it is cleaned on the way."""
    offer.name, offer.description = clean_text(offer.name), clean_text(offer.description)
    offer.button_text, offer.button_url = clean_text(offer.button_text), offer.button_url.strip()
    if not 0 < len(offer.name) <= MAX_NAME_LENGTH:
        yield BadOffer(_("An offer's name has 1 to %(limit)s characters.") % {"limit": MAX_NAME_LENGTH}, "name")
    if len(offer.description) > MAX_DESCRIPTION_LENGTH:
        message = _("The description has at most %(limit)s characters.") % {"limit": MAX_DESCRIPTION_LENGTH}
        yield BadOffer(message, "description")
    if not offer.product_id or not Product.objects.filter(pk=offer.product_id).exists():
        yield BadOffer(_("Choose a product."), "product")
    if type(offer.price) is not int or not 0 <= offer.price <= MOST:
        yield BadOffer(_("The amount must be a whole number that is not negative."), "price")
    yield from _faults_of_time(offer)
    yield from _faults_of_people(offer)
    yield from _faults_of_button(offer)
    for name in TEXTS:
        text = getattr(offer, name).replace("\x00", "").replace("\r\n", "\n").strip()
        if len(text) > MAX_TEXT_LENGTH:
            yield BadOffer(_("This text has at most %(limit)s characters.") % {"limit": MAX_TEXT_LENGTH}, name)
        setattr(offer, name, text)


def _faults_of_time(offer: Offer) -> Iterator[BadOffer]:
    moments = {name: moment for name in ("starts_at", "ends_at") if (moment := getattr(offer, name)) is not None}
    bad = [name for name, moment in moments.items() if moment.tzinfo is None or not 2000 <= moment.year <= 9000]
    for name in bad:
        yield BadOffer(_("This is no moment that can be kept."), name)
    if not bad and len(moments) == 2 and moments["starts_at"] >= moments["ends_at"]:
        yield BadOffer(_("It must end after it begins."), "ends_at")
    if offer.personal_hours is not None and not 1 <= offer.personal_hours <= MOST_HOURS:
        yield BadOffer(_("A personal deadline is 1 to %(most)s hours.") % {"most": MOST_HOURS}, "personal_hours")


def _faults_of_people(offer: Offer) -> Iterator[BadOffer]:
    bad = [name for name in ("least_stage", "most_stage") if getattr(offer, name) not in {None, *Stage.values}]
    for name in bad:
        yield BadOffer(_("Choose one of the stages."), name)
    if not bad and offer.least_stage and offer.most_stage and offer.least_stage > offer.most_stage:
        yield BadOffer(_("The last stage comes before the first one: nobody could have the offer."), "most_stage")
    if offer.stock is not None and not 0 <= offer.stock <= MOST_STOCK:
        yield BadOffer(_("The number is 0 to %(most)s.") % {"most": MOST_STOCK}, "stock")
    if offer.condition:
        try:
            validate_tree(offer.condition)
        except ConditionError as error:
            yield BadOffer(str(error), "condition")


def _faults_of_button(offer: Offer) -> Iterator[BadOffer]:
    if offer.button_kind not in ButtonKind.values:
        yield BadOffer(_("Choose where the button leads."), "button_kind")
    if len(offer.button_text) > MAX_BUTTON_LENGTH:
        yield BadOffer(
            _("A button's text has at most %(limit)s characters.") % {"limit": MAX_BUTTON_LENGTH}, "button_text"
        )
    if offer.button_kind == ButtonKind.TRANSFER:
        offer.button_url = ""
        if not offer.transfer_text.strip():
            yield BadOffer(_("Say where to transfer the money."), "transfer_text")
        for name in ASKED_BY_LAW:
            if offer.is_open and not getattr(offer, name).strip():
                yield BadOffer(_("The law asks for this where people order on your page."), name)
        return
    url = offer.button_url
    if unknown := set(_PLACE.findall(url)) - PLACES:
        message = _("The address can hold {code} and {reference}, not {%(unknown)s}.")
        yield BadOffer(message % {"unknown": sorted(unknown)[0][:30]}, "button_url")
    try:
        parts = urlsplit(_PLACE.sub("x", url))
        is_sound = parts.scheme == "https" and parts.hostname and not parts.username
    except ValueError:
        is_sound = False
    is_sound = is_sound and len(url) <= MAX_URL_LENGTH and url.isprintable() and not _BREAKING.search(url)
    # No place may stand for the host.
    if not is_sound or _PLACE.search(urlsplit(_PLACE.sub("{}", url)).netloc):
        yield BadOffer(_("Give the address of the page where people pay. It begins with https://."), "button_url")


def _changes(before: Offer | None, offer: Offer) -> dict[str, list[Any]]:
    """What changed: the field, with its value before and now. Moments in ISO 8601."""
    if before is None:
        return {}
    fields = [field.attname for field in Offer._meta.concrete_fields if not field.primary_key]
    pairs = {name: [_plain(getattr(before, name)), _plain(getattr(offer, name))] for name in fields}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def log_act(offer: Offer, act: str, by: AbstractBaseUser | None, **data: Any) -> None:
    """Write what staff did with an offer to the audit log."""
    if by is not None:
        log(instance=offer, action=f"catalog.{act}", user=by, title=offer.name, data=data)


@transaction.atomic
def see_offer(offer: Offer, contact_id: int) -> datetime:
    """Note that a person looked at an offer that is open to them. Returns when they first did: there their personal
    deadline begins, whatever comes later.

    Raises:
        ContactNotFound: they were erased.
    """
    contact, now = locked(contact_id), clock.now()
    _sql.run("note_sight", {"offer_id": offer.pk, "contact_id": contact.pk, "now": now})
    key = f"offer:{offer.pk}:{contact.pk}:{int(now.timestamp() // LOOKS_APART.total_seconds())}"
    payload = {"offer": offer.name, "offer_id": offer.pk}
    record_event(NewEvent("offer.viewed", contact.pk, payload, now, "offers", key))
    return OfferSight.objects.get(offer=offer, contact=contact).first_seen_at


def note_refusal(offer: Offer, contact_id: int, reason: str) -> None:
    """Note that an offer's page was closed to a person, once for each reason."""
    _sql.run("note_refusal", {"offer_id": offer.pk, "contact_id": contact_id, "reason": reason, "now": clock.now()})


@transaction.atomic
def order_by_transfer(offer_id: int, contact_id: int) -> OfferApplication:
    """Take an offer that is to be paid by bank transfer. Asked again by somebody whose order waits, that is given back.

    For :func:`jouren.orders.transfers.place_transfer`, which makes an order of it.

    Raises:
        OfferClosed: it is not open to them (any more), or not ordered this way.
        ContactNotFound: they were erased.
    """
    contact = locked(contact_id)
    offer = lock_offer(offer_id)
    if offer.button_kind != ButtonKind.TRANSFER:
        raise _closed(Reason.WITHDRAWN)
    waiting = OfferApplication.objects.filter(
        offer=offer, contact=contact, via=Via.TRANSFER, state=ApplicationState.REQUESTED
    )
    if (before := waiting.order_by("-pk").first()) is not None:
        return before
    if (reason := judge_offer(offer, contact.pk).reason) is not None:
        raise _closed(reason)
    number = f"T-{''.join(secrets.choice(ALPHABET) for _place in range(8))}"
    made = keep_application(offer, contact.pk, number, Via.TRANSFER, ApplicationState.REQUESTED, source=TRANSFERS)
    payload = {
        "order": number,
        "offer": offer.name,
        "offer_id": offer.pk,
        "amount": offer.price,
        "currency": offer.currency,
    }
    record_event(NewEvent("order.requested", contact.pk, payload, made.at, "offers", f"order:{number}"))
    return made


@transaction.atomic
def take_offer(
    offer_id: int, contact_id: int, order_ref: str, *, source: str = "", at: datetime | None = None
) -> OfferApplication:
    """Note that a paid order of the shop took an offer. What was paid counts, whoever it was meant for: nothing is
    judged. The same order counts once. ``source`` told of the order, which was paid ``at``.

    Raises:
        ContactNotFound: there is no such person.
        Offer.DoesNotExist: there is no such offer.
    """
    contact = locked(contact_id)
    offer = lock_offer(offer_id)
    if (before := OfferApplication.objects.filter(offer=offer, source=source, order_ref=order_ref).first()) is not None:
        return before
    return keep_application(offer, contact.pk, order_ref, Via.ORDER, ApplicationState.SETTLED, source=source, at=at)


def keep_application(
    offer: Offer,
    contact_id: int,
    order_ref: str,
    via: Via,
    state: ApplicationState,
    *,
    source: str = "",
    at: datetime | None = None,
) -> OfferApplication:
    """Write down that somebody took an offer. The caller holds the offer's row locked."""
    kept = OfferApplication.objects.create(
        offer=offer,
        contact_id=contact_id,
        source=source,
        order_ref=order_ref,
        via=via,
        state=state,
        price=offer.price,
        currency=offer.currency,
        at=at or clock.now(),
    )
    if state == ApplicationState.SETTLED:
        _tell_taken(kept, kept.at)
    return kept


def _tell_taken(taken: OfferApplication, at: datetime) -> None:
    payload = {
        "order": taken.order_ref,
        "offer": taken.offer.name,
        "offer_id": taken.offer_id,
        "amount": taken.price,
        "currency": taken.currency,
    }
    record_event(NewEvent("offer.taken", taken.contact_id, payload, at, "offers", f"taken:{taken.pk}"))


@transaction.atomic
def move_application(
    application_id: int, state: ApplicationState, *, by: AbstractBaseUser | None = None, at: datetime | None = None
) -> OfferApplication:
    """Note that the money came, or that nothing will come of an order. A cancelled one gives its place back, as of
    ``at`` (None: now).

    For :func:`jouren.orders.transfers.move_transfer`, which tells the order's own story too.

    Raises:
        OfferApplication.DoesNotExist: there is none.
    """
    application = (
        OfferApplication.objects.select_for_update(of=("self",)).select_related("offer").get(pk=application_id)
    )
    if application.state != state:
        application.state = state
        application.cancelled_at = (at or clock.now()) if state == ApplicationState.CANCELLED else None
        application.save(update_fields=["state", "cancelled_at"])
        if state == ApplicationState.SETTLED:
            _tell_taken(application, clock.now())
        log_act(application.offer, "move_application", by, order=application.order_ref, state=str(state))
    return application


@transaction.atomic
def follow_transfers(paid: Collection[str], cancelled: Mapping[str, datetime]) -> None:
    """Have what waits for its money go where its order went, by number, whoever said so first; of those cancelled,
    when. Repeated, nothing changes.
    """
    for numbers, state in ((paid, ApplicationState.SETTLED), (cancelled, ApplicationState.CANCELLED)):
        waiting = OfferApplication.objects.filter(
            source=TRANSFERS, order_ref__in=numbers, state=ApplicationState.REQUESTED
        )
        for pk, number in waiting.order_by("pk").values_list("pk", "order_ref") if numbers else ():
            move_application(pk, state, at=cancelled.get(number))


def lock_offer(offer_id: int) -> Offer:
    """An offer with its product, locked until the transaction ends: so that its stock is counted by one at a time."""
    offers = Offer.objects.select_for_update(of=("self",), no_key=True).select_related("product")
    return offers.get(pk=offer_id)


def _closed(reason: Reason) -> OfferClosed:
    return OfferClosed(_("The offer is not open: %(reason)s.") % {"reason": reason.label}, reason.value)

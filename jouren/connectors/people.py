"""What a source says of people: who they are, and whether they agreed to mail."""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils.translation import gettext as _

from jouren.connectors.connector import Identities, Join, Profile, Said
from jouren.connectors.errors import Unusable
from jouren.connectors.lasting import note, said_digest
from jouren.contacts.actions import (
    Told,
    attach_identity,
    change_name,
    grant_consent,
    keep_consent_text,
    known_contacts,
    resolve_contacts,
    resolve_people,
    set_attributes,
    withdraw_consent,
)
from jouren.contacts.actions.identities import normalise_identity
from jouren.contacts.errors import BadAddress, BadValue, IdentityErased, IdentityTaken
from jouren.contacts.models import AttributeDefinition, AttributeType, Consent, ConsentRecord, Contact
from jouren.contacts.policies import DEFAULT_TOPIC, clean_text

VIA = "shop"
_CHANNEL = "email"
_NAMES = ("family_name", "given_name", "family_kana", "given_kana")
_CAPITAL = re.compile("(?<=[a-z0-9])([A-Z])")


def usable(identities: Identities) -> Identities:
    """Those that can be kept: shops hold mail addresses that are none. Raises BadAddress, BadValue when none can."""
    kept, trouble = [], None
    for kind, value in identities:
        try:
            normalise_identity(kind, value)
        except (BadAddress, BadValue) as error:
            trouble = trouble or error
        else:
            kept.append((kind, value))
    if trouble is not None and not kept:
        raise trouble
    return tuple(kept)


def keep_profile(connection_id: int, profile: Profile) -> None:
    """Keep what a source says of a person, who is made known if nobody has one of the identities.

    Somebody who was erased stays so. Raises UserError; then nothing of it may be kept.
    """
    identities = usable(profile.identities)
    contact_id = resolve_people([Told(identities)])[0]
    if contact_id is None:
        return
    about = f"{identities[0][0]} {identities[0][1]}"
    if profile.names:
        _keep_names(connection_id, contact_id, about, profile)
    if profile.attributes:
        _keep_attributes(connection_id, contact_id, about, profile)
    if profile.consent is not None:
        _keep_consent(connection_id, contact_id, about, profile.consent)


def _attach(contact_id: int, kind: str, value: str) -> bool:
    try:
        attach_identity(contact_id, kind, value)
    except (IdentityTaken, IdentityErased):
        return False
    return True


def _keep_names(connection_id: int, contact_id: int, about: str, profile: Profile) -> None:
    """A name that staff or the person wrote stays; one that this source told before gives way to a later one."""
    names = {name: cleaned for name, text in profile.names.items() if (cleaned := clean_text(text))}
    news = note(connection_id, f"names of {about}", profile.at, names)
    if not news.is_new or not names:
        return
    contact = Contact.objects.get(pk=contact_id)
    present = {name: getattr(contact, name) for name in _NAMES if getattr(contact, name)}
    if not present or news.before == said_digest(present):
        family, given, *kana = (names.get(name, "") for name in _NAMES)
        change_name(contact_id, family_name=family, given_name=given, family_kana=kana[0], given_kana=kana[1])


def _keep_attributes(connection_id: int, contact_id: int, about: str, profile: Profile) -> None:
    wanted = {_snake(key): value for key, value in profile.attributes.items()}
    wanted |= dict(profile.attributes)
    kinds = dict(AttributeDefinition.objects.filter(key__in=list(wanted)).values_list("key", "type"))
    values = {key: _value(wanted[key], kind) for key, kind in sorted(kinds.items())}
    news = {
        key: value
        for key, value in values.items()
        if note(connection_id, f"{key} of {about}", profile.at, value).is_new
    }
    if news:
        set_attributes(contact_id, news)


def _snake(key: str) -> str:
    return _CAPITAL.sub(r"_\1", key).lower()


def _value(value: object, kind: str) -> object:
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if kind == AttributeType.TEXT and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if kind == AttributeType.DATE and isinstance(value, str):
        return value[:10]
    return value


def _keep_consent(connection_id: int, contact_id: int, about: str, said: Said) -> None:
    """A shop can tell that somebody agreed, never that they take back that they do not want mail.

    So a withdrawal counts also when a later consent came before it, unless the person agreed elsewhere since.
    """
    news = note(connection_id, f"consent of {about}", said.at, said.is_granted)
    if said.is_granted:
        if news.is_new:
            text = keep_consent_text(said.proof or _("Agreed in the shop."))
            grant_consent(contact_id, _CHANNEL, DEFAULT_TOPIC, via=VIA, text=text, at=said.at)
        return
    current = Consent.objects.filter(contact_id=contact_id, channel=_CHANNEL, topic=DEFAULT_TOPIC).first()
    if current and current.is_granted and current.since > said.at and not _is_of_shop(contact_id):
        return
    withdraw_consent(contact_id, _CHANNEL, DEFAULT_TOPIC, via=VIA, at=said.at)


def _is_of_shop(contact_id: int) -> bool:
    records = ConsentRecord.objects.filter(contact_id=contact_id, channel=_CHANNEL, topic=DEFAULT_TOPIC)
    latest = records.order_by("-id").first()
    return latest is not None and latest.via == VIA


def join(said: Join) -> None:
    """Two identities are of one person: the one nobody has is attached to whom the other means.

    Where both are known and of two people, nothing is done: that a source says so is no proof.

    Raises:
        Unusable: they are of two people, whom staff may merge.
    """
    known, other = known_contacts([said.known, said.other])
    if known is not None and other is not None and known != other:
        raise Unusable(_("The two numbers are of two people. Merge them by hand if they are one."))
    contact_id = known or other or resolve_contacts([said.known])[0]
    if contact_id is not None:
        _attach(contact_id, *said.known)
        _attach(contact_id, *said.other)

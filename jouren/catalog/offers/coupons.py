"""Coupons: codes made or imported, shown to people, and used once each, however many try at the same time."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from jouren.catalog.eligibility import Reason
from jouren.catalog.errors import BadCoupon, CouponRefused
from jouren.catalog.offers.actions import ALPHABET, keep_application, lock_offer, log_act
from jouren.catalog.offers.models import Coupon, CouponCode, Offer, OfferApplication, OfferSight, Redemption
from jouren.catalog.offers.queries import judge_offer
from jouren.catalog.offers.vocabulary import ApplicationState, CouponKind, Via
from jouren.contacts.actions.base import locked
from jouren.contacts.policies import clean_text
from jouren.core import clock
from jouren.core.money import MOST
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_event

_sql = load_sql("catalog")
MAX_NAME_LENGTH, MAX_ORDER_LENGTH = 100, 100
MOST_AT_ONCE = 10_000
CODE_LENGTH = 10
MAX_IMPORT = 1_000_000
_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,39}")
_HEADINGS = frozenset({"CODE", "コード", "クーポンコード"})
MOST_PROBLEMS = 100


def read_code(text: str) -> str:
    """A code as it is kept, however somebody typed it: full width or small letters, spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


@transaction.atomic
def make_coupon(
    offer: Offer, name: str, kind: str, discount: int, *, code: str = "", by: AbstractBaseUser | None = None
) -> Coupon:
    """Make a coupon of an offer. ``code``: of a shared one, the code that everybody uses.

    Raises:
        BadCoupon: a detail cannot be kept; nothing is stored.
    """
    name = clean_text(name)
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        raise BadCoupon(_("A coupon's name has 1 to %(limit)s characters.") % {"limit": MAX_NAME_LENGTH}, "name")
    if kind not in CouponKind.values:
        raise BadCoupon(_("Choose the kind of coupon."), "kind")
    if type(discount) is not int or not 0 <= discount <= MOST:
        raise BadCoupon(_("The amount must be a whole number that is not negative."), "discount")
    lock_offer(offer.pk)
    if Coupon.objects.filter(offer=offer, name=name).exists():
        raise BadCoupon(_("The offer has a coupon of the name “%(name)s” already.") % {"name": name}, "name")
    coupon = Coupon.objects.create(offer=offer, name=name, kind=kind, discount=discount, created_at=clock.now())
    if kind == CouponKind.SHARED:
        _keep_shared(coupon, read_code(code))
    log_act(offer, "add_coupon", by, coupon=name)
    return coupon


def _keep_shared(coupon: Coupon, code: str) -> None:
    if problem := _problem_of(code):
        raise BadCoupon(problem, "code")
    made, is_new = CouponCode.objects.get_or_create(code=code, defaults={"coupon": coupon})
    if not is_new:
        raise BadCoupon(_("The code “%(code)s” is there already.") % {"code": made.code}, "code")


@transaction.atomic
def generate_codes(coupon: Coupon, number: int, *, by: AbstractBaseUser | None = None) -> int:
    """Make so many new codes that nobody can guess. Returns how many.

    Raises:
        BadCoupon: the coupon has one code for everybody, or they are too many at once.
    """
    _must_be_unique(coupon)
    if not 1 <= number <= MOST_AT_ONCE:
        raise BadCoupon(_("Make 1 to %(most)s codes at once.") % {"most": f"{MOST_AT_ONCE:,}"}, "number")
    made = 0
    while made < number:  # of 32^10 possible codes two are hardly ever the same
        codes = sorted({_new_code() for _place in range(number - made)})
        made += len(_sql.all("keep_codes", {"coupon_id": coupon.pk, "codes": codes}))
    log_act(coupon.offer, "add_codes", by, coupon=coupon.name, number=number)
    return number


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH))


class BadLine(NamedTuple):
    """A line of an import that cannot be taken. ``number`` counts from 1."""

    number: int
    text: str
    problem: str


class CodesNotImported(BadCoupon):
    """An import was refused as a whole. ``lines``: what is wrong, at most :data:`MOST_PROBLEMS` of them."""

    def __init__(self, message: str, lines: list[BadLine]) -> None:
        super().__init__(message, "text")
        self.lines = lines


@transaction.atomic
def import_codes(coupon: Coupon, text: str, *, by: AbstractBaseUser | None = None) -> int:
    """Take in codes, one in each line (of CSV, the first column; a heading is skipped). Returns how many.

    Raises:
        CodesNotImported: a line cannot be taken; nothing is stored.
        BadCoupon: the coupon has one code for everybody, or there is nothing to take in.
    """
    _must_be_unique(coupon)
    if len(text) > MAX_IMPORT:
        raise BadCoupon(_("This is too long. Import it in parts."), "text")
    codes, problems = _read_lines(text)
    known = {row[0] for row in _sql.all("known_codes", {"codes": list(codes)})}
    there = _("The code is there already.")
    problems += [BadLine(line, code, there) for code, line in codes.items() if code in known]
    if problems:
        problems.sort()
        raise CodesNotImported(_("Nothing was imported: some lines cannot be taken."), problems[:MOST_PROBLEMS])
    if not codes:
        raise BadCoupon(_("There is no code in it."), "text")
    kept = _sql.all("keep_codes", {"coupon_id": coupon.pk, "codes": list(codes)})
    if len(kept) < len(codes):  # somebody else took one in at this moment
        raise BadCoupon(_("Some of the codes were imported by somebody else just now. Look again."), "text")
    log_act(coupon.offer, "add_codes", by, coupon=coupon.name, number=len(codes))
    return len(codes)


def _read_lines(text: str) -> tuple[dict[str, int], list[BadLine]]:
    """Codes with their lines, and what is wrong."""
    codes: dict[str, int] = {}
    problems = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        first = line.replace("\t", ",").partition(",")[0].strip().strip('"')
        code = read_code(first)
        if not line.strip(' ,\t"') or (number == 1 and code in _HEADINGS):
            continue
        problem = _problem_of(code)
        if not problem and code in codes:
            problem = _("The code stands in line %(line)s already.") % {"line": codes[code]}
        if problem:
            problems.append(BadLine(number, first[:60], problem))
        else:
            codes[code] = number
    return codes, problems


def _problem_of(code: str) -> str:
    if _CODE.fullmatch(code):
        return ""
    return _("A code has 3 to 40 letters (A to Z), digits, hyphens or underscores.")


def _must_be_unique(coupon: Coupon) -> None:
    if coupon.kind != CouponKind.UNIQUE:
        raise BadCoupon(_("This coupon has one code for everybody."))


@transaction.atomic
def set_coupon_open(coupon: Coupon, *, is_open: bool, by: AbstractBaseUser | None = None) -> None:
    """Stop a coupon, or let it be used again."""
    if Coupon.objects.filter(pk=coupon.pk).exclude(is_open=is_open).update(is_open=is_open):
        log_act(coupon.offer, "open_coupon" if is_open else "stop_coupon", by, coupon=coupon.name)


@transaction.atomic
def code_for(offer: Offer, contact_id: int) -> str:
    """The code that a person who has seen an offer may use: the shared one, or one of their own, the same each time.

    Empty where the offer has no coupon that can be used, or no code is left.
    """
    coupon = Coupon.objects.filter(offer=offer, is_open=True).order_by("pk").first()
    if coupon is None:
        return ""
    if coupon.kind == CouponKind.SHARED:
        return CouponCode.objects.filter(coupon=coupon).values_list("code", flat=True).first() or ""
    # Their sight is held, so that two looks at once do not give them two.
    if not OfferSight.objects.select_for_update().filter(offer=offer, contact=contact_id).exists():
        return ""
    own = CouponCode.objects.filter(coupon=coupon, given_to=contact_id).order_by("pk").first()
    if own is not None:
        return own.code
    row = _sql.one("give_code", {"coupon_id": coupon.pk, "contact_id": contact_id, "now": clock.now()})
    return str(row[0]) if row else ""


def offers_of_codes(texts: Iterable[str]) -> dict[str, int]:
    """Of these texts those that are a coupon's code, however it was typed, each with the id of its offer."""
    codes = {text: read_code(text) for text in texts}
    ours = dict(CouponCode.objects.filter(code__in=codes.values()).values_list("code", "coupon__offer"))
    return {text: ours[code] for text, code in codes.items() if code in ours}


@transaction.atomic
def redeem(code: str, contact_id: int, order_ref: str, *, source: str = "") -> Redemption:
    """Use a code for an order, which ``source`` told of. The same code for the same order of the same person counts
    once and is given back.

    Of several at once for one use left, one gets it: the code's row is locked until its use is written.

    Raises:
        CouponRefused: it cannot be used; ``reason`` says why.
        ContactNotFound: there is no such person.
    """
    order_ref = order_ref.strip()
    if not 0 < len(order_ref) <= MAX_ORDER_LENGTH or not order_ref.isprintable():
        raise BadCoupon(_("An order number has 1 to %(limit)s characters.") % {"limit": MAX_ORDER_LENGTH}, "order")
    contact = locked(contact_id)
    held = (
        CouponCode.objects.select_for_update(of=("self",)).select_related("coupon").filter(code=read_code(code)).first()
    )
    if held is None:
        raise CouponRefused(_("There is no such code."), "unknown")
    before = Redemption.objects.filter(code=held, source=source, order_ref=order_ref).first()
    if before is not None and before.contact_id == contact.pk:
        return before
    _check_use(held, contact.pk, has_order=before is not None)
    coupon, offer = held.coupon, lock_offer(held.coupon.offer_id)
    taken = OfferApplication.objects.filter(offer=offer, source=source, order_ref=order_ref, contact=contact)
    if not taken.exists():
        if (reason := judge_offer(offer, contact.pk).reason) is not None:
            raise CouponRefused(_("The offer is not open: %(reason)s.") % {"reason": Reason(reason).label}, reason)
        keep_application(offer, contact.pk, order_ref, Via.COUPON, ApplicationState.SETTLED, source=source)
    now = clock.now()
    used = Redemption.objects.create(
        code=held, contact=contact, source=source, order_ref=order_ref, discount=coupon.discount, at=now
    )
    CouponCode.objects.filter(pk=held.pk).update(uses=F("uses") + 1)
    payload = {
        "order": order_ref,
        "offer": offer.name,
        "offer_id": offer.pk,
        "coupon": coupon.name,
        "amount": coupon.discount,
        "currency": offer.currency,
    }
    record_event(NewEvent("coupon.redeemed", contact.pk, payload, now, "offers", f"redemption:{used.pk}"))
    return used


def _check_use(held: CouponCode, contact_id: int, *, has_order: bool) -> None:
    if not held.coupon.is_open:
        raise CouponRefused(_("This coupon is not valid any more."), "closed")
    if has_order or (held.most_uses is not None and held.uses >= held.most_uses):
        raise CouponRefused(_("This code was used already."), "used_up")
    if held.given_to_id not in {None, contact_id}:
        raise CouponRefused(_("This code belongs to somebody else."), "of_another")
    if Redemption.objects.filter(code=held, contact=contact_id, undone_at=None).exists():
        raise CouponRefused(_("This person has used the code already."), "used_before")

"""A person's page of an offer: what it costs, until when, all that the law asks for, and the button.

To whom it is closed it says so politely; the finest offer tells them nothing at all. The personal deadline begins when
a person looks at the page for the first time, and not when a scanner of mail does.
"""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from jouren.capture.ordering import order_offer
from jouren.capture.views.base import notice, public_view, unknown_link
from jouren.catalog.eligibility import Reason, Verdict
from jouren.catalog.errors import OfferClosed
from jouren.catalog.offers.actions import note_refusal, see_offer
from jouren.catalog.offers.coupons import code_for
from jouren.catalog.offers.links import button_link, read_offer_token
from jouren.catalog.offers.models import Offer, OfferApplication
from jouren.catalog.offers.queries import count_taken, judge_offer, offers_by_id
from jouren.catalog.offers.vocabulary import ApplicationState, ButtonKind, Via
from jouren.catalog.offers.wording import button_text, confirmation_items, moment_text
from jouren.contacts.queries import canonical_id, present_contacts
from jouren.core.money import money_text
from jouren.messaging.tracking import is_scanner

_FEW_LEFT = 20
_PAST = frozenset({Reason.WITHDRAWN, Reason.OVER, Reason.DEADLINE_PASSED, Reason.SOLD_OUT})


@public_view("GET", "HEAD", "POST")
def offer_view(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET shows the offer, POST orders one that is paid by bank transfer. Raises ContactNotFound."""
    invited = read_offer_token(token)
    offer = offers_by_id([invited.offer_id]).get(invited.offer_id) if invited else None
    if invited is None or offer is None:
        return unknown_link(request)
    contact_id = canonical_id(invited.contact_id)
    if not present_contacts().filter(pk=contact_id).exists():
        return unknown_link(request)
    if request.method == "POST":
        return _order(request, offer, contact_id)
    return _show(request, offer, contact_id)


def _show(request: HttpRequest, offer: Offer, contact_id: int, *, is_new_price: bool = False) -> HttpResponse:
    verdict, is_human = judge_offer(offer, contact_id), is_person(request)
    if (waiting := _waiting(offer, contact_id)) is not None:
        return _ordered(request, waiting)
    if verdict.reason is not None:
        if is_human:
            note_refusal(offer, contact_id, verdict.reason)
        return _closed(request, offer, verdict.reason)
    if is_human:
        see_offer(offer, contact_id)
        verdict = judge_offer(offer, contact_id)
    return TemplateResponse(request, "capture/offer.html", _told(offer, contact_id, verdict, is_new_price))


def _told(offer: Offer, contact_id: int, verdict: Verdict, is_new_price: bool) -> dict[str, object]:
    code = code_for(offer, contact_id)
    left = None if offer.stock is None else offer.stock - count_taken(offer)
    return {
        "offer": offer,
        "price": money_text(offer.price, offer.currency),
        "deadline": "" if verdict.deadline is None else moment_text(verdict.deadline),
        "hours": verdict.hours_from_sight,
        "left": left if left is not None and left <= _FEW_LEFT else None,
        "items": confirmation_items(offer, verdict),
        "code": code,
        "link": button_link(offer, contact_id, code),
        "button": button_text(offer),
        "is_new_price": is_new_price,
    }


def _order(request: HttpRequest, offer: Offer, contact_id: int) -> HttpResponseBase:
    """Order by bank transfer what was shown; where the price has become another, that is shown first."""
    if offer.button_kind != ButtonKind.TRANSFER:
        return _seen_again(request)
    if _waiting(offer, contact_id) is None and request.POST.get("price") != str(offer.price):
        return _show(request, offer, contact_id, is_new_price=True)
    try:
        order_offer(offer, contact_id, settings.JOUREN.base_url + request.path)
    except OfferClosed as closed:
        return _closed(request, offer, Reason(closed.reason))
    return _seen_again(request)


def _seen_again(request: HttpRequest) -> HttpResponse:
    """Back to the page by GET, so that loading it again orders nothing."""
    response = HttpResponseRedirect(request.path)
    response.status_code = HTTPStatus.SEE_OTHER
    return response


def _waiting(offer: Offer, contact_id: int) -> OfferApplication | None:
    """A person's order of it that waits for their money."""
    orders = OfferApplication.objects.filter(
        offer=offer, contact=contact_id, via=Via.TRANSFER, state=ApplicationState.REQUESTED
    )
    return orders.order_by("-pk").first()


def _ordered(request: HttpRequest, order: OfferApplication) -> HttpResponse:
    context = {
        "order": order,
        "offer": order.offer,
        "price": _("%(price)s (tax included)") % {"price": money_text(order.price, order.currency)},
        "items": [
            (label, text)
            for label, text in (
                (_("When and how you pay"), order.offer.payment_text),
                (_("When you get it"), order.offer.delivery_text),
                (_("Withdrawal and cancellation"), order.offer.cancellation_text),
            )
            if text
        ],
    }
    return TemplateResponse(request, "capture/offer_ordered.html", context)


def _closed(request: HttpRequest, offer: Offer, reason: Reason) -> HttpResponse:
    if offer.is_finest:
        # Not even that there is, or was, such an offer.
        text = _("There is nothing for you to see on this page. Thank you for coming.")
        return notice(request, _("This page is not open"), text, status=403)
    title, text = _politely(offer, reason)
    return notice(request, title, text, status=410 if reason in _PAST else 403)


def _politely(offer: Offer, reason: Reason) -> tuple[str, str]:
    if reason is Reason.NOT_BEGUN and offer.starts_at is not None:
        text = _("It begins on %(moment)s. Please come again then.") % {"moment": moment_text(offer.starts_at)}
        return _("This offer has not begun yet"), text
    if reason is Reason.ALREADY_TAKEN:
        text = _("You have taken this offer already, and it is for each person once. Thank you very much.")
        return _("Thank you for your order"), text
    if reason is Reason.SOLD_OUT:
        text = _("All of it is taken. We are sorry that none is left for you, and thank you for coming.")
        return _("This offer is sold out"), text
    if reason in _PAST:
        text = _("The time in which you could take this offer is over. Thank you for coming all the same.")
        return _("This offer is over"), text
    text = _("This offer is not meant for you this time. We will write to you when we have something that is.")
    return _("This page is not open"), text


def is_person(request: HttpRequest) -> bool:
    """Whether a person looks at the page, as far as the request tells."""
    purpose = request.headers.get("Sec-Purpose", "") or request.headers.get("Purpose", "")
    return not is_scanner(request.headers.get("User-Agent", ""), request.method or "", None, purpose)

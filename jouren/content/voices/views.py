"""A person's page for their words, by their own link or the link in a message that asks. Only POST keeps anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from jouren.capture.preferences import find_reader
from jouren.capture.views.base import notice, public_view, unknown_link
from jouren.catalog.models import Product
from jouren.contacts.models import Contact
from jouren.content.voices.actions import give_voice, names_of, withdraw_voice
from jouren.content.voices.errors import BadVoice
from jouren.content.voices.forms import VoiceForm
from jouren.content.voices.links import read_voice_token, voice_path
from jouren.content.voices.models import Voice
from jouren.content.voices.queries import mark_of, voice_of
from jouren.content.voices.vocabulary import Given, State
from jouren.core.allowances import use_allowance
from jouren.messaging.models import Delivery, ShopSettings
from jouren.messaging.surveys import NO_READER

POSTS_PER_HOUR = 30
_HOUR = timedelta(hours=1)
_THANKS, _WITHDRAW = "thanks", "withdraw"


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who is asked about what, what they are given, and what they have said so far."""

    contact: Contact
    product: Product | None
    given: str
    voice: Voice | None


@public_view("GET", "HEAD", "POST")
def own_view(request: HttpRequest, token: str) -> HttpResponseBase:
    """By a voice's own link. Raises ContactNotFound."""
    voice_id = read_voice_token(token) or 0
    known = Voice.objects.select_related("product", "contact").filter(pk=voice_id).first()
    if known is None or known.contact is None or not known.contact.is_present:
        return unknown_link(request)
    return _page(request, _Asked(known.contact, known.product, known.given, known))


@public_view("GET", "HEAD", "POST")
def asked_view(request: HttpRequest, token: str, product_id: int) -> HttpResponseBase:
    """By the link in a message that asks for words about a product (0: about the shop). Raises ContactNotFound."""
    if token == NO_READER:
        text = _("These buttons belong to the mail that we send to you. There they work.")
        return notice(request, _("This is a preview"), text)
    reader = find_reader(token)
    given = _given(reader.delivery_id, product_id) if reader is not None else None
    product = Product.objects.filter(pk=product_id).first() if 0 < product_id < 2**63 else None
    if reader is None or given is None or (product_id and product is None):
        return unknown_link(request)
    contact = Contact.objects.get(pk=reader.contact_id)
    voice = voice_of(contact.pk, product.pk if product else None)
    promised = voice.given if voice is not None and voice.given != Given.NOTHING else given
    return _page(request, _Asked(contact, product, promised, voice))


def _given(delivery_id: int, product_id: int) -> str | None:
    """What the message promised for words about the product; None where it did not ask for any."""
    bodies = Delivery.objects.values_list("message_version__bodies", flat=True).get(pk=delivery_id)
    asks = [body.get("voice_asks", {}) for body in bodies.values()]
    return next((each[str(product_id)] for each in asks if str(product_id) in each), None)


def _page(request: HttpRequest, asked: _Asked) -> HttpResponseBase:
    if request.method == "POST":
        return _posted(request, asked)
    if _THANKS in request.GET and asked.voice is not None:
        return _thanks(request, asked.voice)
    return _ask(request, asked, _form(asked))


def _form(asked: _Asked, request: HttpRequest | None = None) -> VoiceForm:
    data = request.POST if request is not None else None
    return VoiceForm(data, names=names_of(asked.contact), permission=permission_text(), voice=asked.voice)


def permission_text() -> str:
    """The words beside the box, which are kept as proof. Nothing personal is in them."""
    shop = ShopSettings.objects.first()
    name = (shop.name if shop else "") or _("The shop")
    return _(
        "%(shop)s may show my words, with the name and details that I chose above, on its pages and in its messages. "
        "It may leave passages out, marked by “…”, but change nothing else. "
        "I can take this back at any time by this link."
    ) % {"shop": name}


def _posted(request: HttpRequest, asked: _Asked) -> HttpResponseBase:
    about = f"{asked.contact.pk}:{asked.product.pk if asked.product else 0}"
    if use_allowance("voice", about, _HOUR).count > POSTS_PER_HOUR:
        text = _("We have what you sent. If you want to change it once more, please come back in an hour.")
        return notice(request, _("That was a lot at once"), text, status=429)
    voice = asked.voice
    if _WITHDRAW in request.POST:
        if voice is None:
            return unknown_link(request)
        return _back(withdraw_voice(voice.pk))
    form = _form(asked, request)
    if form.is_valid():
        product_id = asked.product.pk if asked.product else None
        try:
            return _back(give_voice(asked.contact.pk, product_id, form.words(), given=asked.given))
        except BadVoice as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
    return _ask(request, asked, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _back(voice: Voice) -> HttpResponse:
    """By GET to their own link, so that loading the page again sends nothing."""
    response = HttpResponseRedirect(f"{voice_path(voice.pk)}?{_THANKS}")
    response.status_code = HTTPStatus.SEE_OTHER
    return response


def _thanks(request: HttpRequest, voice: Voice) -> HttpResponse:
    link = voice_path(voice.pk)
    if voice.state == State.WITHDRAWN:
        text = _("Your words are not shown any more. Mails that have gone already cannot be called back.")
        return notice(request, _("Taken back"), text, kind="done", link=link, link_text=_("Write anew"))
    text = _(
        "A person of the shop reads your words before anybody sees them. Keep the address of this page: here you can "
        "change or take back what you wrote, at any time."
    )
    return notice(request, _("Thank you"), text, kind="done", link=link, link_text=_("Change or take back"))


def _ask(request: HttpRequest, asked: _Asked, form: VoiceForm, *, status: int = 200) -> HttpResponse:
    voice = asked.voice
    context = {
        "product": asked.product,
        "form": form,
        "voice": voice,
        "mark": mark_of(asked.given),
        "may_withdraw": voice is not None and voice.state in {State.RECEIVED, State.APPROVED},
        "is_shown": voice is not None and voice.state == State.APPROVED,
    }
    return TemplateResponse(request, "content/voice.html", context, status=status)

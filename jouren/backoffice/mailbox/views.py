"""The local mailbox: what an installation without a relay would have sent. Mail is shown as hostile content."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.generic import View

from jouren.backoffice.screens import PermissionAsked, Screen
from jouren.core.mailbox import NoSuchMail, ReceivedMail, list_mail, read_mail

PERMISSIONS = ("messaging.view_delivery", "contacts.view_contact")
SHOWN = 100
# Nothing runs and nothing is sent from a mail. Of pictures it gets this installation's own: what else it asks for tells
# somebody that it was read, and here that would count as an open by the person it was for.
_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data: {pictures}; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class _SinkOnly(PermissionAsked):
    permissions = PERMISSIONS

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.JOUREN.email is not None:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def mail(self, mail_id: str) -> ReceivedMail:
        """The mail of a URL. Raises Http404."""
        try:
            return read_mail(settings.JOUREN, mail_id)
        except NoSuchMail:
            raise Http404 from None


class MailboxScreen(_SinkOnly, Screen):
    """The newest mails; those to one address when it is asked for, by POST."""

    template_name = "backoffice/mailbox/list.html"
    page_title = gettext_lazy("Mailbox")
    header_icon = "postbox"

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show the mail to one address."""
        return self.render_to_response(self.get_context_data(to=request.POST.get("to", "").strip()[:254]))

    def get_context_data(self, to: str = "", **kwargs: Any) -> dict[str, Any]:
        mails = list_mail(settings.JOUREN, limit=SHOWN, to=to or None)
        return {**super().get_context_data(**kwargs), "mails": mails, "to": to, "limit": SHOWN}


class MailScreen(_SinkOnly, Screen):
    """One mail: its headers, its HTML in a frame of its own, its text."""

    template_name = "backoffice/mailbox/mail.html"
    header_icon = "postbox"
    parents = (("mailbox:list", gettext_lazy("Mailbox")),)

    def get_page_title(self) -> str:
        return self.mail(self.kwargs["mail_id"]).subject or "—"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "mail": self.mail(self.kwargs["mail_id"])}


@method_decorator(xframe_options_sameorigin, name="dispatch")
class MailBody(_SinkOnly, View):
    """A mail's HTML, for the frame. It is served in a sandbox of its own, also when opened directly."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, mail_id: str) -> HttpResponse:
        response = HttpResponse(f'<base target="_blank">{self.mail(mail_id).html}')
        pictures = request.build_absolute_uri(settings.MEDIA_URL)
        response["Content-Security-Policy"] = _POLICY.format(pictures=pictures)
        response["Referrer-Policy"] = "no-referrer"
        return response

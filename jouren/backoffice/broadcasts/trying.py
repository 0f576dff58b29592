"""A version of a broadcast as somebody would see it, and a test into a mailbox."""

from __future__ import annotations

from functools import cached_property

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy

from jouren.backoffice.messages.views import TryScreen
from jouren.broadcasts.models import Broadcast, Variant
from jouren.contacts.models import Contact
from jouren.messaging.channels.base import Rendered
from jouren.messaging.models import MessageVersion
from jouren.messaging.preview import preview_version, send_test_of_version


class TryVersionScreen(TryScreen):
    """The published message under the version's own subject."""

    permissions = ("broadcasts.view_broadcast",)
    page_title = gettext_lazy("Try it out")
    parents = (("broadcasts:list", gettext_lazy("Broadcasts")),)

    @cached_property
    def variant(self) -> Variant:
        """The version that is tried."""
        broadcast = get_object_or_404(Broadcast, pk=self.kwargs["pk"])
        return get_object_or_404(
            Variant.objects.select_related("message"), broadcast=broadcast, place=self.kwargs["place"]
        )

    @cached_property
    def version(self) -> MessageVersion:
        """What is published of its message."""
        version = self.variant.message.published_versions.first()
        if version is None:
            raise Http404
        return version

    @property
    def shown_title(self) -> str:
        return f"{self.variant.broadcast} · {self.variant}"

    @property
    def back_url(self) -> str:
        return reverse("broadcasts:show", args=[self.kwargs["pk"]])

    def preview(self, person: Contact | None) -> Rendered:
        return preview_version(self.version, person, self.variant.subject)

    def send(self, address: str) -> None:
        send_test_of_version(self.version, address, self.variant.subject, by=self.staff)

"""Mail that Django and Wagtail send themselves, such as a forgotten password: it goes where all mail goes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from jouren.core.mailbox import MailUnavailable, smtp_address


class RelayBackend(EmailBackend):
    """Django's SMTP backend, pointed at the relay or the local sink at the moment of sending."""

    def open(self) -> Any:
        """Connect. Returns False, or raises unless ``fail_silently``, when mail cannot be handed over."""
        try:
            address = smtp_address(settings.JOUREN)
        except MailUnavailable:
            if self.fail_silently:
                return False
            raise
        self.host, self.port = address.host, address.port
        self.username, self.password = address.user, address.password
        self.use_ssl, self.use_tls = address.security == "tls", address.security == "starttls"
        self.timeout = 20
        return super().open()

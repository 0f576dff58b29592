"""Mail that Django sends itself goes where all mail goes."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.test import override_settings

from jouren.backoffice.tasks import send_new_password_link
from jouren.core import django_mail
from jouren.core.config import SmtpAddress
from jouren.core.mailbox import MailUnavailable
from tests.smtp_server import ScriptedServer, scripted_server

BACKEND = "jouren.core.django_mail.RelayBackend"


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    with scripted_server() as server, override_settings(EMAIL_BACKEND=BACKEND):
        monkeypatch.setattr(django_mail, "smtp_address", lambda config: SmtpAddress("127.0.0.1", server.port))
        yield server


@pytest.mark.django_db
def test_a_forgotten_password_is_answered_by_mail(relay: ScriptedServer) -> None:
    get_user_model().objects.create_superuser("owner@example.jp", "owner@example.jp", "old-password-of-mine")
    send_new_password_link("owner@example.jp", "example.jp", "ja", True)
    (body,) = [mail.get_body(("plain",)) for mail in relay.mails_to("owner@example.jp")]
    assert body is not None
    assert "/admin/password_reset/confirm/" in body.get_content()


def test_without_relay_and_sink_the_sender_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(config: object) -> SmtpAddress:
        raise MailUnavailable("No mail relay is set.")

    monkeypatch.setattr(django_mail, "smtp_address", nowhere)
    with override_settings(EMAIL_BACKEND=BACKEND):
        with pytest.raises(MailUnavailable):
            send_mail("Hello", "Text", None, ["a@example.jp"])
        assert send_mail("Hello", "Text", None, ["a@example.jp"], fail_silently=True) == 0

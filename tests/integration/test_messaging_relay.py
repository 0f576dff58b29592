"""A relay that encrypts and asks for a password: what works, what is refused, and who gets to know."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from jouren.core.checkup import Finding, examine
from jouren.core.config import SmtpAddress
from jouren.core.relay import TroubleKind
from jouren.messaging.channels.email import transport as transport_module
from jouren.messaging.models import Delivery, RelayTrouble
from jouren.messaging.preview import TestNotSent, send_test
from jouren.messaging.sender import LaneSender
from jouren.messaging.vocabulary import State
from tests.backoffice import owner_client
from tests.messages import draft, make_shop, published, reader
from tests.sending import plan, run
from tests.smtp_server import ScriptedServer
from tests.tls_relay import PASSWORD, USER, Relay, tls_relay

pytestmark = [
    pytest.mark.django_db,
    # What is encrypted from the start is encrypted enough; aiosmtpd does not see that.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]
WRONG = "wröng battery"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host's own authority, made known as the settings' page says."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@pytest.fixture(params=["tls", "starttls"])
def security(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def relay(authority: trustme.CA, security: str, server: ScriptedServer, settings: Any) -> Iterator[Relay]:
    """In place of ``server``."""
    with tls_relay(authority, security) as running:
        use(settings, running.port, security)
        yield running


def use(settings: Any, port: int, security: str, password: str = PASSWORD) -> None:
    address = SmtpAddress("localhost", port, USER, password, security)
    settings.JOUREN = replace(settings.JOUREN, email=address)


def doctor(settings: Any) -> Finding:
    (found,) = [each for each in examine(settings.JOUREN) if "mail relay localhost" in each.text]
    return found


def waits(sender: LaneSender, ticks: int = 40) -> RelayTrouble:
    """Let a sender try: nothing goes, nothing is counted, and the trouble is kept."""
    for _ in range(ticks):
        sender.tick()
        if RelayTrouble.objects.exists():
            break
    assert set(Delivery.objects.values_list("state", "attempts")) == {(State.PLANNED, 0)}
    return RelayTrouble.objects.get()


def test_mail_goes_encrypted_to_who_knows_the_password(
    relay: Relay, sender: Callable[..., LaneSender], trusted: None, settings: Any
) -> None:
    RelayTrouble.objects.create(
        channel="email",
        kind="password",
        detail="535",
        is_permanent=True,
        since="2026-01-01T00:00Z",
        seen_at="2026-01-01T00:00Z",
    )
    plan(published(), *[reader(f"p{number}@example.jp") for number in range(12)])
    run(sender())
    assert sorted(recipient for recipient, _tls in relay.letters) == sorted(f"p{n}@example.jp" for n in range(12))
    assert {tls for _recipient, tls in relay.letters} <= {"TLSv1.2", "TLSv1.3"}
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}
    assert not RelayTrouble.objects.exists()
    assert doctor(settings).level == "ok"


def test_a_wrong_password_is_told_where_it_is_seen_and_mail_waits(
    relay: Relay,
    sender: Callable[..., LaneSender],
    trusted: None,
    settings: Any,
    security: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    use(settings, relay.port, security, WRONG)
    plan(published(), *[reader(f"p{number}@example.jp") for number in range(12)])
    trouble = waits(sender())
    assert (trouble.kind, trouble.is_permanent) == (TroubleKind.PASSWORD, True)
    assert trouble.detail.startswith("535 5.7.8")
    # Somebody has to mend it: it is not tried over and over, which would lock the account.
    assert relay.logins <= 2
    browser = owner_client()
    page = browser.get("/admin/").content.decode()
    assert "No mail goes out. The mail server does not accept the user name and password." in page
    assert "535 5.7.8" in page
    url = "/admin/settings/messaging/relaysettings/"
    settings_page = browser.get(url, follow=True).content.decode()
    assert "Check both in JOUREN_EMAIL_URL, and restart Jouren." in settings_page
    found = doctor(settings)
    assert found.level == "error"
    assert "The mail server does not accept the user name and password. (535 5.7.8" in found.text
    assert "JOUREN_EMAIL_URL" in found.mend
    assert relay.letters == []
    assert WRONG not in caplog.text


@pytest.mark.parametrize("security", ["tls"], indirect=True)
def test_a_server_that_repeats_the_password_gets_it_into_no_log_and_onto_no_screen(
    relay: Relay, sender: Callable[..., LaneSender], trusted: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    use(settings, relay.port, "tls", "parrot")
    encoded = b64encode(b"parrot").decode()
    relay.login_answer = lambda: f"535 5.7.8 not parrot nor {encoded}"
    plan(published(), reader("a@example.jp"))
    trouble = waits(sender())
    assert trouble.detail == "535 5.7.8 not … nor …"
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("jouren")]
    told = " ".join([*ours, owner_client().get("/admin/").content.decode(), doctor(settings).text])
    assert "535 5.7.8" in told
    assert "parrot" not in told
    assert encoded not in told


@pytest.mark.parametrize("security", ["starttls"], indirect=True)
def test_a_login_refused_for_now_is_tried_again(
    relay: Relay, sender: Callable[..., LaneSender], trusted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "_FIRST_PAUSE", 0.0)
    relay.login_answer = lambda: "454 4.7.0 temporary authentication failure"
    plan(published(), reader("a@example.jp"))
    working = sender()
    trouble = waits(working)
    assert (trouble.kind, trouble.is_permanent) == (TroubleKind.PASSWORD, False)
    relay.login_answer = None
    run(working)
    assert [recipient for recipient, _tls in relay.letters] == ["a@example.jp"]
    assert not RelayTrouble.objects.exists()


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_said(
    relay: Relay, sender: Callable[..., LaneSender], settings: Any
) -> None:
    plan(published(), reader("a@example.jp"))
    trouble = waits(sender())
    assert (trouble.kind, trouble.is_permanent) == (TroubleKind.CERTIFICATE, True)
    found = doctor(settings)
    assert "The mail server's certificate is not trusted, so nothing was sent to it." in found.text
    assert "SSL_CERT_FILE" in found.mend
    make_shop()
    with pytest.raises(TestNotSent, match="certificate is not trusted"):
        send_test(draft(), "me@example.jp")
    assert (relay.logins, relay.letters) == (0, [])


def test_a_certificate_for_another_host_is_refused(
    authority: trustme.CA,
    security: str,
    server: ScriptedServer,
    sender: Callable[..., LaneSender],
    trusted: None,
    settings: Any,
) -> None:
    with tls_relay(authority, security, host="other.example") as relay:
        use(settings, relay.port, security)
        plan(published(), reader("a@example.jp"))
        assert waits(sender()).kind == TroubleKind.CERTIFICATE
        assert (relay.logins, relay.letters) == (0, [])


def test_starttls_that_is_not_offered_is_never_done_without(
    server: ScriptedServer, sender: Callable[..., LaneSender], settings: Any
) -> None:
    use(settings, server.port, "starttls")
    plan(published(), reader("a@example.jp"))
    trouble = waits(sender())
    assert (trouble.kind, trouble.is_permanent) == (TroubleKind.NO_TLS, True)
    make_shop()
    with pytest.raises(TestNotSent, match="does not encrypt as asked"):
        send_test(draft(), "me@example.jp")
    assert "does not encrypt as asked" in doctor(settings).text
    assert {command.split()[0].upper() for command in server.commands} == {"EHLO"}
    assert server.letters == []


def test_a_password_is_told_to_no_server_that_asks_for_none(
    server: ScriptedServer, sender: Callable[..., LaneSender], settings: Any
) -> None:
    use(settings, server.port, "none")
    plan(published(), reader("a@example.jp"))
    trouble = waits(sender())
    assert (trouble.kind, trouble.is_permanent) == (TroubleKind.NO_LOGIN, True)
    assert {command.split()[0].upper() for command in server.commands} == {"EHLO"}


def test_tls_where_the_server_speaks_plain_is_refused(
    server: ScriptedServer, sender: Callable[..., LaneSender], settings: Any
) -> None:
    use(settings, server.port, "tls")
    plan(published(), reader("a@example.jp"))
    assert waits(sender()).kind == TroubleKind.NO_TLS
    assert server.letters == []


def test_a_password_that_would_travel_unencrypted_is_warned_of(settings: Any) -> None:
    address = SmtpAddress("192.0.2.1", 1, USER, PASSWORD, "none")
    config = replace(settings.JOUREN, email=address)
    texts = {found.text: found.level for found in examine(config)}
    assert texts["The password for 192.0.2.1 travels unencrypted."] == "warning"


def test_a_passing_trouble_that_nobody_met_lately_is_over() -> None:
    RelayTrouble.objects.create(
        channel="email",
        kind="unreachable",
        detail="refused",
        is_permanent=False,
        since="2026-01-01T00:00Z",
        seen_at="2026-01-01T00:00Z",
    )
    browser = owner_client()
    assert "No mail goes out" not in browser.get("/admin/").content.decode()
    RelayTrouble.objects.update(is_permanent=True)
    assert "No mail goes out" in browser.get("/admin/").content.decode()

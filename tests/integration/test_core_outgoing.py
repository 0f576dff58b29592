"""Calls to a real server: where they go, how long they wait, how much they read."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest
from django.test import override_settings

from jouren.core import outgoing
from jouren.core.destinations import ForbiddenDestination
from jouren.core.outgoing import MAX_ANSWER_BYTES, CallFailed, post
from tests.web_server import CERTIFICATE, WebServer, answer, web_server


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as running, override_settings(OUTGOING_PRIVATE_NETWORKS=["127.0.0.1/32"]):
        yield running


def _at_home(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_what_is_sent_arrives_and_the_answer_comes_back(server: WebServer) -> None:
    server.answers = [answer(201, "できました".encode(), X_Seen="1")]
    got = post(server.url("/a?b=1"), "本文".encode(), {"Content-Type": "text/plain", "X-Mine": "yes"})
    assert (got.status, got.headers["x-seen"], got.body.decode()) == (201, "1", "できました")
    (call,) = server.calls
    assert call.line == "POST /a?b=1 HTTP/1.1"
    assert call.body.decode() == "本文"
    assert call.headers == {
        "host": f"127.0.0.1:{server.port}",
        "content-type": "text/plain",
        "x-mine": "yes",
        "connection": "close",
        "content-length": "6",
    }


def test_this_machine_is_not_called_unless_it_was_opened(server: WebServer) -> None:
    with override_settings(OUTGOING_PRIVATE_NETWORKS=()), pytest.raises(ForbiddenDestination):
        post(server.url(), b"", {})
    assert server.calls == []


def test_a_name_is_asked_for_once_and_the_call_goes_where_the_answer_said(server: WebServer) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    post(f"http://hooks.example:{server.port}/", b"", {}, resolve=rebinding)
    assert asked == ["hooks.example"]
    assert server.calls[0].headers["host"] == f"hooks.example:{server.port}"


def test_redirects_are_not_followed(server: WebServer) -> None:
    server.answers = [answer(302, Location=server.url("/elsewhere"))]
    assert post(server.url(), b"", {}).status == 302
    assert len(server.calls) == 1


def test_proxies_of_the_environment_are_not_used(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert post(server.url(), b"", {}).status == 200


@pytest.mark.parametrize(
    "said",
    [
        answer(200, b"x" * 200_000),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"fff0\r\n" + b"x" * 0xFFF0 + b"\r\n" + b"9\r\nx",
        b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 200_000,
    ],
)
def test_no_more_of_an_answer_is_read_than_may_be(server: WebServer, said: bytes) -> None:
    server.answers = [said]
    got = post(server.url(), b"", {})
    assert got.status == 200
    assert 60_000 < len(got.body) < MAX_ANSWER_BYTES


@pytest.mark.parametrize(
    "said",
    [
        b"hello\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
    ],
)
def test_what_is_no_answer_is_told(server: WebServer, said: bytes) -> None:
    server.answers = [said]
    with pytest.raises(CallFailed) as failed:
        post(server.url(), b"", {})
    assert failed.value.reason in {"answer", "connection"}


def test_a_server_that_says_nothing_is_left_in_time(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "TOTAL_SECONDS", 0.2)
    server.answers = [b""]
    with pytest.raises(CallFailed) as failed:
        post(server.url(), b"", {})
    assert failed.value.reason == "timeout"


def test_a_server_that_drips_is_left_in_time_as_well(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "TOTAL_SECONDS", 0.3)
    server.answers, server.pause = [answer(200, b"x" * 10_000)], 0.02
    with pytest.raises(CallFailed) as failed:
        post(server.url(), b"", {})
    assert failed.value.reason == "timeout"


def test_a_status_counts_although_the_rest_of_the_answer_never_comes(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "TOTAL_SECONDS", 0.3)
    server.answers = [b"HTTP/1.1 202 Taken\r\nContent-Length: 10\r\n\r\n12345"]
    assert post(server.url(), b"", {}).status == 202


def test_nobody_there_is_told(server: WebServer) -> None:
    port = server.port
    server.shutdown()
    server.server_close()
    with pytest.raises(CallFailed) as failed:
        post(f"http://127.0.0.1:{port}/", b"", {})
    assert failed.value.reason == "connection"


def test_a_host_that_nobody_knows_is_told() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(CallFailed) as failed:
        post("https://hooks.example/", b"", {}, resolve=unknown)
    assert failed.value.reason == "name"


def test_a_header_cannot_smuggle_another(server: WebServer) -> None:
    with pytest.raises(ValueError, match="Invalid header value"):
        post(server.url(), b"", {"X-Mine": "a\r\nX-Theirs: b"})


@pytest.fixture
def tls_server() -> Iterator[WebServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with web_server(context) as running, override_settings(OUTGOING_PRIVATE_NETWORKS=["127.0.0.1/32"]):
        yield running


def test_a_certificate_that_nobody_vouches_for_ends_the_call_before_anything_is_said(tls_server: WebServer) -> None:
    with pytest.raises(CallFailed) as failed:
        post(f"https://hooks.example:{tls_server.port}/", b"secret", {}, resolve=_at_home)
    assert failed.value.reason == "certificate"
    assert tls_server.calls == []


def test_a_certificate_must_be_of_the_name_that_was_asked_for(
    tls_server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    monkeypatch.setattr(outgoing, "_tls", lambda: trusting)
    assert post(f"https://hooks.example:{tls_server.port}/", b"secret", {}, resolve=_at_home).status == 200
    with pytest.raises(CallFailed) as failed:
        post(f"https://other.example:{tls_server.port}/", b"secret", {}, resolve=_at_home)
    assert failed.value.reason == "certificate"
    assert len(tls_server.calls) == 1

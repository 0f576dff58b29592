"""What nobody should send, over real HTTP: a clear answer in the visitor's language, nothing kept by halves, no 500."""

from __future__ import annotations

import re
import secrets
import socket
import time
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.mailbox import mails_to
from tests.browser.signing_up import sign_up
from tests.browser.watching import PERSON, window
from tests.installation import Installation

SCRIPT = "<script>document.title='taken'</script>"
UNKNOWN_LINK = {"en": "This link does not work", "ja": "このリンクは使えません"}
KEPT = (
    "SELECT (SELECT count(*) FROM capture_registration), (SELECT count(*) FROM contacts_contact), "
    "(SELECT count(*) FROM contacts_consent_record), (SELECT count(*) FROM messaging_delivery), "
    "(SELECT count(*) FROM events_event WHERE type <> 'page.visited')"
)


def ask(shop: Installation, method: str, path: bytes, body: bytes = b"", **headers: bytes) -> tuple[int, str]:
    """Status and page of a request that is sent byte for byte as given."""
    lines = {
        b"Host": f"127.0.0.1:{shop.port}".encode(),
        b"User-Agent": PERSON.encode(),
        b"Content-Type": b"application/x-www-form-urlencoded",
        b"Content-Length": str(len(body)).encode(),
        b"Connection": b"close",
        **{name.replace("_", "-").encode(): value for name, value in headers.items()},
    }
    head = b"".join(b"%s: %s\r\n" % line for line in lines.items())
    answer = b""
    with socket.create_connection(("127.0.0.1", shop.port), timeout=30) as connection:
        connection.sendall(b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method.encode(), path, head, body))
        while chunk := connection.recv(65536):
            answer += chunk
    head, _blank, page = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), page.decode("utf-8", "replace")


def form_of(shop: Installation) -> tuple[str, str]:
    """The address of the form on the landing page, and the stamp that it carries."""
    _status, page = ask(shop, "GET", b"/letters/")
    action, stamp = re.search(r'action="(/f/[^"#]+)', page), re.search(r'name="stamp" value="([^"]+)"', page)
    assert action is not None
    assert stamp is not None
    return action[1], stamp[1]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path", [b"/c/AAAAAAAAAAAAAAAA/0", b"/u/AAAAAAAAAAAAAAAA", b"/p/AAAAAAAAAAAAAAAA", b"/confirm/x"]
)
def test_a_forged_link_is_answered_in_the_language_of_the_visitor(
    shop: Installation, path: bytes, method: str, language: str
) -> None:
    before = shop.query(KEPT)
    status, page = ask(shop, method, path, b"List-Unsubscribe=One-Click", Accept_Language=language.encode())
    assert status == 404
    assert f"<h1>{UNKNOWN_LINK[language]}</h1>" in page
    assert shop.query(KEPT) == before


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ({"email": "not an address"}, {"en": "This is not a mail address", "ja": "メールアドレス"}),
        ({"family_name": "長" * 10_000}, {"en": "at most 100 characters", "ja": "100"}),
        ({"consent": ""}, {"en": "Please tick this box to sign up.", "ja": "チェック"}),
    ],
)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_form_that_cannot_be_taken_says_why_and_keeps_nothing(
    shop: Installation, language: str, answers: dict[str, str], complaint: dict[str, str]
) -> None:
    action, stamp = form_of(shop)
    before = shop.query(KEPT)
    time.sleep(1.6)
    fields = {"email": "half@example.jp", "consent": "on", "stamp": stamp, **answers}
    body = urlencode(fields).encode()
    status, page = ask(shop, "POST", action.encode(), body, Accept_Language=language.encode())
    assert status == 422
    (error,) = re.findall(r'<p class="error"[^>]*>([^<]+)</p>', page)
    assert complaint[language] in error
    assert shop.query(KEPT) == before


PATHS = [
    b"/\xff\xfe",
    b"/%FF%FE/",
    b"/%00",
    b"/letters/%00",
    b"/letters/?utm_source=%FF%00&utm_medium=\xff&utm_campaign=%F0%9F%98%80",
    b"/confirm/%00",
    b"/u/%FF%00",
    b"/p/\xff",
    b"/c/%00/0",
    b"/o/%00.gif",
    b"/f/%00/",
    b"/media/%00",
    b"/media/..%2f..%2fsecret_key",
    b"/static/%00",
    b"/static/..%2f..%2fsecret_key",
    b"/documents/1/%FF",
    b"/admin/people/%00/",
    b"/admin/login/?next=%00%FF",
    b"/api/events?\xff",
    b"//evil.example/%2e%2e",
]


@pytest.mark.parametrize("path", PATHS, ids=repr)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_odd_bytes_in_addresses_are_answered(shop: Installation, path: bytes, method: str) -> None:
    status, _page = ask(shop, method, path)
    assert status < 500


@pytest.mark.parametrize("value", [b"\xff\xfe", b"%00", "名前".encode(), b"a" * 5000, b"\x01\x7f", b"'\";--"], ids=repr)
@pytest.mark.parametrize(
    "header",
    ["Cookie", "Accept_Language", "Referer", "User_Agent", "Host", "X_Forwarded_For", "Content_Type", "Origin"],
)
def test_odd_bytes_in_headers_are_answered(shop: Installation, header: str, value: bytes) -> None:
    if header == "Cookie":
        value = b"jv=%s; sessionid=%s; csrftoken=%s" % (value, value, value)
    for method, path in (("GET", b"/letters/"), ("POST", form_of(shop)[0].encode()), ("GET", b"/admin/login/")):
        status, _page = ask(shop, method, path, **{header: value})
        assert status < 500


def test_markup_in_every_field_stays_text_on_every_screen(browser: Browser, shop: Installation) -> None:
    email = f"script-{secrets.token_hex(4)}@example.jp"
    names = dict.fromkeys(("family_name", "given_name", "family_kana", "given_kana"), SCRIPT)
    with window(browser, shop) as visitor, window(browser, shop) as office:
        sign_up(visitor, f"/letters/?utm_source={SCRIPT}", email=email, **names)
        (mail,) = mails_to(shop, email, 1)
        visitor.page.goto(next(link for link in mail.links if "/confirm/" in link))
        visitor.page.click("form button[type=submit]")
        expect(visitor.page.locator(".notice-done")).to_be_visible()
        mails_to(shop, email, 2)
        office.log_in()
        office.open("/admin/people/")
        office.page.fill("[name=text]", email)
        office.page.press("[name=text]", "Enter")
        expect(office.page.locator("table.listing")).to_contain_text(SCRIPT)
        office.page.click(f"td a:has-text({SCRIPT!r})")
        expect(office.page.get_by_role("heading", level=1)).to_contain_text(SCRIPT)
        expect(office.page.locator(".jouren-kana")).to_contain_text(SCRIPT)
        office.open("/admin/mailbox/")
        expect(office.page.locator("table.listing")).to_contain_text(SCRIPT)
        office.page.click(f"td a:has-text({SCRIPT!r})")
        expect(office.page.frame_locator("iframe").locator("body")).to_contain_text(SCRIPT)
        for seen in (visitor, office):
            assert "taken" not in seen.page.title().replace(SCRIPT, "")
            assert seen.complaints == []

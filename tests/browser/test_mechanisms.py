"""The demo shop walks the four mechanisms in a browser and by the clock, both ways at each fork; the mails are counted
at the server that takes them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, expect

from jouren.core.loops import wait_until
from tests.browser.signing_up import sign_up
from tests.browser.watching import Window, window
from tests.installation import Installation, copy_of
from tests.smtp_server import ScriptedServer, scripted_server, text_of

GLAD, ANGRY, IDLE = (f"{name}@example.jp" for name in ("glad", "angry", "idle"))
EVERYBODY = (GLAD, ANGRY, IDLE)
SURVEY, REGULAR, FINEST = "7日間、困ったこと", "続けてみたい方へ", "満月のクリームができました"
NEWS = "みなさまへのご案内"

_PREPARE = """
import sys
from jouren.api.keys import make_key
from jouren.backoffice.demo.set_up import wear_look
from jouren.messaging.publishing import publish_message
from jouren.peace.actions import save_rule
from jouren.peace.models import PeaceRule
from tests.messages import draft

rule = PeaceRule.objects.get()
rule.invitations, rule.days = 1, 3
save_rule(rule)
publish_message(draft(("text", "<p>ご案内です。</p>"), subject=sys.argv[1], name=sys.argv[1], kind="ask"))
wear_look()
print(make_key("cart"))
"""
_SEND = """
import sys
from jouren.contacts.queries import find_by_email
from jouren.messaging.models import MessageVersion
from tests.sending import plan
import time
version = MessageVersion.objects.filter(name=sys.argv[1]).latest("pk")
plan(version, *[find_by_email(each) for each in sys.argv[2:]], occurrence=time.time_ns())
"""


@pytest.fixture
def sink() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def shop(template: Installation, sink: ScriptedServer) -> Iterator[Installation]:
    with copy_of(template, email_url=f"smtp://127.0.0.1:{sink.port}") as running:
        yield running


class Walk:
    """What the three do, what the shop does, and what came."""

    def __init__(self, shop: Installation, sink: ScriptedServer) -> None:
        self.shop, self.sink = shop, sink
        # Links of surveys are written when a message is published: the demo's lead to where it was made.
        shop.env["JOUREN_BASE_URL"] = shop.url
        self.key = shop.run_inside(_PREPARE, NEWS).strip()

    def send(self, subject: str, *people: str) -> None:
        """Plan a message to these people and let a day go by: whom the gate lets through has it then."""
        self.shop.run_inside(_SEND, subject, *people)
        self.pass_days(1)

    def pass_days(self, days: int) -> None:
        """Move the clock, and let everything that is due be done."""
        self.shop.advance(f"{days}d")

    def mails(self, address: str, subject: str) -> list[EmailMessage]:
        """What came to somebody under a subject that begins so."""
        return [mail for mail in self.sink.mails_to(address) if str(mail["Subject"]).startswith(subject)]

    def mail(self, address: str, subject: str) -> EmailMessage:
        """The one that came, or comes within a moment."""
        assert wait_until(lambda: len(self.mails(address, subject)) == 1, 30), self.sink.recipients
        return self.mails(address, subject)[0]

    def count(self, address: str) -> Counter[str]:
        """How many mails of each kind came to somebody, by their Message-IDs."""
        ids = [str(mail["Message-ID"]).strip("<>") for mail in self.sink.mails_to(address)]
        rows = self.shop.query(
            "SELECT version.kind FROM messaging_delivery delivery JOIN messaging_messageversion version"
            " ON version.id = delivery.message_version_id WHERE delivery.message_id = ANY(%s)",
            ids,
        )
        assert len(rows) == len(ids)
        return Counter(str(kind) for (kind,) in rows)

    def buys(self, address: str, order: str, kind: str, amount: int, reference: str = "") -> None:
        """The shop's cart tells of a paid order."""
        told = {"order": order, "kind": kind, "amount": amount, "currency": "JPY", "products": ["skin-30"]}
        told |= {"products": ["skin-trial"]} if kind == "trial" else {}
        told |= {"reference": reference} if reference else {}
        event = {"type": "order.paid", "contact": {"email": address}, "key": order, "payload": told}
        body = json.dumps({"events": [event]}).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with urlopen(Request(f"{self.shop.url}/api/events", body, headers), timeout=30) as answer:
            assert answer.status == 202

    def one(self, statement: str, address: str) -> Any:
        """The first value that a query finds of somebody, whose id it has as a parameter."""
        (row,) = self.shop.query(f"SELECT ({statement}) FROM contacts_identity who WHERE who.value = %s", address) or [
            (None,)
        ]
        return row[0]

    def stands_on(self, address: str, stage: int) -> bool:
        asked = "SELECT stage FROM pyramid_position place WHERE place.contact_id = who.contact_id"
        return wait_until(lambda: self.one(asked, address) == stage, 30)

    def is_left(self, address: str) -> str:
        asked = (
            "SELECT string_agg(reason, ' ') FROM contacts_suppression left_alone"
            " WHERE left_alone.contact_id = who.contact_id AND lifted_at IS NULL"
        )
        return str(self.one(asked, address) or "")

    def tasks(self, address: str) -> int:
        return int(self.one("SELECT count(*) FROM mechanisms_task t WHERE t.contact_id = who.contact_id", address))


def links(mail: EmailMessage, part: str) -> list[str]:
    """The links of a mail that hold a part."""
    found = re.findall(r'href="([^"]+)"', text_of(mail, "html"))
    return list(dict.fromkeys(each.replace("&amp;", "&") for each in found if part in each))


def follow(reader: Window, mail: EmailMessage, text: str) -> None:
    """Press a button of the mail, which opens a page of its own."""
    reader.page.set_content(text_of(mail, "html"))
    link = reader.page.locator(f"a:has-text('{text}')").first.get_attribute("href")
    assert link is not None
    reader.page.goto(link)


def test_everybody_comes_as_far_as_it_suits_them_and_the_others_get_no_promotion_any_more(
    browser: Browser, shop: Installation, sink: ScriptedServer
) -> None:
    walk = Walk(shop, sink)
    with window(browser, shop) as visitor, window(browser, shop, locale="en") as office:
        # 1: signed up, and confirmed.
        for address in EVERYBODY:
            sign_up(visitor, email=address)
            (mail,) = [walk.mail(address, "")]
            (link,) = links(mail, "/confirm/")
            visitor.page.goto(link)
            visitor.page.click("form button[type=submit]")
            assert walk.stands_on(address, 2)

        # 2: letters that help, then the trial for three days. Two buy it at the cart; the third is left in peace.
        walk.pass_days(8)
        for address in (GLAD, ANGRY):
            follow(visitor, walk.mail(address, "減らすお手入れを"), "7日間お試しを注文する")
            expect(visitor.page.locator("body")).to_contain_text("980円")
            button = visitor.page.locator("a[href*='tsukishiro.example/cart']").first.get_attribute("href") or ""
            (reference,) = parse_qs(urlsplit(button).query)["reference"]
            walk.buys(address, f"trial-{address}", "trial", 980, reference)
            assert walk.stands_on(address, 3)
            taken = "SELECT count(*) FROM catalog_offerapplication t WHERE t.contact_id = who.contact_id"
            assert walk.one(taken, address) == 1
        walk.pass_days(5)
        assert wait_until(lambda: "not_bought" in walk.is_left(IDLE), 30)

        # 3: the letter asks by one click; the satisfied is shown the regular price, of the other a person is told.
        walk.pass_days(5)
        for address, answer in ((GLAD, "above"), (ANGRY, "below")):
            follow(visitor, walk.mail(address, SURVEY), "期待以上" if answer == "above" else "期待以下")
            visitor.page.check(f"[name=satisfaction][value={answer}]")
            visitor.page.click("form button[type=submit]")
            expect(visitor.page.locator("body")).to_contain_text("ありがとうございます")
        assert wait_until(lambda: "dissatisfied" in walk.is_left(ANGRY), 30)
        inquiries = "SELECT count(*) FROM inbox_inquiry i WHERE i.contact_id = who.contact_id"
        assert (walk.one(inquiries, ANGRY), walk.one(inquiries, GLAD)) == (1, 0)
        before = {address: walk.count(address) for address in (ANGRY, IDLE)}
        walk.pass_days(10)
        follow(visitor, walk.mail(GLAD, REGULAR), "ひと月分を注文する")
        expect(visitor.page.locator("body")).to_contain_text("5,800円")
        office.log_in()
        office.open("/admin/orders/enter/")
        office.page.fill("[name=email]", GLAD)
        office.page.select_option("[name=product]", label="つきしろの三品 ひと月分")
        office.page.fill("[name=amount]", "5800")
        office.page.click("button:has-text('Enter the order')")
        assert walk.stands_on(GLAD, 4)

        # 4: the finest, and special treatment, only for who is likely to become a regular.
        walk.pass_days(3)
        assert not any(walk.mails(address, FINEST) for address in EVERYBODY)
        walk.buys(GLAD, "second", "regular", 5_800)
        assert wait_until(lambda: walk.tasks(GLAD) > 0, 30)
        walk.pass_days(3)
        follow(visitor, walk.mail(GLAD, FINEST), "この内容で注文する")
        expect(visitor.page.locator("body")).to_contain_text("33,000円")
        walk.buys(GLAD, "finest", "regular", 33_000)
        assert walk.stands_on(GLAD, 5)
        office.page.reload()
        expect(office.page.locator("[aria-current=true]")).to_have_text("Regular")

        # Whatever the shop sends: no promotion for the others any more, counted where mail arrives.
        walk.send(NEWS, *EVERYBODY)
        walk.pass_days(10)
        assert len(walk.mails(GLAD, NEWS)) == 1
        for address in (ANGRY, IDLE):
            assert not walk.mails(address, REGULAR) + walk.mails(address, FINEST)
            assert walk.count(address)["ask"] == before[address]["ask"] == 1
            assert walk.tasks(address) == 0
        assert walk.count(GLAD)["ask"] >= 4
        complaints = [each for each in visitor.complaints + office.complaints if "tsukishiro" not in each]
        assert complaints == []

"""A page with a form, and a visitor who fills it in. For tests of capture and content."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.test import Client
from wagtail.models import Page

from jouren.capture.models import Form
from jouren.contacts.models import Topic
from jouren.content.models import HomePage, LandingPage
from jouren.core import clock
from jouren.messaging.models import Delivery

BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
CONSENT = "メールで肌のお手入れの情報を受け取ることに同意します。"


def make_form(**fields: Any) -> Form:
    """A form that asks for name, address and problem."""
    topic = Topic.objects.get_or_create(key="news", defaults={"name": "お知らせ"})[0]
    values: dict[str, Any] = {
        "title": "はじめてのスキンケア講座",
        "ask_name": "required",
        "ask_problem": "list",
        "problem_choices": "乾燥\nシミ\nニキビ",
        "consent_text": CONSENT,
        "button_text": "無料で受け取る",
        "topic": topic,
    }
    form: Form = Form.objects.create(**(values | fields))
    return form


def make_page(form: Form | None = None, body: list[dict[str, Any]] | None = None, slug: str = "skin") -> LandingPage:
    """A published landing page under the home page, with the form on it."""
    home = HomePage.objects.first() or Page.objects.get(depth=2)
    blocks = body if body is not None else [{"type": "heading", "value": "肌の悩みに"}]
    if form is not None:
        blocks = [*blocks, {"type": "form", "value": form.pk}]
    page = LandingPage(title="スキンケア講座", slug=slug, language="ja")
    page.body = blocks
    home.add_child(instance=page)
    page.save_revision().publish()
    return LandingPage.objects.get(pk=page.pk)


def visitor(language: str = "ja") -> Client:
    """A person's browser."""
    return Client(headers={"user-agent": BROWSER, "accept-language": language})


def wait(seconds: float = 2) -> None:
    """Let the sandbox's clock go on."""
    clock.move_to(clock.now() + timedelta(seconds=seconds))


def stamp_in(html: str) -> str:
    """The stamp of the form in a page's HTML."""
    match = re.search(r'name="stamp" value="([^"]+)"', html)
    assert match, "no form on the page"
    return match.group(1)


def fill_in(browser: Client, page: LandingPage, form: Form, query: str = "", **answers: Any) -> Any:
    """Open the page, wait as people do, send the form. Returns the answer."""
    shown = browser.get(f"{page.url}{query}")
    assert shown.status_code == 200
    wait()
    data = {
        "family_name": "山田",
        "given_name": "花子",
        "email": "hanako@example.jp",
        "problem": ["乾燥"],
        "consent": "on",
        "stamp": stamp_in(shown.content.decode()),
    }
    data |= answers
    return browser.post(f"/f/{form.public_id}/", {name: value for name, value in data.items() if value is not None})


def last_confirm_path() -> str:
    """The path of the confirmation link that was mailed last."""
    delivery = Delivery.objects.order_by("-pk").first()
    assert delivery is not None and delivery.context is not None
    return str(delivery.context["confirm_url"]).removeprefix("http://127.0.0.1:8000")

"""Pages as visitors see them."""

from __future__ import annotations

import html as html_module
import re
from typing import Any

import pytest
from wagtail.blocks import StructBlockValidationError
from wagtail.models import Page, Site

from jouren.capture.widgets import SuggestingInput
from jouren.content.blocks import ButtonBlock, VideoBlock
from jouren.content.models import HomePage
from tests.capture_pages import make_form, make_page, visitor

pytestmark = pytest.mark.django_db


def _block(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "value": value}


def _html(path: str) -> str:
    answer = visitor("en").get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_fresh_installation_shows_its_own_page() -> None:
    home = HomePage.objects.get()
    assert Site.objects.get(is_default_site=True).root_page_id == home.pk
    page = _html("/")
    assert home.headline in page
    assert "Wagtail" not in page
    assert Page.objects.get(pk=home.pk).specific == home


def test_buttons_lead_to_an_address_a_page_or_the_form() -> None:
    target = make_page(slug="target")
    form = make_form()
    page = make_page(
        form,
        [
            _block("button", {"text": "詳細こちら", "url": "https://shop.example/", "page": None}),
            _block("button", {"text": "お探しの方へ", "url": "", "page": target.pk}),
            _block("button", {"text": "資料請求", "url": "", "page": None}),
        ],
    )
    shown = _html(page.url)
    assert re.findall(r'class="button" href="([^"]+)"', shown) == ["https://shop.example/", "/target/", "#form"]
    assert shown.count('id="form"') == 1


def test_a_button_leads_to_one_place_only() -> None:
    block = ButtonBlock()
    value = block.to_python({"text": "資料請求", "url": "https://shop.example/", "page": Page.objects.get(depth=2).pk})
    with pytest.raises(StructBlockValidationError):
        block.clean(value)


def test_button_texts_are_offered() -> None:
    rendered = SuggestingInput().render("text", "", {"id": "id_text"})
    assert 'list="id_text-phrases"' in rendered
    assert '<option value="今すぐ購入" label="Buy now">' in rendered
    assert rendered.count("<option") == 17


def test_a_video_asks_nothing_of_other_sites_before_it_is_played() -> None:
    video = {"url": "https://youtu.be/dQw4w9WgXcQ", "title": 'Foam "well" <b>', "poster": None}
    shown = _html(make_page(body=[_block("video", video)]).url)
    assert not re.search(r'(?:src|srcset)="https?:', shown)
    player = html_module.unescape(re.search(r'srcdoc="([^"]*)"', shown).group(1))  # type: ignore[union-attr]
    assert 'href="https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1&amp;rel=0"' in player
    assert "<b>" not in player


def test_an_address_that_is_no_video_is_refused_when_the_page_is_written() -> None:
    block = VideoBlock()
    value = block.to_python({"url": "https://evil.example/watch?v=dQw4w9WgXcQ", "title": "x", "poster": None})
    with pytest.raises(StructBlockValidationError):
        block.clean(value)


def test_all_blocks_show_and_hostile_text_stays_text() -> None:
    evil = "<script>alert(1)</script>"
    page = make_page(
        body=[
            _block("heading", evil),
            _block("text", f"<p>Hello {evil}</p>"),
            _block("image", {"image": None, "decorative": True, "alt_text": ""}),
            _block("button", {"text": evil[:30], "url": "", "page": None}),
            _block("quote", {"text": evil, "who": evil}),
            _block("questions", [{"question": evil, "answer": "<p>Yes.</p>"}]),
            _block("form", 999_999),
        ]
    )
    shown = _html(page.url)
    assert "&lt;script&gt;" in shown
    assert "Yes." in shown
    body = shown.replace(f"<p>Hello {evil}</p>", "")
    assert "<script" not in body


def test_the_language_of_the_page_and_of_the_form_are_told_apart() -> None:
    page = make_page(make_form())
    shown = _html(page.url)
    assert '<html lang="ja">' in shown
    assert re.search(r'<form method="post" [^>]*lang="en"', shown)


def test_a_page_sets_no_cookie_but_the_visitors_and_needs_no_script() -> None:
    answer = visitor().get(make_page(make_form()).url)
    assert list(answer.cookies) == ["jv"]
    assert b"<script" not in answer.content


def test_a_page_takes_few_queries(django_assert_max_num_queries: Any) -> None:
    page = make_page(make_form())
    browser = visitor()
    browser.get(page.url)
    with django_assert_max_num_queries(15):
        browser.get(page.url)

"""What visitors see when a page is not there, or when we fail: in their language, without help from the database."""

from __future__ import annotations

import pytest
from django.template import loader
from django.test import Client
from django.utils import translation

TITLES = {
    "404.html": {"en": "This page does not exist", "ja": "ページが見つかりません"},
    "500.html": {"en": "Something went wrong here", "ja": "申し訳ございません。エラーが起きました"},
    "400.html": {"en": "This could not be read", "ja": "読み取れませんでした"},
}


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("path", ["/no/such/page/", "/media/no.jpg", "/letters/%FF%00"])
def test_a_page_that_is_not_there_says_so_in_the_language_of_the_visitor(path: str, language: str) -> None:
    answer = Client(headers={"accept-language": language}).get(path)
    assert answer.status_code == 404
    assert f"<h1>{TITLES['404.html'][language]}</h1>" in answer.content.decode()
    assert f'<html lang="{language}">' in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/c/forged-token-of-a-mail/0", "/c/AAAAAAAAAAAAAAAA/0", "/c/x", "/c/%FF%00/1/2"])
def test_a_click_that_belongs_to_no_message_says_so(path: str) -> None:
    answer = Client(headers={"accept-language": "en"}).get(path)
    assert answer.status_code == 404
    assert "<h1>This link does not work</h1>" in answer.content.decode()
    assert answer["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("template", ["400.html", "500.html"])
def test_a_failure_is_told_even_without_a_database(template: str, language: str) -> None:
    with translation.override(language):
        page = loader.get_template(template).render()
    assert f"<h1>{TITLES[template][language]}</h1>" in page
    assert f'<html lang="{language}">' in page
    assert '<link rel="stylesheet"' not in page

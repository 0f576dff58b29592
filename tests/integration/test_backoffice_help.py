"""The help: pages of docs/ in the back office, in the reader's language, and the way to them from every screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import get_resolver

from jouren.backoffice.help import pages
from jouren.backoffice.help.areas import AREAS, PAGE_OF
from tests.backoffice import owner_client, staff_client

pytestmark = pytest.mark.django_db

JAPANESE = {"accept-language": "ja"}


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pages, of which one is in Japanese too."""
    for folder in ("how-to", "tutorial", "ja/how-to"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "how-to/orders.md").write_text("# Orders (注文)\n\nWhat people bought.\n", "utf-8")
    (tmp_path / "how-to/products.md").write_text("# Products\n\nWhat is sold.\n", "utf-8")
    (tmp_path / "ja/how-to/orders.md").write_text("# 注文\n\nお買い上げの記録です。\n", "utf-8")
    (tmp_path / "secret.md").write_text("# Secret\n", "utf-8")
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    return tmp_path


def text(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers or None)
    assert answer.status_code == 200, url
    return answer.content.decode()


def test_every_page_that_is_offered_can_be_read_and_is_listed() -> None:
    browser = owner_client()
    index = text(browser, "/admin/help/")
    for name in (name for area in AREAS for name in area.pages):
        assert f'href="/admin/help/{name}/"' in index
        page = text(browser, f"/admin/help/{name}/")
        assert "<h2" in page
        assert 'href="../' not in page
        assert "{toctree}" not in page


def test_a_page_is_shown_in_the_readers_language_where_it_is_written_in_it(docs: Path) -> None:
    browser = owner_client()
    assert "What people bought." in text(browser, "/admin/help/orders/")
    japanese = text(browser, "/admin/help/orders/", **JAPANESE)
    assert "お買い上げの記録です。" in japanese
    assert "英語のみ" not in japanese
    english = text(browser, "/admin/help/products/", **JAPANESE)
    assert '<article class="jouren-help" lang="en">' in english
    assert "英語のみ" in english
    index = text(browser, "/admin/help/", **JAPANESE)
    assert '<a href="/admin/help/orders/">注文</a>' in index
    assert '<a href="/admin/help/products/" lang="en">Products</a>' in index


def test_links_lead_to_pages_of_the_help_or_are_plain_words(docs: Path) -> None:
    (docs / "how-to/orders.md").write_text(
        "# Orders\n\n[one](products.md#what) [two](../api.md) [three](https://example.jp/) [four](#here) "
        "[five](index.md) [six](../ja/how-to/orders.md) [seven](javascript:alert(1)) ![eight](x.png)\n\n"
        "![nine](x.png)\n\n## Here\n",
        "utf-8",
    )
    body = text(owner_client(), "/admin/help/orders/").partition("<article")[2].partition("</article>")[0]
    assert '<a href="/admin/help/products/#what">one</a> two ' in body
    assert '<a href="https://example.jp/" rel="noreferrer">three</a> <a href="#here">four</a>' in body
    assert '<a href="/admin/help/">five</a> <a href="/admin/help/orders/">six</a> ' in body
    assert '<a href="javascript' not in body
    assert "eight" in body
    assert "<img" not in body
    assert "nine" not in body
    assert '<h2 id="here">' in body


def test_what_a_page_says_in_html_stays_text(docs: Path) -> None:
    (docs / "how-to/orders.md").write_text("# A <b>\n\n<script>alert(1)</script>\n\n| a |\n|---|\n| <i> |\n", "utf-8")
    page = text(owner_client(), "/admin/help/orders/")
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<td>&lt;i&gt;</td>" in page


@pytest.mark.parametrize(
    "name", ["secret", "..%2Fsecret", "../secret", "..", "index", "%2e%2e%2fsecret", "orders.md", "ORDERS", "orders%00"]
)
def test_other_names_lead_nowhere(docs: Path, name: str) -> None:
    answer = owner_client().get(f"/admin/help/{name}/", follow=True)
    assert answer.status_code in {404, 200}
    assert "Secret" not in answer.content.decode()
    assert answer.status_code == 404 or answer.request["PATH_INFO"] in {"/admin/", "/admin/secret/"}


def test_without_the_folder_the_list_says_so(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "DOCS", docs / "none")
    browser = owner_client()
    assert "has no folder docs" in text(browser, "/admin/help/")
    assert browser.get("/admin/help/orders/").status_code == 404


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("/admin/", "/admin/help/home-screen/"),
        ("/admin/orders/", "/admin/help/orders/"),
        ("/admin/orders/subscriptions/", "/admin/help/orders/"),
        ("/admin/journeys/", "/admin/help/journeys/"),
        ("/admin/journeys/add/", "/admin/help/journeys/"),
        ("/admin/journeys/ready/", "/admin/help/ready-journeys/"),
        ("/admin/taskkind/", "/admin/help/mechanisms/"),
        ("/admin/parked/", "/admin/help/"),
        ("/admin/images/", "/admin/help/"),
        ("/admin/pages/", "/admin/help/sign-up-pages/"),
        ("/admin/snippets/capture/form/add/", "/admin/help/sign-up-pages/"),
        ("/admin/people/", "/admin/help/people/"),
        ("/admin/messages/add/", "/admin/help/messages/"),
    ],
)
def test_a_screen_links_to_the_page_that_is_about_it(url: str, page: str) -> None:
    shown = owner_client().get(url, follow=True).content.decode()
    assert shown.count(f'<a href="{page}" class="w-side-panel-toggle jouren-help-link" aria-label="Help"') == 1


def test_everybody_in_the_back_office_may_read_the_help() -> None:
    staff = staff_client()
    assert '"Help"' in text(staff, "/admin/")
    text(staff, "/admin/help/")
    text(staff, "/admin/help/orders/")
    assert Client().get("/admin/help/orders/").status_code == 302


def test_every_screen_that_is_named_exists() -> None:
    admin = [each for each in get_resolver().url_patterns if str(each.pattern) == "admin/"]
    inside = [space for each in admin for space in each.url_patterns if hasattr(space, "namespace")]
    spaces = {str(space.namespace): space for space in inside}
    for name in PAGE_OF:
        space, _, view = name.partition(":")
        assert space in spaces or space in get_resolver().reverse_dict, name
        assert not view or view in {each.name for each in spaces[space].url_patterns}, name

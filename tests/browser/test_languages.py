"""Every screen speaks the language of its reader, and can be used by everybody, in both languages and both themes.

What Wagtail has not translated is mended by an entry in ``jouren/backoffice/locale``.
"""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import Browser

from jouren.capture.phrases import BUTTON_TEXTS
from tests.browser.crawling import screens, texts
from tests.browser.mailbox import mails_to
from tests.browser.signing_up import sign_up
from tests.browser.watching import PHONE, Window, window
from tests.installation import Installation

# Names, and what every shop owner reads in Latin letters.
NAMES = """
JOUREN REPLIES BACKUP DIR SPF DKIM DMARC DNS TXT CNAME SELECTOR smtp smtps tls
Jouren API APIキー URL ID QR SNS LINE YouTube Vimeo Instagram Google JavaScript HTML AVIF GIF JPG JPEG PNG WEBP MB KB
WebP SKU JPY USD EUR Shopify Stripe Segment Standard Webhooks BASE STORES Yahoo Amazon MyASP RMS code reference
PR English Webhook Excel Shift JIS YAML Markdown zip md CSV https GMT JST UTC Esc Ctrl Shift Alt Tab Enter localhost
"""
# What the demo shop, or the browser that walks, has written itself.
WRITTEN = """
letters news newsletter contact name shop Asia Tokyo my slug towel white demo domain com blog example http
yofukashi skin regular trial moon sample hada PDF
"""
KNOWN = frozenset(re.findall(r"[A-Za-z]{2,}", NAMES + WRITTEN))
# Japanese words that English texts name: the columns of a file, for one.
LENT = frozenset(
    re.findall(
        r"\S+",
        "ふりがな 特商法 日本語 件名 本文 名前 プレビュー文 目的 段階 配信の種類 壁 迷い カラーミーショップ 楽天市場 "
        "薬機法 景品表示法 ステマ告示 特定電子メール法 特定商取引法 特定商取引法に基づく表記 個人情報保護法 "
        "プライバシーポリシー",
    )
)
# Letters stand there in the language in which they were written, with all around them; so do the pages of the help.
_WRITTEN = re.compile(r"/backnumber/\d+/$|/admin/help/")
# What opens the choice of blocks of a page's body, and of a journey's steps.
MANY_BLOCKS = ":is([data-contentpath='body'], [data-contentpath='steps']) .c-sf-add-button:visible"
_OTHER = re.compile(
    r"</?\w+>|\{\{[^}]*\}\}|\b[A-Z]\w+(?:/[A-Z][\w+-]*)+|\b[\w-]+(?:\.[a-z]{2,})+\b|"
    r"\S+@\S+|https?://\S+|/\S*/|\b[\w-]*\d[\w-]*\b|\b(?:page|registration|order|cart|offer|video)\.\w+"
)
_LATIN = re.compile(r"[A-Za-z]{2,}")
# Offered to authors as what it would say.
_BUTTONS = re.compile("|".join(japanese for japanese, _meaning in BUTTON_TEXTS))
_JAPANESE = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff々]+")


def english_in(text: str, data: str) -> list[str]:
    """Words of a text that nobody has put into Japanese; messages in English, and names, are the shop's own."""
    return [word for word in _LATIN.findall(_OTHER.sub(" ", text)) if word not in KNOWN and word not in data]


def data_of(shop: Installation, language: str) -> str:
    """What is written in the shop's database, and may be shown to readers of a language that is not its own."""
    if language == "ja":
        return str(
            shop.query("SELECT string_agg(name || bodies::text, ' ') FROM messaging_message WHERE language = 'en'")
        )
    columns = shop.query(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type IN ('text', 'character varying', 'jsonb') AND table_name NOT LIKE 'procrastinate%%'"
    )
    statement = "SELECT coalesce(string_agg(\"{1}\"::text, ' '), '') FROM \"{0}\""
    written = [shop.query(statement.format(*names))[0][0] for names in columns]
    return " ".join(map(str, written))


def japanese_in(text: str, data: str) -> list[str]:
    """Japanese of a text that is not the shop's own."""
    return [word for word in _JAPANESE.findall(_BUTTONS.sub(" ", text)) if word not in LENT and word not in data]


class Reader:
    """Somebody who understands one language only, and notes what they cannot read."""

    def __init__(self, seen: Window, language: str, data: str) -> None:
        self.seen, self.language, self.data = seen, language, data
        self.foreign: dict[str, str] = {}

    def told(self) -> str:
        """A line for each text that was not understood."""
        return "\n".join(f"{url}: {text}" for text, url in self.foreign.items())

    def read(self, *also: str) -> None:
        """All texts of the page that is open. ``also``: what else the reader may come to see."""
        if _WRITTEN.search(self.seen.page.url):
            return
        for text in (*texts(self.seen), *also):
            strange = english_in(text, self.data) if self.language == "ja" else japanese_in(text, self.data)
            if strange:
                self.foreign.setdefault(" ".join([*strange[:9], text])[:150], self.seen.page.url)

    def unfold(self) -> None:
        """Look at what an editor says to somebody who fills in nothing, and at its choice of blocks."""
        page = self.seen.page
        if page.locator("#w-editor-form, [data-edit-form]").count() == 0:
            return
        add = page.locator(MANY_BLOCKS)
        if add.count():
            add.first.click()
            page.locator(".w-combobox__option").first.wait_for()
            self.read()
            page.keyboard.press("Escape")
        if re.search(r"/(new|add)/$|/add/content/", page.url):
            page.locator("#w-editor-form footer [type=submit], form[data-edit-form] [type=submit]").first.click()
            page.wait_for_load_state()
            self.read()


def test_every_screen_speaks_both_languages_and_is_for_everybody(browser: Browser, shop: Installation) -> None:
    """In Japanese as it looks, in both themes and on a phone; in English all that it is made of, and on a phone.

    What a screen is made of, and its colours, know no language. English is longer: that it fits has to be true in both.
    """
    with window(browser, shop) as office:
        starts, reader = begin(office, "ja"), Reader(office, "ja", data_of(shop, "ja"))
        fail_to_log_in(reader)
        office.log_in()
        seen, found = set(), []
        for path, _source in screens(office, *starts):
            seen.add(path)
            reader.read()
            found += office.flaws(is_dark_too=True) + office.scrolls_sideways(PHONE)
            reader.unfold()
        assert len(seen) > 60, "the walk did not get far"
        assert not reader.foreign, reader.told()
        known = office.page.context.storage_state()
    # Without scripts a page opens in a third of the time; what they would show stands in its source.
    with window(browser, shop, locale="en", viewport=PHONE, java_script_enabled=False, storage_state=known) as office:
        reader = Reader(office, "en", data_of(shop, "en"))
        for _path, source in screens(office, *starts):
            reader.read(source)
            found += office.scrolls_sideways()
        assert not reader.foreign, reader.told()
    assert not found, "\n".join(found)


def begin(stranger: Window, language: str) -> list[str]:
    """Sign somebody up; where a walk through all screens may begin, the links of their first mail among it."""
    email = f"{language}-{secrets.token_hex(4)}@example.jp"
    sign_up(stranger, "/letters/?utm_source=instagram&utm_medium=social&utm_campaign=yofukashi", email=email)
    (mail,) = mails_to(stranger.shop, email, 1)
    # That to the page on commercial law leads to where the copied shop was made.
    links = [link.removeprefix(stranger.shop.url) for link in mail.links if link.startswith(stranger.shop.url)]
    return ["/letters/", *links, "/admin/", "/admin/pages/", "/admin/account/"]


def fail_to_log_in(reader: Reader) -> None:
    """Read what is said to somebody with a wrong password."""
    reader.seen.open("/admin/login/")
    page = reader.seen.page
    page.fill("#id_username", "somebody")
    page.fill("#id_password", "wrong")
    page.click("button[type=submit]")
    page.locator(".messages .error").wait_for()
    reader.read()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_way_in_speaks_the_language_of_its_reader_and_is_for_everybody(
    browser: Browser, shop: Installation, language: str
) -> None:
    with window(browser, shop, locale=language) as stranger:
        reader, found = Reader(stranger, language, data_of(shop, language)), []
        for path in (
            "/admin/login/",
            "/admin/password_reset/",
            "/admin/password_reset/done/",
            "/admin/password_reset/confirm/x/y/",
            "/admin/password_reset/complete/",
            "/no/such/page",
            "/admin/no-such-screen/",
        ):
            stranger.open(path)
            reader.read()
            found += stranger.flaws(is_dark_too=True)
        assert not reader.foreign, reader.told()
        assert not found, "\n".join(found)

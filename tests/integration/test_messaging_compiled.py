"""What the blocks of a mail become, word for word."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.images import ImageFile
from django.utils import translation
from PIL import Image as Picture
from wagtail.images import get_image_model

from jouren.core.colours import TEXT_CONTRAST, WHITE, contrast, parse_colour
from jouren.messaging.forms import MessageForm
from jouren.messaging.models import Message, MessageVersion, ShopSettings
from jouren.messaging.preview import preview_message, preview_version
from jouren.messaging.publishing import publish_message
from tests.messages import draft, make_shop

pytestmark = [
    pytest.mark.django_db,
    # Wagtail leaves the file of a new rendition to the garbage collector.
    pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed file <_io.BytesIO:ResourceWarning"),
]
SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.fixture
def picture(tmp_path: Path, settings: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    file = tmp_path / "tea.png"
    Picture.new("RGB", (40, 20), "green").save(file)
    with file.open("rb") as opened:
        return get_image_model().objects.create(title="茶", file=ImageFile(opened, name="tea.png"))


def compiled(picture: Any) -> dict[str, Any]:
    make_shop(commerce_law_url="https://example.jp/law")
    message = draft(
        (
            "text",
            '<h2>お手入れ</h2><p>{{ contact.name }}様<br/>こんにちは。<a href="https://example.jp/a">詳細</a></p>',
        ),
        ("button", {"text": "無料体験", "url": "https://example.jp/trial?a=1&b=2"}),
        ("image", {"image": picture.pk, "alt": "お茶 <緑>", "url": ""}),
        ("video", {"image": picture.pk, "title": "使い方", "url": "https://video.example/1"}),
        ("quote", {"text": "とても\n良い", "source": "東京都 Aさん"}),
        subject="{{ contact.family_name }}様へ",
        preheader="三分でできます",
        language="en",
    )
    body: dict[str, Any] = publish_message(message).bodies["email"]
    return body


def test_the_links_of_the_small_print_are_as_quiet_as_it_is_and_can_be_read(picture: Any) -> None:
    footer = compiled(picture)["html"].rpartition("{{ shop.name }}")[2]
    links = re.findall(r"<a [^>]*>", footer)
    assert len(links) == 3
    for link in links:
        colour = parse_colour(link.partition("color:")[2][:7])
        assert colour is not None
        assert contrast(colour, WHITE) >= TEXT_CONTRAST
        assert "text-decoration:underline" in link


def test_the_html_is_as_it_was(picture: Any) -> None:
    html = re.sub(r'src="[^"]*tea[^"]*"', 'src="tea.png"', compiled(picture)["html"])
    assert html.replace("><", ">\n<") == (SNAPSHOTS / "mail.html").read_text(encoding="utf-8")


def test_the_text_is_as_it_was(picture: Any) -> None:
    assert compiled(picture)["text"] == (SNAPSHOTS / "mail.txt").read_text(encoding="utf-8")


def test_pictures_have_whole_addresses_and_nothing_else_is_fetched(picture: Any, settings: Any) -> None:
    body = compiled(picture)
    sources = re.findall(r'src="([^"]*)"', body["html"])
    assert len(sources) == 3
    # By the address that the shop has when the mail is written, which may be another than when it was published.
    assert all(source.startswith("{{ media_base|safe }}/") for source in sources[:2])
    settings.JOUREN = replace(settings.JOUREN, base_url="https://moved.example")
    html = preview_version(MessageVersion.objects.get()).html
    assert re.findall(r'src="(https://moved[^/]*)/', html)[:2] == ["https://moved.example"] * 2
    assert sources[2] == "{{ pixel_url|safe }}"
    assert not re.search(r"@import|<link|@font-face|<script|googleapis", body["html"])


def test_the_logo_stands_at_the_head_at_a_size_of_its_own(picture: Any, settings: Any) -> None:
    make_shop(name="やまだ <屋>")
    ShopSettings.objects.update(logo=picture)
    message = draft(("button", {"text": "見る", "url": "https://example.jp/a"}))
    rendered = preview_message(message)
    found = re.search(r"<img[^>]*>", rendered.html)
    assert found
    assert 'alt="やまだ &lt;屋&gt;"' in found[0]
    assert f'src="{settings.JOUREN.base_url}/' in found[0]
    assert 'width="40"' in found[0]
    assert 'height="20"' in found[0]
    assert rendered.html.index("<img") < rendered.html.index("見る")
    assert "tea" not in rendered.text
    first = publish_message(message)
    ShopSettings.objects.update(logo=None)
    assert "<img" in MessageVersion.objects.get(pk=first.pk).bodies["email"]["html"].split("pixel_url")[0]
    assert "tea" not in publish_message(message).bodies["email"]["html"]


def test_a_large_logo_is_shown_small_and_one_whose_file_is_gone_not_at_all(picture: Any, tmp_path: Path) -> None:
    make_shop()
    wide = tmp_path / "wide.webp"
    Picture.new("RGB", (900, 90), "green").save(wide)
    with wide.open("rb") as opened:
        logo = get_image_model().objects.create(title="Logo", file=ImageFile(opened, name="wide.webp"))
    ShopSettings.objects.update(logo=logo)
    html = publish_message(draft()).bodies["email"]["html"]
    assert 'width="200"' in html
    assert 'height="20"' in html
    assert ".png" in html
    ShopSettings.objects.update(logo=picture)
    Path(picture.file.path).unlink()
    assert 'alt="{{ shop.name }}"' not in publish_message(draft()).bodies["email"]["html"]


def test_links_are_numbered_in_their_order(picture: Any) -> None:
    assert compiled(picture)["links"] == [
        "https://example.jp/a",
        "https://example.jp/trial?a=1&b=2",
        "https://video.example/1",
    ]


class _Form(MessageForm):
    class Meta:
        model = Message
        fields = ("name", "kind", "stage", "language")


@pytest.mark.parametrize("is_draft", [True, False])
def test_the_editor_lets_a_draft_be_unfinished_and_tells_what_publishing_needs(is_draft: bool) -> None:
    form = _Form({"name": "x", "kind": "help", "stage": "", "language": "ja"}, instance=Message())
    if is_draft:
        form.defer_required_fields()
    assert form.is_valid() is is_draft
    assert bool(form.non_field_errors()) is not is_draft


@pytest.mark.parametrize(("mode", "part"), [("", "<html"), ("text", "<pre>件名")])
def test_the_editors_preview_runs_no_script(rf: Any, mode: str, part: str) -> None:
    make_shop()
    response = draft(subject="件名").serve_preview(rf.get("/"), mode)
    assert part in response.content.decode()
    assert "script-src 'none'" in response["Content-Security-Policy"]


def test_a_preview_of_an_unfinished_draft_says_what_is_wrong(rf: Any) -> None:
    with translation.override("en"):
        response = draft(("button", {"text": "x", "url": "<script>"}), subject="").serve_preview(rf.get("/"), "")
    page = response.content.decode()
    assert "<script>" not in page
    assert "no subject" in page

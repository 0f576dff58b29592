"""Templates, links and rich text: what an author writes, and what a person may be."""

from __future__ import annotations

import pytest
from django.utils import translation

from jouren.messaging.channels.email.links import Links
from jouren.messaging.channels.email.richtext import mend_expressions, plain_text
from jouren.messaging.errors import TemplateProblem
from jouren.messaging.templating import Templates, mend_honorifics, render_once, variables_of


def test_html_templates_escape_and_others_do_not() -> None:
    assert render_once("{{ x }}", {"x": "<b>&"}, is_html=True) == "&lt;b&gt;&amp;"
    assert render_once("{{ x }}", {"x": "<b>&"}, is_html=False) == "<b>&"


@pytest.mark.parametrize("source", ["{{ y }}", "{{ x.y }}", "{{ x", "{% include 'a' %}", "{{ x.upper() }}"])
def test_what_cannot_be_filled_in_is_a_problem(source: str) -> None:
    with pytest.raises(TemplateProblem):
        render_once(source, {"x": {"z": "1"}}, is_html=True)


def test_a_template_that_never_ends_is_stopped() -> None:
    with pytest.raises(TemplateProblem, match="fuel"):
        render_once("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", {}, is_html=True)


def test_a_removed_template_is_gone() -> None:
    templates = Templates()
    templates.add("a.txt", "x")
    templates.remove("a.txt")
    with pytest.raises(TemplateProblem):
        templates.render("a.txt", {})


def test_the_variables_of_a_template_are_found_in_depth() -> None:
    assert variables_of("{{ a.b }}{% if c %}{{ d.e|upper }}{% endif %}") == {"a.b", "c", "d.e"}


def test_honorifics_are_not_doubled() -> None:
    assert mend_honorifics("{{ contact.name }}様、{{ contact.email }}様") == "{{ contact.name }}、{{ contact.email }}様"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.jp/a?b=1&c=2", "https://example.jp/a?b=1&amp;c=2"),
        ("/about", "https://shop.example/about"),
        ("mailto:a@example.jp", "mailto:a@example.jp"),
        ("https://例え.jp:8443/お茶?q=緑", "https://xn--r8jz45g.jp:8443/%E3%81%8A%E8%8C%B6?q=%E7%B7%91"),
        ("https://example.jp/%E3%81%8A#上", "https://example.jp/%E3%81%8A#%E4%B8%8A"),
        ("{{ confirm_url }}", "{{ confirm_url|link }}"),
    ],
)
def test_links_that_are_not_tracked_stay_themselves(url: str, shown: str) -> None:
    links = Links("https://shop.example", is_tracking=False)
    assert links.fill(f'"{links.add(url)}"', escape=True) == f'"{shown}"'
    assert not links.problems


def test_a_url_is_tracked_once_and_by_its_place() -> None:
    links = Links("https://shop.example", is_tracking=True)
    places = [links.add(url) for url in ("https://a.jp", "https://b.jp", "https://a.jp", "tel:0312345678")]
    filled = [links.fill(place, escape=True) for place in places]
    assert filled == ["{{ link_base|safe }}/0", "{{ link_base|safe }}/1", "{{ link_base|safe }}/0", "tel:0312345678"]
    assert links.tracked == ["https://a.jp", "https://b.jp"]


def test_a_bad_link_is_told_in_the_readers_language() -> None:
    links = Links("https://shop.example", is_tracking=True)
    with translation.override("en"):
        links.add("javascript:alert(1)")
    assert links.problems == [
        "A link must begin with https://, http://, mailto: or tel:, not as this one: javascript:alert(1)"
    ]


def test_rich_text_reads_well_without_html() -> None:
    html = (
        "<h2>見出し</h2><p>一行目<br />二行目 <b>太字</b></p><ul><li>茶</li><li>水</li></ul>"
        '<ol><li>洗う</li><li>拭く</li></ol><p><a href="https://a.jp">見る</a></p>'
    )
    assert plain_text(html) == (
        "■ 見出し\n\n一行目\n二行目 太字\n\n・茶\n・水\n\n1. 洗う\n2. 拭く\n\n見る\nhttps://a.jp"
    )


def test_quotation_marks_in_template_code_come_back() -> None:
    assert mend_expressions("&quot;{{ a|default(&quot;b&quot;) }}&quot;") == '&quot;{{ a|default("b") }}&quot;'

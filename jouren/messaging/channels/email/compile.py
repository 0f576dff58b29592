"""From blocks to a mail's three templates: subject, HTML by way of MJML, and plain text.

Everything an author types is escaped or cleaned before it meets MJML, and links are placeholders until the end, so that
no text can become markup and no URL slips by unchecked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import mrml
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from jouren.core.colours import WHITE, Colour, as_hex, parse_colour, text_on
from jouren.messaging import gifts, surveys
from jouren.messaging.channels.base import CompileContext
from jouren.messaging.channels.email.links import Links
from jouren.messaging.channels.email.richtext import mail_html, mend_expressions, plain_text
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.offers import template_name
from jouren.messaging.orders import asks_for_order
from jouren.messaging.templating import mend_honorifics
from jouren.messaging.vocabulary import Kind
from jouren.messaging.voices import ask_path
from jouren.messaging.voices import template_name as voices_name
from jouren.story.interview import SHOWN

_FONTS = "'Hiragino Sans', 'Hiragino Kaku Gothic ProN', 'Noto Sans JP', Meiryo, sans-serif"
_BUTTON: Colour = (0x1F, 0x6F, 0x54)
_SMALL_PRINT = "#666666"  # 5.7 to 1 on white
IMAGE_WIDTH = 1100  # pixels: twice the column, for fine screens
_REMOTE_STYLE = re.compile(r"@import[^;]*;|<link[^>]*>", re.IGNORECASE)


def compile_email(value: Any, context: CompileContext) -> dict[str, Any]:
    """The JSON of a version's mail: ``subject``, ``preheader``, ``html``, ``text`` (templates) and ``links`` (URLs).
    Where it shows offers, ``offers`` and ``needed_offers`` (their ids); where it shows surveys, ``surveys``;
    gifts, ``gifts`` (the ids of their forms); where it names an order, ``names_order``;
    voices, ``voices`` (what is wanted); where it asks for some, ``voice_asks`` (what is given, by product).

    Raises:
        InvalidMessage: with all that is wrong.
    """
    links = Links(context.base_url, is_tracking=context.kind != Kind.TRANSACTIONAL)
    with override(context.language):
        pieces = [_BLOCKS[block.block_type](block.value, links) for block in value["content"]]
        pieces.append(_footer(context, links))
    problems = list(links.problems)
    offers = [block.value for block in value["content"] if block.block_type == "offer"]
    if not all(each["offer"] for each in offers):
        problems.append(_("Choose the offer that the mail shows."))
    subject, preheader = (" ".join((value[name] or "").split()) for name in ("subject", "preheader"))
    if not subject:
        problems.append(_("The mail has no subject."))
    if len(pieces) == 1:
        problems.append(_("The mail has no content."))
    if problems:
        raise InvalidMessage(problems)
    html = _html([piece for piece, _text in pieces], preheader, subject, context)
    text = "\n\n".join(piece for _mjml, piece in pieces)
    body: dict[str, Any] = {
        "subject": mend_honorifics(subject),
        "preheader": mend_honorifics(preheader),
        "html": mend_honorifics(links.fill(mend_expressions(html), escape=True)),
        "text": mend_honorifics(links.fill(text, escape=False)) + "\n",
        "links": links.tracked,
    }
    if offers:
        body["offers"] = _ids(offers, "offer")
        body["needed_offers"] = _ids((each for each in offers if each["if_closed"] != "leave_out"), "offer")
    if asked := [block.value for block in value["content"] if block.block_type == "survey"]:
        body["surveys"] = _ids(asked, "survey")
    if given := [block.value for block in value["content"] if block.block_type == "gift"]:
        body["gifts"] = _ids(given, "form")
    if voices := [block.value for block in value["content"] if block.block_type == "voices"]:
        body["voices"] = [_wanted(each, context.language) for each in voices]
    if asks := [block.value for block in value["content"] if block.block_type == "voice_ask"]:
        body["voice_asks"] = {str(int(each["product"] or 0)): each["given"] for each in asks}
    if asks_for_order([body[part] for part in ("subject", "preheader", "html", "text")]):
        body["names_order"] = True
    return body


def _ids(values: Iterable[Any], name: str) -> list[int]:
    return sorted({int(each[name]) for each in values})


def _wanted(value: Any, language: str) -> dict[str, Any]:
    chosen = [int(each) for each in value["chosen"] if each]
    most = int(value["most"] or 1)
    return {"product": int(value["product"] or 0), "most": most, "chosen": chosen, "language": language}


def _html(sections: list[str], preheader: str, subject: str, context: CompileContext) -> str:
    preview = f"<mj-preview>{escape(preheader)}</mj-preview>" if preheader else ""
    source = (
        f'<mjml lang="{escape(context.language)}"><mj-head><mj-title>{escape(subject)}</mj-title>{preview}'
        f'<mj-attributes><mj-all font-family="{_FONTS}" />'
        '<mj-text font-size="16px" line-height="1.7" color="#222222" />'
        f'<mj-button font-size="16px" {_paint(context.colour)} border-radius="6px" inner-padding="14px 28px" />'
        "</mj-attributes></mj-head>"
        '<mj-body background-color="#f3f4f2"><mj-section background-color="#ffffff" padding="24px 0"><mj-column>'
        f"{_head(context)}{''.join(sections)}</mj-column></mj-section></mj-body></mjml>"
    )
    options = mrml.RenderOptions(disable_comments=False, fonts={})
    html = _REMOTE_STYLE.sub("", mrml.to_html(source, None, options).content)
    if context.kind == Kind.TRANSACTIONAL:
        return html
    pixel = '<img src="{{ pixel_url|safe }}" width="1" height="1" alt="" style="display:block;border:0" />'
    return html.replace("</body>", f"{pixel}</body>")


def _head(context: CompileContext) -> str:
    """The shop's logo, whose place stays the same where pictures are not shown: there the shop's name stands in it."""
    if context.logo is None:
        return ""
    url, width, height = context.logo
    return (
        f'<mj-image src="{_source(url)}" alt="{{{{ shop.name }}}}" width="{width}px" height="{height}px" align="left" '
        'padding="0 25px 12px" font-size="16px" color="#222222" />'
    )


def _paint(text: str) -> str:
    """How buttons are coloured: as the shop is, with letters on them that can be read."""
    colour = parse_colour(text) or _BUTTON
    letters = text_on(colour)
    return f'background-color="{as_hex(colour)}"' + (f' color="{as_hex(letters)}"' if letters != WHITE else "")


Piece = tuple[str, str]


def _text(value: Any, links: Links) -> Piece:
    html = mail_html(value.source, links)
    return f"<mj-text>{html}</mj-text>", mend_expressions(plain_text(html))


def _button(value: Any, links: Links) -> Piece:
    href = links.add(value["url"])
    return f'<mj-button href="{href}">{escape(value["text"])}</mj-button>', f"▶ {value['text']}\n{href}"


def _survey(value: Any, links: Links) -> Piece:
    survey_id = int(value["survey"] or 0)
    survey = surveys.shown(survey_id)
    if survey is None:
        links.problems.append(_("Choose the survey that the mail shows."))
        return "", ""
    if not links.is_tracking:
        links.problems.append(_("A built-in message belongs to what somebody does just now: it cannot show a survey."))
        return "", ""
    question = mend_expressions(escape(str(survey.question)))
    buttons = [(str(label), links.add(surveys.survey_path(survey_id, code))) for code, label in survey.answers]
    html = "".join(
        f'<mj-button href="{href}" width="260px" padding="6px 25px">{escape(label)}</mj-button>'
        for label, href in buttons
    )
    text = "\n".join([str(survey.question), *(f"▶ {label}\n{href}" for label, href in buttons)])
    return f'<mj-text align="center" font-weight="700">{question}</mj-text>{html}', text


def _gift(value: Any, links: Links) -> Piece:
    form_id = int(value["form"] or 0)
    gift = gifts.shown(form_id)
    if gift is None:
        links.problems.append(_("Choose the gift that the mail hands over."))
        return "", ""
    if not links.is_tracking:
        links.problems.append(_("A built-in message belongs to what somebody does just now: it cannot show a gift."))
        return "", ""
    href = links.add(gifts.gift_path(form_id))
    name, button = mend_expressions(escape(gift.name)), _("Receive the gift")
    days = ngettext("The link is good for %(days)s day.", "The link is good for %(days)s days.", gift.days)
    good = days % {"days": gift.days}
    html = (
        f'<mj-text align="center" font-weight="700">{name}</mj-text>'
        f'<mj-button href="{href}">{escape(button)}</mj-button>'
        f'<mj-text align="center" font-size="14px">{escape(good)}</mj-text>'
    )
    return html, f"{mend_expressions(gift.name)}\n▶ {button}\n{href}\n{good}"


def _picture(image: Any, alt: str, href: str) -> str:
    rendition = image.get_rendition(f"width-{IMAGE_WIDTH}")
    link = f' href="{href}"' if href else ""
    return f'<mj-image src="{_source(rendition.url)}" alt="{escape(alt)}"{link} />'


def _source(url: str) -> str:
    """Where a picture is: one of our own by the address that the shop has when the mail is written."""
    return escape(url) if "://" in url else f"{{{{ media_base|safe }}}}{escape(url)}"


def _image(value: Any, links: Links) -> Piece:
    href = links.add(value["url"]) if value["url"] else ""
    alt = value["alt"] or ""
    text = "\n".join(filter(None, (f"[{alt}]" if alt else "", href)))
    return _picture(value["image"], alt, href), text


def _video(value: Any, links: Links) -> Piece:
    href = links.add(value["url"])
    caption = f'<mj-text align="center"><a href="{href}">▶ {escape(value["title"])}</a></mj-text>'
    return _picture(value["image"], value["title"], href) + caption, f"▶ {value['title']}\n{href}"


def _quote(value: Any, links: Links) -> Piece:
    lines = "<br />".join(escape(line) for line in value["text"].splitlines())
    source = f"<br />— {escape(value['source'])}" if value["source"] else ""
    text = "\n".join(f"> {line}" for line in value["text"].splitlines())
    return (
        f'<mj-text font-style="italic" color="#444444" padding-left="40px">{lines}{source}</mj-text>',
        text + (f"\n> — {value['source']}" if value["source"] else ""),
    )


def _offer(value: Any, links: Links) -> Piece:
    """It stands between conditions: whoever it is closed to has no trace of it in their mail."""
    if not value["offer"]:
        return "", ""  # the author is told
    offer = template_name(int(value["offer"]))
    href = links.add(f"{{{{ {offer}.url }}}}")
    begin, end = f"{{% if {offer}.is_open %}}", "{% endif %}"
    centred = 'align="center" padding-bottom="0"'
    about, until = f"{offer}.description", f"{offer}.deadline"
    html = (
        f"<mj-raw>{begin}</mj-raw>"
        f'<mj-text font-size="18px" font-weight="700" {centred}>{{{{ {offer}.name }}}}</mj-text>'
        f"<mj-raw>{{% if {about} %}}</mj-raw>"
        f"<mj-text {centred}>{{{{ {about} }}}}</mj-text><mj-raw>{end}</mj-raw>"
        f'<mj-text font-size="22px" font-weight="700" {centred}>{{{{ {offer}.price }}}}</mj-text>'
        f"<mj-raw>{{% if {until} %}}</mj-raw>"
        f'<mj-text font-size="14px" {centred}>{{{{ {until} }}}}</mj-text><mj-raw>{end}</mj-raw>'
        f'<mj-button href="{href}">{{{{ {offer}.button }}}}</mj-button>'
        f"<mj-raw>{end}</mj-raw>"
    )
    text = (
        f"{begin}{{{{ {offer}.name }}}}\n{{% if {about} %}}{{{{ {about} }}}}\n{end}{{{{ {offer}.price }}}}\n"
        f"{{% if {until} %}}{{{{ {until} }}}}\n{end}▶ {{{{ {offer}.button }}}}\n{href}{end}"
    )
    return html, text


def _voices(value: Any, links: Links) -> Piece:
    """What stands here is known when the mail goes: the template goes through what is shown then."""
    place = links.voices
    links.voices += 1
    begin, end = f"{{% for voice in {voices_name(place)} %}}", "{% endfor %}"
    html = (
        f"<mj-raw>{begin}</mj-raw>"
        '<mj-text color="#444444" padding-left="40px">'
        "{% for line in voice.lines %}{{ line }}<br />{% endfor %}"
        "— {{ voice.name }}{% if voice.about %} ({{ voice.about }}){% endif %}"
        '{% if voice.mark %}<br /><span style="font-size:13px">[{{ voice.mark }}]</span>{% endif %}'
        "</mj-text>"
        f"<mj-raw>{end}</mj-raw>"
    )
    text = (
        f"{begin}{{% for line in voice.lines %}}> {{{{ line }}}}\n{{% endfor %}}"
        "> — {{ voice.name }}{% if voice.about %} ({{ voice.about }}){% endif %}\n"
        "{% if voice.mark %}> [{{ voice.mark }}]\n{% endif %}\n"
        f"{end}"
    )
    return html, text


def _voice_ask(value: Any, links: Links) -> Piece:
    if not links.is_tracking:
        links.problems.append(
            _("A built-in message belongs to what somebody does just now: it cannot ask for a voice.")
        )
        return "", ""
    href = links.add(ask_path(int(value["product"] or 0)))
    question, button = _("May we show your words to others?"), _("Write a few words")
    html = (
        f'<mj-text align="center" font-weight="700">{escape(question)}</mj-text>'
        f'<mj-button href="{href}">{escape(button)}</mj-button>'
    )
    return html, f"{question}\n▶ {button}\n{href}"


def _story(value: Any, links: Links) -> Piece:
    """The owner's words as they are when the mail goes. That there are some is asked at publishing."""
    key = str(value["show"] or "")
    heading = mend_expressions(escape(value["heading"] or ""))
    top = f'<mj-text font-weight="700" padding-bottom="0">{heading}</mj-text>' if heading else ""
    above = f"{value['heading']}\n" if heading else ""
    if key == "questions":
        begin, end = "{% for asked in owner.questions %}", "{% endfor %}"
        html = (
            f"{top}<mj-raw>{begin}</mj-raw>"
            '<mj-text font-weight="700" padding-bottom="0">{{ asked.question }}</mj-text>'
            "<mj-text>{% for line in asked.lines %}{{ line }}<br />{% endfor %}</mj-text>"
            f"<mj-raw>{end}</mj-raw>"
        )
        text = "{{ asked.question }}\n{% for line in asked.lines %}{{ line }}\n{% endfor %}\n"
        return html, f"{above}{begin}{text}{end}"
    if key not in SHOWN:
        links.problems.append(_("Choose which answer of the owner's story the mail shows."))
        return "", ""
    lines = f"{{% for line in owner.lines.{key} %}}"
    return (
        f"{top}<mj-text>{lines}{{{{ line }}}}<br />{{% endfor %}}</mj-text>",
        f"{above}{lines}{{{{ line }}}}\n{{% endfor %}}",
    )


_BLOCKS: dict[str, Callable[[Any, Links], Piece]] = {
    "text": _text,
    "button": _button,
    "survey": _survey,
    "image": _image,
    "video": _video,
    "quote": _quote,
    "story": _story,
    "voices": _voices,
    "voice_ask": _voice_ask,
    "offer": _offer,
    "gift": _gift,
}


def _footer(context: CompileContext, links: Links) -> Piece:
    """Who writes, where they are, whom to complain to and how to stop it, as the law on advertising mail asks."""
    lines = ["{{ shop.name }}"]
    ways: list[tuple[str, str]] = []
    if context.kind != Kind.TRANSACTIONAL:
        complaints = _("Complaints and questions: %(contact)s") % {"contact": "{{ shop.complaints }}"}
        lines += ["{{ shop.address }}", complaints]
        ways = [
            (_("Unsubscribe"), links.add("{{ unsubscribe_url }}")),
            (_("Choose what you receive"), links.add("{{ preference_url }}")),
        ]
    shown = [escape(line) for line in lines] + [_small_link(name, href) for name, href in ways]
    law = links.add("{{ shop.commerce_law_url }}")
    law_name = _("Information required by commercial law")
    condition, end = "{% if shop.commerce_law_url %}", "{% endif %}"
    html = (
        '<mj-divider border-width="1px" border-color="#dddddd" />'
        f'<mj-text font-size="12px" color="{_SMALL_PRINT}">{"<br />".join(shown)}'
        f"{condition}<br />{_small_link(law_name, law)}{end}</mj-text>"
    )
    text = ["--------", *lines, *(f"{name}\n{href}" for name, href in ways)]
    return html, "\n".join(text) + f"{condition}\n{law_name}\n{law}{end}"


def _small_link(name: str, href: str) -> str:
    """A link amid small print, in its colour: a mail program's own blue would be the loudest thing in the mail."""
    return f'<a href="{href}" style="color:{_SMALL_PRINT};text-decoration:underline">{escape(name)}</a>'

"""Addresses in an authored mail: checked, and turned into links that know their delivery."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import idna
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _

from jouren.messaging.templating import has_expression

_WHOLE_VARIABLE = re.compile(r"\{\{\s*(\w+_url|shop\.commerce_law_url|offers\.o\d+\.url)\s*\}\}")
_SPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")
_SCHEMES = ("http", "https", "mailto", "tel")
PLACEHOLDER = "https://link.invalid/"


@dataclass
class Links:
    """Collects a mail's links. ``tracked`` are the URLs that clicks are counted for, in their order;
    ``voices``: how many places for customers' voices there are so far.

    While a mail is put together each link is a placeholder; :meth:`fill` writes the template's expressions instead.
    """

    base_url: str
    is_tracking: bool
    tracked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    voices: int = 0
    _targets: list[str] = field(default_factory=list)

    def add(self, url: str) -> str:
        """The placeholder of a link; a wrong URL is noted in ``problems``."""
        url = url.strip()
        if problem := problem_of_link(url):
            self.problems.append(problem)
            return self._place("#")
        if variable := _WHOLE_VARIABLE.fullmatch(url):
            return self._place("{{ " + variable[1] + "|link }}")
        url = _in_ascii(self.base_url + url if _is_own(url) else url)
        if not self.is_tracking or urlsplit(url).scheme in {"mailto", "tel"}:
            return self._place(url)
        if url not in self.tracked:
            self.tracked.append(url)
        return self._place("{{ link_base|safe }}/" + str(self.tracked.index(url)))

    def _place(self, target: str) -> str:
        self._targets.append(target)
        return f"{PLACEHOLDER}{len(self._targets) - 1}."

    def fill(self, source: str, *, escape: bool) -> str:
        """Replace all placeholders."""

        def target(found: re.Match[str]) -> str:
            value = self._targets[int(found[1])]
            if escape:
                return value.replace("&", "&amp;")
            return value.replace("|link }}", " }}").replace("|safe }}", " }}")

        return re.sub(re.escape(PLACEHOLDER) + r"(\d+)\.", target, source)


def problem_of_link(url: str) -> str:
    """What is wrong with what an author gave as a link: an address, a path of the shop, a variable; empty: nothing."""
    if _WHOLE_VARIABLE.fullmatch(url):
        return ""
    if has_expression(url):
        return _("A link may be one variable or hold none: %(url)s") % {"url": url[:200]}
    return problem_of(f"https://shop.invalid{url}" if _is_own(url) else url)


def _is_own(url: str) -> bool:
    return url.startswith("/") and not url.startswith("//")


def problem_of(url: str) -> str:
    """What is wrong with the address of a link; empty: nothing."""
    shown = {"url": url[:200]}
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return _("This is not an address of the web: %(url)s") % shown
    if parts.scheme not in _SCHEMES:
        return _("A link must begin with https://, http://, mailto: or tel:, not as this one: %(url)s") % shown
    if _SPACE_OR_CONTROL.search(url) or (parts.scheme in {"http", "https"} and not host):
        return _("This is not an address of the web: %(url)s") % shown
    try:
        _in_ascii(url)
    except ValueError:
        return _("This is not an address of the web: %(url)s") % shown
    return ""


def _in_ascii(url: str) -> str:
    """A URL as it travels: https://例え.jp/お茶 as people copy it fits in no header. Raises ValueError."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    if not parts.netloc.isascii():
        host = idna.encode(parts.hostname or "", uts46=True).decode("ascii")
        parts = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host)
    return str(iri_to_uri(parts.geturl()))

"""Personalisation: minijinja, strict and bounded, given nothing but texts, numbers, lists and dicts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from minijinja import Environment, TemplateError, safe

from jouren.messaging.errors import TemplateProblem

FUEL = 200_000
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# An author writes 「{{ contact.name }}様」 or 「…さん」; the variable brings its own 様.
_HONORIFIC = re.compile(r"\{\{-?\s*contact\.(name|family_name|given_name)\s*-?\}\}[ \u3000]*(様|さま|さん|殿)")
_BARE_NAMES = {"name": "full_name", "family_name": "family_name", "given_name": "given_name"}


class Templates:
    """Named templates of one thread. A name that ends in ``html`` escapes what it is given."""

    def __init__(self) -> None:
        self._environment = new_environment()

    def add(self, name: str, source: str) -> None:
        """Compile a template. Raises TemplateProblem."""
        try:
            self._environment.add_template(name, source)
        except TemplateError as error:
            raise TemplateProblem(_first_line(error)) from error

    def remove(self, name: str) -> None:
        """Forget a template."""
        self._environment.remove_template(name)

    def render(self, name: str, variables: Mapping[str, Any]) -> str:
        """Fill a template in. Raises TemplateProblem, for a missing variable too."""
        try:
            return self._environment.render_template(name, **variables)
        except Exception as error:
            # Besides TemplateError, whatever Python raises where a template calls a value that cannot be called.
            raise TemplateProblem(_first_line(error)) from error


def new_environment() -> Environment:
    """An environment with our rules: strict, with fuel, without Python's methods on values."""
    return Environment(
        undefined_behavior="strict",
        fuel=FUEL,
        pycompat=False,
        debug=False,
        auto_escape_callback=lambda name: "html" if name.endswith("html") else False,
        filters={"link": _link},
    )


def _link(url: str) -> str:
    """A URL fit for an attribute: only http and https, escaped but readable (minijinja would escape slashes too)."""
    return safe(escape(url)) if url.startswith(("https://", "http://")) else ""


def render_once(source: str, variables: Mapping[str, Any], *, is_html: bool) -> str:
    """Fill in a template that is used once. Raises TemplateProblem."""
    templates = Templates()
    name = "once.html" if is_html else "once.txt"
    templates.add(name, source)
    return templates.render(name, variables)


def variables_of(source: str) -> set[str]:
    """The names that a template asks for, such as ``contact.name``. Raises TemplateProblem when it is malformed."""
    try:
        return new_environment().undeclared_variables_in_str(source, nested=True)
    except TemplateError as error:
        raise TemplateProblem(_first_line(error)) from error


def has_expression(source: str) -> bool:
    """Whether a text holds template code."""
    return bool(_EXPRESSION.search(source)) or "{#" in source


def mend_honorifics(source: str) -> str:
    """Keep 「{{ contact.name }}様」 from becoming 様様, and a nameless person from becoming a bare 様 or さん."""

    def mend(found: re.Match[str]) -> str:
        name, honorific = found[1], found[2]
        if name == "name" and honorific == "様":
            return "{{ contact.name }}"
        bare = f"contact.{_BARE_NAMES[name]}"
        return f"{{% if {bare} %}}{{{{ {bare} }}}}{honorific}{{% else %}}{{{{ contact.name }}}}{{% endif %}}"

    return _HONORIFIC.sub(mend, source)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

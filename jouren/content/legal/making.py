"""A legal page made, or made anew, from a filled-in form."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import override

from jouren.content.legal.items import ITEMS, SLUGS, TITLES, LegalKind
from jouren.content.models import HomePage, LegalPage
from jouren.core.errors import UserError


class NoHomePage(UserError):
    """There is no home page under which a legal page could stand."""


def legal_page(kind: str) -> LegalPage | None:
    """The shop's page of that kind as its newest draft has it; None where there is none."""
    page = LegalPage.objects.filter(kind=kind).order_by("-live", "pk").first()
    if page is None:
        return None
    newest: LegalPage = page.get_latest_revision_as_object()
    return newest


@transaction.atomic
def save_legal_page(
    kind: LegalKind,
    language: str,
    answers: Mapping[str, str],
    *,
    publish: bool,
    by: AbstractBaseUser | None = None,
) -> LegalPage:
    """Write the page from the answers (by item) as a new draft, and publish it if asked.

    What was written in the page by hand is replaced; it stays in the page's history.

    Raises:
        NoHomePage: the site has no home page.
    """
    home = HomePage.objects.order_by("pk").first()
    if home is None:
        raise NoHomePage(_("Make a home page first: under Pages."))
    page = legal_page(kind) or LegalPage(kind=kind, live=False, slug=_free_slug(home, SLUGS[kind]))
    with override(language):
        page.title = str(TITLES[kind])
    page.language, page.answers = language, dict(answers)
    page.body = LegalPage._meta.get_field("body").stream_block.to_python(list(_blocks(kind, language, answers)))
    if page.pk is None:
        page.draft_title, page.owner_id = page.title, getattr(by, "pk", None)
        home.add_child(instance=page)
    revision = page.save_revision(user=by, log_action=True)
    if publish:
        revision.publish(user=by)
    page.refresh_from_db()
    return page


def _blocks(kind: LegalKind, language: str, answers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    with override(language):
        for item in ITEMS[kind]:
            if text := answers.get(item.key, "").strip():
                yield {"type": "heading", "value": str(item.label), "id": str(uuid.uuid4())}
                yield {"type": "text", "value": paragraphs(text), "id": str(uuid.uuid4())}


def paragraphs(text: str) -> str:
    """Plain text as HTML: an empty line begins a paragraph, any other break stays one."""
    parts = [part.strip() for part in text.replace("\r\n", "\n").split("\n\n")]
    return "".join(f"<p>{escape(part).replace(chr(10), '<br/>')}</p>" for part in parts if part)


def _free_slug(home: HomePage, wanted: str) -> str:
    taken = set(home.get_children().values_list("slug", flat=True))
    numbered = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    return next(slug for slug in numbered if slug not in taken)

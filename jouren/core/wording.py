"""How lists and shares are written in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def listed(texts: Iterable[object]) -> str:
    """Texts in a row: a, b, c."""
    return pgettext("between the members of a list", ", ").join(map(str, texts))


def percent(share: float, digits: int = 1) -> str:
    """A share (0 to 1) with so many digits after the point: 12.3 %."""
    return _("%(number)s %%") % {"number": f"{100 * share:.{digits}f}"}

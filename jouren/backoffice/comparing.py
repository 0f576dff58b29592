"""Two groups compared, in the words of somebody who keeps a shop: the same on every screen that shows a comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.backoffice.templatetags.backoffice_tags import grouped
from jouren.core import wording
from jouren.core.comparison import FEWEST, FEWEST_BUYERS, Comparison, Finding, Group, Interval, Side

MOST_WEEKS = 104


@dataclass(frozen=True)
class Bar:
    """One group: who they are, how many of how many reached the goal, as a share of the longest bar (per cent)."""

    label: str
    reached: str
    rate: str
    width: int
    money: str
    waiting: str


@dataclass(frozen=True)
class Told:
    """A comparison in words. ``tone``: good, bad or empty. ``heading`` is the finding, ``lines`` say how it came."""

    heading: str
    tone: str
    bars: list[Bar]
    lines: list[str] = field(default_factory=list)


def tell_comparison(
    compared: Comparison, sides: tuple[Side, Side], labels: tuple[str, str], effect: float, weeks: float | None
) -> Told:
    """A comparison in words. ``sides`` and ``labels``: those who were treated, those held back."""
    groups = (compared.treated, compared.held)
    longest = max((group.rate or 0.0 for group in groups), default=0.0)
    bars = [_bar(group, side, label, longest) for group, side, label in zip(groups, sides, labels, strict=True)]
    heading, tone = _heading(compared, effect)
    lines = [*_differences(compared), *_when(compared, effect, weeks)]
    return Told(heading, tone, bars, lines)


def _bar(group: Group, side: Side, label: str, longest: float) -> Bar:
    rate = group.rate
    return Bar(
        label,
        _("%(reached)s of %(people)s") % {"reached": grouped(group.reached), "people": people_text(group.people)},
        "—" if rate is None else percent(rate),
        round(100 * rate / longest) if rate and longest else 0,
        "" if group.mean is None else _("%(yen)s yen a person") % {"yen": grouped(round(group.mean))},
        _("%(people)s still in their time") % {"people": people_text(side.waiting)} if side.waiting else "",
    )


def _heading(compared: Comparison, effect: float) -> tuple[str, str]:
    match compared.finding:
        case Finding.TOO_FEW:
            return _("Too few to tell: %(missing)s more are needed in the smaller group.") % {
                "missing": people_text(compared.missing)
            }, ""
        case Finding.MORE:
            return _("It brings more: this is hardly chance."), "good"
        case Finding.LESS:
            return _("It brings less: this is hardly chance."), "bad"
        case Finding.NO_SUCH_DIFFERENCE:
            return _("No difference was found that is larger than chance."), ""
    leaning = {
        1: _("So far it looks as if it brings more, but it is too early to know."),
        -1: _("So far it looks as if it brings less, but it is too early to know."),
        0: _("Not known yet: what you see may be chance."),
    }
    return leaning[compared.leans], ""


def _differences(compared: Comparison) -> list[str]:
    if compared.difference is None:
        return [
            _("From %(fewest)s people in each group on, the difference is shown with its range.") % {"fewest": FEWEST}
        ]
    seen = (compared.treated.rate or 0.0) - (compared.held.rate or 0.0)
    lines = [
        _("Of 100 people, %(seen)s more reach it. The true figure may lie between %(low)s and %(high)s.")
        % {"seen": signed(seen * 100), **_range(compared.difference, 100)}
    ]
    if compared.lift is not None and compared.ratio is not None:
        high = (
            _("any height")
            if math.isinf(compared.ratio.high)
            else _("%(number)s %%") % {"number": signed((compared.ratio.high - 1) * 100)}
        )
        lines.append(
            _("Compared with the group without it, that is %(lift)s %%. It may lie between %(low)s %% and %(high)s.")
            % {"lift": signed(compared.lift * 100), "low": signed((compared.ratio.low - 1) * 100), "high": high}
        )
    return [*lines, _money(compared)]


def _money(compared: Comparison) -> str:
    if compared.money is None:
        return _("Yen a person vary too much for a range before each group has %(buyers)s buyers.") % {
            "buyers": FEWEST_BUYERS
        }
    seen = (compared.treated.mean or 0.0) - (compared.held.mean or 0.0)
    return _("Each person spends %(seen)s yen more. The true figure may lie between %(low)s and %(high)s yen.") % {
        "seen": signed(seen, 0),
        "low": signed(compared.money.low, 0),
        "high": signed(compared.money.high, 0),
    }


def _when(compared: Comparison, effect: float, weeks: float | None) -> list[str]:
    """How many people it takes, and how long that is at the pace of the last weeks."""
    if compared.finding in {Finding.MORE, Finding.LESS}:
        return []
    wanted = wording.percent(effect, 0)
    if compared.finding == Finding.NO_SUCH_DIFFERENCE:
        return [
            _("There are enough people to find a difference of %(effect)s, if there were one.") % {"effect": wanted}
        ]
    if compared.needed is None:
        return [_("How long it takes cannot be said yet: nobody has reached the goal so far.")]
    lines = [
        _("To find a difference of %(effect)s it takes %(needed)s without it; there are %(have)s.")
        % {
            "effect": wanted,
            "needed": people_text(compared.needed),
            "have": grouped(compared.held.people),
        }
    ]
    return [*lines, weeks_text(weeks)]


def weeks_text(weeks: float | None) -> str:
    """How long it will be, in words."""
    if weeks is None:
        return _("In the last four weeks nobody has joined that group, so it cannot be said how long that will be.")
    if weeks > MOST_WEEKS:
        return _("At the present pace that is more than two years: hold more people back, or choose a nearer goal.")
    whole = max(1, math.ceil(weeks))
    text = ngettext(
        "At the present pace it is known in about %(weeks)s week.",
        "At the present pace it is known in about %(weeks)s weeks.",
        whole,
    )
    return text % {"weeks": whole}


def _range(interval: Interval, times: float) -> dict[str, str]:
    return {"low": signed(interval.low * times), "high": signed(interval.high * times)}


def people_text(people: int) -> str:
    """A number of people."""
    return ngettext("%(number)s person", "%(number)s people", people) % {"number": grouped(people)}


def percent(rate: float) -> str:
    """A share with one decimal: 12.3 %."""
    return wording.percent(rate)


def signed(number: float, digits: int = 1) -> str:
    """A number with its sign and its thousands apart: +1,234.5, −0.3."""
    rounded = round(number, digits) or 0.0
    return f"{rounded:+,.{digits}f}".replace("-", "−") if rounded else f"{0:.{digits}f}"

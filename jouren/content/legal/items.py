"""What the pages that the law asks for have to say, item by item. Pure.

The wording is a draft for a shop to check, not legal advice. The items of the first page follow article 11 of
特定商取引法: who sells, what it costs, how to pay, when it comes, how to return it, and the terms of subscriptions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LONGEST = 3_000


class LegalKind(TextChoices):
    """Which page it is."""

    COMMERCE = "commerce", _("Information required by commercial law (特定商取引法に基づく表記)")
    PRIVACY = "privacy", _("Privacy policy (プライバシーポリシー)")


@dataclass(frozen=True)
class Item:
    """One heading of a page. ``start`` is what the form begins with; an item that is not ``needed`` may be left out."""

    key: str
    label: Any
    hint: Any = ""
    start: Any = ""
    is_needed: bool = True
    is_short: bool = False


COMMERCE: Sequence[Item] = (
    Item("seller", _("Seller"), _("The company's registered name, or your full name."), is_short=True),
    Item("manager", _("Person in charge of sales"), _("Full name, and the position if you like."), is_short=True),
    Item(
        "address",
        pgettext_lazy("legal page", "Address"),
        _("Where the business really is, with postcode and house number."),
        is_short=True,
    ),
    Item("phone", _("Telephone"), _("A number that somebody answers. Add the hours."), is_short=True),
    Item("mail", pgettext_lazy("legal page", "Mail"), is_short=True),
    Item(
        "price",
        _("Prices"),
        start=_("Each product's page shows its price, consumption tax included."),
    ),
    Item(
        "costs",
        _("Costs besides the price"),
        _("Shipping, fees for cash on delivery or transfers, the cost of the connection."),
        _(
            "Shipping: shown before you order.\nFees for bank transfers and for cash on delivery are paid by the "
            "customer.\nThe customer pays for the connection to the internet."
        ),
    ),
    Item(
        "payment",
        _("Ways and time of payment"),
        _("Every way that you offer, each with when the money is due."),
        _(
            "Credit card: charged when the order is placed.\nBank transfer: in advance, within 7 days after the order."
            "\nCash on delivery: when the goods arrive."
        ),
    ),
    Item(
        "delivery",
        _("Time of delivery"),
        start=_("We ship within 5 business days after the order; if paid in advance, after the payment has arrived."),
    ),
    Item(
        "returns",
        _("Returns, exchange and cancellation"),
        _("Whether, until when, and who pays the way back. Nothing said: 8 days of return are the law's rule."),
        _(
            "Defective or wrong goods: write to us within 7 days after arrival. We exchange them or pay back, and bear "
            "the cost of sending.\nFor reasons of your own: within 7 days after arrival and unused; you bear the cost "
            "of sending.\nOrders can be cancelled until we ship."
        ),
    ),
    Item(
        "deadline",
        _("Time limit of the application"),
        start=_("If an offer ends at a certain time, its page says when."),
        is_needed=False,
    ),
    Item("quantity", _("Limits of quantity"), _("If one may buy only so many."), is_needed=False),
    Item(
        "subscription",
        _("Terms of subscriptions"),
        _("Rhythm, price of each delivery and in total, how long one is bound, how and until when to end it."),
        is_needed=False,
    ),
    Item(
        "conditions",
        _("Special conditions of sale"),
        _("Software: what it runs on. Licences or age limits, if there are any."),
        is_needed=False,
    ),
)

PRIVACY: Sequence[Item] = (
    Item("business", _("Who handles personal data"), _("Name, address and representative of the business."), ""),
    Item(
        "data",
        _("What we collect"),
        start=_(
            "Name, mail address, address and telephone number, orders and inquiries, answers to surveys, and which of "
            "our pages and messages were opened."
        ),
    ),
    Item(
        "purpose",
        _("What we use it for"),
        _("As concretely as you can: people must be able to picture it."),
        _(
            "To ship what was ordered and to charge for it.\nTo answer questions.\nTo send the information and offers "
            "that you agreed to receive, suited to what you have read and bought.\nTo improve our goods and services."
        ),
    ),
    Item(
        "third_parties",
        _("Handing on to third parties"),
        start=_(
            "We hand personal data to nobody without your consent, except where a law demands it. To companies that "
            "ship, charge or send mail for us we entrust only what their work needs, and we supervise them."
        ),
    ),
    Item(
        "safety",
        _("How we keep it safe"),
        start=_(
            "Only those who need it for their work can see it. Transmission is encrypted, and what is no longer needed "
            "is deleted."
        ),
    ),
    Item(
        "cookies",
        _("Cookies and measuring"),
        start=_(
            "Our pages use a cookie to recognise a visit. Links and pictures in our messages tell us whether they were "
            "opened. You can refuse cookies in your browser, and stop our messages by the link in each of them."
        ),
    ),
    Item(
        "disclosure",
        _("Disclosure, correction, deletion"),
        start=_(
            "You can ask us to disclose, correct, stop using or delete your data. Write to the contact below; once we "
            "have made sure that it is you, we answer without delay and free of charge."
        ),
    ),
    Item("contact", _("Contact for questions and complaints"), _("Who answers, and by which mail or telephone.")),
    Item(
        "changes",
        _("Changes of this policy"),
        start=_("If we change this policy, this page says so. Important changes are announced in advance."),
        is_needed=False,
    ),
)

ITEMS: Mapping[str, Sequence[Item]] = {LegalKind.COMMERCE: COMMERCE, LegalKind.PRIVACY: PRIVACY}
SLUGS = {LegalKind.COMMERCE: "law", LegalKind.PRIVACY: "privacy"}
TITLES = {
    LegalKind.COMMERCE: _("Notation based on the Act on Specified Commercial Transactions"),
    LegalKind.PRIVACY: _("Privacy policy"),
}

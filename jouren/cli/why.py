from __future__ import annotations

import click
from django.utils import timezone
from django.utils.translation import gettext as _

from jouren.cli.base import database, printable, start_django, use_running_demo
from jouren.core.errors import UserError


@click.command()
@click.argument("email")
@click.argument("journey")
def why(email: str, journey: str) -> None:
    """Say why EMAIL got, or did not get, what JOURNEY (its name or number) sends, fact by fact."""
    use_running_demo()
    config = start_django()
    from jouren.backoffice.why.wording import tell_why
    from jouren.contacts.queries import find_by_email
    from jouren.journeys.queries import find_journey
    from jouren.journeys.why import why as ask

    with database(config):
        contact = find_by_email(email)
        if contact is None:
            raise UserError(_("Nobody has the address %(email)s.") % {"email": email})
        for chain in tell_why(ask(contact.pk, find_journey(journey))):
            click.echo(printable(chain.title))
            for told in chain.links:
                at = f"{timezone.localtime(told.at):%Y-%m-%d %H:%M}" if told.at else " " * 16
                click.echo(printable(f"  {at}  {_MARKS[told.tone]} {told.text}"))
                for text, tone in told.details:
                    click.echo(printable(f"  {'':16}      {_MARKS[tone]} {text}"))
            for note in chain.notes:
                click.echo(printable(f"  ! {note}"))
            click.echo()


_MARKS = {"": "·", "good": "+", "warn": "-", "bad": "x"}

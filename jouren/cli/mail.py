from __future__ import annotations

import click
from django.utils import timezone
from django.utils.translation import gettext as _

from jouren.cli.base import printable, start_django, use_running_demo
from jouren.core.mailbox import NoSuchMail, list_mail, read_mail


@click.group()
def mail() -> None:
    """Read what the local mail sink holds."""
    use_running_demo()


@mail.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--to", default=None, help="Only mail to this address.")
def list_command(limit: int, to: str | None) -> None:
    """List the newest mails; the number is what 'show' takes."""
    config = start_django()

    mails = list_mail(config, limit, to)
    if not mails:
        click.echo(_("The local mail sink holds no such mail."))
    for number, found in enumerate(mails, start=1):
        dated = timezone.localtime(found.dated)
        line = f"{number:>4}  {dated:%Y-%m-%d %H:%M:%S}  {found.recipient}  {found.subject}"
        click.echo(printable(line))


@mail.command("show")
@click.argument("number")
@click.option("--to", default=None, help="NUMBER is of the list of mail to this address.")
def show_command(number: str, to: str | None) -> None:
    """Show one mail: NUMBER of the list (1 is the newest), or its id."""
    config = start_django()

    if number.isascii() and number.isdigit() and len(number) < 6:
        newest = list_mail(config, int(number), to)
        if not 1 <= int(number) <= len(newest):
            raise NoSuchMail(f"There is no mail number {number}.")
        found = newest[int(number) - 1]
    else:
        found = read_mail(config, number)
    for name, value in found.headers:
        click.echo(printable(f"{name}: {value}"))
    click.echo()
    click.echo(printable(found.text or found.html))

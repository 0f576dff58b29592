from __future__ import annotations

import click
from django.utils.translation import gettext as _

from jouren.cli.base import database, start_django, upgrade_database
from jouren.core.owners import create_owner


@click.command()
@click.option("--email", envvar="JOUREN_OWNER_EMAIL", prompt="Mail address", help="Also the user name.")
@click.option(
    "--password",
    envvar="JOUREN_OWNER_PASSWORD",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Better asked for, or from JOUREN_OWNER_PASSWORD: others see a command's options.",
)
@click.option("--replace-password", is_flag=True, help="Give an owner that exists this password.")
def createowner(email: str, password: str, replace_password: bool) -> None:
    """Make an account that may do everything in the back office."""
    config = start_django()
    with database(config):
        upgrade_database()
        made = create_owner(email, password, replace_password=replace_password)
        text = _("The owner %(email)s can log in.") if made else _("The owner %(email)s has a new password.")
        click.echo(text % {"email": email.strip().lower()})

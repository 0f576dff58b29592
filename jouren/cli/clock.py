from __future__ import annotations

import click
from django.utils import timezone
from django.utils.translation import gettext as _

from jouren.cli.base import database, start_django, use_running_demo
from jouren.core import clock as shop_clock
from jouren.core.durations import parse_duration
from jouren.core.errors import UserError
from jouren.core.hops import is_busy
from jouren.core.loops import wait_until
from jouren.core.worker import count_alive


@click.group()
def clock() -> None:
    """Show or move a sandbox's clock."""
    use_running_demo()


@clock.command()
def show() -> None:
    """Say what time it is in the shop."""
    config = start_django()
    with database(config):
        click.echo(_clock_text())


# "-3d" is a wrong duration, which is told better than an unknown option.
@clock.command(context_settings={"ignore_unknown_options": True})
@click.argument("duration")
@click.option("--timeout", default=300, show_default=True, help="How many seconds to wait for the workers.")
def advance(duration: str, timeout: int) -> None:
    """Go DURATION further (90m, 12h, 7d, 2w); what is due on the way is done in order."""
    config = start_django()

    step = parse_duration(duration)
    with database(config):
        if config.sandbox and not count_alive():
            raise UserError(_("No worker runs, so nothing would happen on the way. Start Jouren first: jouren up"))
        shop_clock.advance(step)
        arrived = wait_until(lambda: shop_clock.target() is None and not is_busy(), timeout)
        shop_clock.forget()
        click.echo(_clock_text())
        if not arrived:
            raise UserError(
                _("The clock has not arrived after %(timeout)s seconds; the workers go on. See: jouren doctor")
                % {"timeout": timeout}
            )


def _clock_text() -> str:
    return timezone.localtime(shop_clock.now()).strftime("%Y-%m-%d %H:%M:%S %Z")

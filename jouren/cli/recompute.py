from __future__ import annotations

import click
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.cli.base import database, start_django, use_running_demo
from jouren.core.errors import UserError

_SHOWN = 20


@click.command("recompute-stages")
@click.option("--check", is_flag=True, required=True, help="Compare only; nothing is changed.")
def recompute_stages(check: bool) -> None:
    """Recompute everybody's stage and marks from the log, and say whether the same is kept."""
    use_running_demo()
    config = start_django()
    from jouren.mechanisms.recomputing import differences

    with database(config):
        found = list(differences())
        for each in found[:_SHOWN]:
            told = {"person": each.contact_id, "what": each.what, "kept": each.kept, "log": each.recomputed}
            click.echo(_("Person %(person)s, %(what)s: %(kept)s is kept, the log makes %(log)s.") % told)
        if found:
            text = ngettext("%(count)s difference.", "%(count)s differences.", len(found))
            why = _("Rules that were changed since, and people who were merged, can be the reason.")
            raise UserError(f"{text % {'count': len(found)}} {why}")
        click.echo(_("The log makes the same stages and marks."))

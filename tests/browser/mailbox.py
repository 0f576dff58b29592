"""What the demo shop's local mailbox holds."""

from __future__ import annotations

from jouren.core.config import read_config
from jouren.core.loops import wait_until
from jouren.core.mailbox import ReceivedMail, list_mail
from tests.installation import Installation


def mails_to(shop: Installation, address: str, count: int) -> list[ReceivedMail]:
    """The mails somebody got, the newest first, as soon as they are ``count``."""
    config = read_config({"JOUREN_HOME": str(shop.home)})
    assert wait_until(lambda: len(list_mail(config, to=address)) == count, 60)
    return list_mail(config, to=address)

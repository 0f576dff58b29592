"""Tables of the event log.

``events_event`` is partitioned by month and written only by ``sql/log.sql``; it, ``events_inbox``, ``events_shard``
and ``events_event_key`` are made by the first migration and have no Django model. Read them by ``events.queries``.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ParkedEvent(models.Model):
    """An event whose reaction failed, or one that waits behind such an event of the same contact."""

    event_id = models.BigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField(_("recorded"))
    contact_id = models.BigIntegerField(_("contact"), db_index=True)
    type = models.TextField(_("event"))
    historical = models.BooleanField(default=False)
    reaction = models.TextField(_("reaction"), help_text=_("Empty: it only waits behind an earlier event."))
    error = models.TextField(_("error"))
    parked_at = models.DateTimeField(_("parked"))
    attempts = models.PositiveIntegerField(_("attempts"), default=1)

    class Meta:
        db_table = "events_parked"
        verbose_name = _("parked event")
        verbose_name_plural = _("parked events")
        ordering = ["event_id"]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"

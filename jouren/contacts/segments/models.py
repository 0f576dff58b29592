"""A segment as it is defined. Who is in it stands in tables of its own, which only ``sql/segments.sql`` writes:

``contacts_segment_standing``: a row for each (contact, segment) that is a member, or that time alone may make one.
``since`` is null for whoever was there when the segment was made or its condition changed. ``recheck_at`` is when time
alone may change the answer; most rows need none.

``contacts_segment_waiting``: people to look at outside the course of events: new ones, and those to whom something
happened while a segment was being filled. ``segment_id`` 0: all segments.

``contacts_segment_tally``: how many people, by segment and shard, so that two reactors never write the same row.
``contacts_segment_day``: how many entered and left, by day of the shop and shard.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from jouren.conditions.fields import ConditionField


class Segment(models.Model):
    """People for whom a condition holds, kept up to date.

    ``version`` counts the conditions it has had; while ``filled_version`` is another, it is being filled. ``seen_at``
    (the database's real time) is when the filler first saw the version. ``deleted_at``: it is gone for everybody but
    the filler, which clears up.
    """

    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("what it is for"), max_length=300, blank=True, db_default="")
    condition = ConditionField(_("condition"))
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    filled_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    filled_at = models.DateTimeField(null=True, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)
    changed_at = models.DateTimeField(_("changed"), editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "contacts_segment"
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(deleted_at=None), name="contacts_segment_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_filled(self) -> bool:
        """Whether its people are those of its condition as it stands."""
        return self.filled_version == self.version

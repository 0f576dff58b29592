from django.db import models


class Clock(models.Model):
    """How far a sandbox's clock runs ahead of the real one. One row at most."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    offset_seconds = models.FloatField(default=0)
    target_seconds = models.FloatField(null=True)

    class Meta:
        db_table = "core_clock"

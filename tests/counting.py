"""Counts that the product leaves to a job, done by the tests."""

from __future__ import annotations

from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from jouren.reports.kept import count_kept


def count_all() -> int:
    """What the worker does; returns how many counts were asked for."""
    jobs = ProcrastinateJob.objects.filter(task_name="reports.count")
    ids = [job.args["kept_id"] for job in jobs]
    for each in ids:
        count_kept(each)
    return len(ids)


def forget_jobs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")

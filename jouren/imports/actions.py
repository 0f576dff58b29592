"""What is done with imports: sent in, mapped, checked, started, stopped, deleted."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob
from wagtail.log_actions import log

from jouren.contacts.actions import keep_consent_text
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.imports.errors import BadFile, BadMapping, NotNow
from jouren.imports.fields import FIELDS, Kind
from jouren.imports.files import keep_file, open_file, remove_file
from jouren.imports.mapping import check_mapping
from jouren.imports.models import WORKING, Import, ImportState
from jouren.imports.presets import PRESETS, columns_of, find_preset
from jouren.imports.reading import DELIMITERS, ENCODINGS, find_form
from jouren.imports.tasks import work
from jouren.imports.working import Worker, forget_scratch, has_staged, set_back

logger = logging.getLogger(__name__)
_sql = load_sql("imports")
KEPT = timedelta(days=7)
SECONDS_AT_ONCE = 45.0
_STEPS_BETWEEN_SWEEPS = 20
SHORTEST_STATEMENT = 20
_OPEN = (ImportState.UPLOADED, ImportState.CHECKED)


def upload(kind: str, name: str, chunks: Iterable[bytes], *, by: AbstractBaseUser | None = None) -> Import:
    """Keep a file and find out how it is written and whose it is. Nothing of it is imported.

    Raises:
        BadFile: it cannot be read as a table.
    """
    if kind not in Kind.values:
        raise BadFile(_("Say whether the file holds orders or customers."))
    file, size = keep_file(chunks)
    try:
        with open_file(file) as opened:
            form = find_form(opened)
        preset = find_preset(form.header, kind)
        with transaction.atomic():
            run = Import.objects.create(
                kind=kind,
                name=" ".join(name.split())[:200] or "csv",
                file=file,
                size=size,
                language=get_language() or "ja",
                source=preset.source,
                preset=preset.key,
                encoding=form.encoding,
                is_encoding_sure=form.is_sure,
                delimiter=form.delimiter,
                header=list(form.header),
                mapping=columns_of(preset, form.header),
                state=ImportState.UPLOADED,
                by_id=None if by is None else by.pk,
                created_at=clock.now(),
            )
            if by is not None:
                log(instance=run, action="imports.upload", user=by)
    except BaseException:
        remove_file(file)
        raise
    return run


@transaction.atomic
def read_as(import_id: int, *, encoding: str = "", delimiter: str = "", preset: str = "") -> Import:
    """Read a file anew: in another encoding, divided otherwise, or by another preset, whose columns are then chosen.

    Raises:
        NotNow: it is being worked on, or was started.
        BadFile: it cannot be read like that.
        BadMapping: there is no such encoding, mark or preset for its kind.
    """
    run = _locked(import_id, _OPEN)
    encoding, delimiter = encoding or run.encoding, delimiter or run.delimiter
    if encoding not in ENCODINGS or delimiter not in DELIMITERS:
        raise BadMapping(_("Files cannot be read like that."))
    if preset and (preset not in PRESETS or PRESETS[preset].kind != run.kind):
        raise BadMapping(_("There is no such preset."))
    with open_file(run.file) as opened:
        form = find_form(opened, encoding=encoding, delimiter=delimiter)
    header = list(form.header)
    if preset or header != run.header:
        chosen = PRESETS[preset] if preset else find_preset(header, run.kind)
        run.preset, run.source, run.mapping = chosen.key, chosen.source, columns_of(chosen, header)
    run.encoding, run.delimiter, run.header = encoding, delimiter, header
    run.is_encoding_sure = True
    run.state, run.report = ImportState.UPLOADED, {}
    run.save()
    forget_scratch(run.pk)
    return run


@transaction.atomic
def check(import_id: int, columns: Mapping[str, int], *, source: str, statement: str = "") -> Import:
    """Have a file looked at whole by a job, with this choice of columns: nothing of it is imported.

    ``statement``: how the people agreed, in the importer's words; kept as the proof of every consent of the file.

    Raises:
        NotNow: it is being worked on, or was started.
        BadMapping: by these columns nothing can be understood, or consent is asked for without a statement.
    """
    run = _locked(import_id, _OPEN)
    check_mapping(run.kind, columns, len(run.header))
    if not 0 < len(source) <= 100 or not source.isprintable():
        raise BadMapping(_("The name of where it comes from has 1 to 100 characters."))
    text = " ".join(statement.split())
    if "consent" in columns and len(text) < SHORTEST_STATEMENT:
        raise BadMapping(
            _("Write how, where and when these people agreed (%(least)s letters or more), or choose no column for it.")
            % {"least": SHORTEST_STATEMENT}
        )
    run.consent_text = keep_consent_text(text) if "consent" in columns else None
    run.mapping = {name: columns[name] for name in FIELDS[run.kind] if name in columns}
    run.source, run.language = source, get_language() or "ja"
    run.report = {}
    _begin(run, ImportState.CHECKING)
    return run


@transaction.atomic
def start(import_id: int, *, by: AbstractBaseUser | None = None) -> Import:
    """Import what was checked, as it was read then. Raises NotNow when it was not checked, or was started before."""
    run = _locked(import_id, (ImportState.CHECKED,))
    run.started_at = clock.now()
    _begin(run, ImportState.RUNNING, is_read=has_staged(run))
    if by is not None:
        log(instance=run, action="imports.start", user=by)
    return run


@transaction.atomic
def stop(import_id: int, *, by: AbstractBaseUser | None = None) -> Import:
    """Stop the work on an import. What is imported stays, and it can go on. Raises NotNow when nobody works on it."""
    run = _locked(import_id, WORKING)
    if run.state == ImportState.CHECKING:
        forget_scratch(run.pk)
        run.state = ImportState.UPLOADED
    else:
        run.state = ImportState.STOPPED
    run.save()
    if by is not None:
        log(instance=run, action="imports.stop", user=by)
    return run


@transaction.atomic
def resume(import_id: int, *, by: AbstractBaseUser | None = None) -> Import:
    """Go on with an import that was stopped or broke off, from where it was. Raises NotNow, BadFile."""
    run = _locked(import_id, (ImportState.STOPPED, ImportState.FAILED))
    open_file(run.file).close()
    run.state = ImportState.RUNNING if run.started_at is not None else ImportState.CHECKING
    run.error = ""
    run.save()
    _defer(run.pk)
    if by is not None:
        log(instance=run, action="imports.start", user=by)
    return run


@transaction.atomic
def delete(import_id: int, *, by: AbstractBaseUser | None = None) -> None:
    """Forget an import and its file. What was imported stays. Raises NotNow while somebody works on it."""
    run = _locked(import_id, [state for state in ImportState if state not in WORKING])
    if by is not None:
        log(instance=run, action="imports.delete", user=by)
    file = run.file
    forget_scratch(run.pk)
    run.delete()
    transaction.on_commit(lambda: remove_file(file))


def go_on(import_id: int, seconds: float = SECONDS_AT_ONCE) -> None:
    """Work on an import for so long; then have the rest done by another job. What goes wrong stands in its row."""
    worker = Worker(import_id)
    until = time.monotonic() + seconds
    try:
        with _without_sweeping() as sweep:
            while worker.step():
                sweep()
                if time.monotonic() > until:
                    _defer(import_id)
                    return
    except UserError as error:
        _note_failure(import_id, str(error))
    except Exception:
        _note_failure(import_id, "")
        raise
    finally:
        worker.close()


@contextmanager
def _without_sweeping() -> Iterator[Callable[[], None]]:
    """A batch makes many small things and no cycles: looking for those each time would take a fifth of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    done = 0

    def sweep() -> None:
        nonlocal done
        done += 1
        if done % _STEPS_BETWEEN_SWEEPS == 0:
            gc.collect(1)

    try:
        yield sweep
    finally:
        if was_enabled:
            gc.enable()


def take_up_lost() -> None:
    """Give a job to each import that should be worked on and has none."""
    jobs = ProcrastinateJob.objects.filter(task_name=work.name, status__in=["todo", "doing"])
    busy = {job.args.get("import_id") for job in jobs}
    for import_id in Import.objects.filter(state__in=WORKING).exclude(pk__in=busy).values_list("pk", flat=True):
        _defer(import_id)


def forget_old_files() -> int:
    """Delete files, and what is personal in reports, a week after their imports ended or were sent in."""
    rows = _sql.all("old_files", {"before": clock.now() - KEPT})
    for (import_id,) in rows:
        with transaction.atomic():
            run = Import.objects.select_for_update().get(pk=import_id)
            if run.is_working:
                continue
            remove_file(run.file)
            forget_scratch(run.pk)
            run.file = ""
            run.report = {"stages": run.report.get("stages", [])}
            run.save()
    return len(rows)


def _locked(import_id: int, states: Iterable[str]) -> Import:
    run = Import.objects.select_for_update().filter(pk=import_id).first()
    if run is None:
        raise NotNow(_("This import does not exist any more."))
    if run.state not in states:
        raise NotNow(_("That cannot be done now: the import is “%(state)s”.") % {"state": run.get_state_display()})
    return run


def _begin(run: Import, state: ImportState, *, is_read: bool = False) -> None:
    open_file(run.file).close()
    set_back(run, is_read=is_read)
    run.state = state
    run.save()
    _defer(run.pk)


def _defer(import_id: int) -> None:
    """Have it worked on, by one job at a time."""
    work.configure(lock=f"imports.{import_id}").defer(import_id=import_id)


def _note_failure(import_id: int, error: str) -> None:
    Import.objects.filter(pk=import_id, state__in=WORKING).update(state=ImportState.FAILED, error=error[:1_000])

"""Files that the back office hands out while they are made."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.http import StreamingHttpResponse
from django.utils import timezone, translation

from jouren.reports.exports import harmless

_ROWS_AT_ONCE = 500


def csv_download(name: str, rows: Iterable[Sequence[str]]) -> StreamingHttpResponse:
    """Rows as a file for spreadsheets: UTF-8 with a byte order mark, no cell a formula.

    They are made while the file is read, when the request is over: in the language and the zone of its reader still.
    """
    answer = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    language, zone, left = translation.get_language() or "ja", timezone.get_current_timezone(), iter(rows)

    def made() -> Iterator[bytes]:
        yield b"\xef\xbb\xbf"
        while True:
            with translation.override(language), timezone.override(zone):
                some = list(islice(left, _ROWS_AT_ONCE))
            if not some:
                return
            text = io.StringIO(newline="")
            csv.writer(text).writerows([[harmless(cell) for cell in row] for row in some])
            yield text.getvalue().encode()

    return made()

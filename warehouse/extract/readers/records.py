"""Formats that are read record by record: where the header stands, what is no record, and the plain file of the rest.

The engine reads that file into the lake, so that such a format, too, is text columns and row numbers there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from warehouse.connectors import SourceObject
from warehouse.engine import Connection, literal
from warehouse.extract.findings import UnreadableFileError
from warehouse.extract.readers.columns import ROW, ReadResult, write_rewritten

Record = tuple[int, Sequence[str]]
"""Its number, as a spreadsheet shows it, and its fields."""

Fitted = Callable[[int, int, Sequence[str]], Sequence[str]]
"""The fields of a record of this number for a header of this width; raises UnreadableFileError where they don't fit."""

LONGEST = 64 << 20
LINE_BYTES = 4 << 20
"""DuckDB keeps a buffer of twice this a thread; only a file with longer lines gets larger ones."""
_PREAMBLE_ROWS = 200


def find_header(records: Iterable[Record], declared: SourceObject) -> tuple[int, Sequence[str], int] | None:
    """Number and fields of the first record, and how many stand above it.

    Below a preamble: of the first record with all required columns, or None if there is none.
    """
    required = {column.lower() for column in declared.required} if declared.has_preamble else set()
    above = 0
    for number, fields in records:
        if required <= {field.strip().lower() for field in fields}:
            return number, fields, above
        above += 1
        if number >= _PREAMBLE_ROWS:
            return None
    if above:
        return None
    raise UnreadableFileError(
        "empty_file", "it is empty; it has not even a header", "Export it again; no rows still have a header."
    )


def no_header(declared: SourceObject) -> UnreadableFileError:
    """What to say where no record has the required columns."""
    return UnreadableFileError(
        "required_column_missing",
        f"none of its first {_PREAMBLE_ROWS} rows has the columns {', '.join(declared.required)}",
        "Export it again with these columns.",
    )


def write_records(
    connection: Connection,
    scratch: Path,
    target: Path,
    columns: Sequence[str],
    records: Iterable[Record],
    fitted: Fitted,
    declared: SourceObject,
) -> ReadResult:
    """The records below the header without trailers as a lake file, each fitted to the columns."""
    rewritten = scratch.with_name(scratch.name + ".rewritten")
    try:
        fit = partial(fitted, len(columns))
        written, longest, left_out = _rewrite(rewritten, records, fit, declared.trailers)
        types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
        line_bytes = max(LINE_BYTES, longest + 1024)
        query = (
            f"select * from read_csv({literal(str(rewritten))}, auto_detect = false, header = false, "
            f"columns = {{{types}, {literal(ROW)}: 'BIGINT'}}, new_line = '\\n', {dialect(',', line_bytes)})"
        )
        return replace(write_rewritten(connection, query, columns, target, written), left_out=left_out)
    finally:
        rewritten.unlink(missing_ok=True)


def dialect(delimiter: str, line_bytes: int = LINE_BYTES) -> str:
    """How the engine is told to read CSV: exactly, and guessing nothing."""
    return (
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', nullstr = '', strict_mode = true, "
        f"null_padding = false, ignore_errors = false, max_line_size = {line_bytes}, "
        f"buffer_size = {2 * line_bytes}, compression = 'none'"
    )


def _rewrite(
    target: Path,
    records: Iterable[Record],
    fit: Callable[[int, Sequence[str]], Sequence[str]],
    trailers: Sequence[str],
) -> tuple[int, int, int]:
    """In the plainest dialect, numbered: how many, the bytes of the longest, the trailers left out."""
    is_trailer = re.compile("|".join(f"(?:{pattern})" for pattern in trailers) or r"(?!)").fullmatch
    written = longest = left_out = 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for number, fields in records:
            if is_trailer(next((field.strip() for field in fields if field.strip()), "")):
                left_out += 1
                continue
            fitted = fit(number, fields)
            longest = max(longest, _bytes_of(fitted, number))
            writer.writerow([*fitted, number])
            written += 1
    return written, longest, left_out


def _bytes_of(fields: Sequence[str], number: int) -> int:
    """An upper bound, and the exact figure only where it matters: encoding every field would double the time."""
    bound = sum(4 * len(field) + 3 for field in fields)
    if bound <= LINE_BYTES:
        return bound
    exact = sum(len(field.encode()) + field.count('"') + 3 for field in fields)
    if exact > LONGEST:
        raise too_long(number)
    return exact


def too_long(number: int) -> UnreadableFileError:
    """A record beyond what is read into memory."""
    return UnreadableFileError(
        "malformed_row",
        f"row {number} is longer than {LONGEST >> 20} MB",
        "Export it again: a quote that is never closed makes one row of the rest of a file.",
    )

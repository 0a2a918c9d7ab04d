"""CSV and TSV: every value as text, every record with the number Excel shows. What values mean is not known here.

DuckDB's reader does the work, told exactly what to expect. Its result is kept only if it accounts for every
byte of the file: it was seen to return no rows, and no error, where one record was longer than its buffer.
What it refuses, cannot account for, or would number differently (it skips blank lines) is read record by
record in Python: slower, and it can say what is wrong where.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.connectors import SourceObject
from warehouse.engine import Connection, EngineError, identifier, literal
from warehouse.extract.findings import UnreadableFileError
from warehouse.extract.readers.columns import (
    ROW,
    ReadResult,
    checked_columns,
    write_lake_file,
    write_rewritten,
)
from warehouse.extract.stage import TextFacts

if TYPE_CHECKING:
    from _csv import _reader

_HEADER_CHARACTERS = 1 << 20
_LONGEST_FIELD = 64 << 20
# DuckDB keeps a buffer a thread; longer lines than this take the slow way.
_LINE_BYTES = 4 << 20
_DELIMITERS = (",", ";", "\t")


_PREAMBLE_ROWS = 200


@dataclass(frozen=True)
class Header:
    columns: tuple[str, ...]
    delimiter: str
    record: int
    text: str
    above: int = 0
    """Report lines above it."""


def read_csv(
    connection: Connection,
    source: Path,
    target: Path,
    declared: SourceObject,
    *,
    is_tsv: bool,
    facts: TextFacts,
) -> ReadResult:
    """Read a UTF-8 copy into a lake file with the columns of its header and `_row`."""
    header = read_header(source, declared, is_tsv=is_tsv)

    def check(written: Path, rows: int) -> None:
        if not _accounts_for(connection, written, rows, header, facts):
            raise _NotAccountedForError

    if not facts.has_blank_lines and not declared.trailers:
        # Neither is a fault of the file yet: the slow way reads it, or says what is wrong with it.
        with suppress(EngineError, _NotAccountedForError):
            read = write_lake_file(connection, _fast_query(source, header), header.columns, target, check)
            return replace(read, left_out=header.above)
    return _read_slowly(connection, source, target, header, declared.trailers)


def read_header(source: Path, declared: SourceObject, *, is_tsv: bool) -> Header:
    """The first record that is not blank, split by the delimiter that finds most declared columns.

    Below a preamble: the first record that has all required columns.
    """
    with source.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(_HEADER_CHARACTERS)
    delimiters = (declared.delimiter,) if declared.delimiter else ("\t", ",", ";") if is_tsv else _DELIMITERS
    required = {column.lower() for column in declared.required} if declared.has_preamble else set()
    candidates = [
        (delimiter, *found)
        for delimiter in delimiters
        if (found := _header_record(start, delimiter, required)) is not None
    ]
    if not candidates:
        raise UnreadableFileError(
            "required_column_missing",
            f"none of its first {_PREAMBLE_ROWS} rows has the columns {', '.join(declared.required)}",
            "Export it again with these columns.",
        )
    wanted = {column.lower() for column in declared.columns}

    def promise(candidate: tuple[str, list[str], int, str, int]) -> tuple[int, int]:
        fields = candidate[1]
        return len({field.strip().lower() for field in fields} & wanted), len(fields)

    delimiter, fields, record, text, above = max(candidates, key=promise)
    return Header(checked_columns(fields), delimiter, record, text, above)


def _header_record(text: str, delimiter: str, required: set[str]) -> tuple[list[str], int, str, int] | None:
    """Its fields, its number, the text up to its end, and how many records stand above it."""
    lines = list(io.StringIO(text, newline=""))
    reader = _records(iter(lines), delimiter, is_strict=False)
    above = 0
    for number, record in enumerate(reader, start=1):
        if _is_blank_line(record):
            continue
        if required <= {field.strip().lower() for field in record}:
            return record, number, "".join(lines[: reader.line_num]), above
        above += 1
        if number >= _PREAMBLE_ROWS:
            return None
    if above:
        return None
    raise UnreadableFileError(
        "empty_file", "it is empty; it has not even a header", "Export it again; no rows still have a header."
    )


def _fast_query(source: Path, header: Header) -> str:
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in header.columns)
    return (
        f"select *, cast(row_number() over () + {header.record} as bigint) as {ROW} from read_csv("
        f"{literal(str(source))}, auto_detect = false, header = false, skip = {header.record}, "
        f"columns = {{{types}}}, {_dialect(header.delimiter)})"
    )


class _NotAccountedForError(Exception):
    """What was read is not all of the file, or not as it stands there."""


def _accounts_for(connection: Connection, written: Path, rows: int, header: Header, facts: TextFacts) -> bool:
    """Whether the values, with their delimiters, quotes and line ends, are every byte below the header."""
    columns = [identifier(column) for column in header.columns]
    values = " + ".join(f"coalesce(sum(strlen({column})), 0)" for column in columns)
    literal_quotes = " + ".join(
        f"coalesce(sum(strlen({column}) - strlen(replace({column}, '\"', ''))), 0)" for column in columns
    )
    if not facts.quotes:
        literal_quotes = "0"
    measured = connection.execute(
        f"select {values}, {literal_quotes} from read_parquet({literal(str(written))})"
    ).fetchone() or (0, 0)
    below_header = facts.content_bytes - len(header.text.encode())
    quotes_below = facts.quotes - header.text.count('"')
    without_line_ends = measured[0] - measured[1] + quotes_below + rows * (len(columns) - 1)
    line_ends = below_header - without_line_ends
    return line_ends in {
        size * (rows - is_open) for size in (1, 2) for is_open in (0, 1) if rows or not is_open
    }


def _dialect(delimiter: str, line_bytes: int = _LINE_BYTES) -> str:
    return (
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', nullstr = '', strict_mode = true, "
        f"null_padding = false, ignore_errors = false, max_line_size = {line_bytes}, "
        f"buffer_size = {2 * line_bytes}, compression = 'none'"
    )


def _read_slowly(
    connection: Connection, source: Path, target: Path, header: Header, trailers: Sequence[str]
) -> ReadResult:
    rewritten = source.with_name(source.name + ".rewritten")
    try:
        written, longest, below = _rewrite(source, rewritten, header, trailers)
        types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in header.columns)
        line_bytes = max(_LINE_BYTES, longest + 1024)
        query = (
            f"select * from read_csv({literal(str(rewritten))}, auto_detect = false, header = false, "
            f"columns = {{{types}, {literal(ROW)}: 'BIGINT'}}, new_line = '\\n', {_dialect(',', line_bytes)})"
        )
        read = write_rewritten(connection, query, header.columns, target, written)
        return replace(read, left_out=header.above + below)
    finally:
        rewritten.unlink(missing_ok=True)


def _rewrite(source: Path, target: Path, header: Header, trailers: Sequence[str]) -> tuple[int, int, int]:
    """The same records in the plainest dialect, numbered: how many, the bytes of the longest, the totals left out."""
    is_trailer = re.compile("|".join(f"(?:{pattern})" for pattern in trailers) or r"(?!)").fullmatch
    written = longest = below = 0
    with (
        source.open(encoding="utf-8-sig", newline="") as file,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        numbered = enumerate(_records(file, header.delimiter, is_strict=True), start=1)
        for number, record in islice(_checked(numbered), header.record, None):
            if _is_blank_line(record):
                continue
            if is_trailer(next((field.strip() for field in record if field.strip()), "")):
                below += 1
                continue
            fields = _fitted(record, len(header.columns), number)
            longest = max(longest, _bytes_of(fields))
            writer.writerow([*fields, number])
            written += 1
    return written, longest, below


def _bytes_of(fields: list[str]) -> int:
    """An upper bound, and the exact figure only where it matters: encoding every field would double the time."""
    bound = sum(4 * len(field) + 3 for field in fields)
    return bound if bound <= _LINE_BYTES else sum(2 * len(field.encode()) + 3 for field in fields)


def _checked(numbered: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    last = 0
    try:
        for last, record in numbered:
            yield last, record
    except csv.Error as error:
        raise UnreadableFileError(
            "malformed_row",
            f"row {last + 1} is no valid CSV: {_plain(str(error))}",
            "Export it again; a quote inside a quoted value is written twice.",
        ) from error


def _plain(error: str) -> str:
    if "unexpected end of data" in error:
        return "a quote is opened and never closed, or the file is cut off"
    if "expected after" in error:
        return "text follows a closing quote"
    return error


def _fitted(record: list[str], width: int, number: int) -> list[str]:
    """A record of exactly the header's width; blank fields beyond it are nobody's data."""
    if len(record) > width and not any(field.strip() for field in record[width:]):
        return record[:width]
    if len(record) != width:
        raise UnreadableFileError(
            "malformed_row",
            f"row {number} has {len(record)} fields, the header has {width}",
            "Export it again: the row is cut off, or a value with the delimiter in it is not quoted.",
        )
    return record


def _records(lines: Iterable[str], delimiter: str, *, is_strict: bool) -> _reader:
    csv.field_size_limit(_LONGEST_FIELD)
    # DuckDB, too, skips spaces before an opening quote.
    return csv.reader(lines, delimiter=delimiter, strict=is_strict, skipinitialspace=True)


def _is_blank_line(record: list[str]) -> bool:
    return not record or (len(record) == 1 and not record[0].strip())

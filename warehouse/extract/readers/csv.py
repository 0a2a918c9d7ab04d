"""CSV and TSV: every value as text, every record with the number Excel shows. What values mean is not known here.

DuckDB's reader does the work, told exactly what to expect. Its result is kept only if it accounts for every
byte of the file: it was seen to return no rows, and no error, where one record was longer than its buffer.
What it refuses, cannot account for, or would number differently (it skips blank lines) is read record by
record in Python: slower, and it can say what is wrong where.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.connectors import SourceObject
from warehouse.engine import Connection, EngineError, identifier, literal
from warehouse.extract.findings import UnreadableFileError
from warehouse.extract.readers import records
from warehouse.extract.readers.columns import ROW, ReadResult, checked_columns, write_lake_file
from warehouse.extract.stage import Staged, TextFacts

if TYPE_CHECKING:
    from _csv import _reader

_HEADER_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Header:
    columns: tuple[str, ...]
    delimiter: str
    record: int
    text: str
    above: int = 0
    """Report lines above it."""


def read_csv(connection: Connection, staged: Staged, target: Path, declared: SourceObject) -> ReadResult:
    """Read a UTF-8 copy into a lake file with the columns of its header and `_row`."""
    return _read(connection, staged, target, declared, (",", ";", "\t"))


def read_tsv(connection: Connection, staged: Staged, target: Path, declared: SourceObject) -> ReadResult:
    """The same; where nothing else finds more of the declared columns, a tab separates them."""
    return _read(connection, staged, target, declared, ("\t", ",", ";"))


def _read(
    connection: Connection, staged: Staged, target: Path, declared: SourceObject, delimiters: tuple[str, ...]
) -> ReadResult:
    source, facts = staged.path, staged.text
    header = read_header(source, declared, delimiters)

    def check(written: Path, rows: int) -> None:
        if facts is None or not _accounts_for(connection, written, rows, header, facts):
            raise _NotAccountedForError

    if facts is not None and not facts.has_blank_lines and not declared.trailers:
        # Neither is a fault of the file yet: the slow way reads it, or says what is wrong with it.
        with suppress(EngineError, _NotAccountedForError):
            read = write_lake_file(connection, _fast_query(source, header), header.columns, target, check)
            return replace(read, left_out=header.above)
    return _read_slowly(connection, source, target, header, declared)


def read_header(source: Path, declared: SourceObject, delimiters: tuple[str, ...]) -> Header:
    """The first record that is not blank, split by the delimiter that finds most declared columns.

    Below a preamble: the first record that has all required columns.
    """
    with source.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(_HEADER_CHARACTERS)
    candidates = [
        found
        for delimiter in ((declared.delimiter,) if declared.delimiter else delimiters)
        if (found := _header_by(delimiter, start, declared)) is not None
    ]
    if not candidates:
        raise records.no_header(declared)
    wanted = {column.lower() for column in declared.columns}

    def promise(candidate: tuple[Header, Sequence[str]]) -> tuple[int, int]:
        fields = candidate[1]
        return len({field.strip().lower() for field in fields} & wanted), len(fields)

    header, fields = max(candidates, key=promise)
    return replace(header, columns=checked_columns(fields))


def _header_by(delimiter: str, text: str, declared: SourceObject) -> tuple[Header, Sequence[str]] | None:
    """The header as a delimiter splits it, its names not yet checked, with the text up to its end."""
    lines = list(io.StringIO(text, newline=""))
    reader = _csv_records(iter(lines), delimiter, is_strict=False)
    filled = ((number, fields) for number, fields in enumerate(reader, start=1) if not _is_blank_line(fields))
    found = records.find_header(filled, declared)
    if found is None:
        return None
    number, fields, above = found
    return Header((), delimiter, number, "".join(lines[: reader.line_num]), above), fields


def _fast_query(source: Path, header: Header) -> str:
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in header.columns)
    return (
        f"select *, cast(row_number() over () + {header.record} as bigint) as {ROW} from read_csv("
        f"{literal(str(source))}, auto_detect = false, header = false, skip = {header.record}, "
        f"columns = {{{types}}}, {records.dialect(header.delimiter)})"
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


def _read_slowly(
    connection: Connection, source: Path, target: Path, header: Header, declared: SourceObject
) -> ReadResult:
    try:
        return _read_records(connection, source, target, header, declared, skips_spaces=False)
    except _SpaceBeforeQuoteError:
        return _read_records(connection, source, target, header, declared, skips_spaces=True)


def _read_records(
    connection: Connection,
    source: Path,
    target: Path,
    header: Header,
    declared: SourceObject,
    *,
    skips_spaces: bool,
) -> ReadResult:
    with source.open(encoding="utf-8-sig", newline="") as file:
        reader = _csv_records(file, header.delimiter, is_strict=True, skips_spaces=skips_spaces)
        numbered = _checked(enumerate(reader if skips_spaces else _told(reader), start=1))
        below = (record for record in islice(numbered, header.record, None) if not _is_blank_line(record[1]))
        read = records.write_records(connection, source, target, header.columns, below, _fitted, declared)
    return replace(read, left_out=header.above + read.left_out)


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
    if "field larger than" in error:
        return f"a value is longer than {records.LONGEST >> 20} MB, or a quote is opened and never closed"
    return error


_ABOVE_THE_HEADER = (
    "Where its first rows are those of a report, with the header below them, declare has_preamble: true and the "
    "required columns in connector.yml. Else export it again: a value with the delimiter in it is not quoted."
)


def _fitted(width: int, number: int, record: Sequence[str]) -> Sequence[str]:
    """A record of exactly the header's width; blank fields beyond it are nobody's data."""
    if len(record) > width and not any(field.strip() for field in record[width:]):
        return record[:width]
    if len(record) != width:
        raise UnreadableFileError(
            "malformed_row",
            f"row {number} has {len(record)} fields, the header has {width}",
            _ABOVE_THE_HEADER
            if width == 1 and len(record) > 2
            else "Export it again: the row is cut off, or a value with the delimiter in it is not quoted.",
        )
    return record


def _csv_records(
    lines: Iterable[str], delimiter: str, *, is_strict: bool, skips_spaces: bool = True
) -> _reader:
    csv.field_size_limit(records.LONGEST)
    return csv.reader(lines, delimiter=delimiter, strict=is_strict, skipinitialspace=skips_spaces)


class _SpaceBeforeQuoteError(Exception):
    """A value may be quoted after spaces, which the engine skips; Python skips them all, of every value, or none."""


def _told(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    for fields in reader:
        if any(field[:1] == " " and field.lstrip(" ")[:1] == '"' for field in fields):
            raise _SpaceBeforeQuoteError
        yield fields


def _is_blank_line(record: list[str]) -> bool:
    return not record or (len(record) == 1 and not record[0].strip())

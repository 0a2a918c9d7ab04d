"""CSV and TSV: every value as text, every record with the number Excel shows. What values mean is not known here.

DuckDB's reader does the work, told exactly what to expect. What it refuses, or would number differently
(it skips blank lines), is read record by record in Python: slower, and it can say what is wrong where.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from warehouse.engine import Connection, EngineError, literal
from warehouse.extract.findings import UnreadableFileError
from warehouse.extract.readers.columns import ROW, ReadResult, checked_columns, write_lake_file

_HEADER_CHARACTERS = 1 << 20
_LONGEST_FIELD = 64 << 20
# DuckDB keeps a buffer a thread; longer lines than this take the slow way.
_LINE_BYTES = 4 << 20
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Header:
    columns: tuple[str, ...]
    delimiter: str
    record: int


def read_csv(
    connection: Connection,
    source: Path,
    target: Path,
    declared: Sequence[str],
    *,
    is_tsv: bool,
    has_blank_lines: bool,
) -> ReadResult:
    """Read a UTF-8 copy into a lake file with the columns of its header and `_row`."""
    header = read_header(source, declared, is_tsv=is_tsv)
    if not has_blank_lines:
        try:
            return write_lake_file(connection, _fast_query(source, header), header.columns, target)
        except EngineError:
            target.unlink(missing_ok=True)
    return _read_slowly(connection, source, target, header)


def read_header(source: Path, declared: Sequence[str], *, is_tsv: bool) -> Header:
    """The first record that is not blank, split by the delimiter that finds most declared columns."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(_HEADER_CHARACTERS)
    delimiters = ("\t", ",", ";") if is_tsv else _DELIMITERS
    candidates = [(delimiter, *_first_record(start, delimiter)) for delimiter in delimiters]
    wanted = {column.lower() for column in declared}

    def promise(candidate: tuple[str, list[str], int]) -> tuple[int, int]:
        fields = candidate[1]
        return len({field.strip().lower() for field in fields} & wanted), len(fields)

    delimiter, fields, record = max(candidates, key=promise)
    return Header(checked_columns(fields), delimiter, record)


def _first_record(text: str, delimiter: str) -> tuple[list[str], int]:
    for number, record in enumerate(
        _records(io.StringIO(text, newline=""), delimiter, is_strict=False), start=1
    ):
        if not _is_blank_line(record):
            return record, number
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


def _dialect(delimiter: str, line_bytes: int = _LINE_BYTES) -> str:
    return (
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', nullstr = '', strict_mode = true, "
        f"null_padding = false, ignore_errors = false, max_line_size = {line_bytes}, "
        f"buffer_size = {2 * line_bytes}, compression = 'none'"
    )


def _read_slowly(connection: Connection, source: Path, target: Path, header: Header) -> ReadResult:
    rewritten = source.with_name(source.name + ".rewritten")
    try:
        longest = _rewrite(source, rewritten, header)
        types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in header.columns)
        line_bytes = max(_LINE_BYTES, longest + 1024)
        query = (
            f"select * from read_csv({literal(str(rewritten))}, auto_detect = false, header = false, "
            f"columns = {{{types}, {literal(ROW)}: 'BIGINT'}}, {_dialect(',', line_bytes)})"
        )
        return write_lake_file(connection, query, header.columns, target)
    except EngineError as error:
        raise UnreadableFileError(
            "unreadable_file", f"the engine cannot read it: {str(error).splitlines()[0]}", "Export it again."
        ) from error
    finally:
        rewritten.unlink(missing_ok=True)


def _rewrite(source: Path, target: Path, header: Header) -> int:
    """The same records in the plainest dialect, numbered; returns the bytes of the longest one."""
    longest = 0
    with (
        source.open(encoding="utf-8-sig", newline="") as file,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        numbered = enumerate(_records(file, header.delimiter, is_strict=True), start=1)
        for number, record in islice(_checked(numbered), header.record, None):
            if not _is_blank_line(record):
                fields = _fitted(record, len(header.columns), number)
                longest = max(longest, _bytes_of(fields))
                writer.writerow([*fields, number])
    return longest


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


def _records(lines: Iterator[str] | io.TextIOBase, delimiter: str, *, is_strict: bool) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    # DuckDB, too, skips spaces before an opening quote.
    return csv.reader(lines, delimiter=delimiter, strict=is_strict, skipinitialspace=True)


def _is_blank_line(record: list[str]) -> bool:
    return not record or (len(record) == 1 and not record[0].strip())

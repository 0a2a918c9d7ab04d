"""What all readers share: the names of columns, and writing a lake file. Formats have modules of their own."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.engine import Connection, EngineError, identifier, literal
from warehouse.extract.findings import UnreadableFileError
from warehouse.journal import sync_directory

ROW = "_row"
UNNAMED = re.compile(r"column_[0-9]+")
# The time the engine takes grows faster than their number, and no system's table has as many.
MOST_COLUMNS = 2_000


@dataclass(frozen=True)
class ReadResult:
    """The columns that hold data or have a name, the number of records, and of rows that are none."""

    columns: tuple[str, ...]
    rows: int
    left_out: int = 0


def checked_columns(fields: Sequence[str]) -> tuple[str, ...]:
    """Trimmed names; a column without a name is `column_<position>`; no name twice, whatever its case."""
    if len(fields) > MOST_COLUMNS:
        raise too_many_columns()
    names = tuple(field.strip() or f"column_{number}" for number, field in enumerate(fields, start=1))
    seen: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        if name.lower() in seen:
            raise UnreadableFileError(
                "duplicate_column",
                f"column {name} stands twice in the header, in columns {seen[name.lower()]} and {number}",
                "Export it with one of them, or rename one.",
            )
        if name.lower() == ROW:
            raise UnreadableFileError(
                "duplicate_column", f"column {ROW} is a name of ours", "Export it under another name."
            )
        seen[name.lower()] = number
    return names


def too_many_columns() -> UnreadableFileError:
    """What is no table, or one of which nobody needs all."""
    return UnreadableFileError(
        "unreadable_file", f"it has more than {MOST_COLUMNS:,} columns", "Export the columns that are needed."
    )


def write_lake_file(
    connection: Connection,
    query: str,
    columns: Sequence[str],
    target: Path,
    check: Callable[[Path, int], None] = lambda _path, _rows: None,
) -> ReadResult:
    """Write a query's rows so that the file is there whole or not at all, also after a crash.

    `check` sees the written file and its number of rows, and raises if it must not be kept.
    """
    temporary = target.with_name(f".{target.name}.writing")
    try:
        copied = connection.execute(
            f"copy ({query}) to {literal(str(temporary))} (format parquet, compression zstd)"
        ).fetchone()
        rows = int(copied[0]) if copied else 0
        check(temporary, rows)
        kept = _named_or_filled(connection, temporary, columns)
        descriptor = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.rename(target)
        sync_directory(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return ReadResult(kept, rows)


def write_rewritten(
    connection: Connection, query: str, columns: Sequence[str], target: Path, expected: int
) -> ReadResult:
    """Write what a reader has put into the plainest form itself: the engine must find each of its records."""

    def check(_path: Path, rows: int) -> None:
        if rows != expected:
            raise UnreadableFileError(
                "unreadable_file", f"the engine reads {rows} of its {expected} records", "Split it up."
            )

    try:
        return write_lake_file(connection, query, columns, target, check)
    except EngineError as error:
        raise UnreadableFileError(
            "unreadable_file", f"the engine cannot read it: {str(error).splitlines()[0]}", "Export it again."
        ) from error


def describe_lake_file(connection: Connection, path: Path) -> ReadResult:
    """The same facts of a lake file that is already there."""
    source = f"read_parquet({literal(str(path))})"
    described = connection.execute(f"describe select * from {source}").fetchall()
    columns = [str(row[0]) for row in described if row[0] != ROW]
    counted = connection.execute(f"select count(*) from {source}").fetchone()
    return ReadResult(_named_or_filled(connection, path, columns), int(counted[0]) if counted else 0)


def _named_or_filled(connection: Connection, path: Path, columns: Sequence[str]) -> tuple[str, ...]:
    """Without the columns that have neither a name nor a value: blank trailing columns of a spreadsheet."""
    unnamed = [column for column in columns if UNNAMED.fullmatch(column)]
    if not unnamed:
        return tuple(columns)
    counts = ", ".join(f"count({identifier(column)})" for column in unnamed)
    counted = connection.execute(f"select {counts} from read_parquet({literal(str(path))})").fetchone() or ()
    blank = {column for column, count in zip(unnamed, counted, strict=True) if not count}
    return tuple(column for column in columns if column not in blank)

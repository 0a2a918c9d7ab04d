"""Parquet: every column as text, numbered like the records of a CSV. Types are not kept: text is parsed once, later."""

from __future__ import annotations

from pathlib import Path

from warehouse.connectors import SourceObject
from warehouse.engine import Connection, EngineError, identifier, literal
from warehouse.extract.findings import UnreadableFileError
from warehouse.extract.readers.columns import ROW, ReadResult, checked_columns, write_lake_file
from warehouse.extract.stage import Staged


def read_parquet(connection: Connection, staged: Staged, target: Path, _declared: SourceObject) -> ReadResult:
    """Read a Parquet copy into a lake file of text columns and `_row`; the first record is row 2."""
    source = staged.path
    try:
        names = _column_names(connection, source)
        columns = checked_columns(names)
        return write_lake_file(connection, _query(source, names, columns), columns, target)
    except EngineError as error:
        raise UnreadableFileError(
            "unreadable_file", "it is damaged or cut off: no valid Parquet", "Deliver it again, whole."
        ) from error


def _column_names(connection: Connection, source: Path) -> list[str]:
    """From the file's own schema: `describe` renames a column that stands twice, and hides the fault."""
    rows = connection.execute(
        f"select name, coalesce(num_children, 0) from parquet_schema({literal(str(source))})"
    ).fetchall()
    names: list[str] = []
    remaining = int(rows[0][1]) if rows else 0
    position = 1
    while remaining:
        names.append(str(rows[position][0]))
        position = _after(rows, position)
        remaining -= 1
    return names


def _after(rows: list[tuple[str, int]], position: int) -> int:
    """The position after a column and all that is nested in it."""
    children = int(rows[position][1])
    position += 1
    for _ in range(children):
        position = _after(rows, position)
    return position


def _query(source: Path, names: list[str], columns: tuple[str, ...]) -> str:
    cast_columns = ", ".join(
        f"cast({identifier(name)} as varchar) as {identifier(column)}"
        for name, column in zip(names, columns, strict=True)
    )
    return (
        f"select {cast_columns}, cast(file_row_number + 2 as bigint) as {ROW} "
        f"from read_parquet({literal(str(source))}, file_row_number = true)"
    )

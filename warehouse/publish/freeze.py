"""Freeze: one table's rows as Parquet whose bytes depend on nothing but the rows. It knows no month and no chain."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.engine import Connection, identifier, literal
from warehouse.errors import TieoutError
from warehouse.publish.dictionary import dictionary
from warehouse.publish.tables import qualified

# Everything the bytes depend on is said here, not left to a default that a release may move. Version 1 pages
# because every Parquet reader of the last ten years has them.
PARQUET_OPTIONS = (
    "format parquet, parquet_version v1, compression zstd, compression_level 3, row_group_size 122880"
)

# Integers, decimals, text, dates: what reads back as it was written. DOUBLE and FLOAT are no money;
# HUGEINT (the type of an uncast sum) becomes DOUBLE in Parquet, silently.
_EXACT_TYPES = ("VARCHAR", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "BOOLEAN", "DATE", "TIMESTAMP")

# A digest is cut into two lanes of 15 hex digits: both fit BIGINT, and their sums fit HUGEINT for any table.
_LANES = ((1, 15), (16, 15))


@dataclass(frozen=True)
class Column:
    """A published column: its name, its DuckDB type, and the sentence that explains it."""

    name: str
    type: str
    comment: str | None = None


@dataclass(frozen=True)
class Content:
    """What a relation's rows are, apart from how they are stored."""

    rows: int
    sha256: str
    totals: dict[str, dict[str, str]]
    """Sum of every money column by currency, as exact text: {currency: {column: total}}."""


@dataclass(frozen=True)
class FrozenFile:
    """What a freeze wrote, as the manifest tells it."""

    rows: int
    sha256: str
    content_sha256: str
    columns: tuple[Column, ...]
    totals: dict[str, dict[str, str]]


def catalog(con: Connection) -> dict[str, tuple[Column, ...]]:
    """Columns of every table and view of the open database, by `schema.table`: one look for all of them."""
    found: dict[str, list[Column]] = {}
    for schema, table, name, kind in con.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " where database_name = current_database() and not internal"
        " order by schema_name, table_name, column_index"
    ).fetchall():
        described = dictionary().get(table)
        comment = described.comments().get(name) if described else None
        found.setdefault(f"{schema}.{table}", []).append(Column(name, kind, comment))
    return {relation: tuple(columns) for relation, columns in found.items()}


def columns_of(con: Connection, relation: str) -> tuple[Column, ...]:
    """Columns of one table or view of the open database, in their order."""
    columns = catalog(con).get(relation)
    if columns is None:
        raise TieoutError(f"{relation} has not been built")
    return columns


def types_of(con: Connection, relation: str) -> dict[str, str]:
    """Column names and types of any relation, a file's included."""
    rows = con.execute(f"describe select * from {relation}").fetchall()
    return {name: kind for name, kind, *_ in rows}


def refuse_inexact(relation: str, columns: Sequence[Column]) -> None:
    """Stop where a column's type does not survive Parquet or holds money as a float."""
    for column in columns:
        base = column.type.removesuffix("[]")
        if base not in _EXACT_TYPES and not base.startswith("DECIMAL("):
            raise TieoutError(
                f"{relation}.{column.name} is {column.type}, which can't be published exactly",
                remedy="cast it in its model: sums to bigint or decimal(18, 3), never to double",
            )


def total_order(key: Sequence[str], columns: Sequence[Column]) -> str:
    """ORDER BY over the key and then every other column: no two different rows can change places."""
    names = [column.name for column in columns]
    missing = [name for name in key if name not in names]
    if missing:
        raise TieoutError(
            f"key column {', '.join(missing)} is missing; there are: {', '.join(names)}",
            remedy="give the model its key, or change the key in warehouse/publish/tables.py",
        )
    ordered = [*key, *(name for name in names if name not in key)]
    return ", ".join(f"{identifier(name)} asc nulls last" for name in ordered)


def freeze(
    con: Connection,
    table: str,
    where: str | None,
    key: Sequence[str],
    path: Path,
    *,
    columns: Sequence[Column] | None = None,
    source: str | None = None,
) -> FrozenFile:
    """Write rows of a table to `path` (as `write`), and describe the file."""
    columns = tuple(columns if columns is not None else columns_of(con, table))
    write(con, table, where, key, path, columns=columns, source=source)
    return describe_files(con, [path], columns)[path]


def write(
    con: Connection,
    table: str,
    where: str | None,
    key: Sequence[str],
    path: Path,
    *,
    columns: Sequence[Column],
    source: str | None = None,
) -> None:
    """Write the rows of `table` for which `where` holds to `path`, in total order.

    `source` is a select to take the rows from in place of the table itself (a delta).
    """
    refuse_inexact(table, columns)
    names = ", ".join(identifier(column.name) for column in columns)
    rows = f"({source})" if source is not None else qualified(table)
    condition = f" where {where}" if where else ""
    # Without it DuckDB may write row groups in the order they were finished: threads would change bytes.
    con.execute("set preserve_insertion_order = true")
    con.execute(
        f"copy (select {names} from {rows} as frozen_rows{condition} order by {total_order(key, columns)})"
        f" to {literal(str(path))} ({PARQUET_OPTIONS})"
    )


def describe_files(
    con: Connection, paths: Sequence[Path], columns: Sequence[Column]
) -> dict[Path, FrozenFile]:
    """What was written, read back from the files: one query for all months of a table.

    Asked file by file, a first publication of 79 small months spent half of its time on binding these queries.
    """
    files = ", ".join(literal(str(path)) for path in paths)
    found = _contents(con, f"read_parquet([{files}], filename = true)", columns, "filename")
    empty = _content(columns, [])
    described: dict[Path, FrozenFile] = {}
    for path in paths:
        content = found.get(str(path), empty)
        described[path] = FrozenFile(
            content.rows, file_hash(path), content.sha256, tuple(columns), content.totals
        )
    return described


def read_content(con: Connection, relation: str, columns: Sequence[Column]) -> Content:
    """Rows, hash and money totals of a relation in one pass, in constant memory."""
    return _contents(con, relation, columns, "''").get("", _content(columns, []))


def _contents(con: Connection, relation: str, columns: Sequence[Column], part: str) -> dict[str, Content]:
    """The content of each part of a relation, as the SQL expression `part` names it.

    A row's text holds each value with its length, so no two rows of different values have the same text.
    Rows are digested and the digests added up, so the order of rows, the engine's version and the file's
    format do not matter. It finds what differs; what proves that nobody meant harm is the file's sha256.
    """
    text = " || ".join(
        f"coalesce(strlen({value}) || ':' || {value}, '-')"
        for value in (f"cast({identifier(column.name)} as varchar)" for column in columns)
    )
    lanes = [f"sum(cast('0x' || substr(digest, {start}, {length}) as bigint))" for start, length in _LANES]
    currency = "coalesce(cast(currency as varchar), '(none)')" if _has_currency(columns) else "null"
    money = _money_columns(columns)
    sums = [f"cast(coalesce(sum({identifier(name)}), 0) as varchar)" for name in money]
    kept = ", ".join(identifier(name) for name in money)
    rows = con.execute(
        f"select part, currency_code, {', '.join(['count(*)', *lanes, *sums])} from"
        f" (select {part} as part, {currency} as currency_code, md5({text}) as digest{f', {kept}' if kept else ''}"
        f" from {relation} as content_rows) as digests"
        " group by part, currency_code order by part, currency_code"
    ).fetchall()
    parts: dict[str, list[tuple[Any, ...]]] = {}
    for name, *values in rows:
        parts.setdefault(name, []).append(tuple(values))
    return {name: _content(columns, values) for name, values in parts.items()}


def _content(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> Content:
    """Of rows (currency, count, both lanes, a sum a money column)."""
    money = _money_columns(columns)
    added = [sum(int(row[place]) for row in rows) for place in (1, 2, 3)]
    head = ";".join(f"{column.name} {column.type}" for column in columns)
    summary = f"{head}|" + "|".join(str(value) for value in added)
    totals = {row[0]: dict(zip(money, row[4:], strict=True)) for row in rows} if money else {}
    return Content(added[0], hashlib.sha256(summary.encode()).hexdigest(), totals)


def _has_currency(columns: Sequence[Column]) -> bool:
    return any(column.name == "currency" for column in columns)


def _money_columns(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns if _has_currency(columns) and _is_money(column)]


def _is_money(column: Column) -> bool:
    """Amounts are decimals of three places, raw ones of nine, or integers that say they are minor units."""
    is_raw = column.type.endswith(",9)") and column.name.startswith("amount_")
    is_amount = column.type.startswith("DECIMAL(") and (column.type.endswith(",3)") or is_raw)
    return is_amount or (column.type == "BIGINT" and column.name.endswith("_minor"))


def file_hash(path: Path) -> str:
    """sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

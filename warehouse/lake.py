"""The lake as the warehouse sees it: a view an object over the deliveries in force. Reading is not done here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from warehouse.connectors import SourceObject, enabled_connectors
from warehouse.engine import Connection, identifier, literal
from warehouse.extract.deliver import Place, in_force, lake_file
from warehouse.extract.order import Delivery
from warehouse.journal import Journal
from warehouse.raw_rows import declared_columns, with_money
from warehouse.workspace import RunContext, Workspace

_FILE_BITS = 32
# Ranks of one object can be compared, those of two can't: each object has a range of its own.
_RANKS_OF_AN_OBJECT = 1_000_000_000

_SOURCE_FILES = """
    create or replace table run.source_files (
        file_id bigint, system varchar, object varchar, path varchar, sha256 varchar, rows bigint,
        size_bytes bigint, rank bigint, is_current boolean, first_seen varchar, mode varchar
    )
"""


def register(connection: Connection, context: RunContext) -> tuple[Delivery, ...]:
    """Shows the journalled deliveries to SQL; returns all of them."""
    deliveries = in_force(context.workspace, Journal(context.workspace.journal_dir))
    show(connection, context.workspace, deliveries)
    return deliveries


def show(
    connection: Connection, workspace: Workspace, deliveries: Sequence[Delivery], place: Place = lake_file
) -> None:
    """Create `lake.<system>__<object>` for every declared object, and `run.source_files`.

    `place` finds the lake file of a content and reading: those of a trial lie in a folder of their own.
    """
    connection.execute("create schema if not exists lake")
    connection.execute("create schema if not exists run")
    for system, connector in enabled_connectors(workspace).items():
        for number, (name, declared) in enumerate(connector.objects.items()):
            own = [one for one in deliveries if (one.system, one.object) == (system, name) and one.is_current]
            first_rank = number * _RANKS_OF_AN_OBJECT
            connection.execute(_view(workspace, system, name, declared, own, place, first_rank))
    _register_files(connection, deliveries)


def view_name(system: str, name: str) -> str:
    return f"{system}__{name}"


def _view(
    workspace: Workspace,
    system: str,
    name: str,
    declared: SourceObject,
    deliveries: Sequence[Delivery],
    place: Place,
    first_rank: int,
) -> str:
    alike: dict[tuple[str, ...], list[Delivery]] = {}
    for one in deliveries:
        alike.setdefault(one.columns, []).append(one)
    query = " union all ".join(
        _rows_of(workspace, declared, group, place, first_rank) for group in alike.values()
    )
    query = query or _no_rows(declared)
    if declared.order == "version" and declared.version_column:
        query = _ranked_by_version(declared, declared.version_column, query, first_rank)
    view = identifier(view_name(system, name))
    return f"create or replace view lake.{view} as {with_money(declared, query)}"


def _rows_of(
    workspace: Workspace, declared: SourceObject, group: Sequence[Delivery], place: Place, first_rank: int
) -> str:
    """All declared columns of files with the same header, null where they have none, and where each row stands.

    One scan of many files: a select a file took four seconds to create for a year of daily exports.
    """
    columns = declared_columns(declared, group[0].columns, "data")
    paths = [literal(str(place(workspace, one.sha256, one.reading))) for one in group]
    files = ", ".join(
        f"({path}, {one.file_id << _FILE_BITS}, {first_rank + one.rank})"
        for path, one in zip(paths, group, strict=True)
    )
    return (
        f"select {columns}, cast(data._row + file.first_row as bigint) as _row_id, cast(file.rank as bigint) as _rank "
        f"from read_parquet([{', '.join(paths)}], filename = '_path') as data "
        f"inner join (values {files}) as file (path, first_row, rank) on data._path = file.path"
    )


def _no_rows(declared: SourceObject) -> str:
    columns = declared_columns(declared, (), "data")
    return f"select {columns}, cast(null as bigint) as _row_id, cast(null as bigint) as _rank where false"


def _ranked_by_version(declared: SourceObject, version: str, query: str, first_rank: int) -> str:
    """The row of the highest version counts: as a number where it is one, else as text (ISO dates sort so)."""
    columns = ", ".join(identifier(column) for column in declared.columns)
    text = f"trim({identifier(version)})"
    number = f"case when regexp_full_match({text}, '[0-9]{{1,30}}') then cast({text} as decimal(38, 0)) end"
    return (
        f"select {columns}, _row_id, "
        f"{first_rank} + dense_rank() over (order by {number} nulls first, {text} nulls first) as _rank from ({query})"
    )


def _register_files(connection: Connection, deliveries: Iterable[Delivery]) -> None:
    """One row a file id: content delivered under several paths is shown under the one that counts most."""
    shown: dict[int, Delivery] = {}
    for one in deliveries:
        last = shown.get(one.file_id)
        if last is None or (one.is_current, one.seq) > (last.is_current, last.seq):
            shown[one.file_id] = one
    connection.execute(_SOURCE_FILES)
    rows = [
        (
            one.file_id, one.system, one.object, one.path, one.sha256, one.rows, one.size_bytes, one.rank,
            one.is_current, one.first_seen, one.mode,
        )
        for _, one in sorted(shown.items())
    ]  # fmt: skip
    if rows:
        # One statement: a row at a time cost three seconds for a year of daily exports.
        columns = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(
            f"insert into run.source_files select {', '.join('unnest(?)' for _ in columns)}", columns
        )

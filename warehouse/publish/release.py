"""Release: published/tieout.duckdb, the file BI tools open. Closed months come from the chain, never from a model.

The file is built beside the one readers have open and takes its name in one rename. It can always be
built again from the chain alone.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from warehouse import quarantine
from warehouse.engine import Connection, EngineError, attach, connect, identifier, literal, settings_for
from warehouse.journal import Journal, sync_directory
from warehouse.plan import canonical_type
from warehouse.publish.dictionary import dictionary
from warehouse.publish.freeze import Column, catalog
from warehouse.publish.frozen import parquet
from warehouse.publish.manifest import KIND_REOPEN, Chain, ChainError, Month, read_chain
from warehouse.publish.tables import (
    BBB_FIGURES,
    BY_NAME,
    PUBLISHED,
    RELEASED_VIEWS,
    Kind,
    PublishedTable,
    qualified,
    released_name,
)
from warehouse.workspace import Workspace

_DB = "release"
_RELEASED = tuple(table for table in PUBLISHED if table.released is not None)


@dataclass(frozen=True)
class Stamp:
    """What a release file was built from."""

    chain_head: str | None
    months: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True)
class ReleaseRun:
    """The run a release file tells its readers about."""

    run_id: str
    as_of: date
    found: quarantine.Found | None = None
    """What it found of the quarantine that is not journaled yet."""


class _Source(Protocol):
    """Where the rows come from that are not in closed months."""

    def columns(self, table: PublishedTable) -> tuple[Column, ...] | None: ...

    def rows(self, table: PublishedTable) -> str | None: ...

    def views(self) -> dict[str, str | None]: ...


def release(con: Connection, workspace: Workspace, run: ReleaseRun) -> Stamp:
    """Publish the open warehouse `con` stands on: closed months as they are frozen, open periods as computed now."""
    chain = read_chain(workspace.published)
    return _replace(con, workspace, chain, _FromWarehouse(con), run)


def roll_forward(workspace: Workspace) -> bool:
    """Rebuild the file where a close was killed between its commit and its release. True where it was needed."""
    chain = read_chain(workspace.published)
    _remove_database(_building(workspace))
    if chain.head is None:
        return False
    held = read_stamp(workspace.tieout_db)
    if held is not None and list(held.months) == chain.stamp():
        return False
    run = ReleaseRun(f"close {chain.head.period}", date.fromisoformat(chain.head.document["as_of"]))
    with closing(connect(settings=settings_for(workspace))) as con:
        _replace(con, workspace, chain, _FromChain(con, chain), run)
    return True


def read_stamp(path: Path) -> Stamp | None:
    """What tieout.duckdb was built from; None where there is no readable one (it is rebuilt, nothing is lost)."""
    if not path.is_file():
        return None
    try:
        with closing(connect(path, read_only=True)) as con:
            head = con.execute("select chain_head from audit.runs").fetchone()
            months = con.execute(
                "select period, version, manifest_sha256 from audit.snapshots order by ordinal"
            ).fetchall()
    except EngineError:
        return None
    return Stamp(head[0] if head else None, tuple((p, int(v), digest) for p, v, digest in months))


def view_definitions(con: Connection) -> dict[str, str | None]:
    """SQL of the views readers get, on released tables; None where one stands on something that is not released."""
    definitions: dict[str, str | None] = {}
    for name, sql in con.execute(
        "select schema_name || '.' || view_name, sql from duckdb_views()"
        " where database_name = current_database() and not internal order by all"
    ).fetchall():
        if name in RELEASED_VIEWS:
            definitions[name] = _on_released_tables(con, name, sql)
    return definitions


def _on_released_tables(con: Connection, name: str, sql: str) -> str | None:
    """The view's SELECT with every relation of the warehouse under its released name."""
    select = re.sub(r"(?is)^create\s+view\s+.*?\s+as\s+", "", sql, count=1).rstrip("; \n")
    database = re.escape(_place(con)[0])
    for relation in catalog(con):
        schema, table = (re.escape(part) for part in relation.split(".", 1))
        if relation.split(".", 1)[1] not in select:
            continue
        pattern = rf'(?<![\w".])(?:"?{database}"?\.)?"?{schema}"?\."?{table}"?(?![\w".])'
        if relation == name or not re.search(pattern, select):
            continue
        target = released_name(relation)
        if target is None:
            return None
        select = re.sub(pattern, target, select)
    return select


def _place(con: Connection) -> tuple[str, str]:
    """Database and schema that names without one belong to."""
    [(database, schema)] = con.execute("select current_database(), current_schema()").fetchall()
    return str(database), str(schema)


# --- sources ----------------------------------------------------------------------------------------


class _FromWarehouse:
    """The open warehouse: open periods, dimensions and audit tables of the run that just ended."""

    def __init__(self, con: Connection) -> None:
        self._con = con
        self._present = catalog(con)

    def columns(self, table: PublishedTable) -> tuple[Column, ...] | None:
        return self._present.get(table.source)

    def rows(self, table: PublishedTable) -> str | None:
        return qualified(table.source) if table.source in self._present else None

    def views(self) -> dict[str, str | None]:
        return view_definitions(self._con)


class _FromChain:
    """The published months alone: state as their deltas say, the rest as the last close saw it."""

    def __init__(self, con: Connection, chain: Chain) -> None:
        self._con = con
        self._chain = chain
        self._last_close = next(month for month in reversed(chain.months) if month.is_close)

    def columns(self, table: PublishedTable) -> tuple[Column, ...] | None:
        for month in reversed(self._chain.months):
            entry = month.document["files"].get(table.file)
            if entry is not None:
                return tuple(
                    Column(column["name"], column["type"], column["comment"])
                    for column in entry["columns"]
                    if column["name"] != "is_removed"
                )
        return None

    def rows(self, table: PublishedTable) -> str | None:
        if table.kind is Kind.STATE:
            return self._folded(table)
        file = self._last_close.file_of(table)
        return parquet([file]) if file is not None else None

    def _folded(self, table: PublishedTable) -> str | None:
        """The last row the months' deltas hold of every key, without the keys that are gone."""
        files = self._chain.files(table)
        if not files:
            return None
        deltas = " union all by name ".join(
            f"select *, {place} as month_ordinal from {parquet([file])}" for place, file in enumerate(files)
        )
        key = ", ".join(identifier(name) for name in table.key)
        return (
            f"(select * from ({deltas}) qualify row_number() over"
            f" (partition by {key} order by month_ordinal desc) = 1 and not is_removed)"
        )

    def views(self) -> dict[str, str | None]:
        views: dict[str, str | None] = self._last_close.document["views"]
        return {name: select for name, select in views.items() if select is not None}


# --- building ---------------------------------------------------------------------------------------


def _building(workspace: Workspace) -> Path:
    return workspace.published / ".releasing-tieout.duckdb"


def _replace(con: Connection, workspace: Workspace, chain: Chain, source: _Source, run: ReleaseRun) -> Stamp:
    """Build the file beside and rename it: another process sees the old one or the new one."""
    workspace.published.mkdir(parents=True, exist_ok=True)
    path = _building(workspace)
    _remove_database(path)
    held = _usable_stamp(workspace, chain)
    if held is not None:
        shutil.copyfile(workspace.tieout_db, path)
    attach(con, path, _DB)
    try:
        _fill(con, chain, held, source, run)
        _write_quarantine_history(con, workspace, run)
        _comment(con)
        con.execute(f"checkpoint {_DB}")
    finally:
        con.execute(f"detach {_DB}")
    _sync_file(path)
    path.replace(workspace.tieout_db)
    sync_directory(workspace.published)
    return Stamp(chain.head_sha256, tuple(chain.stamp()))


def _remove_database(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _usable_stamp(workspace: Workspace, chain: Chain) -> Stamp | None:
    """The last good file's stamp where its closed months can be kept.

    ChainError where it knows a month that is gone: a chain that lost its end still looks whole.
    """
    held = read_stamp(workspace.tieout_db)
    if held is None:
        return None
    committed = {month.sha256 for month in chain.folders}
    for period, version, digest in held.months:
        if digest not in committed:
            raise ChainError(
                f"{workspace.tieout_db.name} was built from {period} v{version}, which is no longer published"
                " or was changed",
                remedy=f"restore the folder, or, if it was removed on purpose, delete {workspace.tieout_db}",
            )
    return held if list(held.months) == chain.stamp()[: len(held.months)] else None


def _fill(con: Connection, chain: Chain, held: Stamp | None, source: _Source, run: ReleaseRun) -> None:
    for schema in ("marts", "audit"):
        con.execute(f"create schema if not exists {_DB}.{schema}")
    _drop_views(con)
    for table in _RELEASED:
        columns = source.columns(table)
        if columns is None:
            con.execute(f"drop table if exists {_target(table)}")
            continue
        if table.is_by_period:
            _fill_periods(con, table, columns, chain, held, source.rows(table))
        else:
            _fill_whole(con, table, columns, source.rows(table))
    _write_snapshots(con, chain, run)
    _create_views(con, source.views())


def _target(table: PublishedTable) -> str:
    return f"{_DB}.{table.released}.{identifier(table.name)}"


def _fill_whole(con: Connection, table: PublishedTable, columns: Sequence[Column], rows: str | None) -> None:
    con.execute(f"create or replace table {_target(table)} ({_definition(columns)})")
    if rows is not None:
        names = _names(columns)
        con.execute(f"insert into {_target(table)} ({names}) select {names} from {rows} as released_rows")


def _fill_periods(
    con: Connection,
    table: PublishedTable,
    columns: Sequence[Column],
    chain: Chain,
    held: Stamp | None,
    rows: str | None,
) -> None:
    """Closed months from their files, once; open periods anew.

    The rows of closed months stay in front, so what is deleted and written again each night lies at the
    end of the table and DuckDB gives its space back.
    """
    target = _target(table)
    period = identifier(str(table.period_column))
    kept = held.months if held is not None and _has_columns(con, table, columns) else ()
    if kept:
        closed = f"{period} in ({_list([name for name, _, _ in kept])})"
        con.execute(f"delete from {target} where not ({_closed(table, closed)})")
    else:
        con.execute(f"create or replace table {target} ({_definition(columns)})")
    for month in chain.months[len(kept) :]:
        _append_month(con, table, columns, month)
    if rows is not None:
        published = [month.period for month in chain.months]
        closed = f"{period} in ({_list(published)})" if published else "false"
        names = _names(columns)
        con.execute(
            f"insert into {target} ({names}) select {names} from {rows} as open_rows"
            f" where not ({_closed(table, closed)})"
        )


def _closed(table: PublishedTable, in_closed_period: str) -> str:
    """Rows that belong to a closed month: never those of the current schedule."""
    return f"{in_closed_period} and {table.only}" if table.only else in_closed_period


def _append_month(con: Connection, table: PublishedTable, columns: Sequence[Column], month: Month) -> None:
    file = month.file_of(table)
    if file is None:
        return
    published = {column["name"] for column in month.document["files"][table.file]["columns"]}
    names = _names([column for column in columns if column.name in published])
    condition = f" where {table.only}" if table.only else ""
    con.execute(f"insert into {_target(table)} ({names}) select {names} from {parquet([file])}{condition}")


def _has_columns(con: Connection, table: PublishedTable, columns: Sequence[Column]) -> bool:
    """True where the copied file's table has today's columns; else its closed months are read again."""
    rows = con.execute(
        "select column_name, data_type from duckdb_columns() where database_name = ? and schema_name = ?"
        " and table_name = ? order by column_index",
        [_DB, table.released, table.name],
    ).fetchall()
    return rows == [(column.name, column.type) for column in columns]


def _definition(columns: Sequence[Column]) -> str:
    return ", ".join(f"{identifier(column.name)} {column.type}" for column in columns)


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(identifier(column.name) for column in columns)


def _list(values: Sequence[str]) -> str:
    return ", ".join(literal(value) for value in values)


def _write_snapshots(con: Connection, chain: Chain, run: ReleaseRun) -> None:
    """The as_of row and the published months: what tells a reader how fresh the file is, and us what is in it."""
    runs, snapshots = _create(con, "runs"), _create(con, "snapshots")
    last = chain.last_closed.period if chain.last_closed else None
    con.execute(f"insert into {runs} values (?, ?, ?, ?)", [run.run_id, run.as_of, last, chain.head_sha256])
    for ordinal, month in enumerate(chain.months):
        said = month.document
        con.execute(
            f"insert into {snapshots} values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                ordinal,
                month.period,
                month.version,
                month.kind,
                said["period_start"],
                said["period_end"],
                said["as_of"],
                said["prepared_by"],
                said["approved_by"],
                month.sha256,
            ],
        )
    _write_waivers(con, chain)
    _write_restatements(con, chain)


def _write_restatements(con: Connection, chain: Chain) -> None:
    """What each version of a reopened month says other than the one before it, by the figures of rpt_bbb."""
    target = _create(con, "restatements")
    for month in (month for month in chain.folders if month.kind == KIND_REOPEN):
        link = month.document["replaces"]
        before = chain.find(month.period, int(link["version"]))
        files = [one.file_of(BY_NAME["rpt_bbb"]) for one in (before, month) if one is not None]
        if before is None or None in files:
            raise ChainError(f"{month.name} replaces a version whose figures are not there")
        was, now = (parquet([file]) for file in files if file is not None)
        said = month.document["reopening"]
        figures = " union all ".join(
            f"select entity_id, currency, '{name}' as figure, {name} as amount, {{is_now}} as is_now from {{months}}"
            for name in BBB_FIGURES
        )
        con.execute(
            f"""
            insert into {target}
            select
                ?, ?, ?, ?, ?, entity_id, currency, figure,
                sum(case when is_now then 0 else amount end),
                sum(case when is_now then amount else 0 end),
                sum(case when is_now then amount else -amount end)
            from (
                {figures.format(is_now="false", months=was)}
                union all
                {figures.format(is_now="true", months=now)}
            ) as figures
            group by entity_id, currency, figure
            having sum(case when is_now then amount else -amount end) <> 0
            order by entity_id, currency, figure
            """,
            [month.period, month.version, before.version, said["reason"], said["approved_by"]],
        )


def _write_waivers(con: Connection, chain: Chain) -> None:
    """The waivers of every close in force, one row a waiver and currency; a month that a close covers has them too."""
    target = _create(con, "waivers")
    for month in (month for month in chain.months if month.is_close):
        for said in month.document["waivers"]:
            names = ("rule", "contract_id", "reason", "approved_by", "expires", "records", "contracts")
            # a month from before waivers had a contract and an extent says less
            values = [month.period, month.version, *(said.get(name) for name in names)]
            con.executemany(
                f"insert into {target} values ({', '.join('?' for _ in range(len(values) + 2))})",
                [[*values, *pair] for pair in said.get("amounts", {}).items() or ((None, None),)],
            )


def _write_quarantine_history(con: Connection, workspace: Workspace, run: ReleaseRun) -> None:
    """Not a published table: it grows with every run, and a month's bytes are the same on any day."""
    quarantine.load(con, Journal(workspace.journal_dir), run.found)
    target = _create(con, "quarantine_history")
    con.execute(f"insert into {target} from ({quarantine.HISTORY}) order by entity, record_key, rule")


def _create(con: Connection, name: str) -> str:
    """A table of the file's own, empty, as the dictionary describes it; its full name."""
    target = f"{_DB}.audit.{identifier(name)}"
    columns = [Column(column.name, canonical_type(column.type)) for column in dictionary()[name].columns]
    con.execute(f"create or replace table {target} ({_definition(columns)})")
    return target


def _comment(con: Connection) -> None:
    """What the dictionary says of every table, view and column, where the file does not say it yet.

    A comment takes half a millisecond, all of them in one transaction less than 0.2 s.
    """
    said = con.execute(
        "select schema_name, table_name, 'table', null, comment from duckdb_tables() where database_name = $1"
        " union all select schema_name, view_name, 'view', null, comment from duckdb_views()"
        " where database_name = $1 and not internal"
        " union all select schema_name, table_name, 'column', column_name, comment from duckdb_columns()"
        " where database_name = $1 and not internal order by all",
        [_DB],
    ).fetchall()
    con.execute("begin")
    for schema, table, kind, column, comment in said:
        described = dictionary().get(table)
        wanted = described and (described.comments().get(column) if column else described.description)
        if wanted and wanted != comment:
            names = (_DB, schema, table, *([column] if column else []))
            target = ".".join(identifier(name) for name in names)
            con.execute(f"comment on {kind} {target} is {literal(wanted)}")
    con.execute("commit")


def _drop_views(con: Connection) -> None:
    rows = con.execute(
        "select schema_name || '.' || view_name from duckdb_views() where database_name = ? and not internal",
        [_DB],
    ).fetchall()
    for (name,) in rows:
        con.execute(f"drop view {_DB}.{qualified(name)}")


def _create_views(con: Connection, views: dict[str, str | None]) -> None:
    """Views stand on this file's tables alone; one that can't is written out as a table."""
    place = ".".join(identifier(name) for name in _place(con))
    for name, select in views.items():
        target = f"{_DB}.{qualified(name)}"
        con.execute(f"drop table if exists {target}")
        if select is None:
            con.execute(f"create table {target} as select * from {qualified(name)}")
            continue
        # Names in a view are bound where it is made: in this file, not in the warehouse it is copied from.
        con.execute(f"use {_DB}")
        try:
            con.execute(f"create view {qualified(name)} as {select}")
        finally:
            con.execute(f"use {place}")

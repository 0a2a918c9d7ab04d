"""Commit: build the folders of a close beside the published ones and put them in place by one rename.

Whether the month may be closed is the gate's and the equations' business, not decided here.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from warehouse.engine import WRITER_VERSION, Connection, identifier, literal
from warehouse.errors import TieoutError
from warehouse.journal import sync_directory
from warehouse.publish import frozen
from warehouse.publish.freeze import (
    Column,
    FrozenFile,
    catalog,
    describe_files,
    file_hash,
    types_of,
    write,
)
from warehouse.publish.manifest import (
    FORMAT_VERSION,
    KIND_CLOSE,
    KIND_COVERED,
    KIND_OPENING,
    KIND_REOPEN,
    MANIFEST,
    REPORT,
    SCHEMA_VERSION,
    SEAL,
    Chain,
    Month,
    canonical,
    policies_hash,
    read_chain,
    require_source_tables,
    seal,
    sha256,
)
from warehouse.publish.release import view_definitions
from warehouse.publish.tables import PUBLISHED, Kind, PublishedTable, qualified
from warehouse.workspace import Workspace

_BUILDING = ".building-"
_INTENT = "intent.json"
VERIFY_TEMPLATE = Path(__file__).with_name("verify_template.py")

MakeReport: TypeAlias = Callable[[Connection, Mapping[str, Any], Sequence[Path]], bytes]
"""Makes a month's report of its manifest and of the folders in force up to its own, which is the last."""


@dataclass(frozen=True)
class PublishedPeriod:
    """A period to publish, with its days."""

    period: str
    start_date: date
    end_date: date


@dataclass(frozen=True)
class Publication:
    """What a close knows about the months it publishes beyond their tables."""

    periods: tuple[PublishedPeriod, ...]
    """Oldest first; the last one is closed, earlier ones are covered by it (first publication only)."""
    as_of: date
    policies: Mapping[str, Any]
    code_sha256: str
    prepared_by: str = ""
    approved_by: str = ""
    waivers: tuple[Mapping[str, Any], ...] = ()
    """Rule, contract, reason, approver, expiry, and what each covers."""
    judgements: tuple[str, ...] = ()
    equations: tuple[Mapping[str, Any], ...] = ()
    inputs: tuple[Mapping[str, Any], ...] = ()
    archive: Mapping[str, Path] = field(default_factory=dict)
    """Small inputs to keep with the month: path below inputs/ -> file."""
    make_report: MakeReport | None = None
    """How people read the month; without it no report is published."""
    reopening: Mapping[str, str] | None = None
    """Of a month that is published once more: the reason, and who answers for it."""

    @property
    def closed(self) -> PublishedPeriod:
        """The period whose folder is the commit."""
        return self.periods[-1]


def periods_to_publish(con: Connection, chain: Chain, period: str) -> tuple[PublishedPeriod, ...]:
    """The periods a close of `period` writes: with the first publication all from the first one on."""
    first = "" if chain.head is None else " and period = $period"
    rows = con.execute(
        "select period, start_date, end_date from posting.periods where period_index <="
        f" (select period_index from posting.periods where period = $period){first} order by period_index",
        {"period": period},
    ).fetchall()
    return tuple(PublishedPeriod(*row) for row in rows)


def equations_of(con: Connection) -> tuple[dict[str, Any], ...]:
    """One line an equation for the manifest: how often it was tested, and whether it holds."""
    rows = con.execute(
        "select equation, count(*), cast(count(*) filter (where holds) as bigint)"
        " from audit.tie_outs group by equation order by equation"
    ).fetchall()
    return tuple(
        {"equation": equation, "tested": tested, "holding": holding, "holds": tested == holding}
        for equation, tested, holding in rows
    )


def inputs_of(con: Connection) -> tuple[dict[str, Any], ...]:
    """The source files a close stands on, in an order that depends on their content alone."""
    rows = con.execute(
        "select system, object, path, sha256, rows from run.source_files where is_current"
        " order by system, object, sha256, path"
    ).fetchall()
    names = ("system", "object", "path", "sha256", "rows")
    return tuple(dict(zip(names, row, strict=True)) for row in rows)


def small_inputs(workspace: Workspace, folders: Mapping[str, Path]) -> dict[str, Path]:
    """tieout.toml and every file of the given folders (rules, connectors), as names below inputs/."""
    archive = {"tieout.toml": workspace.configuration}
    for name, folder in sorted(folders.items()):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive[f"{name}/{path.relative_to(folder).as_posix()}"] = path
    return archive


def publish(con: Connection, workspace: Workspace, publication: Publication) -> Month:
    """Publish the months of a close: all of them, or, killed at any instant, none.

    `con` is the open warehouse with schema `frozen` at the chain's head.
    """
    chain = read_chain(workspace.published)
    version = _next_version(chain, publication)
    _require_fold(con, chain, publication)
    targets = [_target(workspace, period.period, version) for period in publication.periods]
    building = workspace.published / f"{_BUILDING}{uuid.uuid4().hex}"
    workspace.published.mkdir(parents=True, exist_ok=True)
    building.mkdir()
    _write(building / _INTENT, canonical({"folders": [_relative(workspace, path) for path in targets]}))
    months = _build(con, building, publication, chain, version)
    sync_directory(building)
    sync_directory(workspace.published)
    for month, target in zip(months, targets, strict=True):
        _put_in_place(month.path, target)
    shutil.rmtree(building)
    return Month(targets[-1], months[-1].document, months[-1].sha256)


def recover(workspace: Workspace) -> list[str]:
    """Remove what a killed close left behind; the names of what was removed.

    Only folders that this close was about to put in place, and that no manifest of the chain names.
    """
    removed: list[str] = []
    leftovers = sorted(workspace.published.glob(f"{_BUILDING}*"))
    if not leftovers:
        return removed
    named = {month.path for month in read_chain(workspace.published).folders}
    for building in leftovers:
        for name in intended(building):
            folder = workspace.published / name
            if folder.is_dir() and folder not in named:
                shutil.rmtree(folder)
                removed.append(name)
            if folder.parent.is_dir() and not any(folder.parent.iterdir()):
                folder.parent.rmdir()
        shutil.rmtree(building)
        removed.append(building.name)
    return removed


def intended(building: Path) -> list[str]:
    """The folders a close that left `building` behind was about to put in place."""
    try:
        folders = json.loads((building / _INTENT).read_bytes())["folders"]
    except (OSError, ValueError):
        # Killed before the intent was on disk: nothing had been renamed yet.
        return []
    return [name for name in folders if len(PurePosixPath(name).parts) == 2 and ".." not in name]


def unfinished(published: Path) -> set[Path]:
    """Folders of a close that has not committed: they do not exist for anyone."""
    return {published / name for building in published.glob(f"{_BUILDING}*") for name in intended(building)}


def _relative(workspace: Workspace, path: Path) -> str:
    return path.relative_to(workspace.published).as_posix()


def _target(workspace: Workspace, period: str, version: int) -> Path:
    target = workspace.published / period / f"v{version}"
    if target.exists():
        raise TieoutError(
            f"{target} exists, but no manifest of the chain names it",
            remedy="move it out of published/ and close again",
        )
    return target


def _next_version(chain: Chain, publication: Publication) -> int:
    period = publication.closed.period
    found = chain.find(period)
    if not publication.reopening:
        if found is not None:
            raise TieoutError(f"{period} is published already ({found.name})")
        if chain.head is not None and len(publication.periods) > 1:
            raise TieoutError("only the first publication may cover several periods")
        return 1
    if found is None or chain.last_closed is not found:
        raise TieoutError(f"{period} is not the last closed period: only that one can be reopened")
    return found.version + 1


def _require_fold(con: Connection, chain: Chain, publication: Publication) -> None:
    base = chain.before(publication.closed.period) if publication.reopening else chain
    if frozen.stamp(con) != base.stamp():
        raise TieoutError(
            "the warehouse was built on other published months than there are now",
            remedy="run `tieout run --full-refresh`",
        )


# --- building ---------------------------------------------------------------------------------------


def _build(
    con: Connection, building: Path, publication: Publication, chain: Chain, version: int
) -> list[Month]:
    """Write every folder below `building`, each manifest naming the one before it."""
    present = catalog(con)
    require_source_tables(set(present))
    tables = [
        (table, tuple(column for column in present[table.source] if column.name not in table.omitted))
        for table in PUBLISHED
        if table.source in present
    ]
    base = chain.before(publication.closed.period) if publication.reopening else chain
    in_force = [month.path for month in base.months]
    folders = {period: building / period.period / f"v{version}" for period in publication.periods}
    frozen_files = _freeze_tables(con, folders, tables, publication.closed)
    months: list[Month] = []
    for period, folder in folders.items():
        is_closed = period is publication.closed
        files = frozen_files[period] | _write_documents(folder, _documents(publication, is_closed))
        previous = months[-1] if months else chain.head
        document = _manifest(con, publication, period, version, files, previous, chain)
        document["covers"] = [_link(month) for month in months] if is_closed else []
        in_force.append(folder)
        if publication.make_report is not None:
            made = publication.make_report(con, document, in_force)
            document["files"] |= _write_documents(folder, {REPORT: made})
        content = canonical(document)
        digest = sha256(content)
        _write(folder / MANIFEST, content)
        _write(folder / SEAL, seal(digest))
        _sync_tree(folder)
        months.append(Month(folder, document, digest))
    return months


def _freeze_tables(
    con: Connection,
    folders: Mapping[PublishedPeriod, Path],
    tables: Sequence[tuple[PublishedTable, tuple[Column, ...]]],
    closed: PublishedPeriod,
) -> dict[PublishedPeriod, dict[str, dict[str, Any]]]:
    """Every table's file of every month, as the months' manifests list them."""
    listed: dict[PublishedPeriod, dict[str, dict[str, Any]]] = {period: {} for period in folders}
    for folder in folders.values():
        folder.mkdir(parents=True)
    for table, present in tables:
        columns, written = present, {}
        for period, folder in folders.items():
            if table.is_by_period or period is closed:
                path = written[period] = folder / table.file
                columns = _write_table(con, table, present, period.period, period is closed, path)
        described = describe_files(con, list(written.values()), columns)
        for period, path in written.items():
            listed[period][table.file] = describe(table, described[path])
    return listed


def _write_table(
    con: Connection,
    table: PublishedTable,
    columns: tuple[Column, ...],
    period: str,
    is_closed: bool,
    path: Path,
) -> tuple[Column, ...]:
    """Write a month's file of a table; the columns it has."""
    if table.kind is Kind.STATE:
        removed = Column("is_removed", "BOOLEAN", "the key is gone since the last close")
        source = delta(con, table, columns)
        write(con, table.source, None, table.key, path, columns=(*columns, removed), source=source)
        return (*columns, removed)
    where = None
    if table.is_by_period and table.period_column is not None:
        where = f"{identifier(table.period_column)} = {literal(period)}"
        where += f" and {table.only}" if table.only else ""
        if table.also and is_closed:
            where = f"({where}) or {table.also}"
    write(con, table.source, where, table.key, path, columns=columns)
    return columns


def delta(con: Connection, table: PublishedTable, columns: Sequence[Column]) -> str:
    """Select of the rows that are new, changed or gone against the months before."""
    held = set(types_of(con, f"frozen.{table.name}"))
    names = [column.name for column in columns]
    same_key = " and ".join(f"now.{identifier(name)} = held.{identifier(name)}" for name in table.key)
    differs = " or ".join(
        f"now.{identifier(name)} is distinct from held.{identifier(name)}"
        if name in held
        else f"now.{identifier(name)} is not null"
        for name in names
        if name not in table.key
    )
    now = ", ".join(f"now.{identifier(name)}" for name in names)
    before = ", ".join(
        f"cast({f'held.{identifier(column.name)}' if column.name in held else 'null'} as {column.type})"
        f" as {identifier(column.name)}"
        for column in columns
    )
    first = identifier(table.key[0])
    return (
        f"select {now}, false as is_removed from {qualified(table.source)} as now"
        f" left join frozen.{identifier(table.name)} as held on {same_key}"
        f" where held.{first} is null{f' or {differs}' if differs else ''}"
        f" union all select {before}, true from frozen.{identifier(table.name)} as held"
        f" where not exists (select 1 from {qualified(table.source)} as now where {same_key})"
    )


def describe(table: PublishedTable, written: FrozenFile) -> dict[str, Any]:
    """A Parquet file as the manifest lists it."""
    entry: dict[str, Any] = {
        "table": table.name,
        "kind": table.kind.value,
        "key": list(table.key),
        "sha256": written.sha256,
        "content_sha256": written.content_sha256,
        "rows": written.rows,
        "columns": [
            {"name": column.name, "type": column.type, "comment": column.comment}
            for column in written.columns
        ],
    }
    if table.is_by_period:
        entry["totals"] = written.totals
    return entry


def _documents(publication: Publication, is_closed: bool) -> dict[str, bytes]:
    documents = {"verify.py": VERIFY_TEMPLATE.read_bytes()}
    if is_closed:
        documents |= {f"inputs/{name}": path.read_bytes() for name, path in publication.archive.items()}
    return documents


def _write_documents(folder: Path, documents: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    files: dict[str, dict[str, Any]] = {}
    for name, content in documents.items():
        if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
            raise TieoutError(f"{name} is no name of a file inside a month's folder")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)
        files[name] = {"sha256": file_hash(path)}
    return files


def _link(month: Month) -> dict[str, Any]:
    return {"period": month.period, "version": month.version, "manifest_sha256": month.sha256}


def _manifest(
    con: Connection,
    publication: Publication,
    period: PublishedPeriod,
    version: int,
    files: Mapping[str, Any],
    previous: Month | None,
    chain: Chain,
) -> dict[str, Any]:
    """What a month says about itself. No clock: the same close gives the same manifest on any day."""
    is_closed = period is publication.closed
    replaced = chain.find(period.period)
    return {
        "format_version": FORMAT_VERSION,
        "schema_version": SCHEMA_VERSION,
        "package_version": _package_version(),
        "period": period.period,
        "version": version,
        "period_start": period.start_date.isoformat(),
        "period_end": period.end_date.isoformat(),
        "kind": _kind(publication, chain, is_closed),
        "previous": _link(previous) if previous else None,
        "replaces": _link(replaced) if replaced else None,
        "reopening": dict(publication.reopening) if publication.reopening else None,
        "as_of": publication.as_of.isoformat(),
        "prepared_by": publication.prepared_by,
        "approved_by": publication.approved_by,
        "waivers": [dict(waiver) for waiver in publication.waivers],
        "judgements": list(publication.judgements),
        "policies": dict(publication.policies),
        "policies_sha256": policies_hash(publication.policies),
        "code_sha256": publication.code_sha256,
        "writer": {"engine": "duckdb", "version": WRITER_VERSION},
        "equations": [dict(equation) for equation in publication.equations] if is_closed else [],
        "inputs": [dict(entry) for entry in publication.inputs] if is_closed else [],
        "archived_inputs": sorted(name for name in files if name.startswith("inputs/")),
        "views": view_definitions(con) if is_closed else {},
        "files": dict(files),
    }


def _kind(publication: Publication, chain: Chain, is_closed: bool) -> str:
    if not is_closed:
        return KIND_COVERED
    if publication.reopening:
        return KIND_REOPEN
    return KIND_OPENING if chain.head is None else KIND_CLOSE


def _package_version() -> str:
    try:
        return metadata.version("tieout")
    except metadata.PackageNotFoundError:
        return "unpackaged"


# --- durability -------------------------------------------------------------------------------------


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_tree(folder: Path) -> None:
    """Every file and folder of a month on disk before any name points to it."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            sync_directory(path)
        else:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    sync_directory(folder)
    sync_directory(folder.parent)


def _put_in_place(source: Path, target: Path) -> None:
    """One rename, durable before the next: the last one is the commit."""
    target.parent.mkdir(exist_ok=True)
    sync_directory(target.parent.parent)
    source.rename(target)
    sync_directory(target.parent)

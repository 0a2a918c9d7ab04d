"""Which files of the lake nothing stands on any more, and their deletion. Off unless tieout.toml says for how long.

A file goes only if the journal knows it as the content of deliveries that later ones have replaced, and neither the
deliveries in force, nor exports/, nor a published month, nor the lineage of any figure needs it. Everything else stays,
also what nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from warehouse.connectors import enabled_connectors
from warehouse.engine import Connection, connect, identifier
from warehouse.explain import show
from warehouse.extract.deliver import KIND, in_force, lake_file
from warehouse.extract.exports import listed
from warehouse.extract.order import Delivery
from warehouse.journal import Journal
from warehouse.publish.frozen import parquet
from warehouse.publish.manifest import Chain, read_chain
from warehouse.publish.tables import qualified
from warehouse.workspace import Workspace

PRUNES = "prunes"
_SOURCE = "file_sha256"


@dataclass(frozen=True)
class Prunable:
    """A lake file that may go, and what it holds."""

    file: Path
    sha256: str
    size_bytes: int
    path: str
    """The export it was delivered as, last."""
    replaced: datetime


def prunable(workspace: Workspace, now: datetime) -> list[Prunable]:
    """What may go now, oldest first; nothing where no time is set. ChainError where the months don't form a chain."""
    keep_days = workspace.settings.lake.keep_days
    if keep_days is None:
        return []
    journal = Journal(workspace.journal_dir)
    history = [Delivery.of_event(event) for event in journal.read(KIND)]
    needed = _in_use(workspace, journal, history) | published_sources(
        workspace, read_chain(workspace.published)
    )
    found: dict[Path, Prunable] = {}
    for one in history:
        file = lake_file(workspace, one.sha256, one.reading)
        replaced = _replaced(one, history)
        if one.sha256 in needed or replaced is None or not file.is_file():
            continue
        known = found.get(file)
        if known is None or replaced > known.replaced:
            found[file] = Prunable(file, one.sha256, file.stat().st_size, one.path, replaced)
    limit = now - timedelta(days=keep_days)
    return sorted(
        (one for one in found.values() if one.replaced <= limit), key=lambda one: (one.replaced, one.path)
    )


def prune(workspace: Workspace, found: Sequence[Prunable]) -> int:
    """Deletes them; the journal says so first. The bytes that are free again. For the holder of the workspace."""
    if found:
        Journal(workspace.journal_dir).append_all(
            PRUNES,
            [
                {
                    "file": workspace.relative(one.file), "sha256": one.sha256, "path": one.path,
                    "size_bytes": one.size_bytes, "replaced": one.replaced.isoformat(),
                }
                for one in found
            ],
        )  # fmt: skip
    for one in found:
        one.file.unlink()
    return sum(one.size_bytes for one in found)


def _in_use(workspace: Workspace, journal: Journal, history: Iterable[Delivery]) -> set[str]:
    """Contents in force; of systems or objects that are not enabled now; and last seen under a path in exports/,
    which the next run would only read again."""
    enabled = {
        (system, name) for system, one in enabled_connectors(workspace).items() for name in one.objects
    }
    lying = {export.relative for folder in listed(workspace) for export in listed(workspace, folder.name)}
    latest = {one.path: one.sha256 for one in history}
    return (
        {one.sha256 for one in in_force(workspace, journal) if one.is_current}
        | {one.sha256 for one in history if (one.system, one.object) not in enabled}
        | {sha256 for path, sha256 in latest.items() if path in lying}
    )


def _replaced(one: Delivery, history: Iterable[Delivery]) -> datetime | None:
    """When other content of its object came after the last delivery of this one; None where none did."""
    own = [other for other in history if (other.system, other.object) == (one.system, one.object)]
    last = max(other.seq for other in own if other.sha256 == one.sha256)
    return next((datetime.fromisoformat(other.first_seen) for other in own if other.seq > last), None)


def published_sources(workspace: Workspace, chain: Chain) -> set[str]:
    """Contents that published months were closed on, and those their tables, or readers' tables, lead back to."""
    inputs = {str(one["sha256"]) for month in chain.folders for one in month.document.get("inputs", ())}
    with closing(connect()) as connection:
        frozen = {
            sha256
            for month in chain.folders
            for name, entry in month.document["files"].items()
            if _SOURCE in {column["name"] for column in entry.get("columns", ())}
            for sha256 in _sources(connection, parquet([month.path / name]))
        }
    return inputs | frozen | _read_by_readers(workspace)


def _read_by_readers(workspace: Workspace) -> set[str]:
    if not workspace.tieout_db.exists():
        return set()
    with show.reader(workspace) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_columns() where column_name = ? and not internal",
            [_SOURCE],
        ).fetchall()
        return {sha256 for (table,) in tables for sha256 in _sources(connection, qualified(table))}


def _sources(connection: Connection, relation: str) -> set[str]:
    column = identifier(_SOURCE)
    rows = connection.execute(
        f"select distinct {column} from {relation} where {column} is not null"
    ).fetchall()
    return {str(sha256) for (sha256,) in rows}

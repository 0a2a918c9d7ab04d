"""Exports staged and typed as in a run, beside the workspace: nothing in lake/, journal/ or warehouse.duckdb changes.
What `tieout check` and `tieout connector test` look at. What the records are worth is the gate's matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from warehouse import lake, plan
from warehouse.connectors import enabled_connectors
from warehouse.engine import Connection, connect, identifier, settings_for, workspace_places
from warehouse.extract.deliver import Extraction, Place, inspect
from warehouse.journal import Journal
from warehouse.plan import Step, TransformError
from warehouse.transform import as_given, compiled
from warehouse.workspace import RunContext, Workspace

# The models a connector feeds, by the folder they lie in.
_FOLDERS = ("staging", "exchange")


@dataclass
class Trial:
    """Schemas `lake`, `main` (staging) and `exchange` as a run would build them, and what could not be built."""

    extraction: Extraction
    connection: Connection
    failures: list[TransformError] = field(default_factory=list)
    built: dict[str, Step] = field(default_factory=dict)
    """Models by name, such as stg_crm__contracts and exchange__contracts."""

    def build(self, steps: tuple[Step, ...]) -> None:
        """Each model on its own, so that the faults of several connectors are told at once."""
        done: set[str] = set()
        for step in steps:
            if step.is_test or step.fqn[1] not in _FOLDERS or not _models_read(step) <= done:
                continue
            try:
                plan.execute(self.connection, [*self._views_of(step), step])
            except TransformError as error:
                self.failures.append(error)
            else:
                done.add(step.unique_id)
                self.built[step.name] = step

    def _views_of(self, step: Step) -> list[Step]:
        return [one for one in self.built.values() if one.kind == "view" and one.unique_id in step.parents]

    def relation(self, name: str) -> str:
        """A built model as SQL names it."""
        step = self.built[name]
        return f"{identifier(step.schema)}.{identifier(step.table)}"

    def columns_given(self, staging: str) -> list[str]:
        """The columns a connector's own query gives, before they are completed."""
        rows = self.connection.execute(f"describe {as_given(self.built[staging])}").fetchall()
        return [str(row[0]).lower() for row in rows]


def _models_read(step: Step) -> set[str]:
    return {parent for parent in step.parents if parent.startswith("model.")}


@contextmanager
def trial(context: RunContext) -> Iterator[Trial]:
    """What a run would make of the exports now, up to the exchange; gone when the block ends."""
    workspace = context.workspace
    with (
        inspect(context, Journal(workspace.journal_dir)) as (extraction, place),
        closing(_scratch_warehouse(workspace)) as connection,
    ):
        found = Trial(extraction, connection)
        _show_lake(found, context, place)
        # An empty workspace needs no compiling, which takes ten seconds.
        if extraction.current or any(not one.is_shipped for one in enabled_connectors(workspace).values()):
            found.build(compiled(workspace).plan.steps)
        yield found


def _scratch_warehouse(workspace: Workspace) -> Connection:
    """A file of the same name as the real one, which compiled SQL calls by name, among what `inspect` throws away."""
    return connect(
        workspace.state / "extract" / workspace.warehouse_db.name,
        settings=settings_for(workspace),
        allowed=workspace_places(workspace),
    )


def _show_lake(found: Trial, context: RunContext, place: Place) -> None:
    """The deliveries that can be read; those that can't are findings already."""
    readable = [
        one
        for one in found.extraction.deliveries
        if not one.is_current or place(context.workspace, one.sha256, one.reading).is_file()
    ]
    lake.show(found.connection, context.workspace, readable, place)

"""Exports staged and typed as in a run, beside the workspace: nothing in lake/, journal/ or warehouse.duckdb changes.
What `tieout check` and `tieout connector test` look at. What the records are worth is the gate's matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from warehouse import lake, plan
from warehouse.connectors import enabled_connectors
from warehouse.engine import Connection, connect, identifier, literal, settings_for, workspace_places
from warehouse.exchange import entities
from warehouse.extract.deliver import Extraction, Place, inspect
from warehouse.journal import Journal
from warehouse.plan import Plan, Step, TransformError
from warehouse.transform import as_given, compiled
from warehouse.workspace import RunContext, Workspace

# The models a connector feeds, by the folder they lie in.
_FOLDERS = ("staging", "exchange")
# Money against its rows, as a run proves it, and the gate's answer it stands on.
_EQUATION = "model.tieout.e6_nothing_lost"
_GATE_ANSWER = "model.tieout.accepted__records_out"
# It names no more rows of an object.
_NAMED = 20


@dataclass(frozen=True)
class Lost:
    """Where E6 would stop a run: what is compared, and of its differing items the first and their number."""

    scope: str
    count: int
    example: str

    def __str__(self) -> str:
        number = f"{self.count:,}{' or more' if self.count >= _NAMED else ''}"
        more = f" (the first of {number})" if self.count > 1 else ""
        return f"{self.scope}: {self.example}{more}"


@dataclass
class Trial:
    """Schemas `lake`, `main` (staging) and `exchange` as a run would build them, and what could not be built."""

    extraction: Extraction
    connection: Connection
    failures: list[TransformError] = field(default_factory=list)
    built: dict[str, Step] = field(default_factory=dict)
    """Models by name, such as stg_crm__contracts and exchange__contracts."""
    lost: list[Lost] = field(default_factory=list)
    """Money that its rows do not state, where everything could be built."""

    def build(self, whole: Plan) -> None:
        """Each model on its own, so that the faults of several connectors are told at once."""
        done: set[str] = set()
        for step in whole.steps:
            if step.is_test or step.fqn[1] not in _FOLDERS or not _models_read(step) <= done:
                continue
            try:
                plan.execute(self.connection, [*self._views_of(step), step])
            except TransformError as error:
                self.failures.append(error)
            else:
                done.add(step.unique_id)
                self.built[step.name] = step

        if not self.failures:
            self.lost = self._lost(whole)

    def _lost(self, whole: Plan) -> list[Lost]:
        """E6 by the models of a run. What the gate holds back is not known here: the records that can't be read or
        contradict each other are taken for held, all others for used."""
        answered = {step.unique_id: step for step in whole.upstream(_GATE_ANSWER)}
        steps = [step for step in whole.upstream(_EQUATION) if step.unique_id not in answered]
        steps = [step for step in steps if step.name not in self.built]
        answer = answered[_GATE_ANSWER]
        unusable = " union all ".join(
            f"select {literal(name)} as entity, record_key, 'quarantined' as fate from exchange.{identifier(name)}"
            f" where has_conflict or parse_errors is not null or {_is_any_null(entity.required)}"
            for name, entity in entities().items()
        )
        self.connection.execute(f"create schema if not exists {identifier(answer.schema)}")
        self.connection.execute(
            f"create or replace table {identifier(answer.schema)}.{identifier(answer.table)} as {unusable}"
        )
        plan.execute(self.connection, steps)
        equation = f"{identifier(steps[-1].schema)}.{identifier(steps[-1].table)}"
        rows = self.connection.execute(
            f"select scope, expected, actual from {equation} where not holds and contains(scope, ' · ')"
            " order by abs(difference) desc, scope"
        ).fetchall()
        found: dict[str, list[str]] = {}
        for text, expected, actual in rows:
            scope, item = str(text).split(" · ", 1)
            if item != "all rows":  # the sum of what is named by row
                found.setdefault(scope, []).append(
                    f"{item}: expected {_plain(expected)}, found {_plain(actual)}"
                )
        return [Lost(scope, len(items), items[0]) for scope, items in found.items()]

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


def _is_any_null(names: Iterable[str]) -> str:
    return " or ".join(f"{identifier(name)} is null" for name in names)


def _plain(amount: Decimal) -> str:
    text = f"{amount:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


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
            found.build(compiled(workspace).plan)
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

"""A compiled dbt project as steps, and their execution in the engine. What the SQL says is dbt_project's matter.

A run's parameters are rows, so the SQL that dbt compiles for a workspace is the same every night. dbt compiles it
once (warehouse/transform.py); what is left to do is `create or replace` and counting the rows of tests. For the 105
models and tests behind the gate dbt's own runner took 7.5 s a build, on tables of a few rows, this takes 2 s.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from queue import SimpleQueue
from typing import Any, Literal

from warehouse.engine import Connection, EngineError, database_of, identifier
from warehouse.errors import TieoutError

Kind = Literal["table", "view", "iterated", "test"]
ROUND = "__round__"
AT_ONCE = 2


@dataclass(frozen=True)
class Step:
    """One model or test: its place in the project, what it stands on, and its SQL for this engine."""

    unique_id: str
    name: str
    kind: Kind
    fqn: tuple[str, ...]
    parents: tuple[str, ...]
    """Models and sources by dbt's unique ids."""
    sql: str
    schema: str = ""
    table: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    """(name, type): the enforced contract of a model; of an iterated one, the table its rounds fill."""
    rounds_from: str | None = None
    """Of an iterated model: the table of the same schema whose column round_number says how many rounds there are."""
    path: str = ""
    """The model's file in the project."""

    @property
    def is_test(self) -> bool:
        return self.kind == "test"

    @property
    def relation(self) -> str:
        """Its name in the warehouse, for people and for `unchanged`."""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True)
class StepResult:
    """What became of a step: failures are the rows a test found."""

    step: Step
    seconds: float
    failures: int = 0


@dataclass(frozen=True)
class Plan:
    """All steps of a project, each after those it stands on."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Plan:
        """Steps in an order that follows their parents and nothing else."""
        by_id = {step.unique_id: step for step in steps}
        parents = {
            name: sorted(parent for parent in by_id[name].parents if parent in by_id)
            for name in sorted(by_id)
        }
        return cls(tuple(by_id[name] for name in TopologicalSorter(parents).static_order()))

    def upstream(self, unique_id: str) -> list[Step]:
        """A step and everything it stands on, in order."""
        wanted = {unique_id}
        for step in reversed(self.steps):
            if step.unique_id in wanted:
                wanted.update(step.parents)
        return [step for step in self.steps if step.unique_id in wanted]

    def dumps(self) -> str:
        return json.dumps([asdict(step) for step in self.steps], indent=1)

    @classmethod
    def loads(cls, text: str) -> Plan:
        return cls(tuple(_step(one) for one in json.loads(text)))


def _step(values: dict[str, Any]) -> Step:
    values["columns"] = tuple((name, kind) for name, kind in values["columns"])
    return Step(**{**values, "fqn": tuple(values["fqn"]), "parents": tuple(values["parents"])})


CONNECTORS = "connectors/"


class TransformError(TieoutError):
    """A model could not be built, or the project not be compiled: a fault of the code, not of the data."""

    def __init__(self, model: str, detail: str, path: str = "") -> None:
        where = f" It is {path} in .tieout/dbt." if path else ""
        super().__init__(f"{model} could not be built: {detail}{where}")
        self.model = model
        self.detail = detail
        self.path = path


class ConnectorError(TransformError):
    """The SQL of a connector can't be run: a matter of its author, named by the author's own file."""

    exit_code = 2

    def __init__(self, model: str, detail: str, path: str) -> None:
        super().__init__(model, detail, path)
        self.message = f"{path} can't be run: {detail}"
        self.args = (self.message,)
        self.remedy = (
            "Mend it; `tieout check` tries it without a run. docs/write-a-connector.md says what it may read."
        )


def fault(model: str, detail: str, path: str) -> TransformError:
    """What is said where a model fails: its author is the workspace's, or ours."""
    return (ConnectorError if path.startswith(CONNECTORS) else TransformError)(model, detail, path)


def execute(connection: Connection, steps: Sequence[Step], *, at_once: int = AT_ONCE) -> list[StepResult]:
    """Build models and run tests, each after those it stands on; the results come as the steps did.

    `at_once`: one at a time stays within a transaction of the connection. Raises where a model can't be built or breaks
    its contract.
    """
    existing = relations(connection)
    for schema in sorted({step.schema for step in steps if not step.is_test}):
        connection.execute(f"create schema if not exists {identifier(schema)}")
    beside = [_beside(connection) for _ in range(at_once - 1)]
    try:
        results = _executed([connection, *beside], steps, existing)
    finally:
        for cursor in beside:
            cursor.close()
    _require_contracts(connection, steps)
    return [results[step.unique_id] for step in steps]


def _executed(
    connections: Sequence[Connection], steps: Sequence[Step], existing: dict[str, str]
) -> dict[str, StepResult]:
    """The engine plans a statement on one core, which is most of what a small company's statements take: two at a time
    took a quarter less for its facts, and the same for three million invoice lines."""
    free: SimpleQueue[Connection] = SimpleQueue()
    for connection in connections:
        free.put(connection)
    by_id = {step.unique_id: step for step in steps}
    order = {step.unique_id: number for number, step in enumerate(steps)}
    waiting = TopologicalSorter(
        {step.unique_id: [name for name in step.parents if name in by_id] for step in steps}
    )
    waiting.prepare()
    results: dict[str, StepResult] = {}
    running: dict[Future[StepResult], Step] = {}
    with ThreadPoolExecutor(len(connections)) as workers:
        try:
            while waiting.is_active():
                for name in sorted(waiting.get_ready(), key=order.__getitem__):
                    running[workers.submit(_execute, free, by_id[name], existing)] = by_id[name]
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    step = running.pop(future)
                    results[step.unique_id] = future.result()
                    waiting.done(step.unique_id)
        except BaseException as error:
            workers.shutdown(wait=False, cancel_futures=True)
            for connection in connections:
                connection.interrupt()
            if isinstance(error, EngineError):
                raise _fault(connections[0], steps, step, error) from error
            raise
    return results


def _beside(connection: Connection) -> Connection:
    """Another connection to the same database, of which it looks at the same one."""
    cursor = connection.cursor()
    cursor.execute(f"use {database_of(connection)}")
    return cursor


def _execute(free: SimpleQueue[Connection], step: Step, existing: dict[str, str]) -> StepResult:
    connection = free.get()
    start = time.monotonic()
    try:
        failures = _failures(connection, step) if step.is_test else _build(connection, step, existing)
    finally:
        free.put(connection)
    return StepResult(step, time.monotonic() - start, failures)


def _fault(connection: Connection, steps: Sequence[Step], step: Step, error: EngineError) -> TransformError:
    """A view fails only where it is read, so a step that fails may be the view's fault: that is tried."""
    for read in steps:
        if read.kind == "view" and read.unique_id in step.parents:
            target = f"{identifier(read.schema)}.{identifier(read.table)}"
            try:
                connection.execute(f"create or replace temporary table tried as select * from {target}")
                connection.execute("drop table tried")
            except EngineError as own:
                return fault(read.name, said(own), read.path)
    return fault(step.name, said(error), step.path)


def said(error: EngineError) -> str:
    """The engine's message in one line, without the line number, which is that of our statement around the SQL."""
    return re.sub(r"\bLINE [0-9]+:", "near:", " ".join(str(error).split()))


def _failures(connection: Connection, step: Step) -> int:
    row = connection.execute(f"select count(*) from ({step.sql}\n) as failing").fetchone()
    return int(row[0]) if row else 0


def _build(connection: Connection, step: Step, existing: dict[str, str]) -> int:
    """One statement a model: `create or replace` is atomic in DuckDB. A failure leaves the table of before."""
    target = f"{identifier(step.schema)}.{identifier(step.table)}"
    kind = "view" if step.kind == "view" else "table"
    before = existing.get(step.relation)
    if before is not None and before != kind:
        connection.execute(f"drop {before} {target}")
    if step.kind == "iterated":
        _build_in_rounds(connection, step, target)
    else:
        connection.execute(f"create or replace {kind} {target} as {_in_contract_order(step)}")
    existing[step.relation] = kind
    return 0


def _in_contract_order(step: Step) -> str:
    if not step.columns:
        return step.sql
    return f"select {', '.join(identifier(name) for name, _ in step.columns)} from ({step.sql}\n) as built"


def _build_in_rounds(connection: Connection, step: Step, target: str) -> None:
    """A round reads what the rounds before it wrote (macros/iterated.sql says why)."""
    columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in step.columns)
    numbered = f"{identifier(step.schema)}.{identifier(str(step.rounds_from))}"
    row = connection.execute(f"select coalesce(max(round_number), 0) from {numbered}").fetchone()
    connection.execute(f"create or replace table {target} ({columns})")
    for number in range(1, (int(row[0]) if row else 0) + 1):
        connection.execute(f"insert into {target} {step.sql.replace(ROUND, str(number))}")


def relations(connection: Connection) -> dict[str, str]:
    """What is there already, by name: table or view."""
    return dict(
        connection.execute(
            "select schema_name || '.' || table_name, 'table' from duckdb_tables()"
            " where database_name = current_database()"
            " union all select schema_name || '.' || view_name, 'view' from duckdb_views()"
            " where database_name = current_database()"
        ).fetchall()
    )


def _require_contracts(connection: Connection, steps: Sequence[Step]) -> None:
    """Every column as its contract declares it, precision and scale included, in one look at the catalog."""
    found: dict[str, list[tuple[str, str]]] = {}
    for relation, column, kind in connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
        " where database_name = current_database() order by schema_name, table_name, column_index"
    ).fetchall():
        found.setdefault(relation, []).append((column, kind))
    for step in steps:
        declared = [(name, canonical_type(kind)) for name, kind in step.columns]
        if declared and found.get(step.relation) != declared:
            differing = sorted(set(declared).symmetric_difference(found.get(step.relation, [])))
            raise TransformError(step.name, f"its columns differ from its contract: {differing}", step.path)


def canonical_type(declared: str) -> str:
    """A type of a contract as the engine's catalog names it."""
    text = "".join(declared.upper().split())
    return {"STRING": "VARCHAR", "TEXT": "VARCHAR", "INT": "INTEGER"}.get(text, text)

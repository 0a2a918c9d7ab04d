"""The fixtures of a connector: exports as the system drops them, and the exchange records they must become.

    connectors/<system>/fixtures/<case>/<export files>
    connectors/<system>/fixtures/<case>/expected/<entity>.csv      the columns it names are compared

One case may lie in fixtures/ itself. Cases run in a workspace of their own below .tieout, up to the exchange.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.connectors import Connector
from warehouse.engine import Connection, identifier, literal
from warehouse.errors import ConfigurationError, TieoutError
from warehouse.exchange import Entity, entities
from warehouse.settings import nearest
from warehouse.trial import Trial, trial
from warehouse.workspace import RunContext, Workspace, today

FOLDER = "fixtures"
EXPECTED = "expected"
HOW_TO = (
    f"Put export files into connectors/<system>/{FOLDER}/<case>/, and what they must become into "
    f"connectors/<system>/{FOLDER}/<case>/{EXPECTED}/<entity>.csv, with the key columns and those to compare."
)


@dataclass(frozen=True)
class Case:
    """One fixture of a system."""

    system: str
    name: str
    folder: Path


@dataclass(frozen=True)
class Difference:
    """Where a record is not as expected: a column, or the whole record where there is none."""

    key: str
    column: str | None
    expected: str | None
    found: str | None


@dataclass(frozen=True)
class Result:
    """What became of one entity of a case, or of a case that could not be run."""

    case: Case
    entity: str
    records: int = 0
    differences: tuple[Difference, ...] = ()
    fault: str | None = None

    @property
    def passed(self) -> bool:
        return self.fault is None and not self.differences


def cases_of(connectors: Mapping[str, Connector], systems: Sequence[str] = ()) -> list[Case]:
    """The fixtures of the systems that are named, else of all that have some."""
    for system in systems:
        if system not in connectors:
            raise ConfigurationError(f"there is no connector {system}{nearest(system, list(connectors))}")
    cases = [case for system in systems or connectors for case in _cases(connectors[system])]
    tested = {case.system for case in cases}
    without = [system for system in systems if system not in tested]
    if without or not cases:
        raise ConfigurationError(f"{', '.join(without) or 'no connector'} has no fixtures to test", HOW_TO)
    return cases


def _cases(connector: Connector) -> Iterator[Case]:
    root = connector.folder / FOLDER
    if any((root / EXPECTED).glob("*.csv")):
        yield Case(connector.system, FOLDER, root)
    for folder in sorted(path for path in root.glob("*") if path.is_dir() and path.name != EXPECTED):
        if not any((folder / EXPECTED).glob("*.csv")):
            raise ConfigurationError(f"{folder} says nothing of what its files become", HOW_TO)
        yield Case(connector.system, folder.name, folder)


def run(workspace: Workspace, cases: Sequence[Case]) -> Iterator[Result]:
    """Each case on its own, in its own exports; the project they share is compiled once."""
    scratch = _scratch(workspace, cases)
    for case in cases:
        exports = scratch.exports / case.system
        _empty(exports)
        for path in sorted(case.folder.iterdir()):
            if path.is_file():
                shutil.copy(path, exports / path.name)
        with trial(RunContext(scratch, today(scratch.settings))) as tried:
            yield from _results(case, tried)
        _empty(exports)


def _scratch(workspace: Workspace, cases: Sequence[Case]) -> Workspace:
    """A workspace with the same connectors and settings; what dbt compiled in it is kept for the next time."""
    root = workspace.state / "connector-test"
    policies = workspace.settings.policies.model_copy(update={"freshness_hours": 0})
    scratch = Workspace(root, workspace.settings.model_copy(update={"policies": policies}))
    for folder in (scratch.connectors, scratch.exports):
        shutil.rmtree(folder, ignore_errors=True)
    if workspace.connectors.is_dir():
        shutil.copytree(workspace.connectors, scratch.connectors)
    for case in cases:
        (scratch.exports / case.system).mkdir(parents=True, exist_ok=True)
    return scratch


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _results(case: Case, tried: Trial) -> Iterator[Result]:
    """Every expected file compared; what stops the case stands in place of them."""
    said = [finding.message for finding in tried.extraction.blocks] + [str(one) for one in tried.failures]
    if said:
        yield Result(case, "", fault="; ".join(said))
        return
    for lost in tried.lost:
        yield Result(case, "", fault=f"money_differs: {lost}")
    for path in sorted((case.folder / EXPECTED).glob("*.csv")):
        try:
            records, differences = _compared(tried.connection, case, path)
            yield Result(case, path.stem, records, tuple(differences))
        except TieoutError as error:
            yield Result(case, path.stem, fault=str(error))


def _compared(connection: Connection, case: Case, path: Path) -> tuple[int, list[Difference]]:
    entity = entities().get(path.stem)
    if entity is None:
        raise ConfigurationError(
            f"{path} bears the name of no exchange entity{nearest(path.stem, list(entities()))}"
        )
    types = {
        str(row[0]): str(row[1])
        for row in connection.execute(f"describe exchange.{identifier(entity.name)}").fetchall()
    }
    columns, rows = _expected(path, entity, types)
    _load(connection, path, columns, rows, types)
    found = connection.execute(
        f"select count(*) from exchange.{identifier(entity.name)} where source_system = ?", [case.system]
    ).fetchone()
    compared = connection.execute(_comparison(case.system, entity, columns)).fetchall()
    return int(found[0]) if found else 0, [Difference(*row) for row in compared]


def _expected(path: Path, entity: Entity, types: Mapping[str, str]) -> tuple[list[str], list[list[str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        columns, *rows = list(csv.reader(file)) or [[]]
    for column in columns:
        if column not in types:
            raise ConfigurationError(
                f"{path}: {entity.name} has no column {column}{nearest(column, list(types))}"
            )
    missing = [name for name in entity.key if name in entity.required and name not in columns]
    if missing:
        raise ConfigurationError(f"{path} lacks {', '.join(missing)}, by which its records are found")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            raise ConfigurationError(f"{path} row {number} has {len(row)} values for {len(columns)} columns")
    return columns, rows


def _load(
    connection: Connection,
    path: Path,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    types: Mapping[str, str],
) -> None:
    """The expected records as table `expected`, of the entity's own types."""
    texts = ", ".join(f"{identifier(name)} varchar" for name in columns)
    connection.execute(f"create or replace temporary table expected_text (row_number bigint, {texts})")
    marks = ", ".join("?" for _ in range(len(columns) + 1))
    if rows:
        connection.executemany(
            f"insert into expected_text values ({marks})",
            [[number, *(value or None for value in row)] for number, row in enumerate(rows, start=2)],
        )
    for name in columns:
        wrong = connection.execute(
            f"select row_number, {identifier(name)} from expected_text where {identifier(name)} is not null"
            f" and try_cast({identifier(name)} as {types[name]}) is null order by 1 limit 1"
        ).fetchone()
        if wrong:
            raise ConfigurationError(
                f"{path} row {wrong[0]}: {name} {wrong[1]!r} is no {types[name].lower()}"
            )
    typed = ", ".join(f"cast({identifier(name)} as {types[name]}) as {identifier(name)}" for name in columns)
    connection.execute(
        f"create or replace temporary table expected as select {typed}, true as is_expected from expected_text"
    )


def _comparison(system: str, entity: Entity, columns: Sequence[str]) -> str:
    """Missing and unexpected records, and each differing value of those that are in both."""
    key = [name for name in entity.key if name in columns]
    on = " and ".join(
        f"expected.{identifier(name)} is not distinct from found.{identifier(name)}" for name in key
    )
    shown = " || '|' || ".join(
        f"coalesce(cast(coalesce(expected.{identifier(name)}, found.{identifier(name)}) as varchar), '')"
        for name in key
    )
    is_missing = f"from expected left join found on {on} where found.source_system is null"
    is_more = f"from found left join expected on {on} where expected.is_expected is null"
    parts = [
        f"select {shown} as key, null as column_name, 'this record' as expected, null as found {is_missing}",
        f"select {shown}, null, null, 'this record' {is_more}",
    ]
    for name in columns:
        one, other = f"expected.{identifier(name)}", f"found.{identifier(name)}"
        parts.append(
            f"select {shown}, {literal(name)}, cast({one} as varchar), cast({other} as varchar)"
            f" from expected inner join found on {on} where {one} is distinct from {other}"
        )
    return (
        f"with found as (select * from exchange.{identifier(entity.name)} where source_system = {literal(system)}) "
        f"select * from ({' union all '.join(parts)}) order by all"
    )

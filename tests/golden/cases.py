"""Loads the golden cases, merges those of a scenario into waves of exports, and checks published tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tests.oracle.tables import Tables
from tests.property.lives import Wave

FOLDER = Path(__file__).parent

Rows = list[dict[str, str]]
Export = dict[str, Rows]


@dataclass(frozen=True)
class Check:
    """One published figure: the sum of a column over the rows that match, or whether there are any."""

    table: str
    where: Mapping[str, str]
    column: str = ""
    amount: str = ""
    rows: str = ""

    def matches(self, row: Mapping[str, object]) -> bool:
        return all(fnmatchcase(_text(row[column]), value) for column, value in self.where.items())

    def failure(self, tables: Tables) -> str | None:
        """None where it holds, else a sentence."""
        if self.table not in tables:
            return f"{self}: there is no table {self.table}"
        found = [row for row in tables[self.table] if self.matches(row)]
        if self.rows:
            return None if bool(found) == (self.rows == "some") else f"{self}: there are {len(found)} rows"
        total = sum((Decimal(str(row[self.column])) for row in found), Decimal(0))
        return None if total == Decimal(self.amount) else f"{self}: is {total:f} in {len(found)} rows"

    def __str__(self) -> str:
        where = ", ".join(f"{column} {value}" for column, value in self.where.items())
        return f"{self.table} [{where}] {self.column or 'rows'} = {self.amount or self.rows}"


@dataclass(frozen=True)
class Case:
    case_id: str
    title: str
    scenario: str
    deliveries: Mapping[int, Export]
    checks: Sequence[Check]
    is_awaited: bool = False
    """The product does not compute it yet: it must hold the contracts back, not publish other figures."""

    def export(self, delivery: int) -> Export:
        """The complete exports of the n-th delivery, counted from 1."""
        found: Export = {}
        for n in sorted(self.deliveries):
            if n <= delivery:
                found |= self.deliveries[n]
        return found

    def failures(self, tables: Tables) -> list[str]:
        return [failure for check in self.checks if (failure := check.failure(tables))]


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _load_yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # every scalar is text


def _read_csv(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _load_case(folder: Path) -> Case:
    header = _load_yaml(folder / "case.yaml")
    deliveries: dict[int, Export] = {}
    for path in sorted(folder.rglob("*.csv")):
        number = 1 if path.parent == folder else int(path.parent.name)
        deliveries.setdefault(number, {})[path.stem] = _read_csv(path)
    checks = [
        Check(row["table"], row["where"], row.get("column", ""), row.get("is", ""), row.get("rows", ""))
        for row in _load_yaml(folder / "expected.yaml")["checks"]
    ]
    is_awaited = header.get("product") == "not_yet_supported"
    return Case(folder.name, header["title"], header["scenario"], deliveries, checks, is_awaited)


def load_cases() -> list[Case]:
    """All cases, in order of their names."""
    return [_load_case(path.parent) for path in sorted(FOLDER.glob("*/case.yaml"))]


def policies(scenario: str) -> dict[str, str | bool]:
    """Policies of its workspace, where they are not the defaults."""
    found: dict[str, str] = _load_yaml(FOLDER / "scenarios.yaml")[scenario].get("policies", {})
    return {name: {"true": True, "false": False}.get(value, value) for name, value in found.items()}


def _same_columns(rows: Iterable[dict[str, str]]) -> Rows:
    rows = list(rows)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return [{column: row.get(column, "") for column in columns} for row in rows]


def waves(scenario: str, cases: Sequence[Case]) -> list[Wave]:
    """The deliveries of a scenario with the rows of all its cases."""
    found = []
    for number, delivery in enumerate(_load_yaml(FOLDER / "scenarios.yaml")[scenario]["deliveries"], start=1):
        merged: Export = {}
        for case in cases:
            if case.scenario == scenario:
                for entity, rows in case.export(number).items():
                    merged.setdefault(entity, []).extend(rows)
        exports = {entity: _same_columns(rows) for entity, rows in merged.items()}
        as_of, closes = date.fromisoformat(delivery["as_of"]), tuple(delivery["closes"])
        found.append(Wave(number, as_of, exports, closes, through=False, broken=frozenset()))
    return found

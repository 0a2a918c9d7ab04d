"""What published tables and their columns mean, as the YAML beside the models says it: one source for the comments
in tieout.duckdb, the manifests of months and docs/data-dictionary.md. No SQL runs here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from warehouse.workspace import shipped

# The safe loader in C where there is one: the plain one takes half a second.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Tables that no model makes, of which the file alone knows: in the same form.
_OWN = Path(__file__).with_name("released.yml")


@dataclass(frozen=True)
class DescribedColumn:
    """A column with its type, as dbt declares it, and the sentence that explains it."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class DescribedTable:
    """A published table: its description begins with or names its grain."""

    name: str
    description: str
    columns: tuple[DescribedColumn, ...]

    def comments(self) -> dict[str, str]:
        """Every column with the sentence that explains it."""
        return {column.name: column.description for column in self.columns}


@cache
def dictionary() -> Mapping[str, DescribedTable]:
    """Every described table by its published name."""
    return {table.name: table for table in (_table(one) for one in _declared())}


def _declared() -> Iterator[dict[str, Any]]:
    models = shipped("dbt_project") / "models"
    for stage in ("marts", "audit", "posting"):
        for path in sorted((models / stage).glob("*.yml")):
            yield from _read(path)["models"]
    for source in _read(models / "sources.yml")["sources"]:
        yield from (table for table in source["tables"] if "columns" in table)
    yield from _read(_OWN)["tables"]


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    return content


def _table(declared: dict[str, Any]) -> DescribedTable:
    """A model `stage__name` is the table `name` (macros/naming.sql)."""
    return DescribedTable(
        declared["name"].split("__", 1)[-1],
        declared["description"],
        tuple(
            DescribedColumn(one["name"], one["data_type"], one["description"]) for one in declared["columns"]
        ),
    )

"""The exchange entities as their models declare them: columns, types, keys, money. What connectors map to.

dbt_project/models/exchange/*.yml says it once, for dbt's contracts and for the authors of connectors alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from warehouse.workspace import shipped

# The safe loader in C where there is one: the plain one takes half a second.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIX = "exchange__"
# Not mapped by connectors: a list of ours.
_OWN = {"currencies"}
# What every record has besides the entity's own columns (macros/exchange.sql, record_columns).
_RECORD_COLUMNS_FROM = "source_system"
# What the SQL of a connector gives besides the entity's columns.
SOURCE_COLUMNS = ("source_rows", "source_rank")


@dataclass(frozen=True)
class Column:
    """A column of an entity, as dbt declares it."""

    name: str
    data_type: str
    description: str


@dataclass(frozen=True)
class Entity:
    """An exchange entity: its own columns in order, those of its key, and those a record can't do without."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: tuple[str, ...]
    money: str | None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@cache
def entities() -> dict[str, Entity]:
    """All exchange entities a connector can map to, by name."""
    found = (_entity(model) for model in _models())
    return {entity.name: entity for entity in sorted(found, key=lambda one: one.name)}


def _models() -> Iterator[dict[str, Any]]:
    for path in sorted((shipped("dbt_project") / "models" / "exchange").glob("*.yml")):
        for model in yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)["models"]:  # noqa: S506
            if model["name"].removeprefix(_PREFIX) not in _OWN:
                yield model


def _entity(model: dict[str, Any]) -> Entity:
    meta = model["config"]["meta"]
    names = [column["name"] for column in model["columns"]]
    own = model["columns"][: names.index(_RECORD_COLUMNS_FROM)]
    return Entity(
        name=model["name"].removeprefix(_PREFIX),
        description=model["description"],
        columns=tuple(Column(one["name"], one["data_type"], one["description"]) for one in own),
        key=tuple(meta["key"]),
        required=tuple(meta["required"]),
        money=meta.get("money"),
    )

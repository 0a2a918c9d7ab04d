"""Which models before the gate need no new build, because everything they stand on is as it was. It builds nothing.

A close follows a run, and most nights bring a few files of many: what those don't touch is typed already. Only
models that stand on the lake alone are ever kept; what looks at the context of a run or at published months is
built every time.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

from warehouse.engine import Connection
from warehouse.extract.order import Delivery

BUILT = "run.built"
LAKE = "lake"


def keys(nodes: Mapping[str, Any], deliveries: Sequence[Delivery], rules: str) -> dict[str, str]:
    """A key for every model that stands on the lake alone: rules, and the deliveries it stands on."""
    in_force: dict[str, list[list[object]]] = {}
    for one in deliveries:
        name = f"{one.system}__{one.object}"
        in_force.setdefault(name, []).append([one.file_id, one.sha256, one.rank])
    found = {}
    for unique_id in nodes:
        sources = upstream_sources(nodes, unique_id)
        if all(source.split(".")[-2] == LAKE for source in sources):
            content = {source: sorted(in_force.get(source.split(".")[-1], [])) for source in sources}
            text = json.dumps([rules, content], sort_keys=True)
            found[unique_id] = hashlib.sha256(text.encode()).hexdigest()
    return found


def in_order(nodes: Mapping[str, Any]) -> list[str]:
    """The models so that each comes after those it stands on."""
    parents = {one: [p for p in nodes[one].depends_on.nodes if p in nodes] for one in sorted(nodes)}
    return list(TopologicalSorter(parents).static_order())


def upstream_sources(nodes: Mapping[str, Any], unique_id: str) -> set[str]:
    """Every source a model stands on, through other models."""
    found: set[str] = set()
    waiting, seen = [unique_id], {unique_id}
    while waiting:
        for parent in nodes[waiting.pop()].depends_on.nodes:
            if parent.startswith("source."):
                found.add(parent)
            elif parent in nodes and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return found


def kept(connection: Connection, nodes: Mapping[str, Any], wanted: Mapping[str, str]) -> set[str]:
    """Models that were built with the same key and are still there."""
    _prepare(connection)
    built = dict(connection.execute(f"select unique_id, key from {BUILT}").fetchall())
    relations = {
        name
        for (name,) in connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
            " union all select schema_name || '.' || view_name from duckdb_views()"
            " where database_name = current_database()"
        ).fetchall()
    }
    return {
        unique_id
        for unique_id, key in wanted.items()
        if built.get(unique_id) == key and f"{nodes[unique_id].schema}.{nodes[unique_id].alias}" in relations
    }


def forget(connection: Connection, still_good: set[str]) -> None:
    """Before a build: what is about to be replaced has no key, so that a killed build keeps nothing."""
    _prepare(connection)
    connection.execute(f"delete from {BUILT} where not list_contains(?, unique_id)", [sorted(still_good)])


def remember(connection: Connection, built: Mapping[str, str]) -> None:
    """After a build that passed its tests."""
    connection.execute("begin transaction")
    try:
        connection.execute(f"delete from {BUILT}")
        if built:
            connection.executemany(f"insert into {BUILT} values (?, ?)", [list(row) for row in built.items()])
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _prepare(connection: Connection) -> None:
    connection.execute("create schema if not exists run")
    connection.execute(f"create table if not exists {BUILT} (unique_id varchar, key varchar)")

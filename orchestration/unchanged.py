"""Which models before the gate need no new build, because everything they stand on is as it was. It builds nothing.

A close follows a run, and most nights bring a few files of many: what those don't touch is typed already. Only
models that stand on the lake alone are ever kept; what looks at the context of a run or at published months is
built every time.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

from orchestration.stages import models_of
from warehouse.engine import Connection
from warehouse.extract.order import Delivery
from warehouse.plan import Step, relations

BUILT = "run.built"
LAKE = "lake"


def keys(steps: Sequence[Step], deliveries: Sequence[Delivery], rules: str) -> dict[str, str]:
    """A key for every model that stands on the lake alone: rules, and the deliveries it stands on."""
    in_force: dict[str, list[list[object]]] = {}
    for one in deliveries:
        name = f"{one.system}__{one.object}"
        in_force.setdefault(name, []).append([one.file_id, one.sha256, one.rank])
    found = {}
    upstream = _sources(steps)
    for unique_id, sources in upstream.items():
        if all(source.split(".")[-2] == LAKE for source in sources):
            content = {source: sorted(in_force.get(source.split(".")[-1], [])) for source in sources}
            text = json.dumps([rules, content], sort_keys=True)
            found[unique_id] = hashlib.sha256(text.encode()).hexdigest()
    return found


def _sources(steps: Sequence[Step]) -> dict[str, set[str]]:
    """Every source each model stands on, through other models; the steps come in order."""
    found: dict[str, set[str]] = {}
    for step in steps:
        if not step.is_test:
            own = {parent for parent in step.parents if parent.startswith("source.")}
            found[step.unique_id] = own.union(*(found.get(parent, set()) for parent in step.parents))
    return found


def kept(connection: Connection, steps: Sequence[Step], wanted: Mapping[str, str]) -> set[str]:
    """Models that were built with the same key and are still there."""
    _prepare(connection)
    built = dict(connection.execute(f"select unique_id, key from {BUILT}").fetchall())
    present = relations(connection)
    return {
        step.unique_id
        for step in steps
        if step.unique_id in wanted
        and built.get(step.unique_id) == wanted[step.unique_id]
        and step.relation in present
    }


def stands_on(step: Step, kept: set[str]) -> bool:
    """Whether a step is a kept model, or a test of kept models alone, which passed when they were built."""
    return models_of(step) <= kept if step.is_test else step.unique_id in kept


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

"""Which entities need no new test, because what rules look at is what it was. It tests nothing.

Most nights change a few entities of many, and a close builds twice on the same records: of those that did not change,
`gate.failures` stands as it is. What rules look at is compared by a 128-bit digest of their columns, which the engine
works out in one look; Great Expectations takes some 50 ms for each of its questions, on any number of rows.

An entity that a rule of the workspace looks at is always tested: such a rule may ask for the day, or read other tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from importlib.metadata import version
from pathlib import Path

from expectations.suites import Rule
from warehouse.engine import Connection, identifier

_TESTED = "table gate.tested (entity varchar, digest varchar)"
_FAILURES = """
    table gate.failures (
        entity varchar, rule varchar, severity varchar, record_key varchar, source_row bigint,
        contract_id varchar, detail varchar, amount decimal(18, 3), currency varchar
    )
"""
# The row of gate.tested that says which program found what stands in both tables.
_PROGRAM = "(program)"


def begin(connection: Connection, again: Collection[str]) -> None:
    """Both tables, with what an earlier build of this program left, but for the entities `again`."""
    connection.execute("create schema if not exists gate")
    connection.execute(f"create {_TESTED.replace('table', 'table if not exists', 1)}")
    program = _program()
    if known(connection, "gate").get(_PROGRAM) != program:
        for table in (_TESTED, _FAILURES):
            connection.execute(f"create or replace {table}")
        remember(connection, "gate", _PROGRAM, program)
    forget(connection, "gate", again)


def known(connection: Connection, gate: str) -> dict[str, str]:
    """The digest with which each entity was tested; `gate` is the schema as the connection names it."""
    return dict(connection.execute(f"select entity, digest from {gate}.tested").fetchall())


def forget(connection: Connection, gate: str, entities: Collection[str]) -> None:
    """Before they are tested again: the digest first, so that a killed build keeps nothing half tested."""
    for table in ("tested", "failures"):
        connection.execute(f"delete from {gate}.{table} where list_contains(?, entity)", [sorted(entities)])


def remember(connection: Connection, gate: str, entity: str, digest: str | None) -> None:
    """After all its failing rows are written down."""
    if digest is not None:
        connection.execute(f"insert into {gate}.tested values (?, ?)", [entity, digest])


def digest_of(connection: Connection, rules: Sequence[Rule]) -> str | None:
    """Of an entity's rules and of all that they look at, gathered in the table of its name; None: never the same."""
    if not all(rule.is_shipped for rule in rules):
        return None
    entity = identifier(rules[0].entity)
    row = connection.execute(
        f"select count(*), sum(cast(hash(one) as hugeint)), bit_xor(hash(one)) from {entity} as one"
    ).fetchone()
    said = repr([rule.model_dump(mode="json") for rule in rules])
    return hashlib.sha256(f"{said}\0{row!r}".encode()).hexdigest()


def _program() -> str:
    """This package, and what asks and answers: another version may find something else."""
    digest = hashlib.sha256()
    for name in ("great-expectations", "duckdb"):
        digest.update(f"{name} {version(name)}\n".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()

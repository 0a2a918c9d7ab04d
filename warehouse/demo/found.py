"""Whether what was planted was found, and nothing else: the manifest against the quarantine that readers see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from warehouse import engine
from warehouse.demo.dirt import kinds


@dataclass(frozen=True)
class Score:
    """Of one kind, or of what was not planted (kind is empty): faults planted, found, and found as something else."""

    kind: str
    planted: int
    found: int
    unplanted: int


@dataclass(frozen=True)
class Comparison:
    """What was planted against what the gate says, by record and rule, and by contract."""

    records: tuple[Score, ...]
    contracts: Score

    @property
    def is_exact(self) -> bool:
        """All of it, and nothing else."""
        return all(one.planted == one.found and not one.unplanted for one in (*self.records, self.contracts))

    @property
    def total(self) -> Score:
        """All kinds together."""
        return Score(
            "",
            sum(one.planted for one in self.records),
            sum(one.found for one in self.records),
            sum(one.unplanted for one in self.records),
        )


# What is listed beside faults: a correction of what was published says that no amendment explains it.
_NO_DIRT = ("unexplained_change",)

_RECORDS = """
with planted as (
    select entity, record_key, rule, severity, min(kind) as kind
    from manifest
    where wave <= $wave and coalesce(mended, 9) > $wave
    group by all
),

found as (
    select distinct entity, record_key, rule, severity
    from audit.quarantine
    where severity in ('quarantine', 'warn') and entity != 'files' and rule not in (select unnest($no_dirt))
        -- a record that fails nothing itself, or is only warned of, with a contract that is held
        and detail not like 'held with %'
        and (severity = 'quarantine' or contract_id is null or contract_id not in (
            select contract_id from audit.quarantine
            where entity = 'contracts' and severity = 'quarantine' and contract_id is not null
        ))
)

select
    coalesce(planted.kind, ''),
    count(planted.entity),
    count(*) filter (where planted.entity is not null and found.entity is not null),
    count(*) filter (where planted.entity is null)
from planted
full join found using (entity, record_key, rule, severity)
group by all
order by all
"""

_CONTRACTS = """
with planted as (
    select distinct contract_id
    from manifest
    where contract_id is not null and wave <= $wave and coalesce(mended, 9) > $wave
),

found as (
    select distinct contract_id from audit.quarantine where entity = 'contracts' and severity = 'quarantine'
)

select
    count(planted.contract_id),
    count(*) filter (where planted.contract_id is not null and found.contract_id is not null),
    count(*) filter (where planted.contract_id is null)
from planted
full join found on planted.contract_id = found.contract_id
"""


def compared(database: Path, manifest: Path, wave: int) -> Comparison:
    """What is planted in the exports of a wave against the quarantine that readers of the database see."""
    connection = engine.connect(database, read_only=True)
    try:
        connection.execute(
            f"create temporary table manifest as select * replace (wave::integer as wave, mended::integer as mended)"
            f" from {_read(manifest)}"
        )
        rows = connection.execute(_RECORDS, {"wave": wave, "no_dirt": list(_NO_DIRT)}).fetchall()
        [contracts] = connection.execute(_CONTRACTS, {"wave": wave}).fetchall()
    finally:
        connection.close()
    return Comparison(tuple(Score(*row) for row in rows), Score("contracts", *contracts))


@dataclass(frozen=True)
class Planted:
    """A fault as the manifest has it."""

    kind: str
    object: str
    row_key: str
    contract_id: str


def easily_mended(manifest: Path, wave: int) -> Planted | None:
    """A fault in one field of an order that holds its contract: a first thing to mend."""
    in_one_field = [kind.name for kind in kinds() if kind.object == "atlas__orders" and not kind.adds]
    connection = engine.connect()
    try:
        rows = connection.execute(
            f"select kind, object, row_key, contract_id from {_read(manifest)}"
            " where list_contains($kinds, kind) and contract_id is not null and wave::integer <= $wave"
            " and coalesce(mended::integer, 9) > $wave order by all limit 1",
            {"wave": wave, "kinds": in_one_field},
        ).fetchall()
    finally:
        connection.close()
    return Planted(*rows[0]) if rows else None


def _read(manifest: Path) -> str:
    return f"read_csv({engine.literal(str(manifest))}, header = true, all_varchar = true)"


def rules_to_waive(manifest: Path, wave: int) -> list[str]:
    """The rules by which what is planted holds something back in a wave; a close answers for no other."""
    connection = engine.connect()
    try:
        rows = connection.execute(
            f"select distinct rule from {_read(manifest)}"
            " where severity = 'quarantine' and wave::integer <= $wave and coalesce(mended::integer, 9) > $wave"
            " order by rule",
            {"wave": wave},
        ).fetchall()
    finally:
        connection.close()
    return [rule for (rule,) in rows]

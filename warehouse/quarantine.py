"""The life of what the gate holds back: which fault appeared when, in how many runs it was seen, how it ended.

journal/quarantine.jsonl holds what changes. A run that releases compares its faults with those that were open, in
SQL, and appends what appeared and what was released, closed by one line that says that the run looked. Changes count
with that line: what a killed run wrote before it is as if it had never been. Why a record is held is not known here;
the gate and the models of `accepted` say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from warehouse.engine import Connection, EngineError, identifier, literal
from warehouse.errors import TieoutError
from warehouse.journal import Journal
from warehouse.workspace import Workspace

KIND = "quarantine"

_EVENT_TYPES = {
    "seq": "bigint",
    "at": "varchar",
    "run_id": "varchar",
    "as_of": "date",
    "event": "varchar",
    "entity": "varchar",
    "record_key": "varchar",
    "rule": "varchar",
    "severity": "varchar",
    "fate": "varchar",
    "contract_id": "varchar",
    "object": "varchar",
    "source_file": "varchar",
    "source_row": "bigint",
    "file_sha256": "varchar",
    "how": "varchar",
    "deliveries": "map(varchar, bigint)",
}


@dataclass(frozen=True)
class Found:
    """What changed since the last look: the events, not journaled yet, and how many there are of each."""

    path: Path
    appeared: int = 0
    released: Mapping[str, int] = field(default_factory=dict)
    """Faults that are gone, by how they ended."""


# A fault is a record and a rule that it fails by itself; what is held with it comes and goes with it.
_FAULTS = """
    select
        faults.entity, faults.record_key, faults.rule, faults.severity, faults.fate, faults.contract_id,
        files.system || '.' || files.object as object,
        faults.source_file, faults.source_row, faults.file_sha256
    from audit.quarantine as faults
    inner join gate.failures as failures
        on faults.entity = failures.entity
        and faults.record_key = failures.record_key
        and faults.rule = failures.rule
        and failures.severity = 'quarantine'
    left join run.source_files as files on failures.source_row // 4294967296 = files.file_id
    where faults.fate in ('quarantined', 'held')
"""

_SAME = "{0}.entity = {1}.entity and {0}.record_key = {1}.record_key and {0}.rule = {1}.rule"


def look(con: Connection, workspace: Workspace, journal: Journal, run_id: str, as_of: date) -> Found:
    """Compare the faults of the build `con` stands on with those that were open.

    Nothing is journaled yet: a run counts once its release is in place, then `remember` takes the file in.
    """
    load(con, journal)
    path = workspace.state / "quarantine.jsonl"
    path.unlink(missing_ok=True)
    con.execute(f"create or replace temp table quarantine_now as {_FAULTS}")
    con.execute(f"create or replace temp table quarantine_open as select * from ({HISTORY}) where is_open")
    con.execute(
        f"copy ({_changes(con)}) to {literal(str(path))} (format json)",
        {"run_id": run_id, "as_of": as_of.isoformat(), "at": journal.now()},
    )
    counted = con.execute(
        f"select event, how, count(*) from {_read([path])} group by all order by all"
    ).fetchall()
    return Found(
        path,
        sum(int(count) for event, _, count in counted if event == "appeared"),
        {str(how): int(count) for event, how, count in counted if event == "released"},
    )


def remember(journal: Journal, found: Found) -> None:
    """Journal what a run found that has released."""
    journal.append_written(KIND, found.path)
    found.path.unlink()


def load(con: Connection, journal: Journal, found: Found | None = None) -> None:
    """All events, with those of a run that are not journaled yet, as a table for HISTORY to read."""
    files = [path for path in (journal.whole(KIND), found.path if found else None) if path is not None]
    declared = ", ".join(f"{identifier(name)} {kind}" for name, kind in _EVENT_TYPES.items())
    con.execute(f"create or replace temp table quarantine_events ({declared})")
    if not files:
        return
    try:
        con.execute(f"insert into quarantine_events from {_read(files)}")
    except EngineError as error:
        raise TieoutError(
            f"{files[0]} is damaged: it holds what this journal did not write ({' '.join(str(error).split())}).",
            "The journal is append-only; restore the file from a backup.",
        ) from error


def _read(files: Sequence[Path]) -> str:
    """The events in files of JSON lines, as a relation."""
    places = ", ".join(literal(str(path)) for path in files)
    types = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in _EVENT_TYPES.items())
    return f"read_json([{places}], format = 'newline_delimited', columns = {{{types}}})"


# One row a fault: first and last seen, how often, how it ended (warehouse/publish/released.yml has the columns). Looks
# are numbered, so that the runs between two of them are a subtraction.
HISTORY = """
    with looks as (
        select run_id, as_of, "at", deliveries, cast(row_number() over (order by seq) as bigint) as number
        from quarantine_events
        where event = 'looked'
    ),

    changes as (
        select events.*, looks.number
        from quarantine_events as events
        inner join looks on events.run_id = looks.run_id
        where events.event in ('appeared', 'released')
    ),

    spans as (
        select
            *,
            lead(number) over (partition by entity, record_key, rule order by number) as released_number,
            lead(how) over (partition by entity, record_key, rule order by number) as released_how
        from changes
    ),

    openings as (
        select
            spans.* exclude (as_of, "at", deliveries, how),
            first_look.as_of as first_as_of,
            first_look."at" as first_at,
            last_look.number as last_number,
            last_look.as_of as last_as_of,
            last_look."at" as last_at,
            released_look.as_of as released_as_of,
            released_look."at" as released_at,
            last_look.deliveries[spans.object] - first_look.deliveries[spans.object] + 1 as deliveries
        from spans
        inner join looks as first_look on spans.number = first_look.number
        inner join looks as last_look
            on coalesce(spans.released_number - 1, (select max(number) from looks)) = last_look.number
        left join looks as released_look on spans.released_number = released_look.number
        where spans.event = 'appeared'
    )

    -- the last opening of each fault, with what came before it added up
    select
        entity,
        record_key,
        rule,
        severity,
        fate,
        contract_id,
        first_value(first_as_of) over so_far as first_seen_as_of,
        cast(first_value(first_at) over so_far as timestamp) as first_seen_at,
        last_as_of as last_seen_as_of,
        cast(last_at as timestamp) as last_seen_at,
        cast(sum(last_number - number + 1) over so_far as bigint) as runs,
        cast(sum(deliveries) over so_far as bigint) as deliveries,
        count(*) over so_far - 1 as returns,
        released_number is null as is_open,
        released_as_of,
        cast(released_at as timestamp) as released_at,
        released_how,
        source_file,
        source_row,
        file_sha256
    from openings
    window so_far as (
        partition by entity, record_key, rule order by number
        rows between unbounded preceding and current row
    )
    qualify lead(number) over (partition by entity, record_key, rule order by number) is null
"""


def _changes(con: Connection) -> str:
    """Select of the events of this look: what appeared, what was released, and that it looked."""
    return f"""
        with changes as (
            select
                'appeared' as event, now.entity, now.record_key, now.rule, now.severity, now.fate, now.contract_id,
                now.object, now.source_file, now.source_row, now.file_sha256, cast(null as varchar) as how
            from quarantine_now as now
            where not exists (select 1 from quarantine_open as opened where {_SAME.format("opened", "now")})

            union all

            select
                'released' as event, opened.entity, opened.record_key, opened.rule, opened.severity, opened.fate,
                opened.contract_id, null as object, null as source_file, null as source_row, null as file_sha256,
                case
                    when failures.severity = 'warn' then 'lowered'
                    when records_out.fate in ('excluded', 'later') then records_out.fate
                    when delivered.record_key is not null then 'mended'
                    when opened.entity = 'known_records' then 'waived'
                    else 'removed'
                end as how
            from quarantine_open as opened
            left join gate.failures as failures on {_SAME.format("failures", "opened")}
            left join accepted.records_out as records_out
                on opened.entity = records_out.entity and opened.record_key = records_out.record_key
            left join ({_delivered(con)}) as delivered
                on opened.entity = delivered.entity and opened.record_key = delivered.record_key
            where not exists (select 1 from quarantine_now as now where {_SAME.format("now", "opened")})
        ),

        objects as (
            select system || '.' || object as object, count(*) as deliveries from run.source_files group by all
        ),

        written as (
            select
                row_number() over (order by event, entity, record_key, rule) as place,
                changes.*,
                cast(null as map(varchar, bigint)) as deliveries
            from changes

            union all

            select
                (select count(*) from changes) + 1 as place, 'looked' as event, null, null, null, null, null, null,
                null, null, null, null, null,
                (select map(list(object order by object), list(deliveries order by object)) from objects) as deliveries
        )

        select
            (select coalesce(max(seq), 0) from quarantine_events) + place as seq,
            $at as "at",
            $run_id as run_id,
            $as_of as as_of,
            written.* exclude (place)
        from written
        order by place
    """


def _delivered(con: Connection) -> str:
    """Select of the records, among those that were open, that are there today.

    A vanished record is there where it is known and nothing says that it has vanished.
    """
    entities = [
        str(entity)
        for (entity,) in con.execute(
            "select distinct opened.entity from quarantine_open as opened inner join duckdb_tables() as tables"
            " on tables.schema_name = 'exchange' and tables.table_name = opened.entity"
            " where tables.database_name = current_database() order by 1"
        ).fetchall()
    ]
    selects = ["select 'known_records' as entity, record_key from checks.known_records"]
    selects += [
        f"select {literal(entity)} as entity, record_key from exchange.{identifier(entity)}"
        for entity in entities
    ]
    return " union all ".join(selects)

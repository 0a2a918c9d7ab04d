"""Runs the catalogue: all record cases in one company, what stops a run in another, each file case in a folder.

What comes out is compared with what the cases say, row by row of the delivery: a failure belongs to the case whose
row of the source it names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from expectations.suites import common_rule_ids, shipped_rules
from tests.catalogue import (
    books,
    changes,
    combined,
    common,
    documents,
    files,
    headers,
    lines,
    parties,
    published,
    stopped,
)
from tests.catalogue.cases import AS_OF, MASTER, Case, Rows, merged
from tests.harness import Company
from warehouse import engine
from warehouse.errors import BlockedError

RECORDS: list[Case] = [
    *headers.CASES,
    *lines.CASES,
    *changes.CASES,
    *documents.CASES,
    *parties.CASES,
    *books.CASES,
    *common.CASES,
    *combined.CASES,
    *published.CASES,
]
CLOSED = "2026-01"
TOML = """
[policies]
freshness_hours = 0
control_total_tolerance = "0.50"
max_fall_percent = "100"
# Files of one number are one delivery: rows of one key in two of them are as rows of one file.
[sources.files.billing_schedule]
mode = "incremental"
"""
_SUFFIX = re.compile(r"[-_][0-9]+$")
Places = dict[tuple[str, int], str]


@dataclass(frozen=True)
class Result:
    """One case and what became of it."""

    name: str
    wrong: str
    expected: frozenset[str]
    actual: frozenset[str]

    @property
    def is_as_expected(self) -> bool:
        return self.expected == self.actual


@dataclass(frozen=True)
class RecordRun:
    """The company after all record cases, for whoever wants to look further."""

    company: Company
    results: list[Result]
    delivered: Mapping[str, int]
    """Rows of each entity that were delivered last."""


def run_files(folder: Path) -> Iterator[Result]:
    """Every file case in a folder of its own."""
    for one in files.CASES:
        found, rows = files.outcome(one, folder / one.name)
        said = {f"{rows} rows in force"} if one.rows is not None else set()
        wanted = {f"{one.rows} rows in force"} if one.rows is not None else set()
        yield Result(f"file {one.name}", one.wrong, one.findings | wanted, frozenset(found | said))


def run_records(folder: Path) -> RecordRun:
    """A company with a published month, then a delivery of all record cases, and its run."""
    company = Company(folder / "records", TOML)
    before = merged(MASTER, *(case.before for case in RECORDS))
    company.deliver(_named(before))
    company.commit(CLOSED, "2026-02-10")
    rows, places = _delivery(RECORDS)
    company.deliver(rows)
    company.run(AS_OF)
    with engine.connect(company.workspace.warehouse_db, read_only=True) as connection:
        failures = _failures(connection, RECORDS, places)
        fates = {
            f"{entity} {key}": fate
            for entity, key, fate in connection.execute(
                "select entity, record_key, fate from accepted.records_out"
            ).fetchall()
        }
    results = [
        Result(
            case.name,
            case.wrong,
            case.failures | {f"{record} is {fate}" for record, fate in case.fates.items()},
            failures[case.name] | {f"{record} is {fates.get(record, 'used')}" for record in case.fates},
        )
        for case in RECORDS
    ]
    unclaimed = failures[""]
    results.append(Result("(no case)", "what no case delivered fails nothing", frozenset(), unclaimed))
    delivered = Counter({_entity(stem): 0 for stem in rows})
    for stem, given in rows.items():
        delivered[_entity(stem)] += len(given)
    return RecordRun(company, results, delivered)


def run_stopped(folder: Path) -> list[Result]:
    """Faults of the calendar and of rates: the run stops, and the gate says which records stop it."""
    company = Company(folder / "stopped", TOML)
    rows, places = _delivery(stopped.CASES)
    company.deliver(rows)
    try:
        company.run(AS_OF)
        said = frozenset({"the run went on"})
    except BlockedError as error:
        said = frozenset(f"block {finding.rule}" for finding in error.findings)
    blocking = {
        failure.split(" ")[1].split(".")[1]
        for case in stopped.CASES
        for failure in case.failures
        if failure.startswith("block")
    }
    with engine.connect(company.workspace.warehouse_db, read_only=True) as connection:
        failures = _failures(connection, stopped.CASES, places)
    return [
        *(Result(case.name, case.wrong, case.failures, failures[case.name]) for case in stopped.CASES),
        Result(
            "(stopped)",
            "the run stops, and names every rule that stops it",
            frozenset(f"block {rule}" for rule in blocking),
            said,
        ),
        Result("(no case)", "what no case delivered fails nothing", frozenset(), failures[""]),
    ]


def coverage(outcomes: Iterable[Iterable[str]]) -> dict[str, int]:
    """Every shipped rule and how many outcomes hold it; a rule of all entities counts wherever it fires."""
    fired = Counter(name for said in outcomes for name in {_rule_of(one) for one in said})
    counted: Counter[str] = Counter()
    for rule in shipped_rules():
        is_common = rule.id in common_rule_ids()
        counted[f"all.{rule.id}" if is_common else f"{rule.entity}.{rule.id}"] += fired[
            f"{rule.entity}.{rule.id}"
        ]
    return dict(sorted(counted.items()))


def _rule_of(said: str) -> str:
    """`entity.rule` of a failure, or of a finding about a file."""
    name = said.split(" ")[1]
    return name if "." in name else f"files.{name}"


# --- deliveries -------------------------------------------------------------------------------------


def _delivery(cases: Sequence[Case]) -> tuple[Rows, Places]:
    """All rows, file by file, and whose row stands where (the header is row 1)."""
    twice = [name for name, count in Counter(case.name for case in cases).items() if count > 1]
    assert not twice, f"several cases have the name {twice}"
    rows = _named(MASTER)
    places: Places = {}
    for case in cases:
        for stem, extra in _named(case.rows).items():
            given = rows.setdefault(stem, [])
            places |= {
                (stem, number): case.name for number in range(len(given) + 2, len(given) + len(extra) + 2)
            }
            given.extend(extra)
    return rows, places


def _named(rows: Rows) -> Rows:
    """By the file's name without its ending, which for an increment has a number."""
    return {
        "billing_schedule-1" if entity == "billing_schedule" else entity: [*given]
        for entity, given in rows.items()
    }


def _entity(stem: str) -> str:
    return _SUFFIX.sub("", stem)


def _failures(
    connection: engine.Connection, cases: Sequence[Case], places: Places
) -> dict[str, frozenset[str]]:
    """What fails, by the case that delivered it; under "" what no case did."""
    found: dict[str, set[str]] = {name: set() for name in ("", *(case.name for case in cases))}
    vanished = {f"{entity}:{key}": case.name for case in cases for entity, key in _keys(case.before)}
    for severity, entity, rule, key, path, row in connection.execute(
        "select severity, entity, rule, record_key, path, source_row % 4294967296 from gate.failures as failures"
        " left join run.source_files as files on failures.source_row // 4294967296 = files.file_id"
        " where entity != 'files'"
    ).fetchall():
        owner = places.get((Path(path).stem, row), "") if path else vanished.get(key, "")
        shown = "(no key)" if key.startswith("(file ") else key
        found[owner].add(f"{severity} {entity}.{rule} {shown}")
    return {name: frozenset(said) for name, said in found.items()}


def _keys(rows: Rows) -> Iterator[tuple[str, str]]:
    for entity, given in rows.items():
        for row in given:
            yield entity, next(iter(row.values()))

"""The life of what is held back: each fault's first and last run, how often, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workspaces import new_workspace
from warehouse import engine, quarantine
from warehouse.errors import TieoutError
from warehouse.journal import Journal
from warehouse.publish.dictionary import dictionary
from warehouse.quarantine import Found
from warehouse.workspace import Workspace

TABLES = """
    create schema audit; create schema gate; create schema accepted; create schema exchange; create schema checks;
    create schema run;
    create table audit.quarantine (
        entity varchar, record_key varchar, contract_id varchar, rule varchar, severity varchar, fate varchar,
        source_file varchar, source_row bigint, file_sha256 varchar
    );
    create table gate.failures (entity varchar, record_key varchar, rule varchar, severity varchar, source_row bigint);
    create table accepted.records_out (entity varchar, record_key varchar, fate varchar);
    create table exchange.contracts (record_key varchar);
    create table checks.known_records (record_key varchar);
    create table run.source_files (file_id bigint, system varchar, object varchar);
    insert into run.source_files values (1, 'files', 'contracts');
"""
Fault = tuple[str, str]


class House:
    """A warehouse whose gate finds what a test says, and runs that look at it."""

    def __init__(self, workspace: Workspace, connection: engine.Connection) -> None:
        self.workspace = workspace
        self.connection = connection
        self.journal = Journal(workspace.journal_dir, clock=lambda: datetime(2026, 1, 1, 8, tzinfo=UTC))
        self.day = 0

    def find(self, *faults: Fault, severity: str = "quarantine") -> None:
        fate = "quarantined" if severity == "quarantine" else "used"
        for table in ("audit.quarantine", "gate.failures", "exchange.contracts"):
            self.connection.execute(f"delete from {table}")
        for key, rule in faults:
            self.connection.execute(
                "insert into audit.quarantine values ('contracts', ?, ?, ?, ?, ?, 'contracts.csv', 2, 'h')",
                [key, key, rule, severity, fate],
            )
            self.connection.execute(
                "insert into gate.failures values ('contracts', ?, ?, ?, 4294967298)", [key, rule, severity]
            )
        self.connection.execute("insert into exchange.contracts values ('K-1'), ('K-2')")

    def look(self) -> Found:
        self.day += 1
        return quarantine.look(
            self.connection, self.workspace, self.journal, f"run-{self.day}", date(2026, 1, self.day)
        )

    def run(self) -> None:
        quarantine.remember(self.journal, self.look())

    def history(self, found: Found | None = None) -> dict[Fault, dict[str, Any]]:
        quarantine.load(self.connection, self.journal, found)
        result = self.connection.execute(quarantine.HISTORY)
        names = [column[0] for column in result.description]
        assert names == [column.name for column in dictionary()["quarantine_history"].columns]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        return {(row["record_key"], row["rule"]): row for row in rows}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    workspace = new_workspace(tmp_path)
    workspace.state.mkdir()
    with engine.connect() as connection:
        connection.execute(TABLES)
        yield House(workspace, connection)


def facts(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def test_a_fault_is_counted_in_every_run_that_sees_it(house: House) -> None:
    house.find(("K-1", "late"), ("K-2", "late"))
    house.run()
    house.run()
    house.find(("K-1", "late"))
    house.run()
    history = house.history()
    open_one, gone = history["K-1", "late"], history["K-2", "late"]
    spans = (
        "first_seen_as_of",
        "last_seen_as_of",
        "runs",
        "returns",
        "is_open",
        "released_as_of",
        "released_how",
    )
    assert facts(open_one, *spans) == (date(2026, 1, 1), date(2026, 1, 3), 3, 0, True, None, None)
    assert facts(gone, *spans) == (
        date(2026, 1, 1),
        date(2026, 1, 2),
        2,
        0,
        False,
        date(2026, 1, 3),
        "mended",
    )
    assert facts(gone, "source_file", "source_row", "file_sha256", "contract_id") == (
        "contracts.csv",
        2,
        "h",
        "K-2",
    )


def test_a_run_says_what_is_new_and_what_was_released(house: House) -> None:
    house.find(("K-1", "late"), ("K-2", "late"))
    found = house.look()
    assert (found.appeared, found.released) == (2, {})
    quarantine.remember(house.journal, found)
    house.find(("K-2", "late"), ("K-2", "other"))
    found = house.look()
    assert (found.appeared, found.released) == (1, {"mended": 1})


def test_a_fault_that_comes_back_goes_on_counting(house: House) -> None:
    for faults in ([("K-1", "late")], [], [("K-1", "late")], [("K-1", "late")]):
        house.find(*faults)
        house.run()
    row = house.history()["K-1", "late"]
    assert facts(row, "runs", "returns", "is_open", "released_how") == (3, 1, True, None)
    assert facts(row, "first_seen_as_of", "last_seen_as_of") == (date(2026, 1, 1), date(2026, 1, 4))


def test_a_new_delivery_counts_once_however_many_runs_look_at_it(house: House) -> None:
    house.find(("K-1", "late"))
    house.run()
    house.connection.execute("insert into run.source_files values (2, 'files', 'contracts'), (3, 'crm', 'x')")
    house.run()
    house.run()
    assert facts(house.history()["K-1", "late"], "runs", "deliveries") == (3, 2)


@pytest.mark.parametrize(
    ("sql", "how"),
    [
        ("insert into accepted.records_out values ('contracts', 'K-1', 'excluded')", "excluded"),
        ("insert into accepted.records_out values ('contracts', 'K-1', 'later')", "later"),
        ("delete from exchange.contracts where record_key = 'K-1'", "removed"),
        ("insert into gate.failures values ('contracts', 'K-1', 'late', 'warn', 1)", "lowered"),
        (
            "insert into accepted.records_out values ('contracts', 'K-1', 'quarantined')",
            "mended",
        ),  # of this rule
    ],
)
def test_how_a_fault_ended_is_said_as_far_as_it_is_known(house: House, sql: str, how: str) -> None:
    house.find(("K-1", "late"))
    house.run()
    house.find()
    house.connection.execute(sql)
    house.run()
    assert house.history()["K-1", "late"]["released_how"] == how


@pytest.mark.parametrize(("is_known", "how"), [(True, "mended"), (False, "waived")])
def test_a_vanished_record_is_delivered_again_or_was_let_go(house: House, is_known: bool, how: str) -> None:
    house.connection.execute(
        "insert into audit.quarantine values"
        " ('known_records', 'contracts:K-9', 'K-9', 'vanished', 'quarantine', 'held', null, null, null)"
    )
    house.connection.execute(
        "insert into gate.failures values ('known_records', 'contracts:K-9', 'vanished', 'quarantine', null)"
    )
    house.run()
    house.find()
    if is_known:
        house.connection.execute("insert into checks.known_records values ('contracts:K-9')")
    house.run()
    row = house.history()["contracts:K-9", "vanished"]
    assert facts(row, "fate", "released_how", "deliveries") == ("held", how, None)


def test_what_only_warns_has_no_history(house: House) -> None:
    house.find(("K-1", "late"), severity="warn")
    house.run()
    assert house.history() == {}


def test_a_run_that_changes_nothing_writes_one_line(house: House) -> None:
    house.find(*((f"K-{number}", "late") for number in range(1000)))
    house.run()
    before = len(house.journal.read(quarantine.KIND))
    house.run()
    assert (before, len(house.journal.read(quarantine.KIND))) == (1001, 1002)
    assert [event["seq"] for event in house.journal.read(quarantine.KIND)] == list(range(1, 1003))


def test_a_release_shows_a_run_before_it_is_journaled(house: House) -> None:
    house.find(("K-1", "late"))
    found = house.look()
    assert house.history() == {}
    assert house.history(found)["K-1", "late"]["runs"] == 1


def test_what_a_killed_run_wrote_is_as_if_it_had_never_been(house: House) -> None:
    house.find(("K-1", "late"), ("K-2", "late"))
    whole = house.look().path.read_bytes()
    house.workspace.journal_dir.mkdir()
    torn = whole[: whole.rfind(b'{"seq":3')] + b'{"seq":3,"at'
    (house.workspace.journal_dir / "quarantine.jsonl").write_bytes(torn)
    assert house.history() == {}
    house.find(("K-2", "late"))
    house.run()
    history = house.history()
    assert list(history) == [("K-2", "late")]
    assert history["K-2", "late"]["first_seen_as_of"] == date(2026, 1, 2)
    assert [event["seq"] for event in house.journal.read(quarantine.KIND)] == [1, 2, 3, 4]


def test_a_damaged_journal_is_named_with_its_line(house: House) -> None:
    house.find(("K-1", "late"))
    house.run()
    with (house.workspace.journal_dir / "quarantine.jsonl").open("ab") as file:
        file.write(b"not json\n")
    with pytest.raises(TieoutError, match=r"quarantine.jsonl is damaged"):
        house.look()

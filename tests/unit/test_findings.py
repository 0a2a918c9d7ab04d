"""What extraction tells, as it reaches people and the gate's verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from expectations import gate
from orchestration.findings import Said, notes
from tests.unit.workspaces import context, new_workspace
from warehouse.engine import session
from warehouse.extract.findings import FileFinding, Severity
from warehouse.workspace import Workspace


def test_a_rule_that_many_files_break_takes_a_few_lines_and_shows_the_newest() -> None:
    many = [Said("extra_columns", "warn", f"file {n} has more") for n in range(5)]
    one = Said("rows_jumped", "warn", "file 4 jumps")
    assert list(notes([*many, one, Said("rows_fell", "block", "refused")])) == [
        "note: file 2 has more",
        "note: file 3 has more",
        "note: file 4 has more",
        "note: 2 more by extra_columns, listed in audit.quarantine",
        "note: file 4 jumps",
    ]


def gated(workspace: Workspace, told: Sequence[FileFinding]) -> gate.GateReport:
    """The gate's verdict where no entity has records."""
    with session(workspace) as connection:
        for schema in ("run", "exchange"):
            connection.execute(f"create schema {schema}")
        connection.execute("create table run.source_files (file_id bigint, path varchar)")
        for entity in sorted({rule.entity for rule in gate.declared_rules() if rule.told_by is None}):
            connection.execute(f"create table exchange.{entity} (nothing varchar)")
        return gate.run(connection, context(workspace), told)


@pytest.mark.parametrize(
    ("severities", "expected"), [(("warn",), "warn"), (("block",), "block"), (("block", "warn"), "block")]
)
def test_the_gate_stops_for_what_was_said_of_a_file_and_not_for_what_its_rule_could_say(
    tmp_path: Path, severities: tuple[Severity, ...], expected: str
) -> None:
    told = [FileFinding("rows_fell", one, f"{one}.csv", f"{one}.csv falls") for one in severities]
    report = gated(new_workspace(tmp_path), told)
    (outcome,) = report.failed
    assert (outcome.rule, outcome.severity, outcome.records) == ("rows_fell", expected, len(told))
    assert bool(report.blocks) == (expected == "block")

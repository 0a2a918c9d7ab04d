"""The workspace's project is a plain dbt project: `dbt build` in .tieout/dbt gives what a run gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.commands import exports
from tests.harness import Company
from warehouse import engine

# What a run fills itself: the gate's verdict and the context are rows that dbt only reads.
TABLES = (
    "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
    " and schema_name in ('exchange', 'accepted', 'engine', 'posting', 'marts', 'audit') order by all"
)


def contents(company: Company) -> dict[str, list[str]]:
    """Every table that models make, as rows of text."""
    with engine.connect(company.workspace.warehouse_db, read_only=True) as connection:
        names = [name for (name,) in connection.execute(TABLES).fetchall()]
        return {
            name: [
                text
                for (text,) in connection.execute(
                    f"select cast(t as varchar) from {name} as t order by all"
                ).fetchall()
            ]
            for name in names
        }


@pytest.mark.slow
def test_dbt_build_alone_gives_the_same_tables(tmp_path: Path) -> None:
    """The materialization of rounds and dbt's own contracts are used here alone: Spark will take that way."""
    company = Company(tmp_path / "workspace")
    entities = dict(exports())
    # Some invoices name their contract alone: spreading them over its lines goes in rounds.
    entities["invoice_lines"] = [
        {**line, "contract_line_id": ""} if line["invoice_id"] < "I-2" else line
        for line in entities["invoice_lines"]
    ]
    company.deliver(entities)
    company.run("2026-04-03")
    before = contents(company)
    assert before["engine.contract_level_spreads"]
    project = str(company.workspace.dbt_project)
    done = subprocess.run(
        [Path(sys.executable).parent / "dbt", "build", "--project-dir", project, "--profiles-dir", project],
        capture_output=True,
        text=True,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )
    assert done.returncode == 0, done.stdout[-3000:]
    after = contents(company)
    assert len(before) > 90
    assert sorted(before) == sorted(after)
    differing = [name for name in before if before[name] != after[name]]
    assert not differing, differing

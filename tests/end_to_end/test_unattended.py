"""Two months of a company that nobody watches: whoever must know is told, and what is pruned is missed by nothing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.cli.status import blocks_close
from tests.harness import Company
from tests.receivers import webhook
from warehouse import disk, retention
from warehouse.errors import BlockedError
from warehouse.extract.deliver import extract
from warehouse.journal import Journal
from warehouse.publish.manifest import read_chain
from warehouse.publish.verify import verify
from warehouse.workspace import RunContext, Workspace

TOML = """
[company]
name = "Acme"

[policies]
freshness_hours = 0
max_fall_percent = "100"

[lake]
keep_days = 30

[[notifications]]
webhook_env = "HOOK"

[[notifications]]
command = ["/nowhere/page"]
"""


def deliver(company: Company, contracts: int, *, broken: bool = False) -> None:
    """All contracts so far; the export before is overwritten, as nightly exports are."""
    numbers = range(1, contracts + 1)
    signed = {"customer_id": "C", "status": "active", "currency": "USD", "signed_date": "2026-01-10"}
    ends = {f"L{contracts}": {"end_date": "2025-12-31"}} if broken else {}
    term = {"start_date": "2026-01-01", "end_date": "2026-12-31", "recognition_method": "ratable"}
    company.deliver(
        {
            "customers": [{"customer_id": "C", "customer_name": "Acme"}],
            "products": [{"product_id": "P", "product_name": "Platform", "revenue_category": "subscription"}],
            "contracts": [{"contract_id": f"K{n}", **signed} for n in numbers],
            "contract_lines": [
                {
                    "contract_line_id": f"L{n}", "contract_id": f"K{n}", "line_number": "1", "product_id": "P",
                    "amount": str(1200 * n), **term, **ends.get(f"L{n}", {}),
                }
                for n in numbers
            ],
        }
    )  # fmt: skip


def read_only(company: Company, as_of: str) -> None:
    """A night whose export is read; what is computed of it is replaced by the next."""
    workspace = Workspace.open(company.workspace.root)
    extract(RunContext(workspace, date.fromisoformat(as_of)), Journal(workspace.journal_dir))


def lake_files(company: Company) -> set[str]:
    return {path.stem for path in company.workspace.lake.glob("*.parquet")}


def test_nobody_watches_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as received:
        monkeypatch.setenv("HOOK", received.url)
        company = Company(tmp_path / "acme", TOML)
        journal = Journal(company.workspace.journal_dir)

        # January is closed: who is told gets the chain head that the published files have.
        deliver(company, 1)
        read_only(company, "2026-01-20")
        deliver(company, 2)
        company.commit("2026-01", "2026-02-05")
        (january,) = received.posted
        assert (january["event"], january["period"], january["command"]) == ("closed", "2026-01", "close")
        assert january["chain_head"] == read_chain(company.workspace.published).head_sha256

        # February is blocked by a line that ends before it starts: readers' money held back is told.
        deliver(company, 3)
        read_only(company, "2026-02-20")
        deliver(company, 4, broken=True)
        company.run("2026-03-05")
        assert [one["rule"] for one in blocks_close(journal.read("runs")) or ()] == [
            "max_held_contracts_percent",
            "max_held_amount_percent",
        ]
        with pytest.raises(BlockedError):
            company.close("2026-02", "2026-03-05")
        assert received.events() == ["closed", "blocked"]
        blocked = received.posted[-1]
        assert blocked["exit_code"] == 3
        assert blocked["held"] == {"USD": "4800.000"}
        assert [one["rule"] for one in blocked["findings"]] == [
            "max_held_contracts_percent",
            "max_held_amount_percent",
        ]

        # The other channel never works; the journal knows, and every command ended as it would have.
        outcomes = [
            (one["event"], one["channel"].split()[-1], one["outcome"])
            for one in journal.read("notifications")
        ]
        assert outcomes == [
            (event, channel, outcome)
            for event in ("closed", "blocked")
            for channel, outcome in (("(webhook)", "sent"), ("(command)", "failed"))
        ]
        assert received.url not in json.dumps(journal.read("notifications"))
        assert [event[disk.USED] > 0 for event in journal.read("runs") if disk.USED in event] == [True]

        # A year later what was overwritten before any close stood on it goes, and nothing else.
        deliver(company, 4)
        company.commit("2026-02", "2026-03-06")
        before = lake_files(company)
        published = company.published_files()
        found = retention.prunable(
            Workspace.open(company.workspace.root), datetime.now(UTC) + timedelta(days=365)
        )
        # Of 20 January and 20 February. The faulty one of 5 March stays: the history of the fault names file and row.
        assert sorted(one.path for one in found) == [
            *["exports/files/contract_lines.csv"] * 2,
            *["exports/files/contracts.csv"] * 2,
        ]
        retention.prune(company.workspace, found)
        assert lake_files(company) == before - {one.sha256 for one in found}

        # Published months are as they were, every figure of them leads to a file, and life goes on.
        assert verify(company.workspace) == []
        company.run("2026-03-07")
        assert verify(company.workspace) == []
        assert company.published_files() == published
        sources = {sha256 for (sha256,) in company.query("select distinct file_sha256 from audit.lineage")}
        assert len(sources) > 2
        assert sources <= lake_files(company)
        for month in read_chain(company.workspace.published).folders:
            assert {str(one["sha256"]) for one in month.document["inputs"]} <= lake_files(company)
        deliver(company, 5)
        company.commit("2026-03", "2026-04-05")
        assert verify(company.workspace) == []
        assert received.events() == ["closed", "blocked", "closed", "closed"]

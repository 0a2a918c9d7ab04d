"""Commands in processes of their own, which can be killed, and what a reader of tieout.duckdb then sees."""

from __future__ import annotations

import multiprocessing
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.harness import Rows
from warehouse import engine

# Imported once by the server that every process is forked from: Great Expectations alone takes seconds.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["orchestration.job", "expectations.row_condition", "tests.faults.commands"])

# What stands in every release, whatever the exports are.
TABLES = (
    "marts.fct_bookings",
    "marts.fct_billings",
    "marts.fct_recognized_revenue",
    "marts.fct_backlog",
    "marts.fct_contract_balances",
    "marts.rpt_bbb",
    "marts.rpt_rollforward",
    "marts.dim_period",
    "audit.tie_outs",
    "audit.snapshots",
)


State = tuple[str | None, date, bool]


@dataclass(frozen=True)
class Command:
    """`run`, or `close` of a period."""

    as_of: date
    period: str | None = None

    def start(self, root: Path) -> BaseProcess:
        process = FORKS.Process(target=_execute, args=(root, self))
        process.start()
        return process

    def complete(self, root: Path) -> None:
        process = self.start(root)
        process.join()
        assert process.exitcode == 0, f"{self} failed with exit code {process.exitcode}"

    def __str__(self) -> str:
        return f"close {self.period}" if self.period else f"run --as-of {self.as_of}"


def _execute(root: Path, command: Command) -> None:
    from orchestration import pipeline
    from orchestration.progress import Silent
    from warehouse.workspace import RunContext, Workspace

    try:
        context = RunContext(Workspace.open(root), as_of=command.as_of)
        if command.period is None:
            pipeline.run(context, Silent())
        else:
            pipeline.close(context, command.period, Silent())
    except Exception:
        traceback.print_exc()
        sys.exit(1)


@dataclass(frozen=True)
class Seen:
    """What a reader sees: which state it claims to be, and a digest of all its tables."""

    as_of: date
    last_closed: str | None
    is_from_chain: bool
    """Built from the published months alone: a close was killed between its commit and its release."""
    content: tuple[str, ...]
    broken: int
    """Equations that do not hold."""

    @property
    def state(self) -> State:
        return self.last_closed, self.as_of, self.is_from_chain


def look(path: Path) -> Seen:
    """Read tieout.duckdb as a BI tool does."""
    connection = engine.connect(path, read_only=True)
    try:
        return look_with(connection)
    finally:
        connection.close()


def look_with(connection: engine.Connection) -> Seen:
    """One consistent look: all tables in one transaction."""
    connection.execute("begin transaction read only")
    try:
        [(as_of, last_closed, is_from_chain)] = connection.execute(
            "select as_of, last_closed_period, run_id like 'close %' from audit.runs"
        ).fetchall()
        content = tuple(_digest(connection, table) for table in TABLES)
        [(broken,)] = connection.execute("select count(*) from audit.tie_outs where not holds").fetchall()
    finally:
        connection.execute("commit")
    return Seen(as_of, last_closed, is_from_chain, content, broken)


def _digest(connection: engine.Connection, table: str) -> str:
    [(rows, digest)] = connection.execute(
        "select count(*), coalesce(bit_xor(hash(row_text)), 0)"
        f" from (select cast(t as varchar) as row_text from {table} as t)"
    ).fetchall()
    return f"{table} {rows} {digest}"


def exports() -> Mapping[str, Rows]:
    """Two years of subscriptions and goods, a few of them late, so that every command has something to post."""
    contracts, lines, invoices, invoice_lines, deliveries = [], [], [], [], []
    for n in range(1, 25):
        month = f"2026-{(n - 1) % 6 + 1:02d}"
        contract = f"K-{n}"
        contracts.append(
            {
                "contract_id": contract,
                "customer_id": "C-1",
                "status": "active",
                "signed_date": f"{month}-{n:02d}",
                "start_date": f"{month}-{n:02d}",
                "end_date": f"2027-{month[5:]}-{n:02d}",
                "currency": "EUR",
            }
        )
        for place, (product, amount) in enumerate(
            [("P-S", f"{1000 + 7 * n}.00"), ("P-G", f"{300 + n}.50")], start=1
        ):
            line = f"{contract}/{place}"
            lines.append(
                {
                    "contract_line_id": line,
                    "contract_id": contract,
                    "line_number": str(place),
                    "product_id": product,
                    "quantity": "3",
                    "amount": amount,
                }
            )
            invoice_lines.append(
                {
                    "invoice_line_id": f"I-{line}",
                    "invoice_id": f"I-{n}",
                    "contract_line_id": line,
                    "amount": amount,
                }
            )
        deliveries.append(
            {
                "fulfillment_id": f"F-{n}",
                "contract_line_id": f"{contract}/2",
                "event_date": f"{month}-28",
                "kind": "delivery",
                "quantity": "2",
            }
        )
        invoices.append(
            {
                "invoice_id": f"I-{n}",
                "customer_id": "C-1",
                "contract_id": contract,
                "issue_date": f"{month}-{n:02d}",
                "currency": "EUR",
                "status": "open",
            }
        )
    return {
        "customers": [{"customer_id": "C-1", "customer_name": "Acme"}],
        "products": [
            {
                "product_id": "P-S",
                "product_name": "Seat",
                "revenue_category": "subscription",
                "recognition_method": "ratable",
            },
            {
                "product_id": "P-G",
                "product_name": "Box",
                "revenue_category": "goods",
                "recognition_method": "point_in_time",
            },
        ],
        "contracts": contracts,
        "contract_lines": lines,
        "invoices": invoices,
        "invoice_lines": invoice_lines,
        "fulfillments": deliveries,
    }

"""Amendments in numbers: many contracts with a few each, and one contract with a long chain of them.

python -m tests.benchmarks.amended [--contracts N] [--amendments N] [--chain N] [--keep DIR]

A run in this process, and of its facts stage the slowest steps. Rounds = the longest chain, work = the number of
amendments: a chain of 60 must not cost the other contracts 60 times.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from orchestration import pipeline
from orchestration.build import Build
from orchestration.progress import Silent
from warehouse import engine
from warehouse.engine import literal
from warehouse.plan import StepResult
from warehouse.workspace import RunContext, Workspace

AS_OF = date(2026, 7, 3)
SETTINGS = "[policies]\nfreshness_hours = 0\n"

# Contracts of two subscriptions over three years; amendments of the first line, a month apart, money up and down.
_ENTITIES = {
    "customers": "select 'C' as customer_id, 'Customer' as customer_name",
    "products": "select 'P' as product_id, 'Seats' as product_name, 'subscription' as revenue_category,"
    " 'ratable' as recognition_method, 'monthly' as recognition_convention",
    "contracts": "select 'K-' || i as contract_id, 'C' as customer_id, 'active' as status,"
    " date '2024-01-01' as signed_date, date '2024-01-01' as start_date, date '2026-12-31' as end_date,"
    " 'EUR' as currency from range({contracts} + 1) as t (i)",
    "contract_lines": "select 'K-' || i || '/' || n as contract_line_id, 'K-' || i as contract_id,"
    " n as line_number, 'P' as product_id, 12000 + i % 1000 as amount"
    " from range({contracts} + 1) as t (i) cross join range(1, 3) as l (n)",
    "amendments": "select 'M-' || i || '-' || a as amendment_id, 'K-' || i as contract_id,"
    " 'K-' || i || '/1' as contract_line_id, date '2024-02-01' + cast(a * 14 as integer) as effective_date,"
    " date '2024-02-01' + cast(a * 14 as integer) as signed_date, 'change' as action,"
    " 'prospective' as treatment, (a % 7 - 3) * 10 as amount_delta"
    " from range({contracts} + 1) as t (i)"
    " cross join range(case when {amendments} > {chain} then {amendments} else {chain} end) as m (a)"
    " where a < case when i = {contracts} then {chain} else {amendments} end",
}


def main() -> None:
    arguments = _arguments()
    root = Path(arguments.keep or tempfile.mkdtemp(prefix="tieout-amended-")) / "workspace"
    workspace = Workspace.init(root)
    workspace.configuration.write_text(SETTINGS, encoding="utf-8")
    _write(workspace.exports / "files", arguments.contracts, arguments.amendments, arguments.chain)
    steps = _remembered_steps()
    started = time.perf_counter()
    outcome = pipeline.run(RunContext(workspace, as_of=AS_OF), Silent())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{time.perf_counter() - started:,.1f} s in all, {peak:,} MB at most; {outcome.seconds}")
    Console(width=100).print(_table(steps))
    if not arguments.keep:
        shutil.rmtree(root.parent)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.amended")
    parser.add_argument("--contracts", type=int, default=100_000)
    parser.add_argument("--amendments", type=int, default=5, help="of each of them")
    parser.add_argument("--chain", type=int, default=60, help="amendments of one more contract")
    parser.add_argument("--keep", help="a folder for the workspace, which is kept")
    return parser.parse_args()


def _write(folder: Path, contracts: int, amendments: int, chain: int) -> None:
    with engine.connect() as connection:
        for entity, sql in _ENTITIES.items():
            select = sql.format(contracts=contracts, amendments=amendments, chain=chain)
            connection.execute(f"copy ({select}) to {literal(str(folder / f'{entity}.csv'))} (header)")


def _remembered_steps() -> list[StepResult]:
    """The results of the facts stage, as the build sees them."""
    seen: list[StepResult] = []
    require = Build._require_passed

    def remember(self: Build, results: list[StepResult], stage: str) -> None:
        if stage == "facts":
            seen.extend(results)
        require(self, results, stage)

    Build._require_passed = remember  # type: ignore[method-assign]
    return seen


def _table(steps: Sequence[StepResult]) -> Table:
    table = Table(title=f"facts: {sum(one.seconds for one in steps):,.1f} s in {len(steps)} steps")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    for one in sorted(steps, key=lambda step: -step.seconds)[:15]:
        table.add_row(one.step.name, f"{one.seconds:,.2f}")
    return table


if __name__ == "__main__":
    main()

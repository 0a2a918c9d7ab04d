"""A company that has a billing system and nothing else: subscriptions, invoiced every month and earned as invoiced.

python -m tests.benchmarks.billing [--subscriptions N] [--memory 2GB]

15,000 subscriptions over 36 months are 540,000 invoice lines, each with its service period.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from datetime import date
from pathlib import Path

from tests.benchmarks.measured import measure, show, workspace_in
from warehouse import engine
from warehouse.engine import literal

MONTHS = 36
FIRST_MONTH = date(2023, 7, 1)
AS_OF = date(2026, 7, 3)

_BILL = (
    "select 'S-' || s as contract_id, 'S-' || s || '-' || m as invoice_id, 'K-' || s % 5000 as customer_id,"
    " cast(date '{first}' + interval (m) month as date) as issue_date,"
    " cast(date '{first}' + interval (m + 1) month as date) - 1 as service_end,"
    " cast(19 + s % 480 as decimal(18, 2)) as amount, s, m"
    " from range({subscriptions}) as t (s) cross join range({months}) as u (m)"
)
_ENTITIES = {
    "customers": "select 'K-' || i as customer_id, 'Customer ' || i as customer_name from range(5000) as t (i)",
    "products": "select 'P' as product_id, 'Plan' as product_name, 'subscription' as revenue_category,"
    " 'as_invoiced' as recognition_method",
    "contracts": "select 'S-' || s as contract_id, 'K-' || s % 5000 as customer_id, 'active' as status,"
    " date '{first}' as signed_date, date '{first}' as start_date, 'USD' as currency"
    " from range({subscriptions}) as t (s)",
    "contract_lines": "select 'S-' || s || '/1' as contract_line_id, 'S-' || s as contract_id, 1 as line_number,"
    " 'P' as product_id, cast(0 as decimal(18, 2)) as amount from range({subscriptions}) as t (s)",
    "invoices": "select invoice_id, customer_id, contract_id, issue_date, 'USD' as currency, 'paid' as status,"
    f" amount as total_amount, 0.00 as tax_amount from ({_BILL}) order by s, m",
    "invoice_lines": "select invoice_id || '/1' as invoice_line_id, invoice_id,"
    " contract_id || '/1' as contract_line_id, amount, issue_date as service_start, service_end"
    f" from ({_BILL}) order by s, m",
    "payments": "select 'Z-' || invoice_id as payment_id, invoice_id, customer_id, issue_date + 2 as payment_date,"
    f" amount, 'USD' as currency, 'payment' as kind from ({_BILL}) order by s, m",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.billing")
    parser.add_argument("--subscriptions", type=int, default=15_000)
    parser.add_argument("--memory", help="[engine] memory_limit of the workspace, as 2GB; else its default")
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="tieout-billing-"))
    workspace = workspace_in(root / "workspace", arguments.memory)
    rows = _write(workspace.exports / "files", arguments.subscriptions)
    print(f"{sum(rows.values()):,} rows: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))
    run = ["run", "--as-of", AS_OF.isoformat()]
    found = [measure("first run", workspace, run), measure("run again, unchanged", workspace, run)]
    close = ["close", "2026-06", "--as-of", AS_OF.isoformat()]
    found.append(measure(f"close of {MONTHS} months at once", workspace, close))
    show(found)
    shutil.rmtree(root)


def _write(exports: Path, subscriptions: int) -> dict[str, int]:
    """Writes the exports; returns the rows of each entity."""
    rows = {}
    with engine.connect() as connection:
        for entity, sql in _ENTITIES.items():
            query = sql.format(first=FIRST_MONTH, months=MONTHS, subscriptions=subscriptions)
            path = literal(str(exports / f"{entity}.csv"))
            found = connection.execute(f"copy ({query}) to {path} (header, delimiter ',')").fetchone()
            rows[entity] = int(found[0]) if found else 0
    return rows


if __name__ == "__main__":
    main()

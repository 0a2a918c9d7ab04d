"""A shop's daily files, with neither keys nor amounts, through a connector that a workspace brings itself.

TIEOUT_UCI_DAYS: how many of its 305 days (`make prove-uci`: all).
"""

from __future__ import annotations

import csv
import os
import shutil
from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from tests.harness import Company, shared_data

DAYS = int(os.environ.get("TIEOUT_UCI_DAYS", "15"))
STEPS = 3 if DAYS <= 15 else 15
SETTINGS = """
[company]
reporting_currency = "GBP"

[policies]
freshness_hours = 0
max_fall_percent = "100"
"""
FACTS = "select * exclude (posting_id) from marts.fct_billings order by all"


def day_files() -> list[Path]:
    return sorted(shared_data("uci_online_retail").glob("*.csv"))[:DAYS]


def shop(root: Path) -> Company:
    return Company(root, SETTINGS, ["uci"])


def deliver(company: Company, *files: Path) -> None:
    for file in files:
        shutil.copy(file, company.workspace.exports / "uci")


def day_after(file: Path) -> date:
    return date.fromisoformat(file.stem) + timedelta(days=1)


def raw_rows(files: list[Path]) -> list[dict[str, str]]:
    found = []
    for file in files:
        with file.open(encoding="utf-8", newline="") as opened:
            found += list(csv.DictReader(opened))
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """All days at once."""
    files = day_files()
    company = shop(tmp_path_factory.mktemp("uci") / "whole")
    deliver(company, *files)
    company.run(day_after(files[-1]))
    return company


def test_net_billings_by_month_are_the_rows_rounded_to_pence(whole: Company) -> None:
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for row in raw_rows(day_files()):
        exact = Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
        expected[row["InvoiceDate"][:7]] += exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert whole.amounts("select period, sum(amount) from marts.fct_billings group by period") == expected


def test_every_row_is_used_and_no_line_is_folded_into_another(whole: Company) -> None:
    rows = len(raw_rows(day_files()))
    [(extracted, used)] = whole.query(
        "select sum(rows_extracted), sum(rows_used) from audit.completeness where source_system = 'uci'"
    )
    assert (extracted, used) == (rows, rows)
    zero = sum(Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) == 0 for row in raw_rows(day_files()))
    assert whole.query("select count(*) from marts.fct_billings") == [(rows - zero,)]


def test_a_customer_that_the_source_does_not_name_is_told_as_unknown(whole: Company) -> None:
    expected = sum(
        (Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])).quantize(Decimal("0.01"), ROUND_HALF_UP)
        for row in raw_rows(day_files())
        if not row["CustomerID"]
    )
    found = whole.amounts("select customer_id, sum(amount) from marts.fct_billings group by customer_id")
    assert found["(unknown)"] == expected


def test_a_few_days_at_a_time_give_the_same_facts_as_all_at_once(whole: Company, tmp_path: Path) -> None:
    """In STEPS runs: a run a day over the year would take an hour."""
    files = day_files()
    company = shop(tmp_path / "daily")
    for step in range(1, STEPS + 1):
        delivered = files[: len(files) * step // STEPS]
        deliver(company, *delivered)
        company.run(day_after(delivered[-1]))
    assert company.query(FACTS) == whole.query(FACTS)
    deliver(company, files[0])
    assert company.run(day_after(files[-1])).is_unchanged, "a file delivered twice changes nothing"

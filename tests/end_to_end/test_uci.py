"""A shop's daily files, with neither keys nor amounts, through a connector that a workspace brings itself.

TIEOUT_UCI_DAYS: how many of its 305 days (`make prove-uci`: all). TIEOUT_UCI_STEPS: in how many deliveries, each with
a run of its own, they come in the comparison with all at once.
"""

from __future__ import annotations

import csv
import gzip
import os
import shutil
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from tests.harness import Company, shared_data

ALL_DAYS = 305
DAYS = int(os.environ.get("TIEOUT_UCI_DAYS", "15"))
STEPS = int(os.environ.get("TIEOUT_UCI_STEPS", "2" if DAYS <= 15 else "15"))
SETTINGS = """
[company]
reporting_currency = "GBP"

[policies]
freshness_hours = 0
max_fall_percent = "100"
"""
# Every published column of whatever has rows, posting_id included; and where each row went.
COMPARED = (
    "select * from marts.fct_billings order by all",
    "select * from marts.dim_customer order by all",
    "select * from marts.rpt_bbb order by all",
    "select * from audit.completeness order by all",
    "select * from audit.quarantine order by all",
)
Row = dict[str, str]


def day_files() -> list[Path]:
    return sorted(shared_data("uci_online_retail").glob("*.csv"))[:DAYS]


def shop(root: Path) -> Company:
    return Company(root, SETTINGS, ["uci"])


def deliver(company: Company, *files: Path) -> None:
    for file in files:
        shutil.copy(file, company.workspace.exports / "uci")


def day_after(file: Path) -> date:
    return date.fromisoformat(file.stem) + timedelta(days=1)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    found = []
    for file in day_files():
        with file.open(encoding="utf-8", newline="") as opened:
            found += list(csv.DictReader(opened))
    return found


def exact(row: Row) -> Decimal:
    return Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])


def pence(row: Row) -> Decimal:
    return exact(row).quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """All days at once."""
    files = day_files()
    company = shop(tmp_path_factory.mktemp("uci") / "whole")
    deliver(company, *files)
    company.run(day_after(files[-1]))
    return company


def test_net_billings_by_month_are_the_rows_rounded_to_pence(whole: Company, rows: list[Row]) -> None:
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        expected[row["InvoiceDate"][:7]] += pence(row)
    found = whole.amounts("select period, sum(amount) from marts.fct_billings group by period")
    assert found == expected
    if DAYS == ALL_DAYS:
        assert (found["2010-12"], found["2011-11"]) == (Decimal("748957.02"), Decimal("1461756.25"))
        # 9,747,747.934 unrounded: four lines of 0.001 each are no penny
        assert sum(found.values()) == Decimal("9747747.93")


def test_every_row_is_used_and_no_line_is_folded_into_another(whole: Company, rows: list[Row]) -> None:
    """Thousands of lines are exact repetitions within their document, and genuine."""
    assert whole.query(
        "select rows_extracted, rows_used from audit.completeness where source_system = 'uci'"
    ) == [(len(rows), len(rows))]
    assert len({tuple(row.values()) for row in rows}) < len(rows)
    assert whole.query("select count(*) from marts.fct_billings") == [(sum(pence(row) != 0 for row in rows),)]


def test_completeness_adds_up_to_the_last_tenth_of_a_penny(whole: Company, rows: list[Row]) -> None:
    extracted, used = sum(map(exact, rows)), sum(map(pence, rows))
    assert whole.query(
        "select sum(amount_extracted), sum(amount_used), sum(amount_rounding) from audit.completeness"
        " where source_system = 'uci'"
    ) == [(extracted, used, extracted - used)]


def test_credits_are_documents_that_begin_with_c_and_bad_debt_with_a(whole: Company, rows: list[Row]) -> None:
    """C… is never positive. A563185 writes 11,062.06 back, A563186 and A563187 write it off (August 2011)."""
    expected = Counter(
        "credit_note"
        if row["InvoiceNo"][0] == "C" or (row["InvoiceNo"][0] == "A" and exact(row) < 0)
        else "invoice"
        for row in rows
        if pence(row)
    )
    found = whole.query("select document_type, count(*) from marts.fct_billings group by document_type")
    assert dict(found) == expected
    assert all(exact(row) < 0 for row in rows if row["InvoiceNo"].startswith("C"))
    bad_debt = whole.query(
        "select document_type, document_id, amount from marts.fct_billings where document_id like 'A%' order by all"
    )
    written = sorted(
        ("credit_note" if exact(row) < 0 else "invoice", row["InvoiceNo"], exact(row))
        for row in rows
        if row["InvoiceNo"].startswith("A")
    )
    assert bad_debt == written
    assert len(written) == (3 if DAYS == ALL_DAYS else 0)


def test_a_customer_that_the_source_does_not_name_is_told_as_unknown(whole: Company, rows: list[Row]) -> None:
    expected = sum(pence(row) for row in rows if not row["CustomerID"])
    found = whole.amounts("select customer_id, sum(amount) from marts.fct_billings group by customer_id")
    assert found["(unknown)"] == expected
    assert expected != 0


def test_a_few_days_at_a_time_give_the_same_facts_as_all_at_once(whole: Company, tmp_path: Path) -> None:
    """In STEPS deliveries and runs: a run a day over the year takes most of an hour."""
    files = day_files()
    company = shop(tmp_path / "daily")
    for step in range(1, STEPS + 1):
        delivered = files[: len(files) * step // STEPS]
        deliver(company, *delivered)
        company.run(day_after(delivered[-1]))
    for compared in COMPARED:
        assert company.query(compared) == whole.query(compared)

    deliver(company, files[0])
    assert company.run(day_after(files[-1])).is_unchanged, "a file delivered twice changes nothing"

    before = company.query(COMPARED[0])
    shutil.copy(files[0], company.workspace.exports / "uci" / "2012-01-01.csv")
    packed = company.workspace.exports / "uci" / f"{files[1].name}.gz"
    packed.write_bytes(gzip.compress(files[1].read_bytes()))
    company.run(day_after(files[-1]))
    assert company.query(COMPARED[0]) == before, "nor does it under another name or in another form"

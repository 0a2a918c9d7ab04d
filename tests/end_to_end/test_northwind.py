"""Real orders with real shipments, through the connector that docs/write-a-connector.md builds: bookings on the order
date, revenue on the ship date, backlog = unshipped.
"""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.harness import Company, shared_data

# Every line rounded half up to cents; freight left out.
BOOKINGS = {"1996": "208083.99", "1997": "617085.35", "1998": "440623.95"}
REVENUE = {"1996": "193316.58", "1997": "608847.01", "1998": "437692.26"}
BACKLOG = {"1996-12": ("14767.41", 9), "1997-12": ("23005.75", 19), "1998-05": ("25937.44", 21)}
# And with all its decimals: 208,083.97 + 617,085.2035 + 440,623.866.
UNROUNDED = Decimal("1265793.0395")
LAST_DAY = date(1998, 5, 6)
PAGE = Path(__file__).parents[2] / "docs" / "write-a-connector.md"


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Company:
    files = sorted(shared_data("northwind").glob("*.csv"))
    company = Company(tmp_path_factory.mktemp("northwind") / "company", connectors=["northwind"])
    for file in files:
        shutil.copy(file, company.workspace.exports / "northwind")
    company.run(as_of=LAST_DAY)
    return company


def by_year(company: Company, table: str) -> dict[str, str]:
    query = f"select left(period, 4), sum(amount)::varchar from marts.{table} group by 1 order by 1"
    return {year: str(Decimal(total).quantize(Decimal("0.01"))) for year, total in company.query(query)}


def test_bookings_by_year_are_the_orders_placed(northwind: Company) -> None:
    assert by_year(northwind, "fct_bookings") == BOOKINGS


def test_revenue_by_year_is_what_was_shipped(northwind: Company) -> None:
    assert by_year(northwind, "fct_recognized_revenue") == REVENUE


@pytest.mark.parametrize("period", sorted(BACKLOG))
def test_backlog_is_what_was_not_shipped(northwind: Company, period: str) -> None:
    ((total, orders),) = northwind.query(
        "select sum(backlog), count(distinct contract_id) filter (where backlog <> 0)"
        f" from marts.fct_backlog where period = '{period}'"
    )
    assert (str(Decimal(total).quantize(Decimal("0.01"))), orders) == BACKLOG[period]


def test_what_rounding_took_off_is_known_to_the_last_decimal(northwind: Company) -> None:
    rounded = sum(map(Decimal, BOOKINGS.values()))
    assert northwind.query(
        "select rows_extracted, rows_used, amount_extracted, amount_used, amount_rounding"
        " from audit.completeness where source_object = 'order_details'"
    ) == [(2155, 2155, UNROUNDED, rounded, UNROUNDED - rounded)]


def test_no_row_of_any_file_is_lost(northwind: Company) -> None:
    rows = northwind.query(
        "select source_object, rows_extracted, rows_used from audit.completeness where source_system = 'northwind'"
        " order by all"
    )
    assert rows == [
        ("customers", 91, 91),
        ("order_details", 2155, 2155),
        ("orders", 830, 830),
        ("products", 77, 77),
    ]

"""Real orders with real shipments: bookings on the order date, revenue on the ship date, backlog = unshipped."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from tests.harness import Company, shared_data

# Every line rounded half up to cents; freight left out.
BOOKINGS = {"1996": "208083.99", "1997": "617085.35", "1998": "440623.95"}
REVENUE = {"1996": "193316.58", "1997": "608847.01", "1998": "437692.26"}
BACKLOG = {"1996-12": ("14767.41", 9), "1997-12": ("23005.75", 19), "1998-05": ("25937.44", 21)}
LAST_DAY = date(1998, 5, 6)


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def iso(text: str) -> str:
    if not text:
        return ""
    month, day, year = text.split("/")
    return date(int(year), int(month), int(day)).isoformat()


def exchange_files(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Northwind's tables written as exchange entities: an order is a contract, its line is shipped whole."""
    orders = list(rows(folder / "Orders.csv"))
    ordered = {order["OrderID"]: order for order in orders}
    lines: list[dict[str, str]] = []
    fulfillments: list[dict[str, str]] = []
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for number, detail in enumerate(rows(folder / "Order_Details.csv"), start=1):
        order = ordered[detail["OrderID"]]
        line_id = f"{detail['OrderID']}-{detail['ProductID']}"
        exact = Decimal(detail["UnitPrice"]) * Decimal(detail["Quantity"]) * (1 - Decimal(detail["Discount"]))
        amount = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
        totals[detail["OrderID"]] += amount
        lines.append(
            {
                "contract_line_id": line_id,
                "contract_id": detail["OrderID"],
                "line_number": str(number),
                "product_id": detail["ProductID"],
                "quantity": detail["Quantity"],
                "unit_price": detail["UnitPrice"],
                "amount": str(amount),
                "promised_date": iso(order["RequiredDate"]),
            }
        )
        if order["ShippedDate"]:
            fulfillments.append(
                {
                    "fulfillment_id": f"S{line_id}",
                    "contract_line_id": line_id,
                    "event_date": iso(order["ShippedDate"]),
                    "kind": "delivery",
                    "quantity": detail["Quantity"],
                }
            )
    return {
        "customers": [
            {
                "customer_id": row["CustomerID"],
                "customer_name": row["CompanyName"],
                "country": row["Country"],
            }
            for row in rows(folder / "Customers.csv")
        ],
        "products": [
            {
                "product_id": row["ProductID"],
                "product_name": row["ProductName"],
                "revenue_category": "goods",
                "recognition_method": "point_in_time",
            }
            for row in rows(folder / "Products.csv")
        ],
        "contracts": [
            {
                "contract_id": order["OrderID"],
                "customer_id": order["CustomerID"],
                "status": "active",
                "signed_date": iso(order["OrderDate"]),
                "currency": "USD",
                "total_amount": str(totals[order["OrderID"]]),
                "sales_rep": order["EmployeeID"],
            }
            for order in orders
        ],
        "contract_lines": lines,
        "fulfillments": fulfillments,
    }


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = shared_data("northwind")
    company = Company(tmp_path_factory.mktemp("northwind"))
    company.deliver(exchange_files(folder))
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

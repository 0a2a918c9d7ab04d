"""Adjustments as data: a dated change of a line with a reason and an approver, worked by hand.

Every line is 1,200 over 2026, 100 a month, but `done`: 300 over its first quarter.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.harness import Company, Rows
from warehouse.publish.verify import verify

LINES = ("less", "earlier", "billed", "done", "late")


def adjustment(key: str, line: str, measure: str, amount: str, day: str, **more: str) -> dict[str, str]:
    return {
        "adjustment_id": key,
        "contract_line_id": line,
        "measure": measure,
        "amount": amount,
        "effective_date": day,
        "reason": f"memo {key}",
        "approver": "C. Controller",
        **more,
    }


ADJUSTMENTS = [
    adjustment("A1", "less", "contracted", "-120", "2026-04-01"),
    adjustment("A2", "earlier", "recognized", "90", "2026-04-01", valid_until="2026-06-30"),
    adjustment("A3", "billed", "billed", "50", "2026-04-10"),
    adjustment("A4", "done", "recognized", "100", "2026-05-15"),
]
LATE = adjustment("A5", "late", "recognized", "70", "2026-02-01")

ENTITIES: dict[str, Rows] = {
    "customers": [{"customer_id": "C1", "customer_name": "Customer"}],
    "products": [
        {
            "product_id": "P",
            "product_name": "P",
            "recognition_method": "ratable",
            "recognition_convention": "monthly",
            "revenue_category": "services",
        }
    ],
    "contracts": [
        {
            "contract_id": f"K-{line}",
            "customer_id": "C1",
            "status": "active",
            "signed_date": "2026-01-01",
            "start_date": "2026-01-01",
            "end_date": "2026-03-31" if line == "done" else "2026-12-31",
            "currency": "USD",
        }
        for line in LINES
    ],
    "contract_lines": [
        {
            "contract_line_id": line,
            "contract_id": f"K-{line}",
            "line_number": "1",
            "product_id": "P",
            "amount": "300" if line == "done" else "1200",
        }
        for line in LINES
    ],
    "adjustments": ADJUSTMENTS,
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    found = Company(tmp_path_factory.mktemp("adjusted") / "company")
    found.deliver(ENTITIES)
    found.commit("2026-03", "2026-04-02")
    found.deliver(ENTITIES | {"adjustments": [*ADJUSTMENTS, LATE]})
    found.commit("2026-04", "2026-05-05")
    found.run("2026-12-31")
    return found


def by_month(company: Company, line: str, table: str = "fct_recognized_revenue") -> list[Decimal]:
    return [
        amount
        for (amount,) in company.query(
            f"select sum(amount) from marts.{table} where contract_line_id = '{line}' group by period order by period"
        )
    ]


def decimals(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


def test_less_is_contracted_off_what_is_still_to_be_earned(company: Company) -> None:
    """900 less 120 are left on 1 April: 86.67 a month for nine months."""
    assert by_month(company, "less") == decimals(
        *["100"] * 3, "86.67", "86.66", "86.67", "86.67", "86.66", "86.67", "86.67", "86.66", "86.67"
    )
    assert company.query(
        "select period, booking_type, amount, reason from marts.fct_bookings"
        " where contract_line_id = 'less' order by period"
    ) == [
        ("2026-01", "new", Decimal(1200), None),
        ("2026-04", "reprice", Decimal(-120), "memo A1"),
    ]


def test_what_is_earned_earlier_is_earned_less_later_and_taken_back_after_its_last_day(
    company: Company,
) -> None:
    """90 at once, 10 less in each of nine months; on 1 July back, and 15 more in each of six."""
    assert by_month(company, "earlier") == decimals(
        *["100"] * 3, "180", "90", "90", "15", "105", "105", "105", "105", "105"
    )
    assert by_month(company, "earlier", "fct_bookings") == decimals("1200")


def test_what_is_billed_is_a_document_of_its_own(company: Company) -> None:
    assert company.query(
        "select period, document_type, document_id, billing_date, amount from marts.fct_billings"
    ) == [("2026-04", "adjustment", "A3", date(2026, 4, 10), Decimal(50))]
    assert company.query(
        "select accounts_receivable, contract_asset from marts.fct_contract_balances"
        " where accounting_contract_id = 'K-billed' and period = '2026-04'"
    ) == [(Decimal(50), Decimal(350))]
    assert company.query(
        "select invoice_id, open from marts.fct_receivables where contract_id = 'K-billed' and period = '2026-04'"
    ) == [("(not linked)", Decimal(50))]


def test_beyond_what_is_left_to_earn_it_is_contracted_as_well(company: Company) -> None:
    assert by_month(company, "done") == decimals("100", "100", "100", "100")
    assert by_month(company, "done", "fct_bookings") == decimals("300", "100")


def test_known_after_the_close_it_posts_in_the_open_month_under_its_own(company: Company) -> None:
    """70 in February; 700/1100 of a month's 100 less from then on: 6.36 in February and March."""
    assert company.query(
        "select period, original_period, cause, amount from marts.fct_recognized_revenue"
        " where contract_line_id = 'late' and is_prior_period order by original_period"
    ) == [
        ("2026-04", "2026-02", "late", Decimal("63.64")),
        ("2026-04", "2026-03", "late", Decimal("-6.37")),
    ]
    assert sum(by_month(company, "late")) == 1200


def test_an_auditor_finds_the_row_of_the_adjustment(company: Company) -> None:
    assert company.query(
        "select distinct record_key, source_file, source_row from audit.lineage"
        " where fact_table = 'fct_recognized_revenue' and entity = 'adjustments' and record_key = 'A2'"
    ) == [("A2", "exports/files/adjustments.csv", 3)]


def test_every_equation_holds_and_what_is_published_verifies(company: Company) -> None:
    assert company.query("select equation, scope from audit.tie_outs where not holds") == []
    assert verify(company.workspace) == []

"""A company that cuts over in the middle of its contracts' lives has, from then on, the figures of one that loaded all
history; and adjustments as data.

The contracts of `ENTITIES` are of every method, one with a bundle and a discount, amended before and after the day,
cancelled and credited after it; of the time before, only open invoices are delivered.
"""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from tests.end_to_end.cut_over import FIGURES, taken_over
from tests.harness import Company, Rows
from warehouse.publish.manifest import read_chain
from warehouse.publish.verify import verify

CUT_OVER = "2026-03-31"
MONTHS = ("2026-04", "2026-05", "2026-06", "2026-07")
AS_OF = "2026-07-31"

PRODUCTS = [
    {
        "product_id": method,
        "product_name": method,
        "revenue_category": "services",
        "recognition_method": "" if method == "discount" else method,
        "recognition_convention": "monthly" if method == "ratable" else "",
    }
    for method in (
        "ratable",
        "point_in_time",
        "on_start",
        "percent_complete",
        "milestone",
        "usage",
        "drawdown",
        "as_invoiced",
        "discount",
    )
]


def contract(key: str, start: str = "2025-10-15", end: str = "2026-10-14", **more: str) -> dict[str, str]:
    return {
        "contract_id": key,
        "customer_id": "C1",
        "status": "active",
        "signed_date": "2025-10-10",
        "start_date": start,
        "end_date": end,
        "currency": "USD",
        **more,
    }


def line(key: str, number: int, product: str, amount: str, **more: str) -> dict[str, str]:
    return {
        "contract_line_id": f"{key}-{number}",
        "contract_id": key,
        "line_number": str(number),
        "product_id": product,
        "amount": amount,
        **more,
    }


def invoice(key: str, day: str, line_id: str, amount: str, tax: str = "0", **more: str) -> dict[str, Rows]:
    contract_id = line_id.rsplit("-", 1)[0]
    return {
        "invoices": [
            {
                "invoice_id": key,
                "customer_id": "C1",
                "contract_id": contract_id,
                "issue_date": day,
                "due_date": day,
                "currency": "USD",
                "status": "open",
            }
        ],
        "invoice_lines": [
            {
                "invoice_line_id": f"{key}-1",
                "invoice_id": key,
                "contract_line_id": line_id,
                "amount": amount,
                "tax_amount": tax,
                **more,
            }
        ],
    }


def payment(key: str, invoice_id: str, day: str, amount: str) -> dict[str, str]:
    return {
        "payment_id": key,
        "invoice_id": invoice_id,
        "customer_id": "C1",
        "payment_date": day,
        "amount": amount,
        "currency": "USD",
        "kind": "payment",
    }


def event(key: str, line_id: str, day: str, kind: str, **what: str) -> dict[str, str]:
    return {"fulfillment_id": key, "contract_line_id": line_id, "event_date": day, "kind": kind, **what}


def amendment(key: str, line_id: str, signed: str, action: str, **more: str) -> dict[str, str]:
    return {
        "amendment_id": key,
        "contract_id": line_id.rsplit("-", 1)[0],
        "contract_line_id": line_id,
        "effective_date": signed,
        "signed_date": signed,
        "action": action,
        **more,
    }


def documents(*parts: dict[str, Rows]) -> dict[str, Rows]:
    return {
        entity: [row for part in parts for row in part[entity]] for entity in ("invoices", "invoice_lines")
    }


ROLES = (
    "accounts_receivable",
    "deferred_revenue",
    "contract_asset",
    "unbilled_receivable",
    "refund_liability",
    "customer_deposits",
    "tax_payable",
    "cash",
    "bad_debt",
    "revenue",
    "fx",
)

ENTITIES: dict[str, Rows] = {
    "gl_accounts": [{"account_id": role, "account_name": role, "account_type": "asset"} for role in ROLES],
    "account_mapping": [{"role": role, "account_id": role} for role in ROLES],
    "customers": [{"customer_id": "C1", "customer_name": "Customer"}],
    "products": PRODUCTS,
    "contracts": [
        contract("paid"),
        contract("open"),
        contract("amended"),
        contract("bundle"),
        contract("build"),
        contract("stones"),
        contract("metered"),
        contract("drawn"),
        contract("invoiced"),
        contract("started"),
        contract("cancelled"),
        contract("later", start="2026-05-01", end="2027-04-30", signed_date="2026-04-20"),
    ],
    "contract_lines": [
        line("paid", 1, "ratable", "1000"),
        line("open", 1, "ratable", "777.77"),
        line("amended", 1, "ratable", "1200", quantity="10", ssp_unit="130"),
        line("amended", 2, "ratable", "300", amendment_id="B1", ssp_unit="300", start_date="2026-02-10"),
        line("bundle", 1, "ratable", "600", quantity="1", ssp_unit="500"),
        line("bundle", 2, "point_in_time", "400", quantity="3", ssp_unit="200"),
        line("bundle", 3, "discount", "-100"),
        line("build", 1, "percent_complete", "1000"),
        line("stones", 1, "milestone", "900"),
        line("metered", 1, "usage", "0"),
        line("drawn", 1, "drawdown", "500"),
        line("invoiced", 1, "as_invoiced", "0"),
        line("started", 1, "on_start", "250"),
        line("cancelled", 1, "ratable", "1200"),
        line("later", 1, "ratable", "365"),
    ],
    "amendments": [
        amendment("B1", "amended-2", "2026-02-10", "add"),
        amendment("B2", "amended-1", "2026-05-20", "change", quantity_delta="2", amount_delta="137"),
        amendment("B3", "cancelled-1", "2026-06-16", "cancel"),
    ],
    "fulfillments": [
        event("F1", "bundle-2", "2026-01-20", "delivery", quantity="1"),
        event("F2", "bundle-2", "2026-05-07", "delivery", quantity="1"),
        event("F3", "build-1", "2026-02-01", "progress", percent_complete="33.3"),
        event("F4", "build-1", "2026-06-01", "progress", percent_complete="71"),
        event("F5", "stones-1", "2026-03-01", "milestone", amount="333.33"),
        event("F6", "stones-1", "2026-07-01", "milestone", amount="200"),
        event("F7", "metered-1", "2026-03-15", "usage", amount="41.17"),
        event("F8", "metered-1", "2026-04-15", "usage", amount="19.99"),
        event("F9", "drawn-1", "2026-02-15", "usage", amount="120"),
        event("F10", "drawn-1", "2026-05-15", "usage", amount="450"),
    ],
    **documents(
        invoice("I1", "2025-10-15", "paid-1", "1000", "190"),
        invoice("I2", "2026-02-15", "open-1", "500", "95"),
        invoice("I3", "2025-11-01", "amended-1", "700"),
        invoice("I4", "2026-06-01", "amended-1", "500"),
        invoice("I5", "2026-01-25", "bundle-1", "600", "60"),
        invoice("I6", "2026-03-01", "stones-1", "333.33"),
        invoice("I7", "2026-04-02", "metered-1", "61.16"),
        invoice("I8", "2025-10-15", "drawn-1", "500"),
        invoice("I9", "2026-01-01", "invoiced-1", "90", service_start="2026-01-01", service_end="2026-01-31"),
        invoice(
            "I10", "2026-03-20", "invoiced-1", "100", service_start="2026-03-20", service_end="2026-04-19"
        ),
        invoice(
            "I11", "2026-04-20", "invoiced-1", "100", service_start="2026-04-20", service_end="2026-05-19"
        ),
        invoice("I12", "2025-10-20", "cancelled-1", "1200"),
    ),
    "payments": [
        payment("P1", "I1", "2025-12-01", "1190"),
        payment("P2", "I2", "2026-03-20", "95"),
        payment("P3", "I2", "2026-05-10", "500"),
        payment("P4", "I3", "2026-01-10", "700"),
        payment("P5", "I5", "2026-04-10", "660"),
        payment("P6", "I8", "2025-11-10", "500"),
        payment("P7", "I9", "2026-02-10", "90"),
        payment("P8", "I12", "2025-12-24", "1200"),
    ],
    "credit_notes": [
        {
            "credit_note_id": "N1",
            "invoice_id": "I1",
            "contract_id": "paid",
            "customer_id": "C1",
            "issue_date": "2026-06-10",
            "currency": "USD",
        }
    ],
    "credit_note_lines": [
        {
            "credit_note_line_id": "N1-1",
            "credit_note_id": "N1",
            "invoice_line_id": "I1-1",
            "contract_line_id": "paid-1",
            "amount": "100",
            "reason": "price_concession",
        }
    ],
}


def months(company: Company, table: str) -> list[tuple[Any, ...]]:
    found = company.query(f"select {FIGURES[table]} from marts.{table} where period in {MONTHS} order by all")
    assert found, f"{table} says nothing of {MONTHS}"
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Company:
    company = Company(tmp_path_factory.mktemp("whole") / "company")
    company.deliver(ENTITIES)
    company.run(AS_OF)
    return company


@pytest.fixture(scope="module")
def cut_over(whole: Company, tmp_path_factory: pytest.TempPathFactory) -> Company:
    company = Company(tmp_path_factory.mktemp("cut") / "company")
    company.deliver(taken_over(ENTITIES, whole, CUT_OVER))
    company.run(AS_OF)
    return company


@pytest.mark.parametrize("table", FIGURES)
def test_months_after_a_cut_over_are_those_of_all_history(
    whole: Company, cut_over: Company, table: str
) -> None:
    assert months(cut_over, table) == months(whole, table)


def test_nothing_is_held_back_and_every_equation_holds(cut_over: Company) -> None:
    assert cut_over.query("select entity, record_key, rule from audit.quarantine where fate != 'used'") == []
    assert cut_over.query("select equation, scope from audit.tie_outs where not holds") == []


def test_the_month_of_the_cut_over_opens_balances_and_has_no_facts(cut_over: Company) -> None:
    """By contract, billed - recognized: paid 1000 - 462.37, open 500 - 359.61, amended 700 - 616.78,
    bundle 600 - 352.79, drawn 500 - 120, invoiced 190 - 128.71, cancelled 1200 - 554.84; build -333,
    metered -41.17, started -250.
    Open: 500 of 595, 660, 333.33 and 100. Contracted are 8,197.65, and 3,552.60 of it recognized."""
    for table in ("fct_bookings", "fct_billings", "fct_recognized_revenue"):
        assert cut_over.query(f"select period from marts.{table} where period <= '2026-03'") == []
    assert cut_over.query(
        "select balance, movement, amount from marts.rpt_rollforward"
        " where period <= '2026-03' and movement not in ('opening', 'closing', 'reclassification') order by all"
    ) == [
        ("accounts_receivable", "cut_over", Decimal("1593.33")),
        ("backlog", "cut_over", Decimal("4645.05")),
        ("contract_asset", "cut_over", Decimal("624.17")),
        ("deferred_revenue", "cut_over", Decimal("2094.90")),
    ]


@pytest.fixture(scope="module")
def corrected(whole: Company, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """April closed; then the old system says 10 more was recognized of `open`, and May is closed."""
    company = Company(tmp_path_factory.mktemp("corrected") / "company")
    delivered = taken_over(ENTITIES, whole, CUT_OVER)
    company.deliver(delivered)
    company.commit("2026-04", "2026-05-02")
    balances = [
        {**row, "recognized": str(Decimal(row["recognized"]) + 10)}
        if row["contract_line_id"] == "open-1"
        else row
        for row in delivered["opening_balances"]
    ]
    company.deliver({"opening_balances": balances})
    company.close("2026-05", "2026-06-02")
    return company


def test_a_corrected_opening_balance_moves_no_published_month_and_is_no_revenue(corrected: Company) -> None:
    """Of the 10, 1.55 are earned less in April, the first of 6.45 months that are left."""
    assert corrected.query(
        "select period, balance, amount from marts.rpt_rollforward"
        " where movement = 'cut_over' and period > '2026-03' order by all"
    ) == [("2026-05", "backlog", Decimal(-10)), ("2026-05", "deferred_revenue", Decimal(-10))]
    assert corrected.query(
        "select period, original_period, cause, amount from marts.fct_recognized_revenue"
        " where contract_line_id = 'open-1' and is_prior_period"
    ) == [("2026-05", "2026-04", "correction", Decimal("-1.55"))]


def test_what_is_published_of_a_cut_over_verifies(corrected: Company) -> None:
    assert verify(corrected.workspace) == []
    month = read_chain(corrected.workspace.published).months[-1].path
    done = subprocess.run([sys.executable, month / "verify.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "cut-over of backlog = change of opening positions" in done.stdout
    assert corrected.query("select equation, scope from audit.tie_outs where not holds") == []

"""Money before its invoice and for none: what stands aside, what it is applied to, and the receivables beside it."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest

from tests.harness import Company

Row = dict[str, str]
OF = {"customer_id": "C", "currency": "USD"}


def payment(key: str, day: str, amount: str, kind: str = "payment", invoice: str = "") -> Row:
    row = {"payment_id": key, "payment_date": day, "amount": amount, "kind": kind, "invoice_id": invoice}
    return {**row, **OF}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """1,200 for 2026, invoiced 600 and 60 of tax on 5 February; January and February are closed, March runs."""
    found = Company(tmp_path_factory.mktemp("deposits"))
    term = {"start_date": "2026-01-01", "end_date": "2026-12-31"}
    ratable = {"recognition_method": "ratable", "revenue_category": "subscription"}
    line = {"contract_line_id": "L", "contract_id": "K", "line_number": "1", "product_id": "P"}
    issued = {"invoice_id": "I", "contract_id": "K", "issue_date": "2026-02-05", "status": "open"}
    found.deliver(
        {
            "customers": [{"customer_id": "C", "customer_name": "C"}],
            "products": [{"product_id": "P", "product_name": "P", **ratable}],
            "contracts": [
                {"contract_id": "K", "status": "signed", "signed_date": "2026-01-01", **term, **OF}
            ],
            "contract_lines": [{**line, "amount": "1200"}],
            "invoices": [{**issued, "total_amount": "660", **OF}],
            "invoice_lines": [
                {
                    "invoice_line_id": "I-1",
                    "invoice_id": "I",
                    "contract_line_id": "L",
                    "amount": "600",
                    "tax_amount": "60",
                }
            ],
            "payments": [
                payment("for-nothing", "2026-01-10", "500"),
                payment("too-early", "2026-01-20", "300", invoice="I"),
                payment("from-the-500", "2026-03-12", "200", "credit_applied", invoice="I"),
                payment("the-rest", "2026-03-14", "160", invoice="I"),
            ],
        }
    )
    found.commit("2026-01", "2026-02-05")
    found.commit("2026-02", "2026-03-05")
    found.run("2026-03-15")
    return found


def balances(company: Company, column: str) -> dict[tuple[str, str], Decimal]:
    rows = company.query(f"select period, contract_id, {column} from marts.fct_contract_balances")
    return {(period, contract): amount for period, contract, amount in rows if amount}


def test_a_receivable_is_lowered_by_money_once_it_is_applied(company: Company) -> None:
    assert balances(company, "accounts_receivable") == {("2026-02", "K"): Decimal(660 - 300)}


def test_deposits_are_those_of_the_contract_and_those_of_the_customer(company: Company) -> None:
    assert balances(company, "customer_deposits") == {
        ("2026-01", "K"): Decimal(300),
        ("2026-01", "(not linked)"): Decimal(500),
        ("2026-02", "(not linked)"): Decimal(500),
        ("2026-03", "(not linked)"): Decimal(500 - 200),
    }
    assert company.query(
        "select distinct customer_id from marts.fct_contract_balances where contract_id = '(not linked)'"
    ) == [("C",)]


def test_movements_say_what_stood_aside_and_what_was_applied(company: Company) -> None:
    rows = company.query(
        "select period, balance, movement, amount from marts.rpt_rollforward"
        " where balance in ('customer_deposits', 'accounts_receivable') and amount <> 0"
    )
    assert {(period, balance, movement): amount for period, balance, movement, amount in rows} == {
        ("2026-01", "accounts_receivable", "payments"): Decimal(-300),
        ("2026-01", "accounts_receivable", "deposits"): Decimal(300),
        ("2026-01", "customer_deposits", "deposits"): Decimal(800),
        ("2026-01", "customer_deposits", "closing"): Decimal(800),
        ("2026-02", "accounts_receivable", "billings"): Decimal(660),
        ("2026-02", "accounts_receivable", "applied"): Decimal(-300),
        ("2026-02", "accounts_receivable", "closing"): Decimal(360),
        ("2026-02", "customer_deposits", "opening"): Decimal(800),
        ("2026-02", "customer_deposits", "applied"): Decimal(-300),
        ("2026-02", "customer_deposits", "closing"): Decimal(500),
        ("2026-03", "accounts_receivable", "opening"): Decimal(360),
        ("2026-03", "accounts_receivable", "applied"): Decimal(-200),
        ("2026-03", "accounts_receivable", "payments"): Decimal(-160),
        ("2026-03", "customer_deposits", "opening"): Decimal(500),
        ("2026-03", "customer_deposits", "applied"): Decimal(-200),
        ("2026-03", "customer_deposits", "closing"): Decimal(300),
    }


def test_every_equation_holds_and_a_published_month_proves_itself(company: Company) -> None:
    assert company.query("select equation, scope from audit.tie_outs where not holds") == []
    script = company.workspace.published / "2026-02" / "v1" / "verify.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "customer deposits = deposited positions" in done.stdout

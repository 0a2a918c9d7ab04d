"""What customers owe, by invoice and age: worked by hand, tied to contracts' balances, carried where one is held.

K, at the end of March 2026:
    I1   1,100 with 100 tax, due 31 January: less 600 paid and 110 credited 390, 59 days overdue
    I2   500, due 15 March: 16 days overdue
    I3   200 of 31 March, without a due date: not due
    I4   300, due 28 February, paid on 10 March: nothing is open
    I6   80, due 31 January, paid, then credited with 30: owed to the customer, overdue for nobody
    N2   a credit note of 50 that names no invoice
I5 is over both contracts: 90 of K, 10 of K2; the 50 paid on it are 45 and 5.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.harness import Company

Row = dict[str, str]
OF = {"customer_id": "C", "currency": "USD"}
TERM = {"status": "signed", "signed_date": "2026-01-01", "start_date": "2026-01-01", "end_date": "2026-12-31"}


def invoice(key: str, day: str, due: str, total: str, **more: str) -> Row:
    return {
        "invoice_id": key,
        "issue_date": day,
        "due_date": due,
        "status": "open",
        "total_amount": total,
        **OF,
        **more,
    }


def billed(key: str, line: str, amount: str, tax: str = "0") -> Row:
    return {
        "invoice_line_id": f"{key}-{line}",
        "invoice_id": key,
        "contract_line_id": line,
        "amount": amount,
        "tax_amount": tax,
    }


def paid(key: str, day: str, amount: str) -> Row:
    return {
        "payment_id": f"Z-{key}",
        "invoice_id": key,
        "payment_date": day,
        "amount": amount,
        "kind": "payment",
        **OF,
    }


def credited(key: str, day: str, amount: str, tax: str, **names: str) -> tuple[Row, Row]:
    note = {
        "credit_note_id": key,
        "issue_date": day,
        "total_amount": str(int(amount) + int(tax)),
        **OF,
        **names,
    }
    line = {"credit_note_line_id": f"{key}-1", "credit_note_id": key, "contract_line_id": "L"}
    return note, {**line, "amount": amount, "tax_amount": tax, "reason": "billing_error"}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """January and February are closed; K2 is broken in March, so that it is held; April runs."""
    found = Company(
        tmp_path_factory.mktemp("receivables"),
        '[policies]\nfreshness_hours = 0\nmax_held_contracts_percent = "100"\nmax_held_amount_percent = "100"\n',
    )
    notes = [
        credited("N1", "2026-02-20", "100", "10", invoice_id="I1"),
        credited("N2", "2026-03-05", "50", "0", contract_id="K"),
        credited("N6", "2026-03-10", "30", "0", invoice_id="I6"),
    ]
    line = {"line_number": "1", "product_id": "P"}
    contracts = [
        {"contract_id": "K", "total_amount": "2400", **TERM, **OF},
        {"contract_id": "K2", "total_amount": "1200", **TERM, **OF},
    ]
    found.deliver(
        {
            "customers": [{"customer_id": "C", "customer_name": "C"}],
            "products": [
                {
                    "product_id": "P",
                    "product_name": "P",
                    "recognition_method": "ratable",
                    "revenue_category": "services",
                }
            ],
            "contracts": contracts,
            "contract_lines": [
                {**line, "contract_line_id": "L", "contract_id": "K", "amount": "2400"},
                {**line, "contract_line_id": "L2", "contract_id": "K2", "amount": "1200"},
            ],
            "invoices": [
                invoice("I1", "2026-01-01", "2026-01-31", "1100", tax_amount="100"),
                invoice("I2", "2026-02-13", "2026-03-15", "500"),
                invoice("I3", "2026-03-31", "", "200"),
                invoice("I4", "2026-01-29", "2026-02-28", "300"),
                invoice("I5", "2026-01-10", "2026-02-09", "100"),
                invoice("I6", "2026-01-01", "2026-01-31", "80"),
            ],
            "invoice_lines": [
                billed("I1", "L", "1000", "100"),
                billed("I2", "L", "500"),
                billed("I3", "L", "200"),
                billed("I4", "L", "300"),
                billed("I5", "L", "90"),
                billed("I5", "L2", "10"),
                billed("I6", "L", "80"),
            ],
            "credit_notes": [note for note, _ in notes],
            "credit_note_lines": [line for _, line in notes],
            "payments": [
                paid("I1", "2026-02-10", "600"),
                paid("I4", "2026-03-10", "300"),
                paid("I5", "2026-02-12", "50"),
                paid("I6", "2026-01-31", "80"),
            ],
        }
    )  # fmt: skip
    found.commit("2026-01", "2026-02-05")
    found.commit("2026-02", "2026-03-05")
    contracts[1] = {**contracts[1], "signed_date": "2026-02-31"}
    found.deliver({"contracts": contracts})
    found.close("2026-03", "2026-04-03")
    return found


def opened(company: Company, period: str) -> dict[tuple[str, str], tuple[Decimal, int | None, str]]:
    rows = company.query(
        f"select contract_id, invoice_id, open, days_overdue, age_bucket from marts.fct_receivables"
        f" where period = '{period}'"
    )
    return {(contract, key): (amount, days, bucket) for contract, key, amount, days, bucket in rows}


def test_each_invoice_says_what_is_open_of_it_and_since_when(company: Company) -> None:
    assert opened(company, "2026-03") == {
        ("K", "I1"): (Decimal(390), 59, "31-60"),
        ("K", "I2"): (Decimal(500), 16, "1-30"),
        ("K", "I3"): (Decimal(200), 0, "not due"),
        ("K", "I4"): (Decimal(0), 31, "31-60"),
        ("K", "I5"): (Decimal(45), 50, "31-60"),
        ("K2", "I5"): (Decimal(5), 50, "31-60"),
        ("K", "I6"): (Decimal(-30), 59, "not applied"),
        ("K", "(not linked)"): (Decimal(-50), None, "not applied"),
    }


def test_what_is_open_is_billed_less_credited_paid_and_written_off(company: Company) -> None:
    assert company.query(
        "select billed, credited, paid, written_off, open from marts.fct_receivables"
        " where period = '2026-03' and invoice_id = 'I1'"
    ) == [(1100, 110, 600, 0, 390)]
    assert company.query(
        "select count(*) from marts.fct_receivables where open <> billed - credited - paid - written_off"
    ) == [(0,)]


def test_the_invoices_of_a_contract_are_its_receivable(company: Company) -> None:
    balances = company.query(
        "select period, contract_id, accounts_receivable from marts.fct_contract_balances"
        " where accounts_receivable <> 0 order by all"
    )
    assert balances == company.query(
        "select period, contract_id, sum(open) from marts.fct_receivables group by all"
        " having sum(open) <> 0 order by all"
    )
    assert ("2026-03", "K", Decimal(390 + 500 + 200 + 45 - 50 - 30)) in balances


def test_a_held_contract_carries_what_was_published_of_its_invoices(company: Company) -> None:
    assert company.query("select distinct contract_id from audit.held_contracts") == [("K2",)]
    assert (
        opened(company, "2026-02")["K2", "I5"][0] == opened(company, "2026-04")["K2", "I5"][0] == Decimal(5)
    )


def test_the_aging_report_adds_them_up(company: Company) -> None:
    assert company.query(
        "select age_bucket, open, invoices from marts.rpt_ar_aging where period = '2026-03' order by all"
    ) == [("1-30", 500, 1), ("31-60", 440, 2), ("not applied", -80, 2), ("not due", 200, 1)]

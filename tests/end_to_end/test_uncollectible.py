"""Revenue of customers whose invoices are uncollectible: it goes on and is listed, or stops."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from tests.harness import Company

LISTED = "select contract_id, customer_id, currency, period, amount from audit.earned_while_uncollectible order by all"


def deliver(company: Company) -> None:
    """1,000 and 200 a month of one customer, whose invoice is uncollectible from 10 March on, 1,000 of another."""
    contracts = {"K": ("C", "12000"), "L": ("C", "2400"), "M": ("D", "12000")}
    term = {"start_date": "2026-01-01", "end_date": "2026-12-31", "currency": "USD"}
    ratable = {"recognition_method": "ratable", "revenue_category": "subscription"}
    bad = {"status": "uncollectible", "status_date": "2026-03-10"}
    company.deliver(
        {
            "customers": [{"customer_id": key, "customer_name": key} for key in "CD"],
            "products": [{"product_id": "P", "product_name": "P", **ratable}],
            "contracts": [
                {
                    "contract_id": key,
                    "customer_id": customer,
                    "status": "signed",
                    "signed_date": "2026-01-01",
                    **term,
                }
                for key, (customer, _) in contracts.items()
            ],
            "contract_lines": [
                {
                    "contract_line_id": f"{key}-1",
                    "contract_id": key,
                    "line_number": "1",
                    "product_id": "P",
                    "amount": amount,
                }
                for key, (_, amount) in contracts.items()
            ],
            "invoices": [
                {
                    "invoice_id": "I",
                    "contract_id": "K",
                    "customer_id": "C",
                    "issue_date": "2026-01-05",
                    "currency": "USD",
                    **bad,
                }
            ],
            "invoice_lines": [
                {"invoice_line_id": "I-1", "invoice_id": "I", "contract_line_id": "K-1", "amount": "12000"}
            ],
        }
    )


def test_what_is_earned_after_an_invoice_is_uncollectible_is_listed(tmp_path: Path) -> None:
    """1,000 and 200 a month of one customer, whose invoice is uncollectible from 10 March on: 22 of March's 31 days."""
    company = Company(tmp_path)
    deliver(company)
    company.run("2026-03-05")
    assert company.query(LISTED) == []
    company.run("2026-04-30")
    assert company.query(LISTED) == [
        ("K", "C", "USD", "2026-03", Decimal("709.68")),
        ("K", "C", "USD", "2026-04", Decimal("1000.00")),
        ("L", "C", "USD", "2026-03", Decimal("141.94")),
        ("L", "C", "USD", "2026-04", Decimal("200.00")),
    ]


def test_nothing_is_earned_or_scheduled_where_the_policy_stops_it(tmp_path: Path) -> None:
    """9 of March's 31 days are earned: 290.32 and 58.06. Nothing is listed or scheduled, and E1 holds all the same."""
    company = Company(tmp_path, "[policies]\nfreshness_hours = 0\nstop_on_uncollectible = true\n")
    deliver(company)
    company.run("2026-04-30")
    earned = "select contract_id, sum(amount) from marts.fct_recognized_revenue where period >= '2026-03' group by all"
    assert sorted(company.query(earned)) == [
        ("K", Decimal("290.32")),
        ("L", Decimal("58.06")),
        ("M", Decimal("2000.00")),
    ]
    assert company.query(LISTED) == []
    assert company.query("select distinct contract_id from marts.fct_revenue_schedule") == [("M",)]
    until = "select contract_line_id, earned_until from marts.dim_contract_line where contract_id != '(not linked)'"
    assert sorted(company.query(until)) == [
        ("K-1", date(2026, 3, 9)),
        ("L-1", date(2026, 3, 9)),
        ("M-1", None),
    ]
    assert company.query("select distinct holds from audit.tie_outs where equation = 'E1'") == [(True,)]

"""Methods earned by what happens: the schedule of what is open, lineage, known cancellations, held contracts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from tests.harness import Company

TOML = """
[policies]
freshness_hours = 0
max_held_contracts_percent = "100"
max_held_amount_percent = "100"
"""
METHODS = ("percent_complete", "milestone", "usage", "drawdown", "as_invoiced")
Row = dict[str, str]


def contract(key: str, **changes: str) -> Row:
    row = {"contract_id": key, "customer_id": "C", "status": "signed", "signed_date": "2026-01-01"}
    dates = {"start_date": "2026-01-01", "end_date": "2026-12-31"}
    return {**row, **dates, "currency": "USD", **changes}


def line(key: str, method: str, amount: str, **changes: str) -> Row:
    row = {"contract_line_id": f"{key}-L", "contract_id": key, "line_number": "1"}
    return {**row, "product_id": method, "amount": amount, **changes}


def event(key: str, day: str, kind: str, **measure: str) -> Row:
    row = {"fulfillment_id": f"{key}-F", "contract_line_id": f"{key}-L"}
    return {**row, "event_date": day, "kind": kind, **measure}


def cancel(key: str, first_day_without: str, amount_delta: str = "") -> Row:
    row = {"amendment_id": f"{key}-A", "contract_id": key, "contract_line_id": f"{key}-L", "action": "cancel"}
    return {
        **row,
        "effective_date": first_day_without,
        "signed_date": "2026-02-20",
        "amount_delta": amount_delta,
    }


def invoiced(*keys: str) -> dict[str, list[Row]]:
    """900 for January to March, issued on the first day."""
    head = {"customer_id": "C", "issue_date": "2026-01-01", "currency": "USD", "status": "open"}
    served = {"amount": "900", "service_start": "2026-01-01", "service_end": "2026-03-31"}
    return {
        "invoices": [{"invoice_id": f"{key}-I", "contract_id": key, **head} for key in keys],
        "invoice_lines": [
            {
                "invoice_line_id": f"{key}-IL",
                "invoice_id": f"{key}-I",
                "contract_line_id": f"{key}-L",
                **served,
            }
            for key in keys
        ],
    }


def books(broken: Mapping[str, str]) -> dict[str, list[Row]]:
    """All contracts; those in `broken` have lines of a product that nobody knows."""
    lines = [
        line("project", "percent_complete", "100000", end_date="2026-06-30"),
        line("stages", "milestone", "6000", promised_date="2026-08-10"),
        line("metered", "usage", "500"),
        line("shared", "usage", "1000", allocation_group="G", end_date="2026-09-30"),
        line("credit", "drawdown", "10000", end_date="2026-05-31"),
        line("support", "as_invoiced", "3600"),
        line("credit-ended", "drawdown", "10000", end_date="2026-05-31"),
        line("credit-ended-on-its-end", "drawdown", "10000", end_date="2026-05-31"),
        line("support-ended", "as_invoiced", "3600"),
        line("support-kept", "as_invoiced", "3600"),
        line("metered-kept", "usage", "0"),
        line("held-credit", "drawdown", "10000", end_date="2026-03-10"),
        line("held-support", "as_invoiced", "3600"),
    ]
    return {
        "customers": [{"customer_id": "C", "customer_name": "C"}],
        "products": [
            {"product_id": name, "product_name": name, "revenue_category": "s", "recognition_method": name}
            for name in METHODS
        ],
        "contracts": [
            contract(row["contract_id"], **({"end_date": ""} if row["contract_id"] == "stages" else {}))
            for row in lines
        ],
        "contract_lines": [
            {**row, **({"product_id": "?"} if row["contract_id"] in broken else {})} for row in lines
        ],
        "fulfillments": [
            event("project", "2026-01-20", "progress", percent_complete="40"),
            event("stages", "2026-02-20", "milestone", amount="1500"),
            event("metered", "2026-01-20", "usage", amount="70"),
            event("shared", "2026-01-20", "usage", amount="400"),
            event("credit", "2026-01-20", "usage", amount="2500"),
            event("credit-ended", "2026-01-20", "usage", amount="2500"),
            event("credit-ended-on-its-end", "2026-01-20", "usage", amount="2500"),
            event("metered-kept", "2026-01-20", "usage", amount="70"),
            event("held-credit", "2026-01-20", "usage", amount="2500"),
        ],
        "amendments": [
            cancel("credit-ended", "2026-04-10"),
            cancel("credit-ended-on-its-end", "2026-05-31"),
            cancel("support-ended", "2026-03-20"),
            cancel("support-kept", "2026-03-20", "100"),
            cancel("metered-kept", "2026-03-20", "100"),
        ],
        **invoiced("support", "support-ended", "support-kept", "held-support"),
    }


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """January and February are closed; then two contracts break, and the run of 15 March goes through."""
    found = Company(tmp_path_factory.mktemp("methods"), TOML)
    found.deliver(books({}))
    found.commit("2026-02", "2026-03-05")
    rows = books({"held-credit": "", "held-support": ""})
    rows["contracts"].append(contract("never"))
    rows["contract_lines"] += [
        line("never", "percent_complete", "1000"),
        {**line("never", "?", "0"), "contract_line_id": "never-2", "line_number": "2"},
    ]
    rows["fulfillments"].append(event("never", "2026-03-02", "progress", percent_complete="25"))
    found.deliver(rows)
    found.run("2026-03-15")
    return found


def test_every_equation_holds(company: Company) -> None:
    assert company.query("select equation, scope from audit.tie_outs where not holds") == []


def test_what_is_open_is_scheduled_where_it_ends(company: Company) -> None:
    scheduled = {
        (key, period): amount
        for key, period, amount in company.query(
            "select contract_id, period, sum(scheduled) from marts.fct_revenue_schedule group by all"
        )
    }
    assert scheduled == {
        ("project", "2026-06"): Decimal("60000.00"),
        ("stages", "2026-08"): Decimal("4500.00"),
        ("shared", "2026-09"): Decimal("600.00"),
        ("credit", "2026-05"): Decimal("7500.00"),
        ("support", "2026-03"): Decimal("160.00"),
        # through 19 March; what follows is not earned
        ("support-ended", "2026-03"): Decimal("40.00"),
        # 740 are recognized; on the first day without service it comes to the 600 that were contracted when signed
        ("support-kept", "2026-03"): Decimal("-140.00"),
        ("metered-kept", "2026-03"): Decimal("100.00"),
        ("held-support", "2026-03"): Decimal("160.00"),
    }


def test_contracted_of_a_cancelled_line_is_fixed_when_it_is_signed(company: Company) -> None:
    contracted = company.amounts("select contract_id, sum(amount) from marts.fct_bookings group by all")
    assert contracted["support-kept"] == Decimal("600.00")  # 50 of 90 days by 19 February, and 100
    assert contracted["support-ended"] == Decimal("740.00")
    assert contracted["metered-kept"] == Decimal("170.00")
    assert contracted["credit-ended"] == Decimal("10000.00")
    assert contracted["metered"] == Decimal("70.00")


def test_usage_leads_to_its_event_and_what_is_invoiced_to_its_document(company: Company) -> None:
    leads = company.query(
        "select fact_table, entity, record_key from audit.lineage inner join ("
        "   select posting_id from marts.fct_bookings where booking_type = 'usage'"
        "   union all select posting_id from marts.fct_recognized_revenue"
        " ) as facts on fact_key = posting_id"
        " where record_key in ('metered-F', 'support-IL') and period = '2026-01' order by all"
    )
    assert leads == [
        ("fct_bookings", "fulfillments", "metered-F"),
        ("fct_bookings", "invoice_lines", "support-IL"),
        ("fct_recognized_revenue", "fulfillments", "metered-F"),
        ("fct_recognized_revenue", "invoice_lines", "support-IL"),
    ]


def test_what_broken_contracts_would_have_earned_is_told(company: Company) -> None:
    told = {
        row["contract_id"]: (row["fate"], row["revenue"], row["revenue_gap"])
        for row in company.rows("audit.held_back")
    }
    assert told == {
        "held-credit": ("held", Decimal("7500.00"), None),  # it ended on 10 March
        "held-support": ("held", Decimal("150.00"), None),
        "never": ("quarantined", None, "no recognition method"),
    }

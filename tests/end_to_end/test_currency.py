"""Functional and reporting currency, worked by hand in docs/accounting/currency.md: rates of whole months.

    GBP → EUR   January 1.20   February 1.15   March 1.10
    EUR → USD   January 1.00   February 1.10   March 1.20
    EUR → CAD   1.50

`eu` keeps its books in euro, `us` in dollars, which is the reporting currency as well.
    A   eu, GBP 1,200 for 2026: 600 invoiced on 1 January and paid on 10 February, 600 on 1 March
    B   eu, GBP 300 for January to March, invoiced on 31 March
    C   us, CAD 1,500 for 2026, nothing invoiced: CAD → USD is a cross rate over EUR
    D   eu, EUR 120 for 2026
Each month is closed before the next begins, so that openings are the published closings.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from tests.harness import Company
from warehouse.errors import BlockedError, ConfigurationError

Row = dict[str, str]
TERM = {"status": "signed", "signed_date": "2026-01-01", "start_date": "2026-01-01"}
BY_MONTH = {
    ("GBP", "EUR"): ("1.20", "1.15", "1.10", "1.10"),
    ("EUR", "USD"): ("1.00", "1.10", "1.20", "1.20"),
    ("EUR", "CAD"): ("1.5", "1.5", "1.5", "1.5"),
}
DAYS = ("01", "08", "15", "22", "28")


def rates(by_month: Mapping[tuple[str, str], tuple[str, ...]] = BY_MONTH) -> list[Row]:
    return [
        {"rate_date": f"2026-{month:02}-{day}", "from_currency": source, "to_currency": target, "rate": rate}
        for (source, target), monthly in by_month.items()
        for month, rate in enumerate(monthly, start=1)
        for day in DAYS
    ]


def exports() -> dict[str, list[Row]]:
    def contract(key: str, entity: str, currency: str, amount: str, end: str) -> Row:
        dates = {**TERM, "end_date": end}
        return {
            "contract_id": key,
            "customer_id": "C",
            "entity_id": entity,
            "currency": currency,
            "total_amount": amount,
            **dates,
        }

    contracts = [
        contract("A", "eu", "GBP", "1200", "2026-12-31"),
        contract("B", "eu", "GBP", "300", "2026-03-31"),
        contract("C", "us", "CAD", "1500", "2026-12-31"),
        contract("D", "eu", "EUR", "120", "2026-12-31"),
    ]
    invoices = [
        ("A1", "A", "2026-01-01", "600"),
        ("A2", "A", "2026-03-01", "600"),
        ("B1", "B", "2026-03-31", "300"),
    ]
    return {
        "entities": [
            {"entity_id": "eu", "entity_name": "Europe", "functional_currency": "EUR"},
            {"entity_id": "us", "entity_name": "America", "functional_currency": "USD"},
        ],
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
            {
                "contract_line_id": f"{one['contract_id']}-1",
                "contract_id": one["contract_id"],
                "line_number": "1",
                "product_id": "P",
                "amount": one["total_amount"],
            }
            for one in contracts
        ],
        "invoices": [
            {
                "invoice_id": key,
                "customer_id": "C",
                "contract_id": of,
                "issue_date": day,
                "currency": "GBP",
                "status": "open",
            }
            for key, of, day, _ in invoices
        ],
        "invoice_lines": [
            {"invoice_line_id": f"{key}-1", "invoice_id": key, "contract_line_id": f"{of}-1", "amount": amount}
            for key, of, _, amount in invoices
        ],
        "payments": [
            {
                "payment_id": "Z1",
                "invoice_id": "A1",
                "customer_id": "C",
                "payment_date": "2026-02-10",
                "amount": "600",
                "currency": "GBP",
                "kind": "payment",
            }
        ],
        "fx_rates": rates(),
    }  # fmt: skip


TOML = '[company]\nreporting_currency = "USD"\n\n[policies]\nfreshness_hours = 0\n'


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    found = Company(tmp_path_factory.mktemp("currency"), TOML)
    found.deliver(exports())
    found.commit("2026-01", "2026-02-05")
    found.commit("2026-02", "2026-03-05")
    found.close("2026-03", "2026-04-03")
    return found


Rolled = dict[str, tuple[Decimal, Decimal, Decimal]]


def rolled(company: Company, period: str, entity: str, currency: str, balance: str) -> Rolled:
    """Movement → amount in contract, functional and reporting currency."""
    return {
        movement: (own, functional, reporting)
        for movement, own, functional, reporting in company.query(
            "select movement, amount, amount_functional, amount_reporting from marts.rpt_rollforward"
            f" where period = '{period}' and entity_id = '{entity}' and currency = '{currency}'"
            f" and balance = '{balance}'"
        )
    }


def figures(**movements: tuple[str, str, str]) -> Rolled:
    return {
        name: (Decimal(own), Decimal(functional), Decimal(reporting))
        for name, (own, functional, reporting) in movements.items()
    }


def test_an_advance_in_a_foreign_currency_keeps_the_rates_of_its_billings(company: Company) -> None:
    """600 GBP are 720 EUR, and are released as 120 EUR a month whatever the pound does; 600 more at 1.10 make 1.14."""
    revenue = company.query(
        "select period, amount, amount_functional, amount_reporting from marts.fct_recognized_revenue"
        " where contract_id = 'A' and period <= '2026-03' order by period"
    )
    assert revenue == [
        ("2026-01", 100, 120, 120),
        ("2026-02", 100, 120, 132),
        ("2026-03", 100, 114, Decimal("136.80")),
    ]
    deferred = company.query(
        "select period, deferred_revenue, deferred_revenue_functional, deferred_revenue_reporting"
        " from marts.fct_contract_balances where contract_id = 'A' and period <= '2026-03' order by period"
    )
    assert deferred == [
        ("2026-01", 500, 600, 600),
        ("2026-02", 400, 480, 528),
        ("2026-03", 900, 1026, Decimal("1231.20")),
    ]
    assert rolled(company, "2026-02", "eu", "GBP", "deferred_revenue") == figures(
        opening=("500", "600", "600"),
        revenue=("-100", "-120", "-132"),
        fx=("0", "0", "60"),
        closing=("400", "480", "528"),
    )


def test_a_receivable_that_is_paid_at_another_rate_loses_the_difference(company: Company) -> None:
    """720 EUR were to come, 690 came."""
    assert rolled(company, "2026-02", "eu", "GBP", "accounts_receivable") == figures(
        opening=("600", "720", "720"),
        payments=("-600", "-690", "-759"),
        fx=("0", "-30", "39"),
        closing=("0", "0", "0"),
    )


def test_what_is_earned_before_it_is_billed_stands_at_the_closing_rate(company: Company) -> None:
    assert rolled(company, "2026-02", "eu", "GBP", "contract_asset") == figures(
        opening=("100", "120", "120"),
        revenue=("100", "115", "126.50"),
        fx=("0", "-5", "6.50"),
        closing=("200", "230", "253"),
    )
    # billed in March: what the asset lost since is on the side on which the contract ends
    assert rolled(company, "2026-03", "eu", "GBP", "deferred_revenue") == figures(
        opening=("400", "480", "528"),
        billings=("900", "990", "1188"),
        revenue=("-200", "-224", "-268.80"),
        reclassification=("-200", "-230", "-253"),
        fx=("0", "10", "37"),
        closing=("900", "1026", "1231.20"),
    )


def test_backlog_is_booked_at_the_rate_of_its_signature_and_stands_at_the_closing_rate(
    company: Company,
) -> None:
    assert rolled(company, "2026-02", "eu", "GBP", "backlog") == figures(
        opening=("1300", "1560", "1560"),
        revenue=("-200", "-235", "-258.50"),
        fx=("0", "-60", "90"),
        closing=("1100", "1265", "1391.50"),
    )
    assert company.query(
        "select cause, amount, amount_functional, amount_reporting from marts.rpt_backlog_bridge"
        " where period = '2026-02' and entity_id = 'eu' and currency = 'GBP' and cause = 'fx'"
    ) == [("fx", 0, -60, 90)]


def test_a_cross_rate_goes_over_the_one_currency_both_have_a_rate_to(company: Company) -> None:
    """CAD 1,500 / 1.5 x 1.00 = USD 1,000; a twelfth of it is 83.33, earned at January's average."""
    assert company.query(
        "select amount, functional_currency, amount_functional, amount_reporting from marts.fct_bookings"
        " where contract_id = 'C'"
    ) == [(1500, "USD", 1000, 1000)]
    assert company.query(
        "select amount, amount_functional, amount_reporting from marts.fct_recognized_revenue"
        " where contract_id = 'C' and period = '2026-01'"
    ) == [(125, Decimal("83.33"), Decimal("83.33"))]
    assert company.query(
        "select rate from audit.rates_used where from_currency = 'CAD' and to_currency = 'USD'"
        " and rate_kind = 'closing' and period = '2026-03'"
    ) == [(Decimal("0.8"),)]


def test_what_is_in_the_books_own_currency_gains_and_loses_nothing_there(company: Company) -> None:
    assert rolled(company, "2026-02", "eu", "EUR", "backlog") == figures(
        opening=("110", "110", "110"),
        revenue=("-10", "-10", "-11"),
        fx=("0", "0", "11"),
        closing=("100", "100", "110"),
    )


def test_every_roll_forward_adds_up_in_all_three_currencies(company: Company) -> None:
    for step in ("", "_functional", "_reporting"):
        assert (
            company.query(
                "select period, entity_id, currency, balance from marts.rpt_rollforward group by all"
                f" having sum(case when movement = 'closing' then -amount{step} else amount{step} end) <> 0"
            )
            == []
        )
    assert company.query("select count(*) from marts.rpt_rollforward where amount_reporting is null") == [
        (0,)
    ]


def test_reports_add_up_what_is_translated(company: Company) -> None:
    """The group's deferred revenue in dollars is that of its facts."""
    assert company.query(
        "select sum(deferred_revenue_reporting) from marts.rpt_bbb where period = '2026-02'"
    ) == company.query(
        "select sum(deferred_revenue_reporting) from marts.fct_contract_balances where period = '2026-02'"
    )


def test_a_rate_that_is_missing_blocks_by_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The pound's rates end in January: what is paid in February has none, nor has the last day counted."""
    broken = Company(tmp_path_factory.mktemp("no-rate"), TOML)
    short = {**BY_MONTH, ("GBP", "EUR"): ("1.20",)}
    broken.deliver({**exports(), "fx_rates": rates(short)})
    with pytest.raises(BlockedError) as blocked:
        broken.run("2026-02-25")
    said = {f"{one.rule}: {one}" for one in blocked.value.findings}
    assert any(
        "no rate GBP to EUR is recent enough on 2026-02-25, the last day counted" in one for one in said
    ), said
    assert any(
        "paid on 2026-02-10 in GBP, and no rate GBP to EUR is recent enough on that day" in one
        for one in said
    ), said


def test_without_any_rates_nothing_is_translated_and_nothing_blocks(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """An empty figure, never one in another currency; what needs no rate is there."""
    bare = Company(tmp_path_factory.mktemp("bare"), TOML)
    bare.deliver({name: rows for name, rows in exports().items() if name != "fx_rates"})
    bare.close("2026-01", "2026-02-05")
    assert bare.query(
        "select contract_id, amount_functional, amount_reporting from marts.fct_bookings order by contract_id"
    ) == [("A", None, None), ("B", None, None), ("C", None, None), ("D", 120, None)]


def test_books_that_change_their_currency_are_held_and_a_changed_reporting_currency_is_refused(
    tmp_path: Path,
) -> None:
    """Published figures are opening balances: what is in another currency does not follow them."""
    company = Company(
        tmp_path / "company",
        f'{TOML}max_held_contracts_percent = "100"\nmax_held_amount_percent = "100"\n',
    )
    company.deliver(exports())
    company.close("2026-01", "2026-02-05")
    entities = exports()["entities"]
    company.deliver({"entities": [{**entities[0], "functional_currency": "GBP"}, entities[1]]})
    company.run("2026-02-27")
    assert company.query("select distinct contract_id from audit.held_contracts order by 1") == [
        ("A",),
        ("B",),
        ("D",),
    ]
    assert company.query("select distinct rule, detail from audit.quarantine where entity = 'entities'") == [
        ("functional_currency_changed", "its books are in GBP now, and were published in EUR")
    ]
    carried = company.query(
        "select period, deferred_revenue_functional, functional_currency from marts.fct_contract_balances"
        " where contract_id = 'A' order by period"
    )
    assert carried == [("2026-01", 600, "EUR"), ("2026-02", 600, "EUR")]

    company.deliver({"entities": entities})
    text = company.workspace.configuration.read_text(encoding="utf-8")
    company.workspace.configuration.write_text(text.replace('"USD"', '"EUR"'), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is EUR, and months are published in USD"):
        company.run("2026-02-28")

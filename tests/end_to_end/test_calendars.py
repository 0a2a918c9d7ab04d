"""One company under three calendars: calendar months, 4-4-5 weeks, and a year that starts in February.

Conventions weigh calendar months, periods only cut (accounting.md section 4): over the contracts' lives every total is
the same, and so is what stands on the last day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.harness import Company
from tests.property.lives import ONCE, TIMELINES, generate_lives

AS_OF = date(2025, 7, 17)
LIVES = 25
Rows = Sequence[Mapping[str, Any]]
TOML = """\
[policies]
freshness_hours = 0
max_held_contracts_percent = "100"
max_held_amount_percent = "100"
unlinked_billing_tolerance = "1000000"
"""


def months_of_february_years() -> list[tuple[str, date, date]]:
    """2024-F01 is February 2024; 2024-F12 is January 2025."""
    found = []
    for year in range(2020, 2034):
        for place in range(12):
            first = date(year + (place + 1) // 12, (place + 1) % 12 + 1, 1)
            following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            found.append((f"{year}-F{place + 1:02}", first, following - timedelta(days=1)))
    return found


CALENDARS = {
    "months": [],
    "weeks": next(list(one.accounting_periods) for one in TIMELINES if one.accounting_periods),
    "february": months_of_february_years(),
}


NAMES = (
    "fct_bookings", "fct_billings", "fct_recognized_revenue", "fct_backlog", "fct_contract_balances", "dim_period",
)  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Rows]]:
    """Calendar -> the tables of all open periods through one day, which ends no period of any calendar."""
    [wave] = generate_lives(311, LIVES, ONCE).waves
    found: dict[str, dict[str, Rows]] = {}
    for name, periods in CALENDARS.items():
        company = Company(tmp_path_factory.mktemp(name), TOML)
        given: dict[str, Any] = {entity: rows for entity, rows in wave.rows.items() if rows}
        if periods:
            given["accounting_periods"] = [
                {"period": key, "start_date": f"{first}", "end_date": f"{last}"}
                for key, first, last in periods
            ]
        company.deliver(given)
        company.run(AS_OF)
        found[name] = {table: company.rows(table) for table in NAMES}
    return found


def totals(
    rows: Rows, key: Sequence[str], amounts: Sequence[str]
) -> dict[tuple[Any, ...], tuple[Decimal, ...]]:
    found: defaultdict[tuple[Any, ...], tuple[Decimal, ...]] = defaultdict(
        lambda: (Decimal(0),) * len(amounts)
    )
    for row in rows:
        place = tuple(row[column] for column in key)
        found[place] = tuple(had + row[amount] for had, amount in zip(found[place], amounts, strict=True))
    return {place: sums for place, sums in found.items() if any(sums)}


def over_all_lives(tables: dict[str, Rows]) -> dict[str, Any]:
    """Totals of what was posted, by line and document, and what stands on the last day."""
    [period] = {row["period"] for row in tables["dim_period"] if row["facts_through"] == AS_OF}
    backlog, balances = (
        [row for row in tables[table] if row["period"] == period]
        for table in ("fct_backlog", "fct_contract_balances")
    )
    stocks = ("contracted", "billed", "recognized", "backlog", "billed_backlog")
    sides = (
        "deferred_revenue",
        "contract_asset",
        "refund_liability",
        "customer_deposits",
        "accounts_receivable",
    )
    return {
        "bookings": totals(
            tables["fct_bookings"], ("contract_line_id", "booking_type", "booking_date"), ("amount",)
        ),
        "billings": totals(
            tables["fct_billings"], ("billing_id", "contract_line_id"), ("amount", "tax_amount")
        ),
        "revenue": totals(tables["fct_recognized_revenue"], ("contract_line_id",), ("amount",)),
        "backlog": totals(backlog, ("contract_line_id",), stocks),
        "balances": totals(balances, ("accounting_contract_id",), sides),
    }


@pytest.mark.parametrize("calendar", ["weeks", "february"])
def test_totals_over_the_contracts_lives_are_those_of_calendar_months(
    published: dict[str, dict[str, Rows]], calendar: str
) -> None:
    months = over_all_lives(published["months"])
    assert all(months.values())
    assert over_all_lives(published[calendar]) == months


@pytest.mark.parametrize("calendar", ["weeks", "february"])
def test_periods_are_as_defined(published: dict[str, dict[str, Rows]], calendar: str) -> None:
    """And each holds what falls between its days."""
    tables = published[calendar]
    given = {key: (first, last) for key, first, last in CALENDARS[calendar]}
    used = {row["period"] for row in tables["fct_recognized_revenue"]}
    said = {row["period"]: (row["start_date"], row["end_date"]) for row in tables["dim_period"]}
    assert len(used) > 12
    assert {key: said[key] for key in used} == {key: given[key] for key in used}
    by_date = totals(tables["fct_bookings"], ("period", "booking_date"), ("amount",))
    assert all(given[period][0] <= day <= given[period][1] for period, day in by_date)


def test_a_year_from_february_has_the_months_of_the_calendar(published: dict[str, dict[str, Rows]]) -> None:
    """Period by period, bands included: only names differ."""
    first = {
        name: {row["period"]: row["start_date"] for row in published[name]["dim_period"]}
        for name in CALENDARS
    }
    bands = ("backlog", "rpo", "crpo", "backlog_12m", "backlog_24m", "backlog_36m", "backlog_beyond")
    found = [
        {
            (first[name][period], line): sums
            for (period, line), sums in totals(
                published[name]["fct_backlog"], ("period", "contract_line_id"), bands
            ).items()
        }
        for name in ("months", "february")
    ]
    assert found[0]
    assert found[0] == found[1]

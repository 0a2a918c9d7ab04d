"""Which months are open, where they are cut, and what one close publishes."""

from __future__ import annotations

import hashlib
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.cli.main import run_command_line
from orchestration.cli.status import what_blocked
from tests.end_to_end.test_late_and_corrected import first_wave, invoice, subscription
from tests.harness import Company, combine
from warehouse.errors import BlockedError, ConfigurationError
from warehouse.journal import Journal

# Sixteen builds, two minutes: `make prove-periods`.
pytestmark = pytest.mark.slow


def masters() -> dict[str, list[dict[str, str]]]:
    return {entity: first_wave()[entity] for entity in ("customers", "products")}


def revenue(company: Company) -> dict[str, Decimal]:
    return company.amounts(
        "select period, sum(amount) from marts.fct_recognized_revenue group by period order by period"
    )


def backlog(company: Company) -> dict[str, Decimal]:
    return company.amounts(
        "select period, sum(backlog) from marts.fct_backlog group by period order by period"
    )


def statuses(company: Company) -> dict[str, str]:
    return dict(company.query("select period, status from marts.dim_period"))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """12,000 for 2026 and the following year, signed before it starts."""
    company = Company(tmp_path_factory.mktemp("periods"))
    company.deliver(
        combine(
            masters(),
            subscription("C1", "acme", "24000", "2025-01-01", "2026-12-31", "2024-12-20"),
            invoice("C1", "acme", "I1", "12000", "2025-01-05"),
            invoice("C1", "acme", "I2", "12000", "2026-01-05"),
        )
    )
    return company


def test_the_running_month_is_cut_at_as_of_and_the_ended_one_at_its_end(company: Company) -> None:
    company.run("2026-11-10")
    # 1,000 a month; ten of November's thirty days
    assert revenue(company)["2026-10"] == Decimal(1000)
    assert revenue(company)["2026-11"] == Decimal("333.33")
    assert statuses(company)["2026-10"] == "ended"
    assert statuses(company)["2026-11"] == "running"
    scheduled = company.amounts(
        "select period, sum(scheduled) from marts.fct_revenue_schedule group by period order by period"
    )
    assert scheduled == {"2026-11": Decimal("666.67"), "2026-12": Decimal(1000)}


def test_a_month_that_is_not_over_cannot_be_closed(company: Company) -> None:
    with pytest.raises(BlockedError, match="2026-11 is not over"):
        company.close("2026-11", "2026-11-30")


def test_the_first_close_publishes_two_years_at_once(company: Company) -> None:
    before = revenue(company)
    company.close("2026-06", "2026-11-10")
    folders = sorted(path.name for path in company.workspace.published.iterdir() if path.is_dir())
    assert folders == ["2024-12", *(f"2025-{month:02}" for month in range(1, 13))] + [
        f"2026-{month:02}" for month in range(1, 7)
    ]
    assert revenue(company) == before
    assert statuses(company)["2026-06"] == "closed"
    assert company.query("select count(*) from marts.fct_recognized_revenue where is_prior_period") == [(0,)]


def test_two_ended_months_and_a_running_one_are_open_together(company: Company) -> None:
    company.run("2026-09-05")
    assert [statuses(company)[f"2026-{month:02}"] for month in (6, 7, 8, 9)] == [
        "closed",
        "ended",
        "ended",
        "running",
    ]
    assert backlog(company)["2026-08"] == Decimal(4000)
    # five of September's thirty days
    assert revenue(company)["2026-09"] == Decimal("166.67")


def test_a_month_cannot_be_closed_before_the_one_before_it(company: Company) -> None:
    with pytest.raises(BlockedError, match="can't be closed before 2026-07"):
        company.close("2026-09", "2026-11-10")


def test_through_closes_month_by_month(company: Company) -> None:
    outcome = company.close("2026-12", "2027-01-04", through=True)
    assert [month.period for month in outcome.closed] == [f"2026-{month:02}" for month in range(7, 13)]
    assert revenue(company)["2026-12"] == Decimal(1000)
    assert backlog(company)["2026-12"] == Decimal(0)
    assert company.query("select count(*) from audit.tie_outs where not holds") == [(0,)]


def test_through_says_what_it_published_before_the_month_that_is_blocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    company = Company(tmp_path / "company")
    unlinked = invoice("", "acme", "I9", "500", "2026-03-05")
    unlinked["invoice_lines"] = [{**line, "contract_line_id": ""} for line in unlinked["invoice_lines"]]
    company.deliver(combine(first_wave(), unlinked))
    company.close("2026-01", "2026-05-05")
    command = ["close", "2026-04", "--through", "--as-of", "2026-05-05", "-w", str(company.workspace.root)]
    monkeypatch.setattr(sys, "argv", ["tieout", *command])
    assert run_command_line() == 3
    said = capsys.readouterr()
    month = company.workspace.published / "2026-02" / "v1"
    sealed = hashlib.sha256((month / "manifest.json").read_bytes()).hexdigest()
    assert said.out.splitlines() == [f"Closed 2026-02: {month}", f"  manifest {sealed}"]
    sentence = "2026-03 can't be closed. 2026-02 was published before it."
    assert "unlinked_billing_tolerance: USD 500.00 are billed without a contract" in said.err
    assert said.err.splitlines()[-1] == f"tieout: {sentence}"
    assert what_blocked(Journal(company.workspace.journal_dir).read("runs")) == [
        f"The last command did not end well: {sentence} (rules: unlinked_billing_tolerance)"
    ]
    assert statuses(company)["2026-02"] == "closed"
    with pytest.raises(BlockedError, match=r"^2026-03 can't be closed. Nothing was published.$"):
        company.close("2026-03", "2026-05-05")


def test_a_closed_month_is_not_closed_twice(company: Company) -> None:
    with pytest.raises(ConfigurationError, match="closed already"):
        company.close("2026-12", "2027-01-04")


def four_four_five(first_day: date, year: int) -> list[dict[str, str]]:
    """Twelve periods of 4, 4 and 5 weeks."""
    rows, start = [], first_day
    for number, weeks in enumerate((4, 4, 5) * 4, start=1):
        end = start + timedelta(weeks=weeks) - timedelta(days=1)
        rows.append(
            {
                "period": f"{year}-P{number:02}",
                "start_date": start.isoformat(),
                "end_date": end.isoformat(),
                "status": "open",
            }
        )
        start = end + timedelta(days=1)
    return rows


def test_a_company_with_a_4_4_5_calendar_closes_its_own_periods(tmp_path: Path) -> None:
    company = Company(tmp_path / "weeks")
    periods = four_four_five(date(2025, 12, 29), 2026)
    company.deliver(
        combine(
            masters(),
            # 364 days at 100 a day, recognized daily
            subscription("W1", "acme", "36400", "2025-12-29", "2026-12-27", "2025-12-29"),
            {"accounting_periods": periods},
        )
    )
    lines = combine(masters(), subscription("W1", "acme", "36400", "2025-12-29", "2026-12-27", "2025-12-29"))
    lines["contract_lines"][0]["recognition_convention"] = "daily"
    company.deliver({"contract_lines": lines["contract_lines"]})
    company.close("2026-P03", "2026-04-01")
    company.close("2026-P04", "2026-05-01")
    company.run("2026-05-25")
    assert revenue(company) == {
        "2026-P01": Decimal(2800),
        "2026-P02": Decimal(2800),
        "2026-P03": Decimal(3500),
        "2026-P04": Decimal(2800),
        "2026-P05": Decimal(2800),
        "2026-P06": Decimal(100),
    }
    assert backlog(company)["2026-P04"] == Decimal(36400 - 2800 * 3 - 3500)
    assert company.query("select count(*) from audit.tie_outs where not holds") == [(0,)]

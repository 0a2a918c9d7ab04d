"""The European Central Bank's file as it is: all days since 1999, a column a currency, a comma at every line's end."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from tests.harness import Company, shared_data
from tests.oracle.money import half_away

TOML = '[company]\nreporting_currency = "USD"\n\n[policies]\nfreshness_hours = 0\n'
SIGNED = "2026-02-02"
TERM = {"status": "signed", "signed_date": SIGNED, "start_date": SIGNED, "end_date": "2026-02-28"}


def quotes(path: Path, day: str) -> dict[str, Fraction]:
    with path.open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["Date"] == day)
    return {name: Fraction(text) for name, text in row.items() if name and len(name) == 3 and text != "N/A"}


def to_12_decimals(rate: Fraction) -> Fraction:
    return Fraction(half_away(rate * 10**12), 10**12)


def test_its_rates_translate_pounds_to_euro_and_dollars(tmp_path: Path) -> None:
    """GBP 1,000 are 1,000 / (GBP for one euro) euro, and those (USD for one euro) times as many dollars."""
    source = shared_data("ecb_fx") / "eurofxref-hist.csv"
    company = Company(tmp_path / "company", TOML)
    (company.workspace.exports / "ecb").mkdir()
    shutil.copy(source, company.workspace.exports / "ecb")
    company.deliver(
        {
            "entities": [{"entity_id": "eu", "functional_currency": "EUR"}],
            "customers": [{"customer_id": "C", "customer_name": "C"}],
            "products": [
                {
                    "product_id": "P",
                    "product_name": "P",
                    "recognition_method": "ratable",
                    "revenue_category": "x",
                }
            ],
            "contracts": [
                {
                    "contract_id": key,
                    "customer_id": "C",
                    "entity_id": "eu",
                    "currency": key,
                    "total_amount": "1000",
                    **TERM,
                }
                for key in ("GBP", "JPY")
            ],
            "contract_lines": [
                {
                    "contract_line_id": key,
                    "contract_id": key,
                    "line_number": "1",
                    "product_id": "P",
                    "amount": "1000",
                }
                for key in ("GBP", "JPY")
            ],
        }
    )
    company.close("2026-02", date(2026, 3, 5))
    day = quotes(source, SIGNED)
    expected = []
    for currency in ("GBP", "JPY"):
        euro = Fraction(half_away(1000 * to_12_decimals(1 / day[currency]) * 100), 100)
        expected.append((currency, euro, Fraction(half_away(euro * day["USD"] * 100), 100)))
    booked = company.query(
        "select contract_id, amount_functional, amount_reporting from marts.fct_bookings order by 1"
    )
    assert [(key, Fraction(euro), Fraction(dollars)) for key, euro, dollars in booked] == expected
    saturday = company.query(
        "select rate from audit.rates_used where from_currency = 'EUR' and to_currency = 'USD'"
        " and rate_kind = 'closing' and period = '2026-02'"
    )
    friday = quotes(source, "2026-02-27")
    assert saturday == [(Decimal(friday["USD"].numerator) / Decimal(friday["USD"].denominator),)]


def test_the_shipped_fixture_is_as_it_must_be(tmp_path: Path) -> None:
    """Also what `tieout connector test ecb` shows."""
    from typer.testing import CliRunner

    from orchestration.cli.main import app

    company = Company(tmp_path / "company")
    done = CliRunner().invoke(app, ["connector", "test", "ecb", "-w", str(company.workspace.root)])
    assert done.exit_code == 0, done.output

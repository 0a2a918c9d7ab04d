"""Completeness where two objects of one system feed one entity, records share rows, and rows name their currency."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.harness import Company, Rows
from warehouse.errors import BlockedError

AS_OF = "2026-03-31"


def item(bill: str, amount: str, item: str = "1", currency: str = "EUR") -> dict[str, str]:
    return {
        "bill": bill, "client": "C1", "day": "2026-03-01", "item": item, "amount": amount, "currency": currency,
    }  # fmt: skip


LIVE = [
    item("same", "10.00"),
    item("same", "5.00"),
    item("differs", "7.00"),
    item("only-live", "1.00", currency="eur"),
    item("shared", "20.00"),
    item("shared", "30.00"),
    item("shared", "50.00"),
]
ARCHIVE = [item("same", "10.00"), item("same", "5.00"), item("differs", "8.00"), item("only-archive", "2.00")]


def company_of(root: Path, live: Rows, archive: Rows = ARCHIVE) -> Company:
    company = Company(root, "[policies]\nfreshness_hours = 0\n", ["depot"])
    company.deliver(
        {"clients": [{"client": "C1"}], "live": [item("old", "3.00")], "archive": archive}, "depot"
    )
    (company.workspace.exports / "depot" / "live.csv").rename(
        company.workspace.exports / "depot" / "live-1.csv"
    )
    company.deliver({"live": live}, "depot")
    (company.workspace.exports / "depot" / "live.csv").rename(
        company.workspace.exports / "depot" / "live-2.csv"
    )
    return company


def said(company: Company) -> str:
    with pytest.raises(BlockedError) as blocked:
        company.run(AS_OF)
    return "\n".join(map(str, blocked.value.findings))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    company = company_of(tmp_path_factory.mktemp("objects") / "company", LIVE)
    company.run(AS_OF)
    return company


def test_no_object_is_newer_than_another(company: Company) -> None:
    """The second file of one object says nothing against the first of another: contents that differ are held."""
    held = company.query(
        "select entity, record_key, rule from audit.quarantine where severity = 'quarantine' order by all"
    )
    rule = "duplicate_key_conflict"
    assert held == [("invoice_lines", "differs-1", rule), ("invoices", "differs", rule)]
    billed = company.amounts("select document_id, sum(amount) from marts.fct_billings group by all")
    assert billed == {
        "old": Decimal("3.00"), "same": Decimal("15.00"), "only-live": Decimal("1.00"),
        "only-archive": Decimal("2.00"), "shared": Decimal("100.00"),
    }  # fmt: skip


def test_of_the_same_record_twice_all_rows_of_one_are_used(company: Company) -> None:
    """Two rows make a line of `same`, in each object: those of one are used with 15.00, those of the other excluded."""
    [money] = company.query(
        "select sum(amount_used), sum(amount_excluded), sum(amount_quarantined), sum(amount_rounding)"
        " from audit.completeness"
    )
    assert money == (Decimal("121.00"), Decimal("15.00"), Decimal("15.00"), Decimal("0.00"))


def test_lines_that_share_rows_in_a_chain_add_up(company: Company) -> None:
    """Half of each row of `shared` goes to the line before and half to the line after: 10, 25, 40, 25 of 20, 30, 50."""
    lines = company.amounts("select billing_id, amount from marts.fct_billings where document_id = 'shared'")
    assert sorted(lines.values()) == [Decimal("10.00"), Decimal("25.00"), Decimal("25.00"), Decimal("40.00")]


def test_a_row_in_another_currency_than_its_record_stops_the_run(tmp_path: Path) -> None:
    """10 dollars beside 5 euros make no 15 euros."""
    company = company_of(
        tmp_path / "company",
        [item("mixed", "10.00", currency="USD"), item("mixed", "5.00")],
        [item("a", "1.00")],
    )
    assert (
        "depot.live money in USD that became EUR · exports/depot/live-2.csv row 2: expected 10.00, found 0.00"
        in said(company)
    )


def test_money_on_rows_that_are_not_said_to_become_it_stops_the_run(tmp_path: Path) -> None:
    company = company_of(tmp_path / "company", LIVE)
    mapping = company.workspace.connectors / "depot" / "invoice_lines.sql"
    with mapping.open("a", encoding="utf-8") as file:
        file.write(
            "\nunion all\nselect 'gift-1', 'only-live', 99.00, [_row_id], _rank"
            " from {{ source('lake', 'depot__clients') }}\n"
        )
    assert (
        "depot invoice_lines on rows whose money does not become invoice_lines · gift-1: expected 0.00, found 99.00"
        in said(company)
    )


def test_a_conflict_names_the_rows_of_each_file(company: Company) -> None:
    details = dict(
        company.query("select entity, detail from audit.quarantine where rule = 'duplicate_key_conflict'")
    )
    rows = "exports/depot/archive.csv row 4, exports/depot/live-2.csv row 4"
    assert details == {
        "invoice_lines": f"rows of one delivery have the key differs-1 and differ in content: {rows}",
        "invoices": "held with its lines",
    }

"""Every raw row and every cent has a fate, rounding is only rounding, and two systems can feed one entity.

One company with a shop and a web store (tests/connectors), so that one run shows every case.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.harness import Company, Rows
from warehouse.errors import BlockedError

AS_OF = "2026-03-31"
FATES = ("used", "excluded", "quarantined", "held", "later", "unmapped", "rounding")


def sale(doc: str, quantity: str, price: str, kind: str = "sale", **more: str) -> dict[str, str]:
    row = {"doc": doc, "customer": "S1", "day": "2026-03-01", "quantity": quantity, "price": price}
    return {**row, "currency": "", "kind": kind, "nudge": "", **more}


SALES = [
    sale("rounded-up", "3", "0.335"),
    sale("rounded-down", "1", "0.33449"),
    sale("credit", "-1", "2.505", "credit"),
    sale("bundle", "1", "8.00", "bundle"),
    sale("parts", "1", "0.004", "parts"),
    sale("parts", "1", "0.004", "parts"),
    sale("parts", "1", "0.004", "parts"),
    sale("later", "1", "5.00", day="2026-04-01"),
    sale("no-number", "many", "5.00"),
    sale("no-document", "1", "7.00", "forgotten"),
    sale("yen", "1", "10.4", currency="JPY"),
]
MEMBERS = [
    {"member": "W1", "name": "Web customer"},
    {"member": "W-S2", "name": "Customer S2"},
    {"member": "BOTH", "name": "Somebody else"},
]
ORDERS = [
    {"number": "web-1", "member": "W1", "day": "2026-03-02", "total": "20.00"},
    {"number": "web-2", "member": "W-S2", "day": "2026-03-02", "total": "30.00"},
]
KEY_MAP = [{"entity": "customers", "system": "web", "source_key": "W-S2", "key": "S2"}]
S2 = sale("shop-2", "1", "40.00", customer="S2")
BOTH = sale("of-two-systems", "1", "40.00", customer="BOTH")


def company_of(root: Path, sales: Rows) -> Company:
    company = Company(root, "[policies]\nfreshness_hours = 0\n", ["shop", "web"])
    company.deliver({"sales": sales}, "shop")
    company.deliver({"members": MEMBERS, "orders": ORDERS}, "web")
    company.deliver({"key_map": KEY_MAP})
    return company


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    company = company_of(tmp_path_factory.mktemp("completeness") / "company", [*SALES, S2, BOTH])
    company.run(AS_OF)
    return company


def money_of(company: Company, name: str, currency: str) -> dict[str, Decimal]:
    columns = ", ".join(f"amount_{fate}" for fate in ("extracted", *FATES))
    [row] = company.query(
        f"select {columns} from audit.completeness where source_object = '{name}' and currency = '{currency}'"
    )
    return {fate: amount for fate, amount in zip(("extracted", *FATES), row, strict=True) if amount}


def test_every_cent_of_a_computed_amount_has_a_fate(company: Company) -> None:
    """Rounding: 1.005 to 1.01, 0.33449 to 0.33, three parts of 0.004 to 0.01, a credit of 2.505 to 2.51."""
    assert money_of(company, "sales", "GBP") == {
        "extracted": Decimal("98.84649"),
        "used": Decimal("46.84"),
        "quarantined": Decimal("40.00"),
        "later": Decimal("5.00"),
        "unmapped": Decimal("7.00"),
        "rounding": Decimal("0.00649"),
    }


def test_rows_are_used_where_anything_was_made_of_them(company: Company) -> None:
    """Of the row that no document was made of, a customer was: its money is unmapped, the row is not."""
    [row] = company.query(
        "select sum(rows_extracted), sum(rows_used), sum(rows_quarantined), sum(rows_unmapped)"
        " from audit.completeness where source_object = 'sales'"
    )
    assert row == (13, 12, 1, 0)


def test_money_of_a_currency_without_decimals_is_not_rounded_by_hundredths(company: Company) -> None:
    assert money_of(company, "sales", "JPY") == {"extracted": Decimal("10.4"), "quarantined": Decimal("10.4")}


def test_text_that_is_no_number_is_no_money_and_stops_nothing(company: Company) -> None:
    found = company.query(
        "select rule from audit.quarantine where record_key = 'no-number-1' and fate = 'quarantined'"
    )
    assert found == [("unparseable_value",)]


def test_two_systems_feed_one_entity(company: Company) -> None:
    """Keys apart are a union, a key that key_map renames is the other system's, one key with two contents is held."""
    found = company.query(
        "select customer_id, customer_name from marts.dim_customer where customer_id not like '(%' order by all"
    )
    assert found == [("S1", "Customer S1"), ("S2", "Customer S2"), ("W1", "Web customer")]
    billed = company.amounts("select customer_id, sum(amount) from marts.fct_billings group by all")
    assert billed == {"S1": Decimal("6.84"), "S2": Decimal("70.00"), "W1": Decimal("20.00")}
    held = company.query(
        "select entity, rule from audit.quarantine where record_key in ('BOTH', 'of-two-systems') order by all"
    )
    assert held == [("customers", "duplicate_key_conflict"), ("invoices", "duplicate_key_conflict")]


def test_what_is_shown_to_people_adds_up_and_leaves_no_decimal_out(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestration.cli.show import show_completeness

    show_completeness(company.workspace.root)
    printed = capsys.readouterr().out
    [money] = [line.split() for line in printed.splitlines() if "0.00649" in line]
    assert money == ["money", "98.84649", "46.84", "0.00", "40.00", "5.00", "7.00", "0.00649"]
    assert "Nothing is held." in printed


@pytest.mark.parametrize(
    ("nudges", "said"),
    [
        (["0.01"], "row 2: expected 1.005, found 1.02, difference 0.015"),
        (["0.02", "-0.02"], "row 3: expected 0.33449, found 0.31, difference -0.02449"),
    ],
)
def test_a_connector_that_gives_another_amount_than_the_row_stops_the_run(
    tmp_path: Path,
    nudges: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A minor unit or more is no rounding, also where two such rows cancel out."""
    from orchestration.cli import main

    wrong = [dict(row) for row in SALES]
    for row, nudge in zip(wrong, nudges, strict=False):
        row["nudge"] = nudge
    company = company_of(tmp_path / "company", wrong)
    monkeypatch.setattr(sys, "argv", ["tieout", "run", "-w", str(company.workspace.root), "--as-of", AS_OF])
    code = main.run_command_line()
    printed = capsys.readouterr().err
    assert code == 3
    assert f"shop.sales money against its records · exports/shop/sales.csv {said}" in printed
    assert "mend the SQL of the connector" in printed
    assert "Traceback" not in printed
    assert not company.workspace.tieout_db.exists()


NO_ROW = {"UNSAID": "null", "EMPTY": "[]", "ASTRAY": "[list_min(source_rows) + 100]"}


@pytest.fixture(scope="module")
def rowless(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A shop whose connector names no row of the file for some customers: compiled once for all of them."""
    company = company_of(tmp_path_factory.mktemp("rowless") / "company", SALES)
    mapping = company.workspace.connectors / "shop" / "customers.sql"
    cases = " ".join(f"when '{customer}' then {rows}" for customer, rows in NO_ROW.items())
    rows = f"case customer_id {cases} else source_rows end"
    mapping.write_text(
        f"select * replace ({rows} as source_rows) from (\n{mapping.read_text(encoding='utf-8')})",
        encoding="utf-8",
    )
    return company


@pytest.mark.parametrize("customer", NO_ROW)
def test_a_record_that_stands_on_no_row_of_a_file_stops_the_run(rowless: Company, customer: str) -> None:
    rowless.deliver({"sales": [*SALES, sale("rowless", "1", "1.00", customer=customer)]}, "shop")
    with pytest.raises(BlockedError) as blocked:
        rowless.run(AS_OF)
    assert "customers records without a source row" in " ".join(map(str, blocked.value.findings))

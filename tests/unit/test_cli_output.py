"""What a report looks like on a terminal and in files, and that text from exports stays text."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest
from rich.console import Console

from orchestration.cli import output
from orchestration.cli.options import Format
from orchestration.cli.output import Cell, Column, Table


def printed(table: Table, form: Format, capsys: pytest.CaptureFixture[str]) -> str:
    output.show(table, form)
    return capsys.readouterr().out


def one_cell(value: Cell, kind: output.Kind = "text") -> Table:
    return Table([Column("value", "value", kind)], [[value]])


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1234", "-cmd|' /C calc'!A0", "@sum(A1)", "\t=1", "\r=1"])
def test_csv_text_is_never_a_formula(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.reader(io.StringIO(printed(one_cell(text), Format.csv, capsys), newline="")))
    assert rows == [["value"], [f"'{text}"]]


def test_csv_numbers_stay_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(
        [Column(name, name) for name in ("amount", "count", "small", "day", "flag", "none")],
        [[Decimal("-1234.500"), -3, Decimal("1E-7"), date(2026, 8, 1), True, None]],
    )
    lines = printed(table, Format.csv, capsys).splitlines()
    assert lines == ["amount,count,small,day,flag,none", "-1234.500,-3,0.0000001,2026-08-01,true,"]


def test_json_is_exact_and_complete(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(
        [Column("amount", "amount"), Column("name", "name")],
        [[Decimal("12345678901234567.891"), 'Ünder "quotes"\n']],
    )
    found = json.loads(printed(table, Format.json, capsys), parse_float=Decimal)
    assert found == [{"amount": Decimal("12345678901234567.891"), "name": 'Ünder "quotes"\n'}]


def test_an_empty_report_says_why_and_is_valid_json(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table([Column("a", "a")], [], empty="No contract counts yet.")
    assert "No contract counts yet." in printed(table, Format.table, capsys)
    assert json.loads(printed(table, Format.json, capsys)) == []


def test_people_see_thousands_separators_and_the_decimals_of_the_currency(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = Table(
        [Column("currency", "currency"), Column("amount", "amount", "amount")],
        [["USD", Decimal("-1234567.5")], ["JPY", Decimal(1234567)], ["KWD", Decimal("1.234")]],
    )
    text = printed(table, Format.table, capsys)
    assert "-1,234,567.50" in text
    assert "1,234,567 " in text
    assert "1.234" in text


def test_markup_and_control_characters_of_exports_are_printed_as_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = printed(one_cell("[red]Acme[/red]\x1b[2J\x07"), Format.table, capsys)
    assert "[red]Acme[/red]" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_a_ratio_without_a_value_is_a_dash_not_a_zero() -> None:
    assert output.people_cell(None, "ratio", 2) == "-"


def test_people_see_the_first_thousand_rows_and_how_many_more_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A company without contracts has a warning an invoice line: half a million rows took minutes to lay out."""
    rows = [[f"row-{number}"] for number in range(1, 1003)]
    table = Table([Column("a", "a")], rows, totals=[["1002 in all"]])
    text = printed(table, Format.table, capsys)
    assert "row-1000" in text
    assert "row-1001" not in text
    assert "2 more rows: --format csv or json gives all of them." in text
    assert "1002 in all" in text
    assert "row-1002" in printed(table, Format.csv, capsys)


def test_a_terminal_too_narrow_for_a_table_shows_it_in_parts_and_cuts_no_figure() -> None:
    columns = [
        Column("movement", "movement"),
        *(Column(f"balance_{i}", f"balance {i}", "amount") for i in range(6)),
    ]
    row: list[Cell] = ["reclassification of all", *(Decimal(f"-1{i}3456789.01") for i in range(6))]
    parts = output.in_parts(Table(columns, [row], totals=[row], currency="USD"), 60)
    assert [[column.name for column in part.columns] for part in parts] == [
        ["movement", "balance_0", "balance_1"],
        ["movement", "balance_2", "balance_3"],
        ["movement", "balance_4", "balance_5"],
    ]
    console = Console(width=60, file=io.StringIO())
    for part in parts:
        console.print(output.laid_out(part, 60))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= 60
    assert all(output.people_number(value, "amount") in text for value in row[1:])


def test_a_table_that_fits_stays_in_one_part() -> None:
    table = Table([Column("a", "a"), Column("b", "b", "amount")], [["x", Decimal(1)]])
    assert output.in_parts(table, 80) == [table]

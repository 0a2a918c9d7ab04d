"""What `tieout export` writes: the rows asked for, text as text, and nothing half done."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tests.unit.workspaces import new_workspace
from warehouse import engine
from warehouse.errors import ConfigurationError
from warehouse.explain import export
from warehouse.explain.export import Format, Selection

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1"]


@pytest.fixture
def readers() -> Iterator[engine.Connection]:
    """A released file with one table of periods and one without."""
    with engine.connect() as connection:
        connection.execute(
            """
            create schema marts; create schema audit;
            create table marts.rpt_bbb as select * from (values
                ('2026-02', 'USD', 12.340), ('2026-01', 'USD', -5.000)) as t (period, currency, bookings);
            create table marts.rpt_revenue_waterfall as select '2026-01' as recognition_period, 1 as amount;
            create table audit.waivers (rule varchar);
            """
        )
        yield connection


def text_of(connection: engine.Connection, selection: Selection, scratch: Path) -> str:
    stream = io.BytesIO()
    export.write_csv(connection, selection, stream, scratch)
    return stream.getvalue().decode()


def test_a_table_is_found_by_its_name_alone_or_with_its_schema(
    readers: engine.Connection, tmp_path: Path
) -> None:
    whole = "period,currency,bookings\n2026-01,USD,-5.000\n2026-02,USD,12.340\n"
    assert text_of(readers, export.table(readers, "rpt_bbb"), tmp_path) == whole
    assert text_of(readers, export.table(readers, "marts.rpt_bbb"), tmp_path) == whole
    assert text_of(readers, export.table(readers, "waivers"), tmp_path) == "rule\n"


def test_a_period_is_the_one_the_table_is_divided_by(readers: engine.Connection, tmp_path: Path) -> None:
    one = text_of(readers, export.table(readers, "rpt_bbb", "2026-02"), tmp_path)
    assert one == "period,currency,bookings\n2026-02,USD,12.340\n"
    assert "2026-01" in text_of(readers, export.table(readers, "rpt_revenue_waterfall", "2026-01"), tmp_path)
    with pytest.raises(ConfigurationError, match=r"audit\.waivers has no periods"):
        export.table(readers, "waivers", "2026-01")


def test_an_unknown_table_names_the_nearest_one(readers: engine.Connection) -> None:
    with pytest.raises(ConfigurationError, match="did you mean rpt_bbb"):
        export.table(readers, "rpt_bb")


def formulas() -> Selection:
    return Selection("select unnest($texts) as note, 1.50::decimal(18, 3) as amount", {"texts": FORMULAS})


def test_text_never_becomes_a_formula_in_csv(readers: engine.Connection, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(text_of(readers, formulas(), tmp_path), newline="")))
    assert [row[0] for row in rows[1:]] == [f"'{text}" for text in FORMULAS]
    assert {row[1] for row in rows[1:]} == {"1.500"}


def test_text_never_becomes_a_formula_in_excel(readers: engine.Connection, tmp_path: Path) -> None:
    path = tmp_path / "q.xlsx"
    assert export.write_file(readers, formulas(), "xlsx", path) == len(FORMULAS)
    sheet = openpyxl.load_workbook(path).active
    cells = [sheet.cell(row, 1) for row in range(2, 2 + len(FORMULAS))]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert [str(cell.value).strip() for cell in cells] == [text.strip() for text in FORMULAS]


def test_excel_gets_numbers_dates_and_text_without_control_characters(
    readers: engine.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "q.xlsx"
    columns = "'a' || chr(7) || 'b' as note, 12.34::decimal(18, 3) as amount, date '2026-01-31' as day, null as gone"
    query = f"select {columns}"
    export.write_file(readers, Selection(query), "xlsx", path)
    rows = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))
    assert rows[0] == ("note", "amount", "day", "gone")
    note, amount, day, gone = rows[1]
    assert (note, Decimal(str(amount)), day.date(), gone) == (
        "a b",
        Decimal("12.34"),
        date(2026, 1, 31),
        None,
    )


def test_more_rows_than_a_sheet_holds_is_said_and_leaves_nothing(
    readers: engine.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "XLSX_ROWS", 3)
    assert export.write_file(readers, Selection("select unnest([1, 2])"), "xlsx", tmp_path / "fits.xlsx") == 2
    with pytest.raises(ConfigurationError, match="more rows than a sheet of Excel holds"):
        export.write_file(readers, Selection("select unnest([1, 2, 3])"), "xlsx", tmp_path / "full.xlsx")
    with pytest.raises(ConfigurationError, match=r"a text of 32,768 characters"):
        export.write_file(
            readers, Selection("select repeat('x', 32768) as x"), "xlsx", tmp_path / "long.xlsx"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["fits.xlsx"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_replaces_the_one_before_whole(
    readers: engine.Connection, tmp_path: Path, form: Format
) -> None:
    path = tmp_path / f"out.{form}"
    path.write_text("old", encoding="utf-8")
    assert export.write_file(readers, export.table(readers, "rpt_bbb"), form, path) == 2
    read = readers.execute(f"select count(*) from read_{form}('{path}')").fetchone()
    assert read == (2,)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "place",
    [
        "exports/x.csv",
        "connectors/x.csv",
        "expectations/x.yml",
        "lake/x.csv",
        "journal/x.csv",
        "published/x.csv",
        ".tieout/lock",
        "tieout.toml",
        "warehouse.duckdb",
    ],
)
def test_an_export_never_writes_where_the_workspace_keeps_what_it_must_not_lose(
    tmp_path: Path, place: str
) -> None:
    workspace = new_workspace(tmp_path)
    with pytest.raises(ConfigurationError, match=f"is part of {place.split('/', maxsplit=1)[0]}"):
        export.require_writable(workspace, tmp_path / "elsewhere" / ".." / place)
    with pytest.raises(ConfigurationError, match="is no file"):
        export.require_writable(workspace, tmp_path)
    assert export.require_writable(workspace, tmp_path / "x.csv") == (tmp_path / "x.csv").resolve()


def test_a_folder_that_is_not_there_is_a_wrong_output(readers: engine.Connection, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no folder"):
        export.write_file(readers, export.table(readers, "rpt_bbb"), "csv", tmp_path / "none" / "x.csv")


QUARANTINE = """
    create table audit.quarantine as select * from (values
        ('contracts', 'K-1', 'K-1', 'late', 'quarantine', 'quarantined', 'is late', 5.00, 'USD', 'c.csv', 2, 'h1'),
        ('contract_lines', 'L-1', 'K-1', 'late', 'quarantine', 'quarantined', 'held with K-1', null, null, 'l.csv', 3, 'h2'),
        ('contract_lines', 'L-2', 'K-2', 'odd', 'warn', 'used', 'is odd', null, null, 'l.csv', 4, 'h2'),
        ('known_records', 'contracts:K-9', 'K-9', 'gone', 'quarantine', 'held', 'is gone', null, null, null, null, null)
    ) as t (entity, record_key, contract_id, rule, severity, fate, detail, amount, currency, source_file, source_row,
        file_sha256);
    create table audit.quarantine_history as select * from (values
        ('contracts', 'K-1', 'late', true, date '2026-01-01', date '2026-01-03', 3, 0),
        ('known_records', 'contracts:K-9', 'gone', true, date '2026-01-03', date '2026-01-03', 1, 0)
    ) as t (entity, record_key, rule, is_open, first_seen_as_of, last_seen_as_of, runs, returns);
    create table audit.held_back as select * from (values
        ('K-1', 'EUR', null, 7.00, null, null), ('K-1', 'USD', 5.00, 0.00, 1.00, null)
    ) as t (contract_id, currency, contracted, billed, revenue, carried_contracted);
    create table audit.known_records as select 'contracts' as entity, 'K-9' as record_key, 'h0' as file_sha256, 8 as source_row;
    create table audit.source_files as select * from (values
        ('crm', 'deals', 'c.csv', 'h1'), ('crm', 'deal_lines', 'l.csv', 'h2'), ('old', 'deals', 'before.csv', 'h0')
    ) as t (system, object, path, sha256);
"""  # noqa: E501
REMEDIES = [("contracts", "late", "Hurry."), ("contract_lines", "odd", "Look.")]


def to_mend(connection: engine.Connection, scratch: Path, **wanted: str) -> list[dict[str, str]]:
    selection = export.to_mend(REMEDIES, **wanted)
    return list(csv.DictReader(io.StringIO(text_of(connection, selection, scratch))))


def test_the_list_to_mend_holds_what_fails_by_itself(readers: engine.Connection, tmp_path: Path) -> None:
    readers.execute(QUARANTINE)
    own, vanished = to_mend(readers, tmp_path)
    assert (own["system"], own["object"], own["record_key"], own["what_to_do"]) == (
        "crm",
        "deals",
        "K-1",
        "Hurry.",
    )
    # the contract's money in the currency it is stated in
    names = ("contract_contracted", "contract_billed", "contract_revenue_of_month", "contract_currency")
    assert [own[name] for name in names] == ["5.00", "0.00", "1.00", "USD"]
    assert (vanished["system"], vanished["source_file"], vanished["source_row"]) == ("old", "before.csv", "8")


def test_the_list_to_mend_is_one_systems_or_one_rules(readers: engine.Connection, tmp_path: Path) -> None:
    readers.execute(QUARANTINE)
    assert [row["record_key"] for row in to_mend(readers, tmp_path, system="old")] == ["contracts:K-9"]
    assert [row["record_key"] for row in to_mend(readers, tmp_path, rule="late")] == ["K-1"]
    # a warning holds nothing back, but whoever asks for it gets it
    assert [row["what_to_do"] for row in to_mend(readers, tmp_path, rule="odd")] == ["Look."]
    assert export.known_systems(readers) == ["crm", "old"]

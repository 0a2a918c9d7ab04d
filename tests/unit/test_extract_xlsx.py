"""Excel workbooks become text as Excel shows them, or a finding that says what is wrong where."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from openpyxl import Workbook

from tests.unit.reading import Reader
from tests.unit.workspaces import zipped
from warehouse.extract.findings import UnreadableFileError
from warehouse.extract.readers import workbook as parts

HEADER = ("id", "amount", "note")
NAME = "deals.xlsx"


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def saved(workbook: Workbook) -> bytes:
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def book(*rows: Sequence[Any], **more_sheets: Sequence[Sequence[Any]]) -> bytes:
    """A workbook with a sheet of these rows, and others."""
    made = Workbook()
    made.remove(made.active)
    for title, content in {"Deals": rows, **more_sheets}.items():
        sheet = made.create_sheet(title)
        for row in content:
            sheet.append(list(row))
    return saved(made)


def raw(sheet_data: str, strings: Sequence[str] = (), **replaced: str) -> bytes:
    """A workbook as other programs write it: the sheet's rows as XML, and shared strings."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    shared = "".join(
        f"<si>{text if text.startswith('<') else f'<t>{escape(text)}</t>'}</si>" for text in strings
    )
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>'
        '<sheet name="Deals" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships '
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/sharedStrings.xml": f"<sst {main}>{shared}</sst>",
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{sheet_data}</sheetData></worksheet>",
    }  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, **replaced}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


HEADER_ROW = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>amount</t></is></c></row>'
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (-0.0, "0"),
        (30.0, "30"),
        (1234.56, "1234.56"),
        (0.1 + 0.2, "0.3"),
        (1.1 * 3, "3.3"),
        (-19.99, "-19.99"),
        (0.000001, "0.000001"),
        (1e-7, "0.0000001"),
        (123456789012345, "123456789012345"),
        (9999999999999.99, "9999999999999.99"),
        (1e20, "100000000000000000000"),
        (True, "true"),
        (False, "false"),
        ("0042", "0042"),
        (" x ", " x "),
        ("1,5", "1,5"),
        ("a\nb", "a\nb"),
        ("Zürich €", "Zürich €"),
        ("NULL", "NULL"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31), "2026-01-31"),  # noqa: DTZ001
        (datetime(2026, 1, 31, 14, 30), "2026-01-31 14:30:00"),  # noqa: DTZ001
        (date(1900, 1, 1), "1900-01-01"),
        (time(14, 30), "14:30:00"),
        (timedelta(hours=26, minutes=5), "26:05:00"),
        ("#N/A", "#N/A"),
        ("#REF!", "#REF!"),
        ("#DIV/0!", "#DIV/0!"),
    ],
)
def test_a_cell_is_the_text_excel_shows(read: Reader, value: object, text: str) -> None:
    assert read(book(HEADER, (1, 2, value)), NAME) == (HEADER, [(2, "1", "2", text)])


@pytest.mark.parametrize("digits", ["12345678901234567", "-1", "99999999999999999999999999999999999"])
def test_whole_numbers_that_stand_in_the_file_keep_their_digits(read: Reader, digits: str) -> None:
    rows = HEADER_ROW + f'<row r="2"><c r="A2"><v>{digits}</v></c></row>'
    assert read(raw(rows), NAME)[1] == [(2, digits, None)]


@pytest.mark.parametrize("cents", [1, 10, 1999, 123456, 999_999_999_999_99, 1_000_000_000_000_01])
def test_every_amount_of_money_is_exactly_itself(read: Reader, cents: int) -> None:
    text = f"{cents // 100}.{cents % 100:02}"
    (row,) = read(book(HEADER, (1, float(text), None)), NAME)[1]
    assert row[2] == text.rstrip("0").rstrip(".")


def test_dates_of_a_workbook_that_counts_from_1904_are_the_same_days(read: Reader) -> None:
    made = Workbook()
    made.epoch = datetime(1904, 1, 1)  # noqa: DTZ001
    made.active.append(HEADER)
    made.active.append((1, date(2026, 1, 31), None))
    assert read(saved(made), NAME)[1] == [(2, "1", "2026-01-31", None)]


def test_rows_have_the_numbers_excel_shows_and_blank_ones_are_none(read: Reader) -> None:
    made = Workbook()
    sheet = made.active
    for place, value in {
        "A3": "id", "B3": "amount", "A4": 1, "A7": 2, "B7": 2.5, "D7": " ", "B8": "  ", "A9": 3,
    }.items():  # fmt: skip
        sheet[place] = value
    columns, rows = read(saved(made), NAME)
    assert columns == ("id", "amount")
    assert rows == [(4, "1", None), (7, "2", "2.5"), (9, "3", None)]


def test_blank_columns_and_merged_cells_are_no_data(read: Reader) -> None:
    made = Workbook()
    sheet = made.active
    sheet.append((None, "id", "amount", None, "note"))
    sheet.append((None, 1, "merged", None, "x"))
    sheet.merge_cells("C2:D2")
    sheet["H9"].number_format = "0.00"
    assert read(saved(made), NAME) == (("id", "amount", "note"), [(2, "1", "merged", "x")])


def test_a_formula_is_the_value_it_was_saved_with(read: Reader) -> None:
    rows = HEADER_ROW + (
        '<row r="2"><c r="A2" t="str"><f>"D"&amp;1</f><v>D1</v></c><c r="B2"><f>1.1*3</f>'
        "<v>3.3000000000000003</v></c></row>"
        '<row r="3"><c r="A3" t="str"><f>""</f><v></v></c><c r="B3" t="b"><f>1=1</f><v>1</v></c></row>'
        '<row r="4"><c r="A4"><v>4</v></c><c r="B4" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    )
    assert read(raw(rows), NAME)[1] == [(2, "D1", "3.3"), (3, None, "true"), (4, "4", "#DIV/0!")]


def test_shared_and_rich_strings_are_their_text(read: Reader) -> None:
    rows = HEADER_ROW + '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c></row>'
    strings = [
        "a & b",
        "<r><t>bold</t></r><r><t xml:space='preserve'> plain</t></r><rPh sb='0' eb='1'><t>!</t></rPh>",
    ]
    assert read(raw(rows, strings), NAME)[1] == [(2, "a & b", "bold plain")]


def test_rows_and_cells_without_places_count_on(read: Reader) -> None:
    rows = "<row><c t='inlineStr'><is><t>id</t></is></c></row><row/><row><c><v>7</v></c></row>"
    assert read(raw(rows), NAME) == (("id",), [(3, "7")])


def test_a_report_is_read_without_what_stands_around_its_records(read: Reader) -> None:
    data = book(
        ("Deals of ACME",), (), ("as of", date(2026, 1, 31)), HEADER, (1, 2.5, "x"), ("Total", 2.5), (2, 3, "y"), (),
        ("© 2026",),
    )  # fmt: skip
    declared = {"has_preamble": True, "required": ("id", "amount"), "trailers": ("Total.*", "©.*")}
    assert read(data, NAME, **declared)[1] == [(5, "1", "2.5", "x"), (7, "2", "3", "y")]
    assert read.left_out == 4


def test_the_only_sheet_with_rows_is_read_and_a_declared_one_always(read: Reader) -> None:
    rows = [HEADER, (1, 2, "x")]
    assert read(book(Other=rows, Empty=[]), NAME)[1] == [(2, "1", "2", "x")]
    several = book(*rows, Notes=[("id",), ("n",)])
    assert read(several, NAME, sheet="notes") == (("id",), [(2, "n")])
    with pytest.raises(UnreadableFileError, match=r"several sheets with rows: Deals, Notes") as error:
        read(several, NAME)
    assert error.value.remedy == "Declare the one that is meant in connector.yml, as in sheet: Deals."
    with pytest.raises(UnreadableFileError, match=r"no sheet Note, did you mean Notes"):
        read(several, NAME, sheet="Note")


def test_a_gzipped_workbook_and_many_rows_are_read_whole(read: Reader) -> None:
    rows = [(n, n + 0.25, f"note {n}") for n in range(2, 3_002)]
    found = read(zipped(book(HEADER, *rows)), "deals.xlsx.gz")[1]
    assert found == [(n, str(n), f"{n}.25", f"note {n}") for n in range(2, 3_002)]


PLAIN = book(HEADER, (1, 2, "x"))
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "rule", "said"),
    [
        (b"", "empty_file", "not even a header"),
        (book(), "empty_file", "not even a header"),
        (b"id,amount\n1,2\n", "unreadable_file", "it is not an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unreadable_file", "protected by a password"),
        (PLAIN[:-30], "unreadable_file", "damaged or cut off"),
        (PLAIN[: len(PLAIN) // 2], "unreadable_file", "damaged or cut off"),
        (b"PK\x03\x04" + bytes(500), "unreadable_file", "damaged or cut off"),
        (book(("id", "amount", "ID")), "duplicate_column", "ID stands twice in the header"),
        (book(HEADER, (1, 2, "x", None, "y")), "malformed_row", "row 2 has a value in column E; the header ends"),
        (book(HEADER, (1, "=A2*2")), "formula_without_value", "cell B2 holds a formula that was never computed"),
        (raw(HEADER_ROW + '<row r="2"><c r="A2" t="s"><v>7</v></c></row>'), "unreadable_file", "after row 1 of"),
        (raw(HEADER_ROW + '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>'), "unreadable_file", "row 1"),
        (raw(HEADER_ROW + '<row r="1"><c r="A1"><v>1</v></c></row>'), "unreadable_file", "after row 1"),
        (raw(HEADER_ROW + '<row r="1048577"><c><v>1</v></c></row>'), "unreadable_file", "after row 1"),
        (raw(HEADER_ROW + '<row r="2"><c r="A2" t="d"><v>2026-02-31</v></c></row>'), "unreadable_file", "after row 1"),
        (raw(HEADER_ROW, **{"xl/worksheets/sheet1.xml": ENTITIES + "<worksheet>&b;</worksheet>"}),
         "unreadable_file", "damaged"),
        (raw(HEADER_ROW, **{"xl/sharedStrings.xml": ENTITIES + "<sst>&b;</sst>"}), "unreadable_file", "damaged"),
        (raw(HEADER_ROW, **{"xl/workbook.xml": "<workbook/>"}), "unreadable_file", "damaged"),
    ],
)  # fmt: skip
def test_an_unusable_workbook_says_what_is_wrong(read: Reader, data: bytes, rule: str, said: str) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        read(data, NAME)
    assert (caught.value.rule, said in caught.value.message) == (rule, True), caught.value.message
    assert not list(read.folder.glob("*.writing"))
    assert not list(read.folder.glob("lake*"))
    assert not list(read.folder.glob("*.rewritten"))


def test_what_unpacks_to_many_times_its_size_is_not_unpacked(read: Reader) -> None:
    data = raw(HEADER_ROW, **{"xl/media/bomb.bin": "\0" * (parts._ALWAYS_FINE + 1)})
    with pytest.raises(UnreadableFileError, match="too large to be read: 64 MB when unpacked"):
        read(data, NAME)


@pytest.mark.parametrize(
    ("limit", "part"),
    [("_LARGEST_IN_MEMORY", "xl/sharedStrings.xml"), ("_LARGEST", "xl/worksheets/sheet1.xml")],
)
def test_the_limits_of_size_are_those_of_memory_and_of_all(
    read: Reader, monkeypatch: pytest.MonkeyPatch, limit: str, part: str
) -> None:
    data = raw(HEADER_ROW)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sizes: Mapping[str, int] = {one.filename: one.file_size for one in archive.infolist()}
    total = sum(sizes.values())
    exact = total if limit == "_LARGEST" else total - sizes["xl/worksheets/sheet1.xml"]
    assert part in sizes
    monkeypatch.setattr(parts, limit, exact)
    assert read(data, NAME)[0] == ("id", "amount")
    monkeypatch.setattr(parts, limit, exact - 1)
    with pytest.raises(UnreadableFileError, match="too large to be read"):
        read(data, NAME)


def test_a_row_without_an_end_never_fills_the_memory(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.extract.readers.records.LONGEST", 1 << 20)
    rows = HEADER_ROW + f'<row r="2"><c r="A2" t="inlineStr"><is><t>{"x" * (2 << 20)}</t></is></c></row>'
    with pytest.raises(UnreadableFileError, match="row 2 is longer than 1 MB"):
        read(raw(rows), NAME)

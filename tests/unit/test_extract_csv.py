"""CSV, TSV and Parquet become text with row numbers, or a finding that says what is wrong where."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.reading import Reader, Row
from tests.unit.workspaces import zipped
from warehouse.connectors import SourceObject
from warehouse.engine import literal
from warehouse.extract.exports import Export
from warehouse.extract.find import FoundFile
from warehouse.extract.findings import UnreadableFileError
from warehouse.extract.readers.csv import read_header
from warehouse.extract.stage import stage


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


PLAIN = [(2, "1", "2.50", "x"), (3, "2", "3", "y")]


@pytest.mark.parametrize(
    "data",
    [
        b"id,amount,note\n1,2.50,x\n2,3,y\n",
        b"id,amount,note\n1,2.50,x\n2,3,y",
        b"id,amount,note\r\n1,2.50,x\r\n2,3,y\r\n",
        b"id,amount,note\r1,2.50,x\r2,3,y\r",
        b"id,amount,note\r\n1,2.50,x\n2,3,y\r\n",
        b"\xef\xbb\xbfid,amount,note\n1,2.50,x\n2,3,y\n",
        b"id;amount;note\n1;2.50;x\n2;3;y\n",
        b"id\tamount\tnote\n1\t2.50\tx\n2\t3\ty\n",
        b'"id","amount","note"\n"1","2.50","x"\n"2","3","y"\n',
        b" id ,amount, note\n1,2.50,x\n2,3,y\n",
        b"id,amount,note,,\n1,2.50,x,,\n2,3,y,,\n",
        b"id,amount,note\n1,2.50,x,\n2,3,y,\n",
        b"id,amount,note\n1,2.50,x,,,\n2,3,y,,,\n",
        b"id,amount,note\n1,2.50,x\n2,3,y\n\n\n",
    ],
)
def test_every_usual_form_of_the_same_table_reads_the_same(read: Reader, data: bytes) -> None:
    assert read(data) == (("id", "amount", "note"), PLAIN)


def test_gzip_of_several_members_and_tsv_read_the_same(read: Reader) -> None:
    parts = zipped(b"id,amount,note\n1,2.5") + zipped(b"0,x\n2,3,y\n")
    assert read(parts, "deals.csv.gz")[1] == PLAIN
    assert read(b"id\tamount\tnote\n1\t2.50\tx\n2\t3\ty\n", "deals.tsv")[1] == PLAIN


@pytest.mark.parametrize(
    "data",
    [
        zipped(b"id,amount,note\n1,2.50,x\n2,3,y\n") + bytes(512),
        zipped(b"id,amount,note\n1,2.50,x\n") + bytes(9) + zipped(b"2,3,y\n"),
        zipped(b"") + zipped(b"id,amount,note\n") + zipped(b"") + zipped(b"1,2.50,x\n2,3,y\n") + zipped(b""),
    ],
)
def test_empty_members_and_padding_of_zeros_are_legal_gzip(read: Reader, data: bytes) -> None:
    assert read(data, "deals.csv.gz")[1] == PLAIN


@pytest.mark.parametrize(("delimiter", "name"), [(b";", "deals.csv"), (b"\t", "deals.tsv")])
def test_all_oddities_of_a_spreadsheets_export_at_once(read: Reader, delimiter: bytes, name: str) -> None:
    long = "x" * 10_000_000
    lines = [
        b"\xef\xbb\xbfid,amount,note,,",
        b'1,2.50,"a\r\nb ""q""",,',
        b'"",3,,,',
        f"2,4,{long},,".encode(),
        b"",
    ]
    data = b"\r\n".join(line.replace(b",", delimiter) for line in lines)
    columns, rows = read(data, name)
    assert columns == ("id", "amount", "note")
    assert rows == [(2, "1", "2.50", 'a\r\nb "q"'), (3, None, "3", None), (4, "2", "4", long)]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b'id,amount,note\n1,,""\n2,NULL,null\n', [(2, "1", None, None), (3, "2", "NULL", "null")]),
        (b'id,amount,note\n1,2,"a\nb"\n2,3,y\n', [(2, "1", "2", "a\nb"), (3, "2", "3", "y")]),
        (b'id,amount,note\n1,2,"a\r\nb\n\nc"\n2,3,y\n', [(2, "1", "2", "a\r\nb\n\nc"), (3, "2", "3", "y")]),
        (b'id,amount,note\n1,2,"a ""q"" b"\n', [(2, "1", "2", 'a "q" b')]),
        (b'id,amount,note\n1,2,5" disk\n', [(2, "1", "2", '5" disk')]),
        (b'id,amount,note\n1,2,"a,b;c"\n', [(2, "1", "2", "a,b;c")]),
        (b"id,amount,note\n #1, 2 ,\\N\n", [(2, " #1", " 2 ", "\\N")]),
        (b"id,amount,note\n1,1e400,\x01\n", [(2, "1", "1e400", "\x01")]),
        (b"id,amount,note\n1,a\x00b,\x00\n", [(2, "1", "a\x00b", "\x00")]),
        (b"id,amount,note\n", []),
        (b"id,amount,note", []),
    ],
)
def test_text_stays_as_it_is(read: Reader, data: bytes, rows: list[Row]) -> None:
    assert read(data)[1] == rows


def test_row_numbers_are_those_a_spreadsheet_shows(read: Reader) -> None:
    with_blank_lines = b'\n\nid,amount,note\n1,2,"a\nb"\n\n \n2,3,y\r\n\r\n3,4,z\n'
    assert [(row[0], row[1]) for row in read(with_blank_lines)[1]] == [(4, "1"), (7, "2"), (9, "3")]


def test_row_numbers_are_right_when_several_threads_read_a_large_file(read: Reader) -> None:
    lines = "".join(f'{n},{n}.5,"line\n{n} {"x" * (n % 90)}"\n' for n in range(2, 200_002))
    columns, rows = read(b"id,amount,note\n" + lines.encode())
    assert columns == ("id", "amount", "note")
    assert len(rows) == 200_000
    assert all(str(row[0]) == row[1] for row in rows)


def test_a_usual_file_never_takes_the_slow_way(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("slow")

    monkeypatch.setattr("warehouse.extract.readers.csv._read_slowly", refuse)
    for end in (b"\n", b"\r\n"):
        for last in (b"", end):
            data = b'id,"amount",note' + end + b'1,2.50,"a ""q"", \xc3\xa9"' + end + b'"",,"b\nc"' + last
            assert len(read(data)[1]) == 2
    assert read(b"\xef\xbb\xbfid,amount,note\n1,2,3\n")[1] == [(2, "1", "2", "3")]
    assert read(b"id,amount,note\n")[1] == []


@pytest.mark.parametrize("blank", [b"", b"\n"])
@pytest.mark.parametrize(
    ("record", "row"),
    [
        (b" 1, 2.50,  x ", (" 1", " 2.50", "  x ")),
        (b'1, "2,50",x', ("1", "2,50", "x")),
        (b'1,2.50," x"', ("1", "2.50", " x")),
    ],
)
def test_spaces_are_the_same_text_either_way(read: Reader, blank: bytes, record: bytes, row: Row) -> None:
    """A blank line makes it the slow way."""
    rows = read(b"id,amount,note\n" + blank + record + b"\n")[1]
    assert [one[1:] for one in rows] == [row]


def test_a_header_that_is_no_table_is_told_at_once(read: Reader) -> None:
    names = [f"c{n}" for n in range(3000)]
    with pytest.raises(UnreadableFileError, match="more than 2,000 columns"):
        read(",".join(names).encode())
    with pytest.raises(UnreadableFileError, match="more than 2,000 columns"):
        read("".join(f'{{"{name}": 1}}\n' for name in names).encode(), "deals.jsonl")


def test_a_value_or_a_row_beyond_what_is_held_in_memory_is_told(
    read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.extract.readers.records.LONGEST", 5 << 20)
    rows = read(b"id,amount,note\n1,2," + b"x" * (5_000_000) + b"\n")[1]
    assert [len(str(row[3])) for row in rows] == [5_000_000]
    with pytest.raises(UnreadableFileError, match="row 2 is no valid CSV: a value is longer than 5 MB"):
        read(b'id,amount,note\n1,2,"' + b"x" * (6 << 20) + b'"\n')
    with pytest.raises(UnreadableFileError, match="row 2 is longer than 5 MB"):
        read(b"id,amount,note\n1," + b"x" * (4 << 20) + b"," + b"y" * (4 << 20) + b"\n")


def test_a_long_field_and_a_long_row_are_read(read: Reader) -> None:
    for size in (3_000_000, 9_000_000):
        rows = read(b"id,amount,note\n1,2," + b"x" * size + b"\n")[1]
        assert [len(str(row[3])) for row in rows] == [size]


def test_extra_and_reordered_columns_are_kept_by_name(read: Reader) -> None:
    assert read(b"note,Extra Column,id,amount\nx,e,1,2\n") == (
        ("note", "Extra Column", "id", "amount"),
        [(2, "x", "e", "1", "2")],
    )


def test_a_filled_column_without_a_name_is_kept_by_its_position(read: Reader) -> None:
    assert read(b"id,,amount,\n1,x,2,\n") == (("id", "column_2", "amount"), [(2, "1", "x", "2")])


def test_the_delimiter_is_the_one_that_finds_the_declared_columns(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text('id;amount;"note, with, many, commas"\n')
    assert read_header(path, SourceObject(columns=("id", "amount")), (",", ";")).delimiter == ";"


@pytest.mark.parametrize(
    ("data", "name", "rule", "said"),
    [
        (b"", "deals.csv", "empty_file", "not even a header"),
        (b"\n\n", "deals.csv", "empty_file", "not even a header"),
        (zipped(b""), "deals.csv.gz", "empty_file", "not even a header"),
        (b"id,amount,ID\n1,2,3\n", "deals.csv", "duplicate_column", "ID stands twice in the header"),
        (b"id,_row\n1,2\n", "deals.csv", "duplicate_column", "a name of ours"),
        (b"id,amount\n1,2\n2\n", "deals.csv", "malformed_row", "row 3 has 1 fields, the header has 2"),
        (b"id,amount\n1,2\n2,3,4\n", "deals.csv", "malformed_row", "row 3 has 3 fields, the header has 2"),
        (b'id,amount\n1,"2\n2,3\n', "deals.csv", "malformed_row", "row 2 is no valid CSV: a quote is opened"),
        (b'id,amount\n1,2\n1,"2"x\n', "deals.csv", "malformed_row", "row 3 is no valid CSV: text follows"),
        (b"id,amount\n1,\xe9\n", "deals.csv", "wrong_encoding", "byte 0xe9 in line 2"),
        (b"id,amount\n1,2\xc3", "deals.csv", "wrong_encoding", "byte 0xc3 in line 2"),
        ("id,amount\n".encode("utf-16"), "deals.csv", "wrong_encoding", "UTF-16"),
        (zipped(b"id\n1\n"), "deals.csv", "wrong_compression", "does not end in .gz"),
        (b"id\n1\n", "deals.csv.gz", "wrong_compression", "not valid gzip"),
        (zipped(bytes(range(256)) * 400)[:-20], "deals.parquet.gz", "truncated_file", "ends too early"),
        (zipped(b"id,amount\n" + b"1,2\n" * 9000)[:-9], "deals.csv.gz", "truncated_file", "ends too early"),
        (zipped(b"id,amount\n1,2\n") + b"more", "deals.csv.gz", "wrong_compression", "something else follows it"),
        (zipped(b"id\n1\n") + bytes(9) + b"x", "deals.csv.gz", "wrong_compression", "something else follows it"),
        (zipped(b"id\n1\n") + zipped(b"2\n" * 99)[:-9], "deals.csv.gz", "truncated_file", "ends too early"),
        (b"\xd0\xcf\x11\xe0", "deals.csv", "wrong_compression", "old or password-protected Office file"),
        (b"PK\x03\x04....", "deals.csv", "wrong_compression", "Excel workbook"),
        (b"PAR1....", "deals.csv", "wrong_compression", "Parquet file"),
        (b"id,amount\n", "deals.parquet", "unreadable_file", "not a Parquet file"),
        (b"PAR1 and then nothing", "deals.parquet", "unreadable_file", "damaged or cut off"),
    ],
)  # fmt: skip
def test_an_unusable_file_says_what_is_wrong_where(
    read: Reader, data: bytes, name: str, rule: str, said: str
) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        read(data, name)
    assert (caught.value.rule, said in caught.value.message) == (rule, True), caught.value.message
    assert not list(read.folder.glob("*.writing"))
    assert not list(read.folder.glob("lake*"))


@pytest.mark.parametrize(
    ("data", "remedy"),
    [
        (b"Report of May\nid,amount,note\n1,2,x\n", "declare has_preamble: true"),
        (b"id,amount\n1\n", "Export it again"),
    ],
)
def test_a_report_line_taken_for_the_header_is_told_how_to_be_left_out(
    read: Reader, data: bytes, remedy: str
) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        read(data, "deals.csv")
    assert (caught.value.rule, remedy in str(caught.value.remedy)) == ("malformed_row", True)


def test_parquet_becomes_text_exactly(read: Reader, tmp_path: Path) -> None:
    source = tmp_path / "source.parquet"
    read.connection.execute(
        "copy (select 7 as id, 1.10::decimal(18,2) as amount, date '2026-01-31' as day, true as yes, null::int as none "
        f"union all select 8, 12345678901234.56, date '2026-02-01', false, 3) to {literal(str(source))}"
    )
    expected = (
        ("id", "amount", "day", "yes", "none"),
        [
            (2, "7", "1.10", "2026-01-31", "true", None),
            (3, "8", "12345678901234.56", "2026-02-01", "false", "3"),
        ],
    )
    assert read(source.read_bytes(), "deals.parquet") == expected
    assert read(zipped(source.read_bytes()), "deals.parquet.gz") == expected


def test_nested_parquet_columns_do_not_shift_the_names_after_them(read: Reader, tmp_path: Path) -> None:
    source = tmp_path / "source.parquet"
    read.connection.execute(f"copy (select {{'a': 1, 'b': [2]}} as nest, 5 as id) to {literal(str(source))}")
    columns, rows = read(source.read_bytes(), "deals.parquet")
    assert columns == ("nest", "id")
    assert rows[0][2] == "5"


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("id\n1\n")
    file = FoundFile(Export(path, "deals.csv"), "crm", "deals", "csv", False)
    changes = iter(["id\n1\n2\n", "id\n1\n2\n3\n"])

    class ChangingPath(type(path)):  # type: ignore[misc]
        """Grows each time it is looked at after reading, until it has said all it has to say."""

        def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
            if text := next(changes, None):
                path.write_text(text)
            return Path(str(self)).stat()

    growing = FoundFile(Export(ChangingPath(path), "deals.csv"), "crm", "deals", "csv", False)
    assert (
        stage(growing, tmp_path / "copy", pause=lambda _: None).sha256
        == stage(file, tmp_path / "other").sha256
    )
    assert (tmp_path / "copy").read_text() == "id\n1\n2\n3\n"


def test_a_file_that_never_stands_still_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("id\n1\n")

    class RestlessPath(type(path)):  # type: ignore[misc]
        def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
            path.write_text(path.read_text() + "1\n")
            return Path(str(self)).stat()

    with pytest.raises(UnreadableFileError, match="changes while it is read"):
        stage(
            FoundFile(Export(RestlessPath(path), "deals.csv"), "crm", "deals", "csv", False),
            tmp_path / "copy",
            pause=lambda _: None,
        )


# --- what a connector declares ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("utf-16", "id,amount,note\r\n1,2.50,Zürich €\r\n".encode("utf-16")),
        ("utf-16", b"\xfe\xff" + "id,amount,note\n1,2.50,Zürich €\n".encode("utf-16-be")),
        ("windows-1252", "id,amount,note\n1,2.50,Zürich €\n".encode("cp1252")),
    ],
)
def test_a_declared_encoding_reads_as_utf_8_does(read: Reader, encoding: str, data: bytes) -> None:
    assert read(data, encoding=encoding)[1] == [(2, "1", "2.50", "Zürich €")]


@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_character_across_two_pieces_of_a_file_stays_whole(read: Reader, size: int) -> None:
    note = "€" * size
    data = f"id,amount,note\n1,2,{note}\n".encode("utf-16")
    assert read(data, encoding="utf-16")[1] == [(2, "1", "2", note)]


@pytest.mark.parametrize(
    ("encoding", "data", "what"),
    [
        ("utf-8", "id\n1".encode("utf-16"), r"is UTF-16 text, not UTF-8"),
        ("windows-1252", b"id,amount,note\n1,2,\x81\n", r"is not windows-1252 text: byte 0x81 in line 2"),
        ("utf-16", "id\n1\n".encode("utf-16")[:-1], r"is not utf-16 text"),
        (
            "utf-16",
            "id\n1\n".encode("utf-16-le"),
            r"is not utf-16 text: it does not begin with a byte-order mark",
        ),
        ("utf-16", b"id\n1\n", r"is not utf-16 text: it does not begin with a byte-order mark"),
        ("utf-8", "id,note\n1,\xfc\n".encode("latin-1"), r"is not UTF-8 text: byte 0xfc in line 2"),
    ],
)
def test_text_in_another_encoding_is_told(read: Reader, encoding: str, data: bytes, what: str) -> None:
    with pytest.raises(UnreadableFileError, match=what) as error:
        read(data, encoding=encoding)
    assert error.value.rule == "wrong_encoding"
    assert "connector.yml" in error.value.remedy


def test_a_declared_delimiter_is_not_guessed(read: Reader) -> None:
    assert read(b"id|amount|note\n1|2,5;x|y\n", delimiter="|")[1] == [(2, "1", "2,5;x", "y")]


REPORT = b"""Journal Report,,
"January, 2026",,

id,amount,note
1,2.50,x
Total for x,2.50,
2,3,y
Grand Totals,5.50,

"\xc2\xa9 2026 Ledger Ltd, all rights reserved",,
"""


@pytest.mark.parametrize("data", [REPORT, REPORT.replace(b"\n", b"\r\n"), REPORT.replace(b",,", b"")])
def test_a_report_is_read_without_what_stands_around_its_records(read: Reader, data: bytes) -> None:
    """Row numbers are still those of the file, and what was left out is counted."""
    trailers = ("(Grand )?Totals?( .*)?", "©.*")
    columns, rows = read(data, has_preamble=True, required=("id", "amount"), trailers=trailers)
    assert columns == ("id", "amount", "note")
    assert [(row[0], row[1], row[2]) for row in rows] == [(5, "1", "2.50"), (7, "2", "3")]
    assert read.left_out == 5


def test_a_preamble_alone_keeps_the_fast_way(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("slow")

    monkeypatch.setattr("warehouse.extract.readers.csv._read_slowly", refuse)
    data = b"Report,of,today\nid,amount,note\n1,2,x\n"
    assert read(data, has_preamble=True, required=("id",))[1] == [(3, "1", "2", "x")]
    assert read.left_out == 1


def test_a_header_that_never_comes_is_told(read: Reader) -> None:
    with pytest.raises(UnreadableFileError, match=r"none of its first 200 rows has the columns id, amount"):
        read(b"x,y\n1,2\n" * 300, has_preamble=True, required=("id", "amount"))


@pytest.mark.parametrize(
    "changes",
    [
        {"encoding": "utf-16"},
        {"delimiter": ";"},
        {"trailers": ("x",)},
        {"sheet": "Deals"},
        {"has_preamble": True, "required": ("id",)},
    ],
)
def test_each_way_of_reading_has_a_name_of_its_own(changes: dict[str, Any]) -> None:
    usual = SourceObject(columns=("id",))
    assert usual.reading == ""
    assert SourceObject(columns=("id",), **changes).reading != ""


# --- JSON lines -------------------------------------------------------------------------------------


def test_json_lines_keep_digits_order_of_keys_and_nested_values(read: Reader) -> None:
    data = (
        b'{"id": 1, "amount": 12345678901234567.10, "note": "a\\nb \xe2\x82\xac"}\n'
        b"\n"
        b'{"id": "2", "lines": [{"n": 1.50, "t": "x,\\"y\\""}, null], "note": null, "ok": true}\r\n'
        b'{"id": 3e2, "amount": -0.0, "note": ""}'
    )
    columns, rows = read(data, "deals.jsonl")
    assert columns == ("id", "amount", "note", "lines", "ok")
    assert rows == [
        (1, "1", "12345678901234567.10", "a\nb €", None, None),
        (3, "2", None, None, '[{"n":1.50,"t":"x,\\"y\\""},null]', "true"),
        (4, "3e2", "-0.0", "", None, None),
    ]


def test_gzipped_and_declared_encodings_of_json_lines(read: Reader) -> None:
    assert read(zipped(b'{"id": 1}\n') + zipped(b'{"id": 2}\n'), "deals.jsonl.gz")[1] == [(1, "1"), (2, "2")]
    assert read('{"id": "ü"}\n'.encode("utf-16"), "deals.jsonl", encoding="utf-16")[1] == [(1, "ü")]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'{"id": 1}\n[1]\n', r"line 2: it is no JSON object"),
        (b'{"id": 1}\n{"id": 2\n', r"line 2: it is no valid JSON"),
        (b'{"id": 1}\n{"id": "a\\ud83d"}\n', r"line 2: it holds half a character"),
        (b'{"id": 1, "id": 2}\n', r"line 1: it is no valid JSON: key id stands twice"),
        (b'{"id": NaN}\n', r"line 1: it is no valid JSON: NaN is no number"),
        (b'{"id": 1, "ID": 2}\n', r"column ID stands twice"),
        (b'{"_row": 1}\n', r"column _row is a name of ours"),
        (b"[" * 100_000, r"line 1: it is no valid JSON"),
        (b"{}\n{}\n", r"it has no object with a key"),
    ],
)
def test_faults_of_json_lines_name_the_line(read: Reader, data: bytes, what: str) -> None:
    with pytest.raises(UnreadableFileError, match=what):
        read(data, "deals.jsonl")


def test_many_json_lines_are_all_there_in_order(read: Reader) -> None:
    data = b"".join(b'{"id": %d, "note": "%s"}\n' % (n, b"x" * (n % 500)) for n in range(1, 30_001))
    rows = read(data, "deals.jsonl")[1]
    assert [row[0] for row in rows] == list(range(1, 30_001))
    assert all(str(row[0]) == row[1] for row in rows)

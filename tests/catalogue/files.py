"""Files that come broken, late, twice or in odd shapes: what extraction says of the last of one or more deliveries."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from openpyxl import Workbook

from tests.unit.workspaces import context, drop, new_workspace, zipped
from warehouse.extract.deliver import Extraction, extract, lake_file
from warehouse.journal import Journal
from warehouse.workspace import Workspace

Step: TypeAlias = Mapping[str, str | bytes | None] | Callable[[Workspace], Any]
"""Files to deliver (None: to remove), or something else that happens to the workspace."""

CONNECTOR = """
system: crm
objects:
  deals:
    key: [id]
    columns: [id, amount, currency, note]
    required: [id, amount]
    money: {amount: amount, currency: currency}
    patterns: ['legacy_.*']
  reports:
    columns: [id, amount]
    required: [id, amount]
    has_preamble: true
    trailers: ['Grand Total.*', '(c) .*']
  events:
    mode: incremental
    columns: [id, kind]
    patterns: ['legacy_[0-9]+[.]csv']
  daily:
    mode: incremental
    cadence: daily
    columns: [id]
  sheets:
    sheet: Data
    columns: [id]
  latin:
    columns: [id, note]
    encoding: windows-1252
"""
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class FileCase:
    name: str
    wrong: str
    steps: Sequence[Step]
    findings: frozenset[str]
    """`severity rule`, all that the last delivery gives."""
    rows: int | None
    """Rows in force at its end, of all objects; None where it does not matter."""
    toml: str = ""
    waivers: tuple[str, ...] = ()
    while_read: Callable[[Workspace], AbstractContextManager[None]] | None = None


def case(
    name: str, wrong: str, steps: Sequence[Step], *findings: str, rows: int | None = None, **more: Any
) -> FileCase:
    return FileCase(name, wrong, steps, frozenset(findings), rows, **more)


def outcome(one: FileCase, root: Path) -> tuple[set[str], int]:
    """What the last extraction finds and how many rows are in force after it."""
    workspace = new_workspace(root, "[policies]\nfreshness_hours = 0\n" + one.toml, CONNECTOR)
    extraction: Extraction | None = None
    for number, step in enumerate(one.steps, start=1):
        if callable(step):
            step(workspace)
        else:
            _deliver(workspace, step)
        with ExitStack() as stack:
            if one.while_read and number == len(one.steps):
                stack.enter_context(one.while_read(workspace))
            extraction = extract(
                context(workspace, *one.waivers, started_at=NOW), Journal(workspace.journal_dir)
            )
    assert extraction is not None
    found = {f"{finding.severity} {finding.rule}" for finding in extraction.findings}
    return found, sum(delivery.rows for delivery in extraction.current)


def _deliver(workspace: Workspace, files: Mapping[str, str | bytes | None]) -> None:
    for name, content in files.items():
        if content is None:
            (workspace.exports / "crm" / name).unlink()
        else:
            # Written as it stands: what a name promises is often what is wrong.
            path = workspace.exports / "crm" / name
            path.write_bytes(content.encode() if isinstance(content, str) else content)


# --- contents ---------------------------------------------------------------------------------------


def deals(rows: int = 10, amount: str = "10.00", currency: str = "USD") -> str:
    return "id,amount,currency,note\n" + "".join(f"D{n},{amount},{currency},\n" for n in range(rows))


def noted(rows: int, notes: int) -> str:
    """Deals of which the first have a note."""
    lines = [f"D{n},10.00,USD,{'x' if n < notes else ''}" for n in range(rows)]
    return "\n".join(["id,amount,currency,note", *lines]) + "\n"


def numbered(rows: int, key: str) -> str:
    """Deals with keys of one form."""
    return "id,amount,currency,note\n" + "".join(f"{key.format(n)},10.00,USD,\n" for n in range(rows))


def workbook(**sheets: Sequence[Sequence[Any]]) -> bytes:
    """An Excel workbook with these sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def aged(hours: int) -> Step:
    def deliver(workspace: Workspace) -> None:
        drop(workspace, "deals.csv", deals(), modified=NOW - timedelta(hours=hours))

    return deliver


def lost_lake(workspace: Workspace) -> None:
    """The lake loses what was extracted, and the export is gone as well."""
    for event in Journal(workspace.journal_dir).read("deliveries"):
        lake_file(workspace, str(event["sha256"]), str(event["reading"])).unlink()
        (workspace.root / str(event["path"])).unlink()


def folder(workspace: Workspace) -> None:
    (workspace.exports / "crm" / "old").mkdir()
    drop(workspace, "deals.csv", deals())


def other_system(workspace: Workspace) -> None:
    (workspace.exports / "crn").mkdir()
    (workspace.exports / "crn" / "deals.csv").write_text(deals())
    drop(workspace, "deals.csv", deals())


def beside_systems(workspace: Workspace) -> None:
    (workspace.exports / "deals.csv").write_text(deals())


def dangling(workspace: Workspace) -> None:
    """A name whose file is gone by the time it is opened."""
    (workspace.exports / "crm" / "deals.csv").symlink_to(workspace.exports / "crm" / ".gone")


def circular(workspace: Workspace) -> None:
    path = workspace.exports / "crm" / "deals.csv"
    path.symlink_to(path)


def touched(workspace: Workspace) -> None:
    os.utime(workspace.exports / "crm" / "deals.csv", (1, 1))


@contextmanager
def restless(workspace: Workspace) -> Iterator[None]:
    """A writer that never stands still."""
    stop = threading.Event()
    path = workspace.exports / "crm" / "deals.csv"

    def write() -> None:
        while not stop.is_set():
            os.utime(path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


BROKEN_PARQUET = b"PAR1" + b"\0" * 100 + b"PAR1"
WORKBOOK = b"PK\x03\x04" + b"\0" * 100

BROKEN: list[FileCase] = [
    case("file", "nothing", [{"deals.csv": deals()}], rows=10),
    case("empty", "a file without a byte", [{"deals.csv": ""}], "block empty_file", rows=0),
    case("blank", "a file of blank lines", [{"deals.csv": "\n\n"}], "block empty_file", rows=0),
    case("header-only", "nothing: a first delivery without rows", [{"deals.csv": deals(0)}], rows=0),
    case(
        "cut-gzip",
        "a gzip file cut off",
        [{"deals.csv.gz": zipped(deals().encode())[:-12]}],
        "block truncated_file",
    ),
    case("no-gzip", "plain text that is called .gz", [{"deals.csv.gz": deals()}], "block wrong_compression"),
    case(
        "hidden-gzip",
        "a gzip file that is called .csv",
        [{"deals.csv": zipped(deals().encode())}],
        "block wrong_compression",
    ),
    case("workbook", "a workbook that is called .csv", [{"deals.csv": WORKBOOK}], "block wrong_compression"),
    case(
        "parquet-as-csv",
        "a Parquet file that is called .csv",
        [{"deals.csv": BROKEN_PARQUET}],
        "block wrong_compression",
    ),
    case(
        "broken-parquet",
        "a broken Parquet file",
        [{"deals.parquet": BROKEN_PARQUET}],
        "block unreadable_file",
    ),
    case(
        "csv-as-parquet",
        "text that is called .parquet",
        [{"deals.parquet": deals()}],
        "block unreadable_file",
    ),
    case(
        "two-sheets",
        "a workbook of which two sheets have rows",
        [{"deals.xlsx": workbook(Deals=[["id", "amount"], ["D1", 2]], Notes=[["x"]])}],
        "block several_sheets",
    ),
    case(
        "one-sheet",
        "nothing: a workbook with an empty sheet beside the one with rows",
        [{"deals.xlsx": workbook(Deals=[["id", "amount"], ["D1", 2]], Notes=[])}],
        rows=1,
    ),
    case(
        "other-sheet",
        "a workbook without the declared sheet",
        [{"sheets.xlsx": workbook(Deals=[["id"], ["1"]])}],
        "block sheet_missing",
    ),
    case(
        "declared-sheet",
        "nothing: the declared sheet among others",
        [{"sheets.xlsx": workbook(Notes=[["x"]], Data=[["id"], ["1"]])}],
        rows=1,
    ),
    case(
        "uncomputed",
        "a workbook with a formula that no program computed",
        [{"deals.xlsx": workbook(Deals=[["id", "amount"], ["D1", "=1+1"]])}],
        "block formula_without_value",
    ),
    case("circular", "a link to itself", [circular], "block unreadable_file"),
    case("gone", "a file that is gone when it is opened", [dangling], "block vanished_file"),
    case(
        "growing",
        "a file that changes while it is read",
        [{"deals.csv": deals(300_000)}],
        "block changing_file",
        while_read=restless,
    ),
    case(
        "latin-1",
        "Latin 1 that is declared as UTF-8",
        [{"deals.csv": deals().encode() + "D,1,USD,Zoë\n".encode("latin-1")}],
        "block wrong_encoding",
    ),
    case(
        "declared",
        "nothing: Windows-1252 that is declared",
        [{"latin.csv": "id,note\n1,Zoë €\n".encode("cp1252")}],
        rows=1,
    ),
    case(
        "not-declared",
        "a byte that Windows-1252 has not",
        [{"latin.csv": b"id,note\n1,a\x81b\n"}],
        "block wrong_encoding",
    ),
    case(
        "short-row",
        "a row with a field too few",
        [{"deals.csv": "id,amount,currency\n1,2,USD\n3,4\n"}],
        "block malformed_row",
    ),
    case(
        "long-row",
        "a row with a field too many",
        [{"deals.csv": "id,amount\n1,2\n1,234,56\n"}],
        "block malformed_row",
    ),
    case(
        "open-quote",
        "a quote that is never closed",
        [{"deals.csv": 'id,amount,note\n1,2,"abc\n3,4,d\n'}],
        "block malformed_row",
    ),
    case(
        "text-after-quote",
        "text after a closing quote",
        [{"deals.csv": 'id,amount,note\n1,2,"abc"d\n'}],
        "block malformed_row",
    ),
    case(
        "cut-csv", "a file cut off in its last row", [{"deals.csv": deals() + "D99,1"}], "block malformed_row"
    ),
    case(
        "bad-json",
        "a line that is no JSON",
        [{"deals.jsonl": '{"id": "1", "amount": 2}\n{"id": \n'}],
        "block malformed_row",
    ),
    case(
        "no-amount",
        "a required column is missing",
        [{"deals.csv": "id,currency\n1,USD\n"}],
        "block required_column_missing",
    ),
    case(
        "no-header",
        "no header at all",
        [{"deals.csv": "1,2,USD\n3,4,USD\n"}],
        "block required_column_missing",
    ),
    case(
        "id-twice",
        "a column stands twice",
        [{"deals.csv": "id,amount,id\n1,2,3\n"}],
        "block duplicate_column",
    ),
    case(
        "id-in-capitals",
        "a column stands twice, once in capitals",
        [{"deals.csv": "id,amount,ID\n1,2,3\n"}],
        "block duplicate_column",
    ),
    case("ambiguous", "a name that fits two objects", [{"legacy_7.csv": deals()}], "block ambiguous_file"),
    case(
        "odd-format", "a format that is not read", [{"legacy_deals.dat": deals()}], "block unsupported_format"
    ),
    case("misnamed", "a name that fits no object", [{"deal.csv": deals()}], "warn unmatched_file", rows=0),
    case("stray", "a file beside the systems' folders", [beside_systems], "warn unmatched_file", rows=0),
    case("no-such-system", "a folder of no system", [other_system], "warn unknown_system", rows=10),
    case("nested", "a folder inside a system's folder", [folder], "warn folder_not_read", rows=10),
]

HANDLED: list[FileCase] = [
    case(
        "extra", "a column more", [{"deals.csv": "id,amount,owner\n1,2,Ann\n"}], "warn extra_columns", rows=1
    ),
    case(
        "reordered",
        "nothing: columns in another order",
        [{"deals.csv": "note,currency,amount,id\nx,USD,2,1\n"}],
        rows=1,
    ),
    case("capitals", "nothing: a header in capitals", [{"deals.csv": "ID,AMOUNT\n1,2\n"}], rows=1),
    case("bom", "nothing: a byte order mark", [{"deals.csv": "\ufeff" + deals()}], rows=10),
    case("crlf", "nothing: CRLF line ends", [{"deals.csv": deals().replace("\n", "\r\n")}], rows=10),
    case(
        "quoted",
        "nothing: line breaks and delimiters in quotes",
        [{"deals.csv": 'id,amount,note\n1,2,"a,\nb""c"\n'}],
        rows=1,
    ),
    case("semicolons", "nothing: semicolons", [{"deals.csv": deals().replace(",", ";")}], rows=10),
    case("tabs", "nothing: tabs", [{"deals.tsv": deals().replace(",", "\t")}], rows=10),
    case(
        "blank-columns",
        "nothing: blank columns at the end of rows",
        [{"deals.csv": "id,amount\n1,2,,\n"}],
        rows=1,
    ),
    case("blank-lines", "nothing: blank lines", [{"deals.csv": "id,amount\n\n1,2\n\n"}], rows=1),
    case("gzip", "nothing: gzip", [{"deals.csv.gz": zipped(deals().encode())}], rows=10),
    case(
        "gzip-members",
        "nothing: gzip of two members",
        [{"deals.csv.gz": zipped(b"id,amount\n1,2\n") + zipped(b"3,4\n")}],
        rows=2,
    ),
    case(
        "json",
        "nothing: JSON lines with a nested list",
        [{"deals.jsonl": '{"id": 1, "amount": 2, "note": [{"a": 1}]}\n'}],
        rows=1,
    ),
    case(
        "long-field",
        "nothing: a field of five million characters",
        [{"deals.csv": f"id,amount,note\n1,2,{'x' * 5_000_000}\n"}],
        rows=1,
    ),
    case(
        "report",
        "nothing but rows that are none, which is told: a preamble and totals",
        [{"reports.csv": "Acme Inc.\nAll deals\n\nid,amount\n1,2\n3,4\nGrand Total,6\n"}],
        "warn report_rows_left_out",
        rows=2,
    ),
    case(
        "not-declared-total",
        "totals that no connector declares",
        [{"deals.csv": "id,amount,note\n1,2,\nGrand Total,6\n"}],
        "block malformed_row",
    ),
]

DELIVERIES: list[FileCase] = [
    case(
        "again",
        "nothing: the same export again under another name",
        [{"deals-1.csv": deals()}, {"deals-2.csv": deals()}],
        rows=10,
    ),
    case("touched", "nothing: only its time is another", [{"deals.csv": deals()}, touched], rows=10),
    case(
        "emptied",
        "no rows where the last delivery had some",
        [{"deals-1.csv": deals()}, {"deals-2.csv": deals(0)}],
        "block zero_rows",
        rows=10,
    ),
    case(
        "still-empty",
        "nothing: no rows where there were none",
        [{"deals-1.csv": deals(0)}, {"deals-2.csv": "id,amount\n"}],
        rows=0,
    ),
    case(
        "quiet-day",
        "an increment without rows",
        [{"events-1.csv": "id\n1\n"}, {"events-2.csv": "id\n"}],
        "warn zero_rows",
        rows=1,
    ),
    case(
        "small-increment",
        "nothing: an increment of a row after one of ten",
        [{"events-1.csv": "id\n" + "x\n" * 10}, {"events-2.csv": "id\n1\n"}],
        rows=11,
    ),
    case(
        "rows-20",
        "nothing: a fifth fewer rows",
        [{"deals-1.csv": deals(10)}, {"deals-2.csv": deals(8, "12.50")}],
        rows=8,
    ),
    case(
        "rows-21",
        "more than a fifth fewer rows",
        [{"deals-1.csv": deals(1000)}, {"deals-2.csv": deals(799, "12.52")}],
        "block rows_fell",
        rows=1000,
    ),
    case(
        "rows-double",
        "nothing: twice the rows and the money",
        [{"deals-1.csv": deals(50)}, {"deals-2.csv": deals(100)}],
        rows=100,
    ),
    case(
        "rows-jump",
        "a row more than twice the rows",
        [{"deals-1.csv": deals(50)}, {"deals-2.csv": deals(101, "4")}],
        "warn rows_jumped",
        rows=101,
    ),
    case(
        "money-jumps",
        "a cent more than twice the money",
        [{"deals-1.csv": deals(50)}, {"deals-2.csv": deals(49, "20") + "D49,20.01,USD,\n"}],
        "warn money_jumped",
        rows=50,
    ),
    case(
        "few-rows-grow",
        "nothing: many times the rows, and yet few",
        [{"deals-1.csv": deals(2)}, {"deals-2.csv": deals(49)}],
        rows=49,
    ),
    case(
        "notes-gone",
        "a column that had values has none",
        [{"deals-1.csv": noted(50, 50)}, {"deals-2.csv": noted(50, 0)}],
        "block column_emptied",
        rows=50,
    ),
    case(
        "notes-left",
        "nothing: a tenth of a column's values is left",
        [{"deals-1.csv": noted(50, 50)}, {"deals-2.csv": noted(50, 5)}],
        rows=50,
    ),
    case(
        "zeros-gone",
        "keys that lost their leading zeros",
        [{"deals-1.csv": numbered(60, "{:06}")}, {"deals-2.csv": numbered(60, "{}")}],
        "block key_form_changed",
        rows=60,
    ),
    case(
        "keys-grow",
        "nothing: keys with a digit more",
        [{"deals-1.csv": numbered(60, "K{}")}, {"deals-2.csv": numbered(60, "K1{}")}],
        rows=60,
    ),
    case(
        "day-missing",
        "a day of a daily series without its file",
        [{f"daily-2026-03-{day:02}.csv": f"id\n{day}\n" for day in range(1, 31) if day != 25}],
        "warn missing_delivery",
        rows=29,
    ),
    case(
        "day-off",
        "nothing: a day without a file that is declared",
        [{f"daily-2026-03-{day:02}.csv": f"id\n{day}\n" for day in range(1, 31) if day != 25}],
        rows=29,
        toml='[sources.crm.daily]\nno_delivery_on = ["2026-03-25"]\n',
    ),
    case(
        "money-20",
        "nothing: a fifth less money",
        [{"deals-1.csv": deals()}, {"deals-2.csv": deals(amount="8.00")}],
        rows=10,
    ),
    case(
        "money-21",
        "a cent more than a fifth less money",
        [{"deals-1.csv": deals()}, {"deals-2.csv": deals(9, "8") + "D9,7.99,USD,\n"}],
        "block money_fell",
    ),
    case(
        "currency-gone",
        "all money of a currency is gone",
        [{"deals-1.csv": deals() + "E,5,EUR,\n"}, {"deals-2.csv": deals() + "E,5,USD,\n"}],
        "block money_fell",
    ),
    case(
        "negative-money",
        "credits that fell by more than a fifth",
        [{"deals-1.csv": deals(amount="-10")}, {"deals-2.csv": deals(amount="-7.99")}],
        "block money_fell",
    ),
    case(
        "allowed",
        "nothing: a fall that the workspace allows",
        [{"deals-1.csv": deals()}, {"deals-2.csv": deals(5)}],
        rows=5,
        toml='[sources.crm.deals]\nmax_fall_percent = "50"\n',
    ),
    case(
        "allowed-less",
        "a fall beyond what the workspace allows",
        [{"deals-1.csv": deals()}, {"deals-2.csv": deals(4)}],
        "block rows_fell",
        "block money_fell",
        rows=10,
        toml='[sources.crm.deals]\nmax_fall_percent = "50"\n',
    ),
    case(
        "waived",
        "a fall that is waived",
        [{"deals-1.csv": deals()}, {"deals-2.csv": deals(5)}],
        "warn rows_fell",
        "warn money_fell",
        rows=5,
        waivers=("rows_fell", "money_fell"),
    ),
    case(
        "half-waived",
        "a fall of rows and money, of which one is waived",
        [{"deals-1.csv": deals()}, {"deals-2.csv": deals(5)}],
        "warn rows_fell",
        "block money_fell",
        rows=10,
        waivers=("rows_fell",),
    ),
    case(
        "mended",
        "nothing: the refused export was exported again",
        [{"deals-1.csv": deals()}, {"deals-2.csv": deals(0)}, {"deals-2.csv": deals(11)}],
        rows=11,
    ),
    case(
        "stale",
        "older than the limit by an hour",
        [aged(37)],
        "block stale_exports",
        toml="[sources.crm.deals]\nfreshness_hours = 36\n",
    ),
    case(
        "fresh",
        "nothing: as old as the limit",
        [aged(36)],
        rows=10,
        toml="[sources.crm.deals]\nfreshness_hours = 36\n",
    ),
    case("any-age", "nothing: no limit", [aged(24 * 365)], rows=10),
    case(
        "no-order",
        "two increments that came together and whose names say no order",
        [{"events-a.csv": "id\n1\n", "events.csv": "id\n1\n", "events.tsv": "id\n2\n"}],
        "block undecidable_order",
        "warn unmatched_file",
    ),
    case(
        "same-day",
        "two full exports of one day",
        [{"deals-2026-01-31.csv": deals(), "deals_20260131.csv": deals(11)}],
        "block undecidable_order",
    ),
    case(
        "by-date",
        "nothing: the newer of two by its date",
        [{"deals-2026-01-31.csv": deals(9), "deals-2026-02-28.csv": deals(10)}],
        rows=10,
    ),
    case(
        "withdrawn",
        "the newest export was removed",
        [{"deals-1.csv": deals(10)}, {"deals-2.csv": deals(11)}, {"deals-2.csv": None}],
        "warn delivery_gone",
        rows=11,
    ),
    case(
        "lost-lake",
        "an extracted file is gone, and its export too",
        [{"deals.csv": deals()}, lost_lake],
        "block lake_file_missing",
    ),
]

CASES: list[FileCase] = [*BROKEN, *HANDLED, *DELIVERIES]

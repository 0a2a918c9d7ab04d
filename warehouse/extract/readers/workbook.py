"""An Excel workbook by openpyxl's parts: its sheets, and a sheet's rows as text. Which sheet is meant is xlsx's.

openpyxl's own way to read rows says nothing of a formula without a value, keeps a trace of every styled row and
parses what is no cell; so only its reading of strings, styles and cells is used.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, TypeVar
from xml.etree.ElementTree import Element
from zipfile import BadZipFile, ZipFile

from defusedxml.ElementTree import iterparse
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._reader import FORMULA_TAG, ROW_TAG, WorkSheetParser

from warehouse.extract.findings import UnreadableFileError
from warehouse.extract.readers import records
from warehouse.extract.readers.records import Record

T = TypeVar("T")

# Unpacked: all parts, those that are held in memory (all but sheets), and how many times its packed size a part is.
_LARGEST = 4 << 30
_LARGEST_IN_MEMORY = 256 << 20
_EXPANSION = 200
_ALWAYS_FINE = 64 << 20
_SHEETS = "xl/worksheets/"
_ROWS = 1 << 20
_DIGITS = 15


class Workbook:
    """Its sheets by name, in their order."""

    def __init__(self, reader: ExcelReader, parts: dict[str, str]) -> None:
        self._reader = reader
        self._parts = parts

    @property
    def sheets(self) -> Sequence[str]:
        return list(self._parts)

    def rows(self, sheet: str) -> Iterator[Record]:
        """The rows that have a value, each up to its last one, with the numbers Excel shows."""
        last = 0
        try:
            for last, fields in self._numbered(self._parts[sheet]):
                if fields:
                    yield last, fields
        except (UnreadableFileError, MemoryError):
            raise
        except Exception as error:
            raise _damaged(f" after row {last} of sheet {sheet}" if last else "") from error

    def _numbered(self, part: str) -> Iterator[Record]:
        workbook = self._reader.wb
        cells = _Cells(
            None, self._reader.shared_strings, data_only=True, epoch=workbook.epoch,
            date_formats=workbook._date_formats, timedelta_formats=workbook._timedelta_formats,  # noqa: SLF001
        )  # fmt: skip
        with self._reader.archive.open(part) as source:
            metered = _Metered(source)
            for _, element in iterparse(metered, events=("end",)):
                if element.tag == ROW_TAG:
                    number, fields = cells.row(element)
                    yield number, fields
                    element.clear()
                    metered.start_row(number + 1)


@contextmanager
def opened(path: Path) -> Iterator[Workbook]:
    """A workbook as long as it is read; raises UnreadableFileError where it is none, or one that is too large."""
    _check_sizes(_or_damaged(lambda: _parts(path)))
    with path.open("rb") as file, warnings.catch_warnings():
        # Of what openpyxl does not support, none of which is a cell, and of dates that it makes errors of.
        warnings.simplefilter("ignore")
        yield _or_damaged(lambda: _load(file))


def _load(file: IO[bytes]) -> Workbook:
    # Given a path, it judges by the name, and a copy has another.
    reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
    reader.read_manifest()
    reader.read_strings()
    reader.read_workbook()
    apply_stylesheet(reader.archive, reader.wb)
    sheets = {
        sheet.name: rel.target for sheet, rel in reader.parser.find_sheets() if "chartsheet" not in rel.Type
    }
    if not sheets:
        raise ValueError("it has no sheets")
    return Workbook(reader, sheets)


def _or_damaged(read: Callable[[], T]) -> T:
    """What openpyxl raises on a damaged workbook is not said anywhere: any error there is the workbook's."""
    try:
        return read()
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged() from error


def _damaged(where: str = "") -> UnreadableFileError:
    return UnreadableFileError(
        "unreadable_file",
        f"it is damaged or cut off{where}: no valid Excel workbook",
        "Open it in Excel, save it as an Excel workbook (.xlsx), not a strict one, and deliver that.",
    )


def _parts(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and packed size of each part, as the archive has them: its reader unpacks no more than it says."""
    with ZipFile(path) as archive:
        found = archive.infolist()
    if any(one.flag_bits & 1 for one in found):
        raise BadZipFile("encrypted")
    return [(one.filename, one.file_size, one.compress_size) for one in found]


def _check_sizes(parts: list[tuple[str, int, int]]) -> None:
    total = sum(size for _, size, _ in parts)
    in_memory = sum(size for name, size, _ in parts if not name.startswith(_SHEETS))
    is_bomb = any(size > max(_ALWAYS_FINE, _EXPANSION * packed) for _, size, packed in parts)
    if is_bomb or in_memory > _LARGEST_IN_MEMORY or total > _LARGEST:
        raise UnreadableFileError(
            "unreadable_file",
            f"it is too large to be read: {total >> 20:,} MB when unpacked",
            "Export it as CSV, or in several files.",
        )


class _Metered:
    """A stream that ends in a finding before one row of it fills the memory."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._left = records.LONGEST
        self._row = 1

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise records.too_long(self._row)
        return piece

    def start_row(self, number: int) -> None:
        self._left = records.LONGEST
        self._row = number


class _Cells(WorkSheetParser):  # type: ignore[misc]
    """openpyxl's reading of cells, as text, and with the faults it passes over."""

    row_counter: int

    def row(self, element: Element) -> Record:
        """A row's number and its texts up to the last that is not empty."""
        number = int(element.get("r") or self.row_counter + 1)
        if not self.row_counter < number <= _ROWS:
            raise ValueError(f"row {number} stands below row {self.row_counter}")
        self.row_counter, self.col_counter = number, 0
        fields: list[str] = []
        for one in element:
            cell = self.parse_cell(one)
            place = cell["column"] - 1
            if place < len(fields):
                raise ValueError(f"row {number} has a cell twice, or out of order")
            if text := _text(cell["value"]):
                fields += [""] * (place - len(fields)) + [text]
        while fields and not fields[-1].strip():
            fields.pop()
        return number, fields

    def parse_cell(self, element: Element) -> dict[str, Any]:
        """As openpyxl's; raises UnreadableFileError for a formula without a value, which looks like no cell there."""
        cell: dict[str, Any] = super().parse_cell(element)
        is_text = element.get("t") == "str"
        if cell["value"] is None and not is_text and element.find(FORMULA_TAG) is not None:
            place = f"{get_column_letter(cell['column'])}{self.row_counter}"
            raise UnreadableFileError(
                "formula_without_value",
                f"cell {place} holds a formula that was never computed",
                "Open it in Excel, save it and deliver that, or write values.",
            )
        return cell


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    return str(value)


def _number(value: float) -> str:
    """As Excel shows it at most: see xlsx.py."""
    if value.is_integer() and abs(value) < 1 << 53:
        return str(int(value))
    shown = Decimal(f"{value:.{_DIGITS}g}")
    return f"{shown:f}" if shown.is_finite() else str(value)


def _duration(value: timedelta) -> str:
    """Hours, minutes and seconds, as [h]:mm:ss shows them."""
    seconds = int(abs(value).total_seconds())
    sign = "-" if value < timedelta() else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

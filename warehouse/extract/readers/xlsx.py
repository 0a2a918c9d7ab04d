"""Excel workbooks: a sheet's cells as text, every row with the number Excel shows. What values mean is not known here.

- A number in a cell is an IEEE double, of which Excel never shows more than 15 significant digits; so many are
  kept, in the shortest form and without an exponent. So 0.1 + 0.2 is 0.3 as on the screen, every decimal of up to
  15 digits is exactly itself, and what lies beyond is the noise of arithmetic. Whole numbers keep all digits.
- A date is ISO text, with its time of day only where it has one (to the millisecond); true and false are such.
- A formula is the value it had when the workbook was saved. One that was never computed is refused: a program
  wrote it, and nobody knows its value. An error (#N/A, #REF!) is its own text, which the gate refuses.
- Of merged cells, the first holds the value and the others none.

A sheet is read row by row in bounded memory, whatever its length. Not bounded by the row, but by a size above which
a workbook is refused: its shared strings, which openpyxl holds whole. Entities are refused, and so is what unpacks
to many times its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.connectors import SourceObject
from warehouse.engine import Connection
from warehouse.extract.findings import UnreadableFileError
from warehouse.extract.readers import records
from warehouse.extract.readers.columns import ReadResult, checked_columns
from warehouse.extract.readers.records import Record
from warehouse.extract.stage import Staged
from warehouse.settings import nearest

if TYPE_CHECKING:
    from warehouse.extract.readers.workbook import Workbook


def read_xlsx(connection: Connection, staged: Staged, target: Path, declared: SourceObject) -> ReadResult:
    """Read a workbook's copy into a lake file with the columns of its sheet's header and `_row`."""
    from warehouse.extract.readers.workbook import opened

    with opened(staged.path) as workbook:
        rows = _rows(workbook, declared.sheet)
        found = records.find_header(rows, declared)
        if found is None:
            raise records.no_header(declared)
        _, fields, above = found
        columns = checked_columns(fields)
        read = records.write_records(connection, staged.path, target, columns, rows, _fitted, declared)
        return replace(read, left_out=above + read.left_out)


def _rows(workbook: Workbook, sheet: str | None) -> Iterator[Record]:
    """Of the declared sheet, else of the only one with rows."""
    if sheet is not None:
        return workbook.rows(_named(workbook, sheet))
    started = {name: workbook.rows(name) for name in workbook.sheets}
    first = {name: row for name, rows in started.items() if (row := next(rows, None)) is not None}
    if len(first) > 1:
        raise UnreadableFileError(
            "several_sheets",
            f"it has several sheets with rows: {', '.join(first)}",
            f"Declare the one that is meant in connector.yml, as in sheet: {next(iter(first))}.",
        )
    return chain.from_iterable(chain([row], started[name]) for name, row in first.items())


def _named(workbook: Workbook, sheet: str) -> str:
    """Excel tells sheets apart without their case."""
    found = [name for name in workbook.sheets if name.lower() == sheet.lower()]
    if not found:
        raise UnreadableFileError(
            "sheet_missing",
            f"it has no sheet {sheet}{nearest(sheet, list(workbook.sheets))}",
            "Export it with this sheet, or declare another in connector.yml.",
        )
    return found[0]


def _fitted(width: int, number: int, row: Sequence[str]) -> Sequence[str]:
    if len(row) > width:
        from openpyxl.utils import get_column_letter

        raise UnreadableFileError(
            "malformed_row",
            f"row {number} has a value in column {get_column_letter(len(row))}; "
            f"the header ends in column {get_column_letter(width)}",
            "Give that column a name in the header, or empty it.",
        )
    return [*row, *[""] * (width - len(row))]

"""Tables for people and programs. Text that came from exports is printed as text: no markup, no formula."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from orchestration.cli.options import Format
from warehouse.printing import exponent_of, printable
from warehouse.spreadsheet import as_text

if TYPE_CHECKING:
    from rich.table import Table as RichTable
    from rich.text import Text

Cell: TypeAlias = str | int | bool | Decimal | date | datetime | None
Kind: TypeAlias = Literal["text", "amount", "number", "ratio", "percent"]

# A log or a pipe has no width of its own.
WIDTH_OF_A_LOG = 1000
GAP = 3
# Nobody reads more on a terminal, and laying out a million rows takes minutes.
ROWS_FOR_PEOPLE = 1000


@dataclass(frozen=True)
class Column:
    """One column of a report: its name for programs, its heading and kind for people."""

    name: str
    heading: str
    kind: Kind = "text"
    is_optional: bool = False
    """Left out on a terminal that is too narrow for it; figures are never cut."""


@dataclass(frozen=True)
class Table:
    """A report: rows in column order, and for people a title, total rows and closing remarks."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    totals: Sequence[Sequence[Cell]] = ()
    remarks: Sequence[str] = ()
    empty: str = "Nothing to show."
    currency: str | None = None
    """The currency of all amounts, where no column says it row by row."""


def people_number(value: Cell, kind: Kind, exponent: int = 2) -> str:
    """A number as people read it: thousands separated, as many decimals as its kind has."""
    if value is None:
        return "-"
    if kind == "amount":
        return f"{Decimal(str(value)):,.{exponent}f}"
    if kind == "ratio":
        return f"{Decimal(str(value)):,.2f}"
    if kind == "percent":
        return f"{Decimal(str(value)) * 100:,.1f} %"
    return f"{value:,}" if isinstance(value, int) else f"{Decimal(str(value)):,f}"


def people_cell(value: Cell, kind: Kind, exponent: int) -> str:
    """One cell of a table for people."""
    if kind != "text":
        return "" if value == "" else people_number(value, kind, exponent)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return printable(str(value))


def csv_cell(value: Cell) -> str:
    """One cell of a CSV file: numbers stay numbers, text that looks like a formula becomes plain text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    text = value.isoformat() if isinstance(value, date) else value
    return as_text(text)


def json_cell(value: Cell) -> str:
    """One value of a JSON document; a decimal keeps every digit, which a float would not."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    return json.dumps(value, ensure_ascii=False)


def quoted(text: str) -> str:
    """Text as one field of CSV. Python's csv leaves a lone carriage return bare, which readers take for a new row."""
    needs_quotes = any(character in text for character in ',"\r\n') or text != text.strip()
    return '"' + text.replace('"', '""') + '"' if needs_quotes else text


def as_csv(table: Table) -> str:
    """The rows of a table as CSV, headings first."""
    rows = [[column.name for column in table.columns], *(map(csv_cell, row) for row in table.rows)]
    return "".join(",".join(quoted(cell) for cell in row) + "\n" for row in rows)


def as_json(table: Table) -> str:
    """The rows of a table as a JSON list of objects."""
    names = [json.dumps(column.name) for column in table.columns]
    objects = [
        "  {" + ", ".join(f"{n}: {json_cell(v)}" for n, v in zip(names, row, strict=True)) + "}"
        for row in table.rows
    ]
    return "[\n" + ",\n".join(objects) + "\n]" if objects else "[]"


def _exponent(table: Table, row: Sequence[Cell]) -> int:
    names = [column.name for column in table.columns]
    if table.currency is None and "currency" in names:
        return exponent_of(row[names.index("currency")])
    return exponent_of(table.currency)


def _texts(table: Table, row: Sequence[Cell], style: str) -> "list[Text]":
    from rich.text import Text

    exponent = _exponent(table, row)
    return [
        Text(people_cell(value, column.kind, exponent), style=style)
        for column, value in zip(table.columns, row, strict=True)
    ]


def _width(table: Table, position: int, *, is_least: bool) -> int:
    """The width a column takes, or at least needs: its figures whole, its text and heading by the longest word."""
    from rich.cells import cell_len

    column = table.columns[position]
    cells = [
        people_cell(row[position], column.kind, _exponent(table, row)) for row in (*table.rows, *table.totals)
    ]
    is_broken = is_least and column.kind == "text"
    words = [word for text in cells for word in (text.split() if is_broken else [text])]
    heading = column.heading.split() if is_least else [column.heading]
    return max((cell_len(word) for word in (*heading, *words)), default=0)


def _widths(table: Table, width: int) -> list[int]:
    """What each column gets: what it needs, and from the first on what it would take as long as there is room. Rich
    itself narrows wide columns below what their figures need, and then cuts the last one off."""
    found = _least_widths(table)
    room = width - sum(found)
    for position, needed in enumerate(found):
        more = max(min(_width(table, position, is_least=False) + GAP - needed, room), 0)
        found[position] += more
        room -= more
    return [taken - GAP for taken in found]


def _least_widths(table: Table) -> list[int]:
    """What each column needs, with the gap behind it."""
    return [_width(table, i, is_least=True) + GAP for i in range(len(table.columns))]


def shortened(table: Table) -> Table:
    """The table with no more rows than people read; totals and remarks still speak of all of them."""
    more = len(table.rows) - ROWS_FOR_PEOPLE
    if more <= 0:
        return table
    remark = f"{more:,} more row{'' if more == 1 else 's'}: --format csv or json gives all of them."
    return replace(table, rows=table.rows[:ROWS_FOR_PEOPLE], remarks=[*table.remarks, remark])


def fitting(table: Table, width: int) -> Table:
    """The table without the optional columns, last first, that a narrow terminal has no room for."""
    widths = _least_widths(table)
    kept = list(range(len(table.columns)))
    for position in reversed(range(len(table.columns))):
        if sum(widths[i] for i in kept) > width and table.columns[position].is_optional:
            kept.remove(position)
    if len(kept) == len(table.columns):
        return table
    dropped = ", ".join(c.heading for i, c in enumerate(table.columns) if i not in kept)
    remark = f"A wider terminal, or --format csv, also shows: {dropped}."
    return replace(_only(table, kept), remarks=[*table.remarks, remark])


def in_parts(table: Table, width: int) -> list[Table]:
    """The table below itself where even what can't be left out is too wide. Each part begins with what a row is: its
    currency, and the text before the first figure as far as half the width goes."""
    widths = _least_widths(table)
    if sum(widths) <= width:
        return [table]
    first_figure = next((i for i, column in enumerate(table.columns) if column.kind != "text"), 1)
    labels = [
        i
        for i, column in enumerate(table.columns)
        if column.name == "currency"
        or (i < max(first_figure, 1) and sum(widths[: i + 1]) <= max(width // 2, widths[0]))
    ]
    parts = [labels]
    for position in (i for i in range(len(table.columns)) if i not in labels):
        if sum(widths[i] for i in (*parts[-1], position)) > width and parts[-1] != labels:
            parts.append(labels)
        parts[-1] = [*parts[-1], position]
    return [_only(table, sorted(part)) for part in parts]


def _only(table: Table, kept: Sequence[int]) -> Table:
    return replace(
        table,
        columns=[table.columns[i] for i in kept],
        rows=[[row[i] for i in kept] for row in table.rows],
        totals=[[row[i] for i in kept] for row in table.totals],
    )


def laid_out(table: Table, width: int) -> "RichTable":
    from rich.box import SIMPLE
    from rich.table import Table as RichTable
    from rich.text import Text

    rich = RichTable(box=SIMPLE, pad_edge=False)
    for column, taken in zip(table.columns, _widths(table, width), strict=True):
        rich.add_column(
            Text(column.heading),
            justify="left" if column.kind == "text" else "right",
            width=taken,
            overflow="fold",
        )
    for row in table.rows:
        rich.add_row(*_texts(table, row, ""))
    if table.totals:
        rich.add_section()
        for row in table.totals:
            rich.add_row(*_texts(table, row, "bold"))
    return rich


def as_people(table: Table) -> None:
    """Prints a table for people; text is printed as it is, never as markup."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_OF_A_LOG
    if table.title:
        console.print(Text(table.title, style="bold"))
    shown = fitting(shortened(table), console.width) if table.rows else table
    for part in in_parts(shown, console.width) if table.rows else ():
        console.print(laid_out(part, console.width))
    if not table.rows:
        console.print(Text(table.empty))
    for remark in shown.remarks:
        console.print(Text(remark))


def show(tables: Table | Sequence[Table], form: Format) -> None:
    """Prints a report in the form asked for; programs get the first table, which holds every row."""
    shown = [tables] if isinstance(tables, Table) else list(tables)
    if form is Format.csv:
        sys.stdout.write(as_csv(shown[0]))
    elif form is Format.json:
        sys.stdout.write(as_json(shown[0]) + "\n")
    else:
        for table in shown:
            as_people(table)

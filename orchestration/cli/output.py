"""Tables for people and programs. Text that came from exports is printed as text: no markup, no formula."""

import csv
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from orchestration.cli.options import Format

Cell: TypeAlias = str | int | bool | Decimal | date | datetime | None
Kind: TypeAlias = Literal["text", "amount", "number", "ratio", "percent"]

# What a spreadsheet would read as the start of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

# ISO 4217 currencies whose minor unit is not a hundredth; only decides how many decimals are printed.
ZERO_DECIMALS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
)
THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())


@dataclass(frozen=True)
class Column:
    """One column of a report: its name for programs, its heading and kind for people."""

    name: str
    heading: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """A report: rows in column order, and for people a title, total rows and closing remarks."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    totals: Sequence[Sequence[Cell]] = ()
    remarks: Sequence[str] = ()
    empty: str = "Nothing to show."
    currency_column: str | None = "currency"
    sections: Sequence[int] = field(default=())
    """Numbers of the rows after which a line is drawn."""


def exponent_of(currency: Cell) -> int:
    """Decimals that amounts of a currency are printed with."""
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def people_number(value: Cell, kind: Kind, exponent: int = 2) -> str:
    """A number as people read it: thousands separated, as many decimals as its kind has."""
    if value is None:
        return "–"
    if kind == "amount":
        return f"{Decimal(str(value)):,.{exponent}f}"
    if kind == "ratio":
        return f"{Decimal(str(value)):,.2f}"
    if kind == "percent":
        return f"{Decimal(str(value)) * 100:,.1f} %"
    return f"{value:,}" if isinstance(value, int) else f"{Decimal(str(value)):,f}"


def printable(text: str) -> str:
    """Text without control characters, which could rewrite a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


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
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def json_cell(value: Cell) -> str:
    """One value of a JSON document; a decimal keeps every digit, which a float would not."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    return json.dumps(value, ensure_ascii=False)


def as_csv(table: Table, write: Callable[[str], object]) -> None:
    """Writes the rows of a table as CSV, headings first."""

    class Out:
        def write(self, text: str) -> object:
            return write(text)

    writer = csv.writer(Out(), lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows([csv_cell(value) for value in row] for row in table.rows)


def as_json(table: Table) -> str:
    """The rows of a table as a JSON list of objects."""
    names = [json.dumps(column.name) for column in table.columns]
    objects = [
        "  {" + ", ".join(f"{n}: {json_cell(v)}" for n, v in zip(names, row, strict=True)) + "}"
        for row in table.rows
    ]
    return "[\n" + ",\n".join(objects) + "\n]" if objects else "[]"


def _exponents(table: Table, row: Sequence[Cell]) -> int:
    names = [column.name for column in table.columns]
    if table.currency_column in names:
        return exponent_of(row[names.index(table.currency_column)])
    return 2


def as_people(table: Table) -> None:
    """Prints a table for people."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(highlight=False)
    if console.width < 160 and not console.is_terminal:
        console.width = 160  # a log or a pipe has no width: do not cut figures
    if table.title:
        console.print(Text(table.title, style="bold"))
    if not table.rows:
        console.print(Text(table.empty))
    else:
        rich = RichTable(box=SIMPLE, pad_edge=False, show_footer=False)
        for column in table.columns:
            is_text = column.kind == "text"
            rich.add_column(
                Text(column.heading),
                justify="left" if is_text else "right",
                no_wrap=not is_text or column.name in {"period", "contract_id", "rule", "currency"},
            )

        def add(row: Sequence[Cell], style: str = "") -> None:
            exponent = _exponents(table, row)
            cells = [
                Text(people_cell(value, column.kind, exponent), style=style)
                for column, value in zip(table.columns, row, strict=True)
            ]
            rich.add_row(*cells)

        for number, row in enumerate(table.rows):
            add(row)
            if number in table.sections:
                rich.add_section()
        if table.totals:
            rich.add_section()
            for row in table.totals:
                add(row, "bold")
        console.print(rich)
    for remark in table.remarks:
        console.print(Text(remark))


def show(tables: Table | Sequence[Table], form: Format) -> None:
    """Prints a report in the form asked for; programs get the first table, which holds every row."""
    shown = [tables] if isinstance(tables, Table) else list(tables)
    if form is Format.csv:
        as_csv(shown[0], sys.stdout.write)
    elif form is Format.json:
        sys.stdout.write(as_json(shown[0]) + "\n")
    else:
        for table in shown:
            as_people(table)

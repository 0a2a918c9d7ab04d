"""How results read in Dagster: rows, money by currency, a small table. No figure is computed here.

Money stands in tables as exact text. Dagster draws numbers over time, and only floats of them: `<measure> <currency>`
is for the eye, and nothing reads it back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import dagster as dg

from warehouse.extract.order import Delivery

if TYPE_CHECKING:
    from orchestration.totals import Figures, Totals

Metadata = dict[str, dg.MetadataValue]
ROWS = "dagster/row_count"
BARS = "▁▂▃▄▅▆▇█"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """A table as Markdown; what comes from exports can't end a cell or become markup."""
    lines = [header, ["---"] * len(header), *([cell(value) for value in row] for row in rows)]
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(line)} |" for line in lines))


def cell(value: object) -> str:
    """One cell: amounts with separators, text without markup."""
    if isinstance(value, Decimal):
        return f"{value:,.3f}".removesuffix("0")
    if isinstance(value, int):
        return f"{value:,}"
    text = " ".join(str(value).split())
    for mark in "\\|<>*_`[]":
        text = text.replace(mark, f"\\{mark}")
    return text


def sparkline(values: Sequence[Decimal]) -> str:
    """A series as a row of bars, the lowest (or zero) to the highest."""
    if not values:
        return ""
    low, high = min(*values, Decimal(0)), max(*values, Decimal(0))
    step = (high - low) / (len(BARS) - 1)
    return "".join(BARS[round((value - low) / step) if step else 0] for value in values)


def delivered(deliveries: Sequence[Delivery]) -> Metadata:
    """What is in force of one export object."""
    money: dict[str, Decimal] = defaultdict(Decimal)
    for one in deliveries:
        for currency, amount in one.profile.money.items():
            money[currency] += Decimal(amount)
    found: Metadata = {
        ROWS: dg.MetadataValue.int(sum(one.rows for one in deliveries)),
        "files": dg.MetadataValue.int(len(deliveries)),
    }
    if deliveries:
        found["newest file"] = dg.MetadataValue.text(deliveries[-1].path)
    return found | _money({"amount": money}, "in force")


def built(rows: int | None, totals: "Totals | None" = None) -> Metadata:
    """A model: its rows where it is a table, and its money where it is a fact."""
    found: Metadata = {} if rows is None else {ROWS: dg.MetadataValue.int(rows)}
    return found | (_money(totals.money, totals.what) if totals else {})


def _money(money: Mapping[str, Mapping[str, Decimal]], what: str) -> Metadata:
    rows = [(name, currency, amount) for name, by in money.items() for currency, amount in sorted(by.items())]
    if not rows:
        return {}
    found: Metadata = {"money": table([what, "currency", "amount"], rows)}
    return found | {
        f"{name} {currency}": dg.MetadataValue.float(float(amount)) for name, currency, amount in rows
    }


def released(figures: "Figures") -> Metadata:
    """The period that runs, entity by entity, with the course of its revenue."""
    header = ["entity", "currency", "bookings", "billings", "revenue", "backlog", "revenue before"]
    rows = [(*one.key, *one.amounts, sparkline(one.course)) for one in figures.rows]
    return {figures.period: table(header, rows)} if rows else {}

"""Totals of what a build has made, by currency, for those who watch it. The sums are SQL's."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from warehouse.engine import Connection

FLOWS = {"fct_bookings": ["amount"], "fct_billings": ["amount"], "fct_recognized_revenue": ["amount"]}
"""What is posted adds up over the open periods; closed ones stand as they were published."""
STOCKS = {
    "fct_backlog": ["backlog"],
    "fct_contract_balances": ["deferred_revenue", "contract_asset", "accounts_receivable"],
}
"""What stands at the end of a period adds up within it."""
COURSE = 12


@dataclass(frozen=True)
class Totals:
    """The money of one fact, by measure and currency, and what it is the total of."""

    what: str
    money: Mapping[str, Mapping[str, Decimal]]


@dataclass(frozen=True)
class Line:
    """One entity and currency in the period that runs: bookings, billings, revenue, backlog; revenue until then."""

    key: tuple[str, str]
    amounts: tuple[Decimal, ...]
    course: tuple[Decimal, ...]


@dataclass(frozen=True)
class Figures:
    """The report of the period that runs."""

    period: str
    rows: tuple[Line, ...]


def of_facts(connection: Connection, period: str) -> dict[str, Totals]:
    """Totals of the facts, by their names in schema marts."""
    flows = {name: Totals("open periods", _sums(connection, name, of)) for name, of in FLOWS.items()}
    stocks = {
        name: Totals(f"at {period}", _sums(connection, name, of, period)) for name, of in STOCKS.items()
    }
    return flows | stocks


def _sums(
    connection: Connection, name: str, measures: list[str], period: str | None = None
) -> dict[str, dict[str, Decimal]]:
    sums = ", ".join(f"sum({measure})" for measure in measures)
    where, values = ("", []) if period is None else ("where period = ?", [period])
    rows = connection.execute(
        f"select currency, {sums} from marts.{name} {where} group by currency order by currency", values
    ).fetchall()
    return {
        measure: {str(row[0]): row[place] for row in rows if row[place] is not None}
        for place, measure in enumerate(measures, start=1)
    }


def of_period(connection: Connection, period: str) -> Figures:
    """What rpt_bbb says of a period, and the revenue of the year up to it."""
    return Figures(period, tuple(_lines(connection, period)))


def _lines(connection: Connection, period: str) -> Iterator[Line]:
    series: dict[tuple[str, str], list[tuple[Decimal, ...]]] = defaultdict(list)
    last: dict[tuple[str, str], str] = {}
    columns = "entity_id, currency, period, bookings, billings, revenue, backlog"
    for entity, currency, name, *amounts in connection.execute(
        f"select {columns} from marts.rpt_bbb where period <= ?"
        f" union all select {columns} from frozen.rpt_bbb where period not in (select period from marts.rpt_bbb)"
        " order by entity_id, currency, period",
        [period],
    ).fetchall():
        key = (str(entity), str(currency))
        series[key].append(tuple(Decimal(0) if amount is None else amount for amount in amounts))
        last[key] = str(name)
    for key, lines in series.items():
        if last[key] == period:
            yield Line(key, lines[-1], tuple(line[2] for line in lines[-COURSE:]))

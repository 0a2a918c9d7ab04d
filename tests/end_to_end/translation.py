"""What published facts come to in functional and reporting currency, computed again from them and from the rates as
they were delivered: in fractions, contract by contract, month by month, with none of the product's SQL
(docs/accounting/currency.md).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.oracle.entities import FxRate
from tests.oracle.money import QuarantinedError, half_away, scale
from tests.oracle.rates import Rates
from tests.oracle.records import read_fx_rate
from warehouse import engine

Row = Mapping[str, Any]
TRILLION = 10**12
MONETARY = (
    "contract_asset",
    "unbilled_receivable",
    "refund_liability",
    "customer_deposits",
    "accounts_receivable",
)


def in_units(amount: Decimal | Fraction, currency: str) -> Fraction:
    """Rounded half away from zero to the minor unit."""
    unit = scale(currency)
    return Fraction(half_away(Fraction(amount) * unit), unit)


class Translation:
    """Rates of a company whose months end with `ends`: period → its first and its last day counted."""

    def __init__(self, rates: Rates, days: Mapping[str, tuple[date, date]], reporting: str) -> None:
        self.rates, self.days, self.reporting = rates, days, reporting
        self.published: dict[tuple[str, str], set[date]] = defaultdict(set)
        for row in rates.rows:
            self.published[row.from_currency, row.to_currency].add(row.rate_date)
            self.published[row.to_currency, row.from_currency].add(row.rate_date)
        self._known: dict[tuple[str, str, date], Fraction] = {}

    def on(self, source: str, target: str, day: date) -> Fraction:
        """To 12 decimals."""
        key = (source, target, day)
        if key not in self._known:
            self._known[key] = Fraction(half_away(self.rates.rate(source, target, day) * TRILLION), TRILLION)
        return self._known[key]

    def closing(self, source: str, target: str, period: str) -> Fraction:
        return self.on(source, target, self.days[period][1])

    def average(self, source: str, target: str, period: str) -> Fraction:
        """The mean of the rates published in the period; without one the closing rate. All quotes have one currency in
        common here, so that a cross rate is published on the days of both."""
        if source == target:
            return Fraction(1)
        first, last = self.days[period]
        quoted = self.published.get((source, target))
        if quoted is None:
            [common] = {b for a, b in self.published if a == source} & {
                a for a, b in self.published if b == target
            }
            quoted = self.published[source, common] & self.published[common, target]
        found = [self.on(source, target, day) for day in sorted(quoted) if first <= day <= last]
        if not found:
            return self.on(source, target, last)
        return Fraction(half_away(sum(found, Fraction(0)) * TRILLION / len(found)), TRILLION)

    def event(self, amount: Decimal, row: Row, day: date) -> tuple[Fraction, Fraction]:
        functional = in_units(
            Fraction(amount) * self.on(row["currency"], row["functional_currency"], day),
            row["functional_currency"],
        )
        return functional, in_units(
            functional * self.on(row["functional_currency"], self.reporting, day), self.reporting
        )

    def stock(self, amount: Decimal, row: Row) -> tuple[Fraction, Fraction]:
        return self.event(amount, row, self.days[row["period"]][1])


def wrong_events(
    translation: Translation, rows: Iterable[Row], day: str, amounts: Iterable[str]
) -> list[str]:
    """Rows whose translated amounts are not the amount at the rate of its day."""
    found = []
    for row in rows:
        for amount in amounts:
            expected = translation.event(row[amount], row, row[day])
            said = (row[f"{amount}_functional"], row[f"{amount}_reporting"])
            if said != expected:
                where = f"{row['period']} {row['contract_line_id']} {row[day]}"
                found.append(f"{where} {amount} {row[amount]}: {said}, not {expected}")
    return found


def wrong_stocks(translation: Translation, rows: Iterable[Row], amounts: Iterable[str]) -> list[str]:
    found = []
    for row in rows:
        for amount in amounts:
            functional, reporting = translation.stock(row[amount], row)
            said = (row.get(f"{amount}_functional", functional), row[f"{amount}_reporting"])
            if said != (functional, reporting):
                where = f"{row['period']} {row['contract_id']}"
                found.append(f"{where} {amount} {row[amount]}: {said}, not {(functional, reporting)}")
    return found


class Advances:
    """Foreign advances, replayed: what is billed has the value of its day, what is earned takes from it by weight."""

    def __init__(self, translation: Translation) -> None:
        self.translation = translation
        self.value: dict[Any, Fraction] = {}
        self.before: dict[Any, tuple[Fraction, Fraction]] = {}

    def month(
        self,
        key: Any,
        period: str,
        pair: Row,
        billed: Sequence[Row],
        earned: Fraction,
        position: Fraction,
    ) -> tuple[Fraction, Fraction]:
        """Revenue and deferred revenue of one month in functional currency, by the position at its end."""
        currency, functional = pair["currency"], pair["functional_currency"]
        average = self.translation.average(currency, functional, period)
        before, value = self.before.get(key, (Fraction(0), Fraction(0)))
        reached = position + earned
        added = reached - before
        plus = [row for row in billed if row["amount"] > 0]
        billed_own = sum((Fraction(row["amount"]) for row in plus), Fraction(0))
        billed_value = sum((Fraction(row["amount_functional"]) for row in plus), Fraction(0))
        added_value = Fraction(0)
        if added > 0:
            added_value = in_units(billed_value * added / billed_own if plus else added * average, functional)
        if reached <= 0:
            advance = Fraction(0)
        elif before < 0:
            advance = in_units(added_value * reached / added, functional)
        elif added >= 0:
            advance = value + added_value
        else:
            advance = in_units(value * reached / before, functional)
        if position <= 0:
            left = Fraction(0)
        elif reached > 0:
            left = in_units(advance * position / reached, functional)
        else:
            left = in_units(position * average, functional)
        released = (
            advance - in_units(advance * (reached - earned) / reached, functional)
            if reached > 0 and earned <= reached
            else advance + in_units((earned - max(reached, Fraction(0))) * average, functional)
        )
        self.before[key] = (position, left)
        return released, left


def wrong_advances(
    translation: Translation, facts: Mapping[str, Sequence[Row]], accounting: Mapping[Any, str]
) -> list[str]:
    """Months of contracts in a foreign currency whose revenue or deferred revenue is not what the replay says.

    facts: table → rows, each with an accounting contract by (contract, line) in `accounting`.
    """
    billed: defaultdict[Any, list[Row]] = defaultdict(list)
    earned: defaultdict[Any, Fraction] = defaultdict(Fraction)
    said: defaultdict[Any, Fraction] = defaultdict(Fraction)
    for row in facts["fct_billings"]:
        if row["contract_id"] != "(not linked)":
            billed[_balance(row, accounting), row["period"]].append(row)
    for row in facts["fct_recognized_revenue"]:
        key = (_balance(row, accounting), row["period"])
        earned[key] += Fraction(row["amount"])
        said[key] += Fraction(row["amount_functional"])
    positions = {}
    for row in facts["fct_contract_balances"]:
        if row["currency"] != row["functional_currency"] and row["accounting_contract_id"] != "(not linked)":
            positions[(row["accounting_contract_id"], row["entity_id"], row["currency"]), row["period"]] = row
    pairs = {row["entity_id"]: row["functional_currency"] for row in facts["fct_contract_balances"]}
    found, advances = [], Advances(translation)
    balances = {balance for balance, _ in [*positions, *earned] if pairs[balance[1]] != balance[2]}
    for period in sorted(translation.days):
        for balance in sorted(balances):
            key, pair = (balance, period), {"currency": balance[2], "functional_currency": pairs[balance[1]]}
            held = positions.get(key)
            position = Fraction(held["deferred_revenue"] - held["contract_asset"]) if held else Fraction(0)
            released, left = advances.month(balance, period, pair, billed[key], earned[key], position)
            published = Fraction(held["deferred_revenue_functional"]) if held else Fraction(0)
            if (released, left) != (said[key], published):
                found.append(
                    f"{period} {balance}: revenue {said[key]}, deferred {published}, not {released} and {left}"
                )
    return found


def _balance(row: Row, accounting: Mapping[Any, str]) -> tuple[str, str, str]:
    return accounting[row["contract_id"], row["contract_line_id"]], row["entity_id"], row["currency"]


ROLLS_FORWARD = """
    select period, entity_id, currency, balance, {step} as step
    from marts.rpt_rollforward
    group by period, entity_id, currency, balance
    having sum(case when movement = 'closing' then -amount{step_name} else amount{step_name} end) <> 0
        or count(amount{step_name}) <> count(*)
"""


def wrong(workspace: Path, reporting: str) -> list[str]:
    """All that a published workspace of the demo translates otherwise than the rates in its exports say."""
    connection = engine.connect(workspace / "published" / "tieout.duckdb", read_only=True)
    try:
        tables = (
            "fct_bookings",
            "fct_billings",
            "fct_recognized_revenue",
            "fct_contract_balances",
            "fct_backlog",
        )
        facts = {
            table: _rows(connection, f"select * from marts.{table}") for table in (*tables, "fct_receivables")
        }
        months = _rows(connection, "select period, start_date, facts_through from marts.dim_period")
        rolled = [
            f"{row} does not roll forward"
            for step in ("", "_functional", "_reporting")
            for row in _rows(connection, ROLLS_FORWARD.format(step=f"'{step}'", step_name=step))
        ]
        files = ", ".join(
            f"'{path}'" for path in sorted(workspace.glob("published/*/v1/posted_positions.parquet"))
        )
        accounting = {
            (row["contract_id"], row["contract_line_id"]): row["accounting_contract_id"]
            for row in _rows(
                connection,
                f"select distinct contract_id, contract_line_id, accounting_contract_id from read_parquet([{files}])",
            )
        }
    finally:
        connection.close()
    for row in facts["fct_recognized_revenue"] + facts["fct_billings"]:
        accounting.setdefault((row["contract_id"], row["contract_line_id"]), row["contract_id"])
    currencies = {row["entity_id"]: row["functional_currency"] for row in facts["fct_contract_balances"]}
    receivables = [
        row | {"functional_currency": currencies[row["entity_id"]]}
        for row in facts["fct_receivables"]
        if row["entity_id"] in currencies
    ]
    days = {
        row["period"]: (row["start_date"], row["facts_through"]) for row in months if row["facts_through"]
    }
    translation = Translation(Rates(_delivered(workspace)), days, reporting)
    assert {row["currency"] for row in facts["fct_bookings"]} - set(currencies.values()), (
        "nothing is in a foreign currency"
    )
    return (
        rolled
        + wrong_events(translation, facts["fct_bookings"], "booking_date", ["amount"])
        + wrong_events(translation, facts["fct_billings"], "billing_date", ["amount", "tax_amount"])
        + wrong_stocks(translation, facts["fct_contract_balances"], MONETARY)
        + wrong_stocks(
            translation,
            facts["fct_backlog"],
            ["contracted", "backlog", "billed_backlog", "rpo", "crpo", "backlog_12m"],
        )
        + wrong_stocks(translation, receivables, ["credited", "paid", "written_off", "open"])
        + wrong_advances(translation, facts, accounting)
    )


def _rows(connection: engine.Connection, sql: str) -> list[dict[str, Any]]:
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _delivered(workspace: Path) -> list[FxRate]:
    """What the accounting system has delivered last, without the faults that the gate finds."""
    found = []
    with max(workspace.glob("exports/saldo/rates-*.tsv")).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            try:
                found.append(
                    read_fx_rate(
                        {
                            "rate_date": row["day"],
                            "from_currency": row["from"],
                            "to_currency": row["to"],
                            "rate": row["rate"],
                        }
                    )
                )
            except QuarantinedError:
                continue
    return found

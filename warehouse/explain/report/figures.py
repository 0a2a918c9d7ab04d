"""What a report shows, as SQL over a published month's own Parquet files. No layout; money is added up here alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from warehouse.engine import Connection
from warehouse.publish.frozen import parquet
from warehouse.publish.tables import BBB_FIGURES

FIGURES = BBB_FIGURES
MONTHS_BACK = 24
"""A chart shows this month, the same one of the two years before, and what lies between."""
EARNED_BACK = 12
AHEAD = 24
ROWS_BACK = 11
"""Booking periods of the waterfall's table that have a row of their own, this month's aside."""
LONGEST_LIST = 50
LARGEST = 8

Row = tuple[Any, ...]

_IS_TRANSLATED = " and ".join(f"{name}_reporting is not null" for name in FIGURES)


class Pair(NamedTuple):
    """What figures are kept apart by: money of one entity in one currency."""

    entity_id: str
    currency: str


@dataclass(frozen=True)
class Series:
    """The figures of a pair over the months, oldest first; None where a month has none."""

    periods: Sequence[str]
    figures: Mapping[str, Sequence[Decimal | None]]
    is_translated: bool = True
    """Whether all of this month's figures are known in the reporting currency."""


class Cell(NamedTuple):
    """A square of the waterfall: its row and column as places in the labels, its money, and whether it is to come."""

    row: int
    column: int
    is_scheduled: bool
    amount: Decimal


@dataclass(frozen=True)
class Waterfall:
    """Revenue by the period it was booked in and the one it is earned in."""

    rows: Sequence[str]
    columns: Sequence[str]
    now: int
    """The column of the report's own month."""
    cells: Mapping[Pair, Sequence[Cell]]
    bands: Mapping[Pair, Sequence[Row]]
    """Booking period, earned this month, in the next three, the nine after them, later, and in all; last the total."""


class MonthFiles:
    """The Parquet files of a month and of the months in force before it, and the questions a report asks of them."""

    def __init__(self, con: Connection, folders: Sequence[Path]) -> None:
        self._con = con
        self._folders = list(folders)
        self.folder = folders[-1]
        self.period = self.folder.parent.name

    def has(self, table: str) -> bool:
        """Whether this month's folder holds the table: a month that the first close covers has figures alone."""
        return (self.folder / f"{table}.parquet").is_file()

    def _of(self, *tables: str) -> str:
        """These tables of this month, as the beginning of a query."""
        named = (f"{table} as (select * from {parquet([self._file(table)])})" for table in tables)
        return f"with {', '.join(named)}"

    def _file(self, table: str, folder: Path | None = None) -> Path:
        return (folder or self.folder) / f"{table}.parquet"

    def _over_months(self, table: str, months: int | None = None) -> str:
        """A table over the last months; folders without it (those the first close covers) are left out."""
        folders = self._folders[-months:] if months else self._folders
        return parquet([file for folder in folders if (file := self._file(table, folder)).is_file()])

    def _rows(self, query: str, **parameters: Any) -> list[Row]:
        return self._con.execute(query, parameters or None).fetchall()

    # --- figures ------------------------------------------------------------------------------------

    def series(self) -> dict[Pair, Series]:
        """Every pair that has figures this month."""
        rows = self._rows(
            f"select entity_id, currency, period, {_IS_TRANSLATED}, {', '.join(FIGURES)}"
            f" from {self._over_months('rpt_bbb', MONTHS_BACK + 1)}"
        )
        now = {Pair(*row[:2]): row[3] for row in rows if row[2] == self.period}
        found = self._series({(Pair(*row[:2]), row[2]): row[4:] for row in rows})
        return {pair: replace(one, is_translated=now[pair]) for pair, one in found.items()}

    def reporting_series(self, currency: str) -> Series:
        """All entities and currencies in the reporting currency; months that are not all translated are left out."""
        sums = ", ".join(f"cast(sum({name}_reporting) as decimal(38, 3))" for name in FIGURES)
        rows = self._rows(
            f"select period, {sums} from {self._over_months('rpt_bbb', MONTHS_BACK + 1)}"
            f" group by period having bool_and({_IS_TRANSLATED})"
        )
        pair = Pair("", currency)
        return self._series({(pair, row[0]): row[1:] for row in rows})[pair]

    def _series(self, values: Mapping[tuple[Pair, str], Row]) -> dict[Pair, Series]:
        periods = [folder.parent.name for folder in self._folders[-MONTHS_BACK - 1 :]]
        found = {}
        for pair in sorted(pair for pair, period in values if period == self.period):
            known = [period for period in periods if (pair, period) in values]
            shown = periods[periods.index(known[0]) :]
            nothing: Row = (None,) * len(FIGURES)
            columns = zip(*(values.get((pair, period), nothing) for period in shown), strict=True)
            found[pair] = Series(shown, dict(zip(FIGURES, columns, strict=True)))
        return found

    def rollforward(self) -> dict[Pair, dict[str, dict[str, Decimal]]]:
        """Amount by movement and balance."""
        found: dict[Pair, dict[str, dict[str, Decimal]]] = {}
        for entity_id, currency, balance, movement, amount in self._rows(
            f"{self._of('rpt_rollforward')} select entity_id, currency, balance, movement, amount from rpt_rollforward"
        ):
            movements = found.setdefault(Pair(entity_id, currency), {})
            movements.setdefault(movement, {})[balance] = amount
        return found

    def obligations(self) -> dict[Pair, Row]:
        """Backlog, RPO, its parts within 12, 24, 36 months and later, and what is left out of it."""
        return self._row_of_pair(
            "rpt_rpo", ("backlog", "rpo", "rpo_12m", "rpo_24m", "rpo_36m", "rpo_beyond", "rpo_exempt")
        )

    def terms(self) -> dict[Pair, Row]:
        """Deferred revenue, current and long-term; contract asset, and the unbilled receivable in it."""
        columns = (
            "deferred_revenue_current",
            "deferred_revenue_long_term",
            "contract_asset",
            "unbilled_receivable",
        )
        return self._row_of_pair("rpt_contract_balances", columns)

    def aging(self) -> dict[Pair, dict[str, Decimal]]:
        """Receivables by age bucket."""
        found: dict[Pair, dict[str, Decimal]] = {}
        if self.has("rpt_ar_aging"):
            for entity_id, currency, bucket, amount in self._rows(
                f"{self._of('rpt_ar_aging')} select entity_id, currency, age_bucket, open from rpt_ar_aging"
            ):
                found.setdefault(Pair(entity_id, currency), {})[bucket] = amount
        return found

    def _row_of_pair(self, table: str, columns: Sequence[str]) -> dict[Pair, Row]:
        if not self.has(table):
            return {}
        rows = self._rows(f"{self._of(table)} select entity_id, currency, {', '.join(columns)} from {table}")
        return {Pair(*row[:2]): row[2:] for row in rows}

    def waterfall(self) -> Waterfall | None:
        """None where the month has no schedule of its own."""
        if not self.has("dim_period"):
            return None
        # Periods need not sort as text (a calendar may change its names): their order is the calendar's.
        calendar = self._rows(f"{self._of('dim_period')} select period_number, period from dim_period")
        periods = {int(number): str(period) for number, period in calendar}
        here = next((number for number, period in periods.items() if period == self.period), None)
        if here is None:
            return None
        # row and column -1: booked before the first row, earned after the last column
        cells: dict[Pair, list[tuple[int, int, tuple[bool, Decimal]]]] = {}
        for row in self._rows(
            f"""
            {self._of("dim_period")},
            waterfall as (
                select * from {self._over_months("rpt_revenue_waterfall", EARNED_BACK + 1)} where not is_scheduled
                union all by name
                select * from {parquet([self._file("rpt_revenue_waterfall")])} where is_scheduled
            )
            select
                waterfall.entity_id,
                waterfall.currency,
                case when booked.period_number >= $first_row then booked.period_number else -1 end as booked_in,
                case when earned.period_number <= $last_column then earned.period_number else -1 end as earned_in,
                waterfall.is_scheduled,
                cast(sum(waterfall.amount) as decimal(38, 3)) as amount
            from waterfall
            left join dim_period as booked on waterfall.booking_period = booked.period
            left join dim_period as earned on waterfall.recognition_period = earned.period
            group by all
            having sum(waterfall.amount) <> 0
            order by all
            """,
            first_row=here - MONTHS_BACK + 1,
            last_column=here + AHEAD,
        ):
            cells.setdefault(Pair(*row[:2]), []).append((row[2], row[3], (row[4], row[5])))
        booked = sorted({cell[0] for of_pair in cells.values() for cell in of_pair} | {here})
        earned = {cell[1] for of_pair in cells.values() for cell in of_pair}
        columns = [number for number in sorted(earned | {here}) if number != -1]
        places = {number: place for place, number in enumerate(columns)} | {-1: len(columns)}
        return Waterfall(
            ["earlier" if number == -1 else periods[number] for number in booked],
            [*(periods[number] for number in columns), *(["later"] if -1 in earned else [])],
            places[here],
            {
                pair: [Cell(booked.index(row), places[column], *rest) for row, column, rest in of_pair]
                for pair, of_pair in cells.items()
            },
            self._bands(),
        )

    def _bands(self) -> dict[Pair, list[Row]]:
        bands = {
            "now": "not is_scheduled",
            "next": "is_scheduled and ahead <= 3",
            "then": "is_scheduled and ahead between 4 and 12",
            "later": "is_scheduled and (ahead > 12 or ahead is null)",
            "whole": "true",
        }
        sums = ", ".join(
            f"cast(coalesce(sum(amount) filter (where {condition}), 0) as decimal(38, 3)) as {name}"
            for name, condition in bands.items()
        )
        found: dict[Pair, list[Row]] = {}
        for row in self._rows(
            f"""
            {self._of("dim_period", "rpt_revenue_waterfall")},
            here as (select period_number as number from dim_period where period = $period),
            placed as (
                select
                    waterfall.*,
                    earned.period_number - here.number as ahead,
                    case
                        when booked.period_number >= here.number - {ROWS_BACK} then booked.period_number
                    end as booked_in,
                    case
                        when booked.period_number >= here.number - {ROWS_BACK} then booking_period else 'earlier'
                    end as booked
                from rpt_revenue_waterfall as waterfall
                cross join here
                left join dim_period as booked on waterfall.booking_period = booked.period
                left join dim_period as earned on waterfall.recognition_period = earned.period
            )
            select entity_id, currency, booked, {sums}
            from placed
            group by grouping sets ((entity_id, currency, booked, booked_in), (entity_id, currency))
            order by entity_id, currency, booked is null, booked_in nulls first
            """,
            period=self.period,
        ):
            found.setdefault(Pair(*row[:2]), []).append(row[2:])
        return found

    # --- what came late or was corrected ------------------------------------------------------------

    def _prior(self) -> str:
        facts = ("fct_bookings", "fct_billings", "fct_recognized_revenue")
        union = " union all ".join(
            f"select '{measure}' as measure, entity_id, currency, cause, contract_id, customer_id, original_period,"
            f" amount from {fact} where is_prior_period"
            for measure, fact in zip(("bookings", "billings", "revenue"), facts, strict=True)
        )
        return f"{self._of('dim_period', *facts)}, prior as ({union})"

    def prior_by_cause(self) -> list[Row]:
        """Entity, currency, measure, cause, contracts, first and last original period, amount."""
        return self._rows(
            f"""
            {self._prior()}
            select
                entity_id, currency, measure, cause, count(distinct contract_id),
                arg_min(original_period, period_number), arg_max(original_period, period_number),
                cast(sum(amount) as decimal(38, 3))
            from prior
            left join dim_period on prior.original_period = dim_period.period
            group by entity_id, currency, measure, cause
            order by entity_id, currency, measure, cause
            """
        )

    def prior_contracts(self) -> int:
        """How many contracts have any of it."""
        return int(self._rows(f"{self._prior()} select count(distinct contract_id) from prior")[0][0])

    def largest_prior(self) -> list[Row]:
        """Entity, currency, contract, customer, measure, cause, amount: the largest of each entity and currency."""
        names = " union all ".join(
            f"select customer_id, customer_name, {place} as place from {parquet([file])}"
            for place, folder in enumerate(self._folders)
            if (file := self._file("dim_customer", folder)).is_file()
        )
        return self._rows(
            f"""
            {self._prior()},
            by_contract as (
                select entity_id, currency, contract_id, customer_id, measure, cause,
                    cast(sum(amount) as decimal(38, 3)) as amount
                from prior
                group by entity_id, currency, contract_id, customer_id, measure, cause
                having sum(amount) <> 0
                qualify row_number() over (
                    partition by entity_id, currency
                    order by abs(sum(amount)) desc, contract_id, customer_id, measure, cause
                ) <= {LARGEST}
            ),
            -- months hold what changed: the last row of a customer is in force
            customers as (
                select customer_id, arg_max(customer_name, place) as customer_name
                from ({names})
                where customer_id in (select customer_id from by_contract)
                group by customer_id
            )
            select entity_id, currency, contract_id, coalesce(customer_name, customer_id), measure, cause, amount
            from by_contract
            left join customers using (customer_id)
            order by entity_id, currency, abs(amount) desc, contract_id, measure, cause
            """
        )

    # --- what was held back, and what was tested ----------------------------------------------------

    def held_records(self) -> list[Row]:
        """Severity, rule, records, contracts."""
        if not self.has("quarantine"):
            return []
        return self._rows(
            f"{self._of('quarantine')} select severity, rule, count(*), count(distinct contract_id) from quarantine"
            " group by severity, rule order by severity, rule"
        )

    def held_money(self) -> list[Row]:
        """Rule, currency, contracts, contracted, billed, revenue of the month, how many of unknown revenue.

        Without a rule: all of them, each contract once.
        """
        if not self.has("held_back"):
            return []
        money = ", ".join(
            f"cast(sum({name}) as decimal(38, 3))" for name in ("contracted", "billed", "revenue")
        )
        return self._rows(
            f"""
            {self._of("held_back")},
            by_rule as (
                select unnest(string_split(rules, ', ')) as rule, * exclude (rules) from held_back
                union all by name
                select null as rule, * exclude (rules) from held_back
            )
            select rule, currency, count(distinct contract_id), {money}, count(revenue_gap)
            from by_rule
            group by rule, currency
            order by rule nulls last, currency
            """
        )

    def held_numbers(self) -> Row:
        """Contracts, and the lines that held_contracts would have without its limit."""
        if not self.has("held_back"):
            return (0, 0)
        return self._rows(
            f"{self._of('held_back')} select count(distinct contract_id), count(*) from held_back"
        )[0]

    def held_contracts(self) -> list[Row]:
        """Contract, currency, fate, rules, contracted, billed, revenue of the month, why that is unknown."""
        if not self.has("held_back"):
            return []
        return self._rows(
            f"{self._of('held_back')} select contract_id, currency, fate, rules, contracted, billed, revenue,"
            f" revenue_gap from held_back order by contract_id, currency limit {LONGEST_LIST}"
        )

    def earned_while_uncollectible(self) -> list[Row]:
        """Customer, contract, currency, revenue of the month, and how many such lines there are."""
        if not self.has("earned_while_uncollectible"):
            return []
        return self._rows(
            f"{self._of('earned_while_uncollectible')} select customer_id, contract_id, currency, amount,"
            " count(*) over () from earned_while_uncollectible where period = $period"
            f" order by customer_id, contract_id, currency limit {LONGEST_LIST}",
            period=self.period,
        )

    def tie_outs(self) -> dict[str, list[Row]]:
        """By equation: scope, expected, actual, difference, whether it holds."""
        found: dict[str, list[Row]] = {}
        if self.has("tie_outs"):
            for equation, *row in self._rows(
                f"{self._of('tie_outs')} select equation, scope, expected, actual, difference, holds from tie_outs"
                " order by equation, scope, expected, actual"
            ):
                found.setdefault(equation, []).append(tuple(row))
        return found

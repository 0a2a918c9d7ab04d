"""The queries behind `tieout show`: what tieout.duckdb says, row by row. No layout, no computing of money."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from warehouse import engine
from warehouse.engine import literal
from warehouse.errors import ConfigurationError
from warehouse.workspace import Workspace

Value: TypeAlias = str | int | bool | Decimal | date | datetime | None
Row: TypeAlias = tuple[Value, ...]

ATTEMPTS = 5
PAUSE_SECONDS = 0.2

BBB_COLUMNS = (
    "period",
    "entity_id",
    "currency",
    "bookings",
    "billings",
    "revenue",
    "backlog",
    "deferred_revenue",
    "contract_asset",
    "book_to_bill",
    "revenue_recognition_rate",
    "backlog_coverage_months",
    "backlog_growth",
)
WATERFALL_COLUMNS = (
    "entity_id",
    "currency",
    "booking_period",
    "recognition_period",
    "amount",
    "is_scheduled",
)
RECONCILIATION_COLUMNS = (
    "period",
    "entity_id",
    "currency",
    "balance",
    "ours",
    "theirs",
    "difference",
    "timing",
    "to_be_cleared",
    "items",
    "is_within_tolerance",
)
RECONCILIATION_ITEM_COLUMNS = (
    "period",
    "entity_id",
    "currency",
    "balance",
    "reason",
    "item_type",
    "item",
    "contract_id",
    "ledger_date",
    "ledger_journal_id",
    "ours",
    "theirs",
    "difference",
)
METRICS_COLUMNS = (
    "period",
    "entity_id",
    "currency",
    "metric",
    "breakdown",
    "value",
    "numerator",
    "denominator",
)
ROLLFORWARD_COLUMNS = ("period", "entity_id", "currency", "balance", "movement", "amount")
BACKLOG_COLUMNS = (
    "period",
    "entity_id",
    "currency",
    "customer_name",
    "contract_id",
    "contracted",
    "recognized",
    "backlog",
    "billed_backlog",
    "unbilled_backlog",
    "rpo",
    "backlog_12m",
)
QUARANTINE_COLUMNS = (
    "entity",
    "record_key",
    "contract_id",
    "rule",
    "severity",
    "fate",
    "detail",
    "amount",
    "currency",
    "source_file",
    "source_row",
    "first_seen",
    "runs",
    "returns",
)
FATES = ("used", "excluded", "quarantined", "held", "later", "unmapped")
COMPLETENESS_COLUMNS = (
    "source_system",
    "source_object",
    "currency",
    "rows_extracted",
    *(f"rows_{fate}" for fate in FATES),
    "amount_extracted",
    *(f"amount_{fate}" for fate in FATES),
    "amount_rounding",
)
HELD_COLUMNS = ("rule", "currency", "contracts", "contracted", "billed", "revenue", "unknown_revenue")


@dataclass(frozen=True)
class Wanted:
    """Which records of the quarantine are asked for; None is any."""

    rule: str | None = None
    contract: str | None = None
    severity: str | None = None
    """block, quarantine, held or warn; held is the part of quarantine that has published figures."""

    def parameters(self) -> dict[str, Value]:
        return {"rule": self.rule, "contract": self.contract, "severity": self.severity}


@dataclass(frozen=True)
class Answer:
    """Rows of one question, and the period they stand on where there is one."""

    columns: Sequence[str]
    rows: Sequence[Row]
    period: str | None = None


def missing(workspace: Workspace) -> ConfigurationError:
    """What is said when there is nothing to read yet."""
    return ConfigurationError(
        f"{workspace.tieout_db} does not exist: nothing was built in this workspace yet",
        remedy="Put exports in exports/<system>/ and start `tieout run`.",
    )


@contextmanager
def reader(workspace: Workspace) -> Iterator[Any]:
    """A read-only connection to tieout.duckdb; waits a moment where the file is just being replaced."""
    if not workspace.tieout_db.exists():
        raise missing(workspace)
    with closing(_opened(workspace)) as connection:
        yield connection


def _opened(workspace: Workspace) -> engine.Connection:
    for _ in range(ATTEMPTS - 1):
        try:
            return engine.connect(workspace.tieout_db, read_only=True)
        except engine.EngineError:
            time.sleep(PAUSE_SECONDS)
    return engine.connect(workspace.tieout_db, read_only=True)


def _rows(connection: Any, query: str, parameters: Sequence[Value] = ()) -> list[Row]:
    return list(connection.execute(query, list(parameters)).fetchall())


def known_periods(connection: Any) -> list[str]:
    """Periods that have facts, oldest first."""
    query = "select distinct period from marts.rpt_bbb order by period"
    return [str(row[0]) for row in _rows(connection, query)]


def chosen_period(connection: Any, period: str | None) -> str | None:
    """The period asked for, which must have facts; else the latest one."""
    known = known_periods(connection)
    if period is None:
        return known[-1] if known else None
    if period not in known:
        span = f"there are figures from {known[0]} to {known[-1]}" if known else "there are no figures yet"
        raise ConfigurationError(f"no figures for period {period!r}: {span}", remedy="Choose one of these.")
    return period


def statuses(connection: Any) -> dict[str, str]:
    """Status of every period: closed, ended, running or future."""
    rows = _rows(connection, "select period, status from marts.dim_period")
    return {str(period): str(status) for period, status in rows}


def bbb(connection: Any, period: str | None = None) -> Answer:
    """Bookings, billings, revenue, backlog and deferred revenue by period, entity and currency."""
    if period is not None:
        chosen_period(connection, period)
    query = f"""
        select {", ".join(BBB_COLUMNS)}
        from marts.rpt_bbb
        where cast(? as varchar) is null or period = ?
        order by currency, entity_id, period
    """
    return Answer(BBB_COLUMNS, _rows(connection, query, (period, period)), period)


def waterfall(connection: Any, period: str | None = None) -> Answer:
    """Revenue by the period a line was booked in and the period it is earned in."""
    query = f"""
        select {", ".join(WATERFALL_COLUMNS)}
        from marts.rpt_revenue_waterfall
        where cast(? as varchar) is null or recognition_period = ?
        order by currency, entity_id, booking_period, recognition_period, is_scheduled
    """
    return Answer(WATERFALL_COLUMNS, _rows(connection, query, (period, period)), period)


def rollforward(connection: Any, period: str | None = None) -> Answer:
    """Opening, movements and closing of each balance in one period, in the contracts' currencies: there is no fx."""
    chosen = chosen_period(connection, period)
    return _rolled(connection, chosen, "currency", "amount", "movement <> 'fx'")


def rollforward_in_books(connection: Any, period: str | None = None) -> Answer:
    """The same in the currency in which each entity keeps its books."""
    chosen = chosen_period(connection, period)
    return _rolled(
        connection, chosen, "functional_currency", "amount_functional", "amount_functional is not null"
    )


def rollforward_in_reporting(connection: Any, currency: str, period: str | None = None) -> Answer:
    """The same in the reporting currency."""
    chosen = chosen_period(connection, period)
    return _rolled(connection, chosen, literal(currency), "amount_reporting", "amount_reporting is not null")


def _rolled(connection: Any, period: str | None, currency: str, amount: str, condition: str) -> Answer:
    query = f"""
        with moved as (
            select period, entity_id, {currency} as currency, balance, movement, sum({amount}) as amount
            from marts.rpt_rollforward
            where period = ? and {condition}
            group by all
        )

        select {", ".join(ROLLFORWARD_COLUMNS)}
        from moved
        order by currency, entity_id, balance,
            case movement when 'opening' then 0 when 'closing' then 2 else 1 end, movement
    """
    return Answer(ROLLFORWARD_COLUMNS, _rows(connection, query, (period,)), period)


def reconciliation(connection: Any, period: str | None = None) -> tuple[Answer, Answer]:
    """What is published beside the general ledger at the end of a period, by balance; and every difference."""
    chosen = chosen_period(connection, period)
    totals = _rows(
        connection,
        f"select {', '.join(RECONCILIATION_COLUMNS)} from marts.rpt_reconciliation"
        " where period = ? order by currency, entity_id, balance",
        (chosen,),
    )
    items = _rows(
        connection,
        f"select {', '.join(RECONCILIATION_ITEM_COLUMNS)} from marts.rpt_reconciliation_items where period = ?"
        " order by reason = 'timing', currency, entity_id, balance, abs(difference) desc, item_type, item",
        (chosen,),
    )
    return Answer(RECONCILIATION_COLUMNS, totals, chosen), Answer(RECONCILIATION_ITEM_COLUMNS, items, chosen)


def metrics(connection: Any, period: str | None = None) -> Answer:
    """The measures of a period, by entity and currency."""
    chosen = chosen_period(connection, period)
    query = f"""
        select {", ".join(METRICS_COLUMNS)}
        from marts.rpt_metrics
        where period = ?
        order by currency, entity_id, metric, breakdown
    """
    return Answer(METRICS_COLUMNS, _rows(connection, query, (chosen,)), chosen)


def backlog(connection: Any, period: str | None = None) -> Answer:
    """Contracted and not yet earned at the end of a period, by contract."""
    chosen = chosen_period(connection, period)
    query = """
        with by_contract as (
            select
                facts.period,
                facts.entity_id,
                facts.currency,
                facts.customer_id,
                facts.contract_id,
                sum(facts.contracted) as contracted,
                sum(facts.recognized) as recognized,
                sum(facts.backlog) as backlog,
                sum(facts.billed_backlog) as billed_backlog,
                sum(facts.unbilled_backlog) as unbilled_backlog,
                sum(facts.rpo) as rpo,
                sum(facts.backlog_12m) as backlog_12m
            from marts.fct_backlog as facts
            where facts.period = ?
            group by all
        )

        select
            by_contract.period,
            by_contract.entity_id,
            by_contract.currency,
            coalesce(customers.customer_name, by_contract.customer_id) as customer_name,
            by_contract.contract_id,
            contracted,
            recognized,
            backlog,
            billed_backlog,
            unbilled_backlog,
            rpo,
            backlog_12m
        from by_contract
        left join marts.dim_customer as customers on by_contract.customer_id = customers.customer_id
        where by_contract.backlog <> 0
        order by currency, entity_id, backlog desc, contract_id
    """
    return Answer(BACKLOG_COLUMNS, _rows(connection, query, (chosen,)), chosen)


# A record that is only held with another one has been there as long as the fault of its contract.
_RECORDS = """
    with with_contract as (
        select contract_id, rule, min(first_seen_as_of) as first_seen, max(runs) as runs, max(returns) as returns
        from audit.quarantine_history
        where is_open
        group by all
    )

    select
        listed.*,
        coalesce(own.first_seen_as_of, with_contract.first_seen) as first_seen,
        coalesce(own.runs, with_contract.runs) as runs,
        coalesce(own.returns, with_contract.returns) as returns
    from audit.quarantine as listed
    left join audit.quarantine_history as own
        on listed.entity = own.entity and listed.record_key = own.record_key and listed.rule = own.rule
        and own.is_open
    left join with_contract
        on listed.contract_id = with_contract.contract_id and listed.rule = with_contract.rule
        and listed.severity = 'quarantine'
    where ($rule is null or listed.rule = $rule)
        and ($contract is null or listed.contract_id = $contract)
        and ($severity is null or $severity in (listed.severity, listed.fate))
"""


def quarantine(connection: Any, wanted: Wanted | None = None) -> Answer:
    """Every record that is held out of the facts, held or warned of: its money, its place, how long it is there."""
    query = f"""
        select {", ".join(QUARANTINE_COLUMNS)}
        from ({_RECORDS})
        order by severity, rule, currency, entity, record_key, source_file, source_row
    """
    rows = connection.execute(query, (wanted or Wanted()).parameters()).fetchall()
    return Answer(QUARANTINE_COLUMNS, list(rows))


def held_money(connection: Any, wanted: Wanted | None = None) -> Answer:
    """What is held back by rule and currency, and in all (rule null): a contract counts under each of its rules.

    `contracts` is that of the rule, the same in each of its currencies.

    `period` is the month that the revenue is of.
    """
    query = """
        with held as (
            select unnest(string_split(rules, ', ')) as rule, *
            from audit.held_back
            where ($contract is null or contract_id = $contract)
                and ($severity is null or $severity = fate or $severity = 'quarantine')
        ),

        by_rule as (select * from held where $rule is null or rule = $rule),

        listed as (
            select rule, * exclude (rule) from by_rule
            union all by name
            select distinct null as rule, * exclude (rule) from by_rule
        ),

        -- a contract may have money in several currencies
        counted as (select rule, count(distinct contract_id) as contracts from listed group by rule)

        select
            listed.rule,
            currency,
            counted.contracts,
            cast(sum(contracted) as decimal(38, 3)) as contracted,
            cast(sum(billed) as decimal(38, 3)) as billed,
            cast(sum(revenue) as decimal(38, 3)) as revenue,
            count(revenue_gap) as unknown_revenue
        from listed
        inner join counted on listed.rule is not distinct from counted.rule
        group by listed.rule, currency, counted.contracts
        order by listed.rule nulls last, currency
    """
    rows = list(connection.execute(query, (wanted or Wanted()).parameters()).fetchall())
    period = connection.execute("select max(period) from audit.held_back").fetchone()
    return Answer(HELD_COLUMNS, rows, str(period[0]) if period and period[0] else None)


def completeness(connection: Any) -> Answer:
    """What became of every raw row and its money, by object and currency; objects without a row are left out."""
    query = f"""
        select {", ".join(COMPLETENESS_COLUMNS)}
        from audit.completeness
        where rows_extracted > 0
        order by source_system, source_object, currency
    """
    return Answer(COMPLETENESS_COLUMNS, _rows(connection, query))


def excluded_count(connection: Any) -> int:
    """How many records a rule of business left out (drafts, void documents ...)."""
    rows = _rows(connection, "select count(*) from audit.excluded")
    return int(str(rows[0][0]))


def as_of(connection: Any) -> str:
    """The day the file stands on."""
    rows = _rows(connection, "select as_of from audit.runs")
    return str(rows[0][0]) if rows else "an unknown day"


def held_by_rule(connection: Any) -> list[Row]:
    """Quarantined and held records: severity, rule, currency, number, money."""
    query = """
        select severity, rule, currency, count(*) as records, sum(amount) as amount
        from audit.quarantine
        where severity in ('quarantine', 'held')
        group by severity, rule, currency
        order by severity, rule, currency
    """
    return _rows(connection, query)


def file_warnings(connection: Any) -> list[Row]:
    """What is told of the deliveries in force: rule, sentence."""
    query = """
        select rule, detail
        from audit.quarantine
        where entity = 'files' and severity = 'warn'
        order by rule, record_key
    """
    return _rows(connection, query)


def posted_adjustments(connection: Any) -> list[Row]:
    """What open months carry for closed ones: table, contract, period, original period, cause, currency, amount."""
    query = " union all ".join(
        f"select '{measure}' as measure, contract_id, period, original_period, cause, currency,"
        f" sum(amount) as amount from marts.{table} where is_prior_period group by all having sum(amount) <> 0"
        for measure, table in (
            ("bookings", "fct_bookings"),
            ("billings", "fct_billings"),
            ("revenue", "fct_recognized_revenue"),
        )
    )
    return _rows(
        connection, f"select * from ({query}) order by period, contract_id, measure, original_period"
    )

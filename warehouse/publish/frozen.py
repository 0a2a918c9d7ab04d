"""Schema `frozen` of the warehouse: the published months folded into what the next posting needs. It decides nothing.

Every published month is folded once. The stamp (`frozen.chain`) says which months are in; where it is no
prefix of the chain (a reopened month, a restored backup) everything is folded again from the months' files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.engine import Connection, identifier, literal
from warehouse.publish.freeze import types_of
from warehouse.publish.manifest import Chain, Month, read_chain
from warehouse.publish.tables import (
    BY_NAME,
    HELD_CONTRACTS,
    KNOWN_RECORDS,
    POSTED_POSITIONS,
    PUBLISHED,
    Kind,
    PublishedTable,
)

if TYPE_CHECKING:
    from warehouse.workspace import Workspace

_TOTAL_DIMENSIONS = """
    measure varchar, contract_line_id varchar, contract_id varchar, accounting_contract_id varchar,
    customer_id varchar, entity_id varchar, product_id varchar, currency varchar
"""
_POSTING_DIMENSIONS = f"{_TOTAL_DIMENSIONS}, event_id varchar, event_type varchar"
_COMMON = "period varchar, entity_id varchar, customer_id varchar, contract_id varchar, currency varchar"
_MONEY = "decimal(18, 3)"


def _money(*names: str) -> str:
    return ", ".join(f"{name} {_MONEY}" for name in names)


# The columns a first run can rely on before anything is published. What a month's file has beyond them
# is added when it is folded, so a release that publishes a new column needs no migration.
LAYOUT: dict[str, str] = {
    "positions": f"{_POSTING_DIMENSIONS}, posting_key varchar, amount_minor bigint, tax_minor bigint",
    "position_totals": f"{_TOTAL_DIMENSIONS}, amount_minor bigint, tax_minor bigint",
    "known_records": (
        "entity varchar, record_key varchar, contract_id varchar, contract_line_id varchar, record_version varchar,"
        " file_sha256 varchar, source_row bigint, first_period varchar"
    ),
    "held_contracts": "contract_id varchar, rule varchar, period varchar",
    "contracts_published": "contract_id varchar",
    "periods": "period varchar, start_date date, end_date date, published_with varchar",
    "revenue_segments": (
        "contract_line_id varchar, segment_number integer, layer varchar, valid_from date, valid_to date,"
        " base_minor bigint, spread_minor bigint, convention varchar, spread_start date, spread_end date,"
        " first_month integer, last_month integer, weight_unit bigint, first_weight bigint,"
        " last_weight bigint, total_weight bigint, skipped_weight bigint, skipped_unit bigint, exponent integer"
    ),
    "dim_customer": (
        "customer_id varchar, customer_name varchar, parent_customer_id varchar, segment varchar,"
        " industry varchar, region varchar, country varchar"
    ),
    "dim_product": (
        "product_id varchar, product_name varchar, product_family varchar, revenue_category varchar,"
        " recognition_method varchar, recognition_convention varchar"
    ),
    "dim_contract": (
        "contract_id varchar, accounting_contract_id varchar, contract_number varchar, customer_id varchar,"
        " entity_id varchar, status varchar, contract_type varchar, signed_date date, start_date date,"
        " end_date date, currency varchar, total_amount decimal(18, 3), opportunity_id varchar,"
        " opportunity_created_date date, campaign varchar, sales_rep varchar, renewal_of varchar,"
        " combined_with varchar, termination_for_convenience boolean, notice_days integer,"
        " termination_penalty decimal(18, 3), cancelled_date date, cancellation_signed_date date,"
        " cancellation_reason varchar, judgements varchar"
    ),
    "dim_contract_line": (
        "contract_line_id varchar, contract_id varchar, line_number decimal(18, 6), product_id varchar,"
        " description varchar, currency varchar, quantity decimal(18, 6), unit_price decimal(24, 9),"
        " amount decimal(18, 3), allocated_amount decimal(18, 3), ssp decimal(18, 3), ssp_source varchar,"
        " allocation_group varchar, method varchar, convention varchar, start_date date, end_date date,"
        " promised_date date, expected_date date, earned_until date, booking_period varchar"
    ),
    "fct_backlog": (
        f"{_COMMON}, contract_line_id varchar, product_id varchar, "
        + _money("contracted", "billed", "recognized", "backlog", "billed_backlog", "unbilled_backlog")
        + ", "
        + _money("rpo", "rpo_exempt", "backlog_12m", "backlog_24m", "backlog_36m")
    ),
    "fct_contract_balances": (
        f"{_COMMON}, accounting_contract_id varchar, "
        + _money(
            "deferred_revenue",
            "deferred_revenue_current",
            "contract_asset",
            "unbilled_receivable",
            "refund_liability",
            "customer_deposits",
            "accounts_receivable",
        )
        + ", "
        + _money(
            *(
                f"{balance}_{step}"
                for step in ("functional", "reporting")
                for balance in (
                    "deferred_revenue",
                    "contract_asset",
                    "unbilled_receivable",
                    "refund_liability",
                    "customer_deposits",
                    "accounts_receivable",
                )
            )
        )
    ),
    "fct_receivables": (
        f"{_COMMON}, invoice_id varchar, issue_date date, due_date date, "
        + _money("billed", "credited", "paid", "written_off", "open")
    ),
    "fct_journal_entries": (
        "period varchar, entity_id varchar, currency varchar, journal_id varchar, idempotency_key varchar,"
        " journal varchar, account_id varchar, " + _money("debit", "credit")
    ),
    "rpt_bbb": (
        "period varchar, entity_id varchar, currency varchar, "
        + _money("bookings", "billings", "revenue", "backlog", "deferred_revenue", "contract_asset")
    ),
    "rpt_rollforward": (
        "period varchar, entity_id varchar, currency varchar, balance varchar, movement varchar,"
        " functional_currency varchar, " + _money("amount", "amount_functional", "amount_reporting")
    ),
}

_EMPTY_POSTED_POSITIONS = (
    f"posting_period varchar, posting_key varchar, {_POSTING_DIMENSIONS}, original_period varchar,"
    " document_id varchar, event_date date, service_start date, service_end date, reason varchar,"
    " amount_minor bigint, tax_minor bigint, reporting_minor bigint"
)

_STATE_TABLES = tuple(table for table in PUBLISHED if table.kind is Kind.STATE)
_LAST_MONTH_ONLY = (BY_NAME["fct_backlog"], BY_NAME["fct_contract_balances"], BY_NAME["fct_receivables"])
_ALL_MONTHS = (BY_NAME["rpt_bbb"], BY_NAME["rpt_rollforward"], BY_NAME["fct_journal_entries"])

_SAME_POSITION = "posting_key, original_period"


def sync(con: Connection, workspace: Workspace, *, reopening: str | None = None) -> Chain:
    """Bring schema `frozen` to the chain's head and return the chain.

    With `reopening` the fold ends before that period: its figures are to be published again.
    """
    chain = read_chain(workspace.published)
    fold_chain(con, chain.before(reopening) if reopening else chain)
    return chain


def fold_chain(con: Connection, chain: Chain) -> None:
    """Fold what the schema does not hold yet, all of it or nothing."""
    wanted = chain.stamp()
    held = stamp(con)
    con.execute("begin transaction")
    try:
        if held is None or held != wanted[: len(held)]:
            _create_empty(con)
            held = []
        pending = chain.months[len(held) :]
        if pending:
            _fold(con, folded=chain.months[: len(held)], pending=pending)
        _create_posted_positions_view(con, chain)
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def stamp(con: Connection) -> list[tuple[str, int, str]] | None:
    """The months that are folded, oldest first; None where the schema is absent or of another layout."""
    if not _relation_exists(con, "chain") or not _relation_exists(con, "layout"):
        return None
    if con.execute("select layout_sha256 from frozen.layout").fetchone() != (_layout_hash(),):
        return None
    rows = con.execute(
        "select period, version, manifest_sha256 from frozen.chain order by ordinal"
    ).fetchall()
    return [(period, int(version), digest) for period, version, digest in rows]


def _relation_exists(con: Connection, name: str) -> bool:
    found = con.execute(
        "select count(*) from duckdb_tables() where database_name = current_database()"
        " and schema_name = 'frozen' and table_name = ?",
        [name],
    ).fetchone()
    return found is not None and found[0] == 1


def _layout_hash() -> str:
    return hashlib.sha256(repr((LAYOUT, _EMPTY_POSTED_POSITIONS)).encode()).hexdigest()


def _create_empty(con: Connection) -> None:
    """The schema with all its tables and no month in them."""
    con.execute("drop schema if exists frozen cascade")
    con.execute("create schema frozen")
    for name, columns in LAYOUT.items():
        con.execute(f"create table frozen.{name} ({columns})")
    con.execute(
        "create table frozen.chain (ordinal integer, period varchar, version integer, manifest_sha256 varchar)"
    )
    con.execute(f"create table frozen.layout as select {literal(_layout_hash())} as layout_sha256")


def _fold(con: Connection, folded: Sequence[Month], pending: Sequence[Month]) -> None:
    """Fold new months on top of those already in. Every table costs what the new months changed."""
    _fold_positions(con, folded, pending)
    for table in _STATE_TABLES:
        _evolve(con, table, pending, left_out={"is_removed"})
        for month in pending:
            _fold_state(con, table, month)
    for table in _ALL_MONTHS:
        _evolve(con, table, pending)
        for month in pending:
            _append(con, table, month)
    for table in _LAST_MONTH_ONLY:
        _evolve(con, table, pending)
        con.execute(f"delete from frozen.{table.name}")
        _append(con, table, pending[-1])
    for month in pending:
        _fold_held_contracts(con, month)
    con.execute("delete from frozen.contracts_published")
    con.execute(
        "insert into frozen.contracts_published"
        " select distinct contract_id from frozen.positions where contract_id is not null"
    )
    for ordinal, month in enumerate(pending, start=len(folded)):
        con.execute(
            "insert into frozen.periods values (?, ?, ?, ?)",
            [
                month.period,
                month.document["period_start"],
                month.document["period_end"],
                _published_with(month, pending[ordinal - len(folded) :]),
            ],
        )
        con.execute(
            "insert into frozen.chain values (?, ?, ?, ?)",
            [ordinal, month.period, month.version, month.sha256],
        )


def _published_with(month: Month, following: Sequence[Month]) -> str:
    """The period whose close published a month: its own, or the first close for the months it covers."""
    return next((later.period for later in following if later.is_close), month.period)


def _evolve(
    con: Connection,
    table: PublishedTable,
    months: Sequence[Month],
    left_out: set[str] | frozenset[str] = frozenset(),
) -> None:
    """Give the folded table the columns and types of the newest month's file."""
    files = [path for month in months if (path := month.file_of(table)) is not None]
    if not files:
        return
    held = types_of(con, f"frozen.{table.name}")
    for name, kind in types_of(con, parquet(files)).items():
        if name in left_out:
            continue
        if name not in held:
            con.execute(f"alter table frozen.{table.name} add column {identifier(name)} {kind}")
        elif held[name] != kind:
            con.execute(f"alter table frozen.{table.name} alter column {identifier(name)} type {kind}")


def _fold_state(con: Connection, table: PublishedTable, month: Month) -> None:
    """Replace the keys a month's delta names by what it says of them."""
    file = month.file_of(table)
    if file is None:
        return
    target = f"frozen.{table.name}"
    same_key = " and ".join(f"held.{identifier(name)} = delta.{identifier(name)}" for name in table.key)
    first_period = ""
    con.execute(f"create or replace temp table delta as select * from {parquet([file])}")
    if table is KNOWN_RECORDS:
        # A record's first period says whether an adjustment is late or a correction: it survives changes.
        con.execute(
            "create or replace temp table delta as select delta.*,"
            f" coalesce(held.first_period, {literal(month.period)}) as first_period"
            f" from delta left join {target} as held on {same_key}"
        )
        first_period = ", first_period"
    con.execute(f"delete from {target} as held using delta where {same_key}")
    columns = ", ".join(identifier(name) for name in _data_columns(con, file))
    con.execute(
        f"insert into {target} ({columns}{first_period})"
        f" select {columns}{first_period} from delta where not is_removed"
    )
    con.execute("drop table delta")


def _data_columns(con: Connection, file: Path) -> list[str]:
    return [name for name in types_of(con, parquet([file])) if name != "is_removed"]


def _append(con: Connection, table: PublishedTable, month: Month) -> None:
    file = month.file_of(table)
    if file is not None:
        con.execute(f"insert into frozen.{table.name} by name select * from {parquet([file])}")


def _fold_held_contracts(con: Connection, month: Month) -> None:
    file = month.file_of(HELD_CONTRACTS)
    if file is not None:
        con.execute(
            "insert into frozen.held_contracts (contract_id, rule, period)"
            f" select distinct contract_id, rule, {literal(month.period)} from {parquet([file])}"
        )


def _fold_positions(con: Connection, folded: Sequence[Month], pending: Sequence[Month]) -> None:
    """Add to each posting key what the new months changed.

    A row says a cumulative of (posting key, original period). Nearly all rows are the first of theirs
    (original period = posting period) and simply count. Only those that a later month posted again are
    looked up in the older files: the cost is that of the adjustments, not of history.
    """
    files = [path for month in pending if (path := month.file_of(POSTED_POSITIONS)) is not None]
    if not files:
        return
    before = [path for month in folded if (path := month.file_of(POSTED_POSITIONS)) is not None]
    order = _ordinals([*folded, *pending])
    con.execute(
        f"create or replace temp table adjusted as select distinct {_SAME_POSITION}"
        f" from {parquet(files)} where original_period <> posting_period"
    )
    dimensions = _names(_POSTING_DIMENSIONS)
    taken = ", ".join(dimensions)
    now = (
        f"select positions.* from {parquet(files)} as positions anti join adjusted using ({_SAME_POSITION})"
        f" union all by name {_latest(files, order)}"
    )
    changes = f"select posting_key, {taken}, amount_minor, coalesce(tax_minor, 0) as tax_minor from ({now})"
    if before:
        changes += (
            f" union all select posting_key, {taken}, -amount_minor, -coalesce(tax_minor, 0)"
            f" from ({_latest(before, order)})"
        )
    one_value = ", ".join(f"min({name}) as {name}" for name in dimensions)
    con.execute(
        f"create or replace temp table position_changes as select posting_key, {one_value},"
        " cast(sum(amount_minor) as bigint) as amount_minor, cast(sum(tax_minor) as bigint) as tax_minor"
        f" from ({changes}) as changes group by posting_key"
    )
    con.execute(
        "update frozen.positions set amount_minor = positions.amount_minor + changes.amount_minor,"
        " tax_minor = positions.tax_minor + changes.tax_minor"
        " from position_changes as changes where positions.posting_key = changes.posting_key"
    )
    con.execute(
        "insert into frozen.positions by name select changes.* from position_changes as changes"
        " anti join frozen.positions as held on held.posting_key = changes.posting_key"
    )
    _add_to_totals(con)
    con.execute("drop table adjusted")
    con.execute("drop table position_changes")


def _add_to_totals(con: Connection) -> None:
    """Positions without their events: what stocks need, a fraction of the rows."""
    dimensions = ", ".join(_names(_TOTAL_DIMENSIONS))
    con.execute(
        "create or replace temp table summed as"
        f" select {dimensions}, cast(sum(amount_minor) as bigint) as amount_minor,"
        " cast(sum(tax_minor) as bigint) as tax_minor from ("
        f"select {dimensions}, amount_minor, tax_minor from frozen.position_totals"
        f" union all select {dimensions}, amount_minor, tax_minor from position_changes"
        f") as totals group by {dimensions}"
    )
    con.execute("delete from frozen.position_totals")
    con.execute("insert into frozen.position_totals by name select * from summed")
    con.execute("drop table summed")


def _names(definition: str) -> list[str]:
    """Column names of a definition `name type, name type`."""
    return [column.split()[0] for column in definition.split(",")]


def _latest(files: Sequence[Path], order: str) -> str:
    """The last posted row of every adjusted position in these files."""
    return (
        f"select positions.* from {parquet(files)} as positions semi join adjusted using ({_SAME_POSITION})"
        f" inner join ({order}) as months on positions.posting_period = months.period"
        f" qualify row_number() over (partition by {_SAME_POSITION} order by months.ordinal desc) = 1"
    )


def _ordinals(months: Sequence[Month]) -> str:
    """The order of the months as a relation: periods need not sort as text."""
    rows = ", ".join(f"({place}, {literal(month.period)})" for place, month in enumerate(months))
    return f"select ordinal, period from (values {rows}) as chain_order (ordinal, period)"


def _create_posted_positions_view(con: Connection, chain: Chain) -> None:
    """Made again at every start: the files' paths change when the workspace moves."""
    files = chain.files(POSTED_POSITIONS)
    source = parquet(files) if files else "(select 1 where false)"
    held = types_of(con, source)
    con.execute(f"create or replace temp table posted_layout ({_EMPTY_POSTED_POSITIONS})")
    columns = ", ".join(
        identifier(name) if name in held else f"cast(null as {kind}) as {identifier(name)}"
        for name, kind in types_of(con, "posted_layout").items()
    )
    con.execute("drop table posted_layout")
    con.execute(f"create or replace view frozen.posted_positions as select {columns} from {source} as months")


def parquet(files: Sequence[Path]) -> str:
    """A relation over exactly these files; columns are matched by name, because later months may have more."""
    paths = ", ".join(literal(str(path)) for path in files)
    return f"read_parquet([{paths}], union_by_name = true)"

"""What is published: one entry a table, with its key, its period and where it can be read. No SQL runs here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from warehouse.engine import identifier


class Kind(StrEnum):
    """How a table's rows are divided over the months."""

    FACT = "fact"
    """Posted rows of one period: written once into that period's folder, later only read."""
    REPORT = "report"
    """Totals of one period: divided as a fact, small enough to be kept folded for every closed month."""
    STATE = "state"
    """What is true now, one row a key: a close publishes only the rows that differ from the months before."""
    AUDIT = "audit"
    """What the close of one month saw: whole, in the folder of the month that was closed."""
    DIMENSION = "dimension"
    """A calendar or list that is small and replaced whole: kept in the closed month's folder as it was."""


@dataclass(frozen=True)
class PublishedTable:
    """One published table. `name` is its file stem and its table name wherever it is read."""

    name: str
    source: str
    """Schema and table in warehouse.duckdb."""
    kind: Kind
    key: tuple[str, ...]
    """Identifies a row, and is the front of the total order in which the file is written."""
    period_column: str | None = None
    only: str | None = None
    """Rows that belong to the period of `period_column`; the others are told in `also`."""
    also: str | None = None
    """Rows of the same table that only the folder of the closed month holds (the schedule of a waterfall)."""
    released: str | None = None
    """Schema in tieout.duckdb; None: not for readers."""
    omitted: tuple[str, ...] = ()
    """Columns that name the day of a run: a month's bytes are the same on any day."""
    is_required: bool = True

    @property
    def file(self) -> str:
        """Name of the Parquet file in a month's folder."""
        return f"{self.name}.parquet"

    @property
    def is_by_period(self) -> bool:
        """True where every month's folder holds the rows of its own period."""
        return self.kind in (Kind.FACT, Kind.REPORT)


def _fact(name: str, *key: str, kind: Kind = Kind.FACT) -> PublishedTable:
    return PublishedTable(name, f"marts.{name}", kind, key, period_column="period", released="marts")


def _dim(name: str, *key: str) -> PublishedTable:
    return PublishedTable(name, f"marts.{name}", Kind.STATE, key, released="marts")


def _audit(name: str, *key: str, omitted: tuple[str, ...] = (), source: str | None = None) -> PublishedTable:
    return PublishedTable(
        name,
        source or f"audit.{name}",
        Kind.AUDIT,
        key,
        released="audit",
        omitted=omitted,
        is_required=False,
    )


POSTED_POSITIONS = PublishedTable(
    "posted_positions",
    "posting.posted_positions",
    Kind.FACT,
    ("posting_key", "original_period"),
    period_column="posting_period",
)
KNOWN_RECORDS = PublishedTable(
    "known_records", "posting.known_records", Kind.STATE, ("entity", "record_key"), released="audit"
)
REVENUE_SEGMENTS = PublishedTable(
    "revenue_segments",
    "marts.revenue_segments",
    Kind.STATE,
    ("contract_line_id", "segment_number"),
    released="marts",
)
HELD_CONTRACTS = PublishedTable(
    "held_contracts",
    "posting.held_contracts",
    Kind.AUDIT,
    ("contract_id", "rule"),
    released="audit",
)

# What readers get as audit.waivers are those of all closed months, from their manifests (release).
WAIVERS = PublishedTable("waivers", "run.waivers", Kind.AUDIT, ("rule",), is_required=False)

PUBLISHED: tuple[PublishedTable, ...] = (
    _fact("fct_bookings", "contract_id", "contract_line_id", "posting_id"),
    _fact("fct_billings", "contract_id", "contract_line_id", "posting_id"),
    _fact("fct_recognized_revenue", "contract_id", "contract_line_id", "posting_id"),
    _fact(
        "fct_backlog", "contract_id", "contract_line_id", "customer_id", "entity_id", "product_id", "currency"
    ),
    _fact("fct_contract_balances", "accounting_contract_id", "customer_id", "entity_id", "currency"),
    _fact("fct_receivables", "contract_id", "invoice_id", "customer_id", "entity_id", "currency"),
    _fact("fct_journal_entries", "journal_id", "account_id"),
    _fact("rpt_ar_aging", "period", "entity_id", "currency", "age_bucket", kind=Kind.REPORT),
    _fact("rpt_contract_balances", "period", "entity_id", "currency", kind=Kind.REPORT),
    _fact("rpt_rpo", "period", "entity_id", "currency", kind=Kind.REPORT),
    _fact("rpt_backlog_bridge", "period", "entity_id", "currency", "cause", kind=Kind.REPORT),
    _fact("rpt_backlog_aging", "period", "entity_id", "currency", "age_bucket", kind=Kind.REPORT),
    _fact("rpt_bbb", "period", "entity_id", "currency", kind=Kind.REPORT),
    _fact("rpt_rollforward", "period", "entity_id", "currency", "balance", "movement", kind=Kind.REPORT),
    _fact("rpt_reconciliation", "period", "entity_id", "currency", "balance", kind=Kind.REPORT),
    _fact("rpt_metrics", "period", "entity_id", "currency", "metric", "breakdown", kind=Kind.REPORT),
    _fact("rpt_reconciliation_items", "entity_id", "currency", "balance", "item_type", "item"),
    PublishedTable(
        "rpt_revenue_waterfall",
        "marts.rpt_revenue_waterfall",
        Kind.REPORT,
        ("entity_id", "currency", "booking_period", "recognition_period", "is_scheduled"),
        period_column="recognition_period",
        only="not is_scheduled",
        also="is_scheduled",
        released="marts",
    ),
    PublishedTable(
        "rates_used",
        "audit.rates_used",
        Kind.FACT,
        ("from_currency", "to_currency", "rate_kind", "rate_day"),
        period_column="period",
        released="audit",
        is_required=False,
    ),
    POSTED_POSITIONS,
    KNOWN_RECORDS,
    REVENUE_SEGMENTS,
    HELD_CONTRACTS,
    _dim("dim_customer", "customer_id"),
    _dim("dim_product", "product_id"),
    _dim("dim_contract", "contract_id"),
    _dim("dim_contract_line", "contract_line_id"),
    PublishedTable("dim_period", "marts.dim_period", Kind.DIMENSION, ("period",), released="marts"),
    _audit("quarantine", "entity", "record_key", "rule"),
    _audit("held_back", "contract_id", "currency"),
    _audit("earned_while_uncollectible", "contract_id", "currency", "period"),
    _audit("excluded", "entity", "record_key", "rule"),
    _audit("completeness"),
    _audit("tie_outs", "equation", "scope"),
    _audit("source_files", source="run.source_files", omitted=("first_seen",)),
    WAIVERS,
)

RELEASED_VIEWS: tuple[str, ...] = ("marts.fct_revenue_schedule", "audit.lineage")
"""Views of warehouse.duckdb that readers get too: as a view where it stands on released tables alone."""

BY_NAME: dict[str, PublishedTable] = {table.name: table for table in PUBLISHED}


BBB_FIGURES = ("bookings", "billings", "revenue", "backlog", "deferred_revenue", "contract_asset")
"""The money of rpt_bbb."""


def released_name(source: str) -> str | None:
    """Where readers find a table of the warehouse: `run.source_files` -> `audit.source_files`."""
    for table in PUBLISHED:
        if table.source == source and table.released is not None:
            return f"{table.released}.{table.name}"
    return source if source in RELEASED_VIEWS else None


def qualified(name: str) -> str:
    """`schema.table` with both parts quoted."""
    return ".".join(identifier(part) for part in name.split("."))

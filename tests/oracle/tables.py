"""The oracle's facts as rows of the published tables (interface.md section 4), as far as it computes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal

from tests.oracle.ledger import BacklogRow, BalanceRow, DepositRow, Facts, Posting
from tests.oracle.money import as_decimal
from tests.oracle.positions import Positions
from tests.oracle.records import Books

Value = str | bool | Decimal | None
TableRow = dict[str, Value]
Tables = Mapping[str, Sequence[Mapping[str, object]]]


def _posting(row: Posting) -> TableRow:
    key = row.key
    return {
        "period": row.period,
        "original_period": row.original_period,
        "is_prior_period": row.is_prior_period,
        "cause": row.cause,
        "entity_id": key.entity_id,
        "customer_id": key.customer_id,
        "contract_id": key.contract_id,
        "contract_line_id": key.contract_line_id,
        "product_id": key.product_id,
        "currency": key.currency,
        "amount": as_decimal(row.amount, key.currency),
    }


def _backlog(row: BacklogRow) -> TableRow:
    through = row.bands.through if row.backlog else (0, 0, 0)
    return {
        "period": row.period,
        "entity_id": row.entity_id,
        "customer_id": row.customer_id,
        "contract_id": row.contract_id,
        "contract_line_id": row.contract_line_id,
        "product_id": row.product_id,
        "currency": row.currency,
        "contracted": as_decimal(row.contracted, row.currency),
        "billed": as_decimal(row.billed, row.currency),
        "recognized": as_decimal(row.recognized, row.currency),
        "backlog": as_decimal(row.backlog, row.currency),
        "billed_backlog": as_decimal(row.billed_backlog, row.currency),
        "unbilled_backlog": as_decimal(row.backlog - row.billed_backlog, row.currency),
        "rpo": as_decimal(row.rpo, row.currency),
        "rpo_exempt": as_decimal(row.rpo_exempt, row.currency),
        "crpo": as_decimal(row.crpo, row.currency),
        "backlog_12m": as_decimal(through[0], row.currency),
        "backlog_24m": as_decimal(through[1] - through[0], row.currency),
        "backlog_36m": as_decimal(through[2] - through[1], row.currency),
        "backlog_beyond": as_decimal(row.backlog - through[2], row.currency),
    }


def _balance(row: BalanceRow) -> TableRow:
    return {
        "period": row.period,
        "entity_id": row.entity_id,
        "currency": row.currency,
        "customer_id": row.customer_id,
        "accounting_contract_id": row.accounting_contract_id,
        "deferred_revenue": as_decimal(row.balance.deferred_revenue, row.currency),
        "deferred_revenue_current": as_decimal(row.current, row.currency),
        "deferred_revenue_long_term": as_decimal(row.balance.deferred_revenue - row.current, row.currency),
        "contract_asset": as_decimal(row.balance.contract_asset, row.currency),
        "unbilled_receivable": as_decimal(row.unbilled, row.currency),
        "refund_liability": as_decimal(row.balance.refund_liability, row.currency),
        "customer_deposits": as_decimal(0, row.currency),
    }


def _deposit(row: DepositRow) -> TableRow:
    """A row beside that of the contract's other balances: readers add up."""
    nothing = as_decimal(0, row.currency)
    return {
        "period": row.period,
        "entity_id": row.entity_id,
        "currency": row.currency,
        "customer_id": row.customer_id,
        "accounting_contract_id": row.accounting_contract_id or "(not linked)",
        "deferred_revenue": nothing,
        "deferred_revenue_current": nothing,
        "deferred_revenue_long_term": nothing,
        "contract_asset": nothing,
        "unbilled_receivable": nothing,
        "refund_liability": nothing,
        "customer_deposits": as_decimal(row.amount, row.currency),
    }


def _book_to_bill(facts: Facts) -> list[TableRow]:
    """Sums by period, entity and currency (rpt_bbb), without its ratios."""
    sums: dict[tuple[str, str, str], dict[str, int]] = {}

    def add(key: tuple[str, str, str], column: str, amount: int) -> None:
        found = sums.setdefault(key, {})
        found[column] = found.get(column, 0) + amount

    for row in facts.postings:
        add((row.period, row.key.entity_id, row.key.currency), row.key.measure, row.amount)
    for line in facts.backlog:
        add((line.period, line.entity_id, line.currency), "backlog", line.backlog)
    for contract in facts.balances:
        key = (contract.period, contract.entity_id, contract.currency)
        add(key, "deferred_revenue", contract.balance.deferred_revenue)
        add(key, "contract_asset", contract.balance.contract_asset)
    columns = ("bookings", "billings", "revenue", "backlog", "deferred_revenue", "contract_asset")
    return [
        {"period": period, "entity_id": entity_id, "currency": currency}
        | {column: as_decimal(found.get(column, 0), currency) for column in columns}
        for (period, entity_id, currency), found in sorted(sums.items())
    ]


def tables(facts: Facts) -> dict[str, list[TableRow]]:
    """Published table -> rows. Of backlog only the rows that are due."""
    return {
        "fct_bookings": [_posting(row) | {"booking_type": row.key.kind} for row in facts.of("bookings")],
        "fct_billings": [
            _posting(row) | {"document_type": row.key.kind, "document_id": row.key.document_id}
            for row in facts.of("billings")
        ],
        "fct_recognized_revenue": [_posting(row) for row in facts.of("revenue")],
        "fct_backlog": [_backlog(row) for row in facts.backlog if row.is_due],
        "fct_contract_balances": [*map(_balance, facts.balances), *map(_deposit, facts.deposits)],
        "rpt_bbb": _book_to_bill(facts),
    }


def contract_lines(books: Books, as_of: date, quarantined: Collection[str] = ()) -> list[TableRow]:
    """What `dim_contract_line` says of allocation, by the contracts signed by as_of."""
    positions = Positions(books)
    return [
        {
            "contract_line_id": line.contract_line_id,
            "contract_id": line.contract_id,
            "allocated_amount": as_decimal(positions.allocated(line, as_of), contract.currency),
            "ssp_source": positions.ssp(line).source,
        }
        for line in books.lines.values()
        if line.contract_id not in quarantined
        and positions.counts_from(line) <= as_of
        and (contract := positions.contract(line))
    ]

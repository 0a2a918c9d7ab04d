"""Exports in a few words, and what the oracle makes of them, for tests by hand. Amounts are minor units."""

from __future__ import annotations

from datetime import date

from tests.oracle.conventions import ONE_DAY, add_months
from tests.oracle.periods import calendar_month
from tests.oracle.policy import DEFAULT, Policy
from tests.oracle.positions import Positions
from tests.oracle.records import ContractLine, read_books

Row = dict[str, str]
Rows = list[Row]
Export = dict[str, Rows]
D = date.fromisoformat

YEAR = {"signed_date": "2026-01-01", "start_date": "2026-01-01", "end_date": "2026-12-31"}
GOODS = {"recognition_method": "point_in_time"}


def export(lines: Rows, header: Row | None = None, products: Rows | None = None, /, **others: Rows) -> Export:
    """One contract K signed on 1 January 2026 with its lines; `P` is a ratable product."""
    contract = {"contract_id": "K", "customer_id": "C", "status": "signed", "currency": "USD"} | YEAR
    numbered = [{"contract_id": "K", "line_number": str(i + 1)} | row for i, row in enumerate(lines)]
    return {
        "contracts": [contract | (header or {})],
        "contract_lines": numbered,
        "products": [
            {"product_id": "P", "recognition_method": "ratable"},
            {"product_id": "DISCOUNT"},
            *(products or []),
        ],
        **others,
    }


def line(line_id: str, amount: str, start: str = "", end: str = "", /, **others: str) -> Row:
    """A contract line; without dates it takes its contract's."""
    row = {"contract_line_id": line_id, "product_id": "P", "amount": amount}
    return row | {"start_date": start, "end_date": end} | others


def amend(line_id: str, m: str, s: str = "", action: str = "change", **others: str) -> Row:
    """An amendment row: effective m, signed s (default m)."""
    row = {"amendment_id": "M", "contract_id": "K", "contract_line_id": line_id, "action": action}
    return row | {"effective_date": m, "signed_date": s or m} | others


def events(line_id: str, kind: str, *rows: tuple[str, str], prefix: str = "F") -> Rows:
    """Fulfillments of a line: (date, quantity, percentage or amount)."""
    column = {"progress": "percent_complete", "milestone": "amount", "usage": "amount"}.get(kind, "quantity")
    return [
        {"fulfillment_id": f"{prefix}{line_id}{kind}{i}", "contract_line_id": line_id, "event_date": on}
        | {"kind": kind, column: value}
        for i, (on, value) in enumerate(rows)
    ]


def estimate(on: str, line_id: str = "", **others: str) -> Row:
    row = {"estimate_id": f"E{on}", "contract_id": "K", "contract_line_id": line_id}
    return row | {"estimate_date": on} | others


def invoices(*rows: tuple[str, str, str], **header: str) -> dict[str, Rows]:
    """Invoices of one line each: (issue date, line, amount)."""
    headers, lines = [], []
    for i, (issued, line_id, amount) in enumerate(rows):
        headers.append(
            {"invoice_id": f"I{i}", "customer_id": "C", "contract_id": "K", "issue_date": issued}
            | {"currency": "USD", "status": "open", "total_amount": amount}
            | header
        )
        lines.append(
            {
                "invoice_line_id": f"IL{i}",
                "invoice_id": f"I{i}",
                "contract_line_id": line_id,
                "amount": amount,
            }
        )
    return {"invoices": headers, "invoice_lines": lines}


def credit_notes(*rows: tuple[str, str, str, str], **others: str) -> dict[str, Rows]:
    """Credit notes of one line each: (issue date, line, amount, reason)."""
    headers, lines = [], []
    for i, (issued, line_id, amount, reason) in enumerate(rows):
        headers.append(
            {"credit_note_id": f"CN{i}", "customer_id": "C", "contract_id": "K", "issue_date": issued}
            | {"currency": "USD", "invoice_id": "I0", "total_amount": amount}
        )
        lines.append(
            {"credit_note_line_id": f"CNL{i}", "credit_note_id": f"CN{i}", "contract_line_id": line_id}
            | {"amount": amount, "reason": reason}
            | others
        )
    return {"credit_notes": headers, "credit_note_lines": lines}


def pay(on: str, amount: str, kind: str = "payment", **others: str) -> Row:
    row = {"payment_id": f"P{on}{kind}", "customer_id": "C", "payment_date": on, "amount": amount}
    return row | {"currency": "USD", "kind": kind, "invoice_id": "I0"} | others


def positions(data: Export, policy: Policy = DEFAULT) -> Positions:
    return Positions(read_books(data), policy)


def the(p: Positions, line_id: str) -> ContractLine:
    return p.books.lines[line_id]


def recognized(p: Positions, line_id: str, *dates: str) -> list[int]:
    return [p.recognized(the(p, line_id), D(d)) for d in dates]


def contracted(p: Positions, line_id: str, *dates: str) -> list[int]:
    return [p.contracted(the(p, line_id), D(d)) for d in dates]


def billed(p: Positions, line_id: str, *dates: str) -> list[int]:
    return [p.billed(the(p, line_id), D(d)) for d in dates]


def by_month(p: Positions, line_id: str, first: str, months: int) -> list[int]:
    """Revenue of calendar months from the one of `first` on."""
    found = []
    for i in range(months):
        month = calendar_month(add_months(D(first), i))
        before = p.recognized(the(p, line_id), month.start - ONE_DAY)
        found.append(p.recognized(the(p, line_id), month.end) - before)
    return found


def booked(p: Positions, line_id: str) -> list[tuple[str, str, int]]:
    """(type, date, amount) of the bookings of a line."""
    return [(e.kind, e.event_date.isoformat(), e.amount) for e in p.bookings(the(p, line_id))]


def two_lines(*rows: Row, a: str = "12000", b: str = "6000", **others: Rows) -> Positions:
    """A and B, ratable over 2026 at their stated amounts, with amendment rows."""
    return positions(export([line("A", a), line("B", b)], amendments=list(rows), **others))

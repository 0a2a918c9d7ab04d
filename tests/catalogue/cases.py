"""What the catalogue's record cases are built of: rows of exchange entities, the failures to expect, and fates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

AS_OF = "2026-06-30"
OUT = "quarantined"
Row = dict[str, str]
# Entity -> rows. Any, because rows are handed on as keywords beside other arguments.
Rows: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """Rows to deliver and what must come of them, and nothing else."""

    name: str
    wrong: str
    rows: Rows
    failures: frozenset[str]
    """`severity entity.rule key`, all that these rows may fail."""
    fates: Mapping[str, str]
    """`entity key` -> used, excluded, later, quarantined or held."""
    before: Rows = field(default_factory=dict)
    """What was delivered, and published, before."""


def case(
    name: str,
    wrong: str,
    rows: Mapping[str, list[Row]],
    *failures: str,
    fates: Mapping[str, str] | None = None,
    before: Rows | None = None,
) -> Case:
    """A case of any rows. A failure without a key means the record `name` of contracts, else `name-1`."""
    expected = frozenset(failure if failure.count(" ") > 1 else _keyed(failure, name) for failure in failures)
    return Case(name, wrong, {**rows}, expected, fates or {}, before or {})


def _keyed(failure: str, name: str) -> str:
    entity = failure.split(" ")[1].split(".", maxsplit=1)[0]
    return f"{failure} {name if entity == 'contracts' else f'{name}-1'}"


# --- rows -------------------------------------------------------------------------------------------

CONTRACT = {
    "customer_id": "A",
    "entity_id": "main",
    "status": "active",
    "signed_date": "2026-01-01",
    "start_date": "2026-01-01",
    "end_date": "2026-12-31",
    "currency": "USD",
    "total_amount": "1200",
}
LINE = {"line_number": "1", "product_id": "SERVICE", "amount": "1200"}


def header(name: str, **changes: str) -> Row:
    return {"contract_id": name, **CONTRACT, **changes}


def line_of(name: str, number: int = 1, **changes: str) -> Row:
    key = {"contract_line_id": f"{name}-{number}", "contract_id": name}
    return {**key, **LINE, "line_number": str(number), **changes}


def invoice(name: str, head: Mapping[str, str] | None = None, line: Mapping[str, str] | None = None) -> Rows:
    """An invoice `name-1` over 100 of the contract `name`, with one line of the same key."""
    top = {"customer_id": "A", "issue_date": "2026-02-01", "currency": "USD", "status": "open"}
    body = {"invoice_id": f"{name}-1", "contract_line_id": f"{name}-1", "amount": "100"}
    return {
        "invoices": [{"invoice_id": f"{name}-1", **top, "total_amount": "100", **(head or {})}],
        "invoice_lines": [{"invoice_line_id": f"{name}-1", **body, **(line or {})}],
    }


def credit(name: str, head: Mapping[str, str] | None = None, **line: str) -> Rows:
    """An invoice over 100 with a credit note over 50."""
    top = {"credit_note_id": f"{name}-1", "customer_id": "A", "issue_date": "2026-03-01", "currency": "USD"}
    body = {"credit_note_line_id": f"{name}-1", "credit_note_id": f"{name}-1", "invoice_line_id": f"{name}-1"}
    return {
        **invoice(name),
        "credit_notes": [{**top, **(head or {})}],
        "credit_note_lines": [{**body, "amount": "50", "reason": "billing_error", **line}],
    }


def payment(name: str, **changes: str) -> Rows:
    """An invoice over 100, paid."""
    row = {"payment_id": f"{name}-1", "invoice_id": f"{name}-1", "customer_id": "A", "kind": "payment"}
    paid = {**row, "payment_date": "2026-03-01", "amount": "100", "currency": "USD", **changes}
    return {**invoice(name), "payments": [paid]}


def goods(name: str, *events: Mapping[str, str], quantity: str = "10") -> dict[str, Any]:
    """A line of goods with events: `name-1`, `name-2` … on it."""
    return {
        "line": {"product_id": "GOODS", "quantity": quantity},
        "fulfillments": [
            {"fulfillment_id": f"{name}-{number}", "contract_line_id": f"{name}-1", **given}
            for number, given in enumerate(events, start=1)
        ],
    }


def event(day: str, kind: str, quantity: str = "", **more: str) -> Row:
    return {"event_date": day, "kind": kind, "quantity": quantity, **more}


def amendment(name: str, action: str, number: int = 1, **changes: str) -> Row:
    """The amendment `M<number>-name` of the line `name-1`: its key is `M<number>-name|name-1`."""
    row = {
        "amendment_id": f"M{number}-{name}",
        "contract_id": name,
        "contract_line_id": f"{name}-1",
        "effective_date": "2026-03-01",
        "signed_date": "2026-02-01",
        "action": action,
    }
    return {**row, **changes}


def contract(
    name: str,
    wrong: str,
    *failures: str,
    fate: str = "used",
    header: Mapping[str, str] | None = None,
    line: Mapping[str, str] | None = None,
    fates: Mapping[str, str] | None = None,
    before: Rows | None = None,
    **more: list[Row],
) -> Case:
    """A contract `name` over 1,200 for 2026 with one line `name-1`, and what is wrong with it."""
    rows: Rows = {
        "contracts": [{"contract_id": name, **CONTRACT, **(header or {})}],
        "contract_lines": [line_of(name, 1, **(line or {}))],
    }
    for entity, extra in more.items():
        rows[entity] = [*rows.get(entity, []), *extra]
    given = {f"contracts {name}": fate, **(fates or {})}
    return case(name, wrong, rows, *failures, fates=given, before=before)


def plain(name: str, **changes: str) -> Rows:
    """A clean contract with its line."""
    return {"contracts": [header(name, **changes)], "contract_lines": [line_of(name)]}


def merged(*parts: Mapping[str, list[Row]]) -> Rows:
    rows: Rows = {}
    for part in parts:
        for entity, extra in part.items():
            rows.setdefault(entity, []).extend(extra)
    return rows


# --- what all cases stand on ------------------------------------------------------------------------

_PRODUCTS = {
    "SERVICE": {"recognition_method": "ratable"},
    "GOODS": {"recognition_method": "point_in_time"},
    "PLAIN": {},
    "RANGED": {"recognition_method": "ratable", "ssp_low": "1", "ssp_high": "5", "ssp_currency": "USD"},
    "PRICED": {"recognition_method": "ratable", "ssp_unit": "100", "ssp_currency": "USD"},
    "THROUGH": {"recognition_method": "ratable", "revenue_category": "pass_through"},
}


def product(key: str, **changes: str) -> Row:
    return {"product_id": key, "product_name": key, "revenue_category": "subscription", **changes}


MASTER: Rows = {
    "entities": [
        {"entity_id": "main", "functional_currency": "USD"},
        {"entity_id": "second", "functional_currency": "USD"},
    ],
    "customers": [{"customer_id": "A", "customer_name": "Alpha"}],
    "products": [product(key, **changes) for key, changes in _PRODUCTS.items()],
    "gl_accounts": [{"account_id": "1000", "account_name": "Cash", "account_type": "asset"}],
}

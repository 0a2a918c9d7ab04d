"""What a strict gate would refuse in an export of valid lives: the generator's promise, checked.

Only what generated data could get wrong: keys, links, totals, dates, quantities.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from tests.oracle.money import minor_units

Row = Mapping[str, str]
Export = Mapping[str, Sequence[Row]]

KEYS = {
    "customers": ("customer_id",),
    "products": ("product_id",),
    "ssp_prices": ("product_id", "currency", "valid_from"),
    "contracts": ("contract_id",),
    "contract_lines": ("contract_line_id",),
    "amendments": ("amendment_id", "contract_line_id"),
    "fulfillments": ("fulfillment_id",),
    "invoices": ("invoice_id",),
    "invoice_lines": ("invoice_line_id",),
    "credit_notes": ("credit_note_id",),
    "credit_note_lines": ("credit_note_line_id",),
}
LINKS = (
    ("contracts", "customer_id", "customers", "customer_id"),
    ("contracts", "renewal_of", "contracts", "contract_id"),
    ("contract_lines", "contract_id", "contracts", "contract_id"),
    ("contract_lines", "product_id", "products", "product_id"),
    ("amendments", "contract_line_id", "contract_lines", "contract_line_id"),
    ("fulfillments", "contract_line_id", "contract_lines", "contract_line_id"),
    ("invoices", "customer_id", "customers", "customer_id"),
    ("invoices", "contract_id", "contracts", "contract_id"),
    ("invoice_lines", "invoice_id", "invoices", "invoice_id"),
    ("invoice_lines", "contract_line_id", "contract_lines", "contract_line_id"),
    ("credit_notes", "invoice_id", "invoices", "invoice_id"),
    ("credit_note_lines", "credit_note_id", "credit_notes", "credit_note_id"),
    ("credit_note_lines", "invoice_line_id", "invoice_lines", "invoice_line_id"),
)
LIMIT = 10**13


def violations(export: Export) -> list[str]:
    """Sentences about what a strict gate would quarantine."""
    checks = (
        _keys(export),
        _links(export),
        _contracts(export),
        _lines(export),
        _discounts(export),
        _amendments(export),
        _deliveries(export),
        _documents(export),
    )
    return [sentence for check in checks for sentence in check]


def _index(export: Export, entity: str) -> dict[str, Row]:
    key = KEYS[entity][0]
    return {row[key]: row for row in export.get(entity, ())}


def _date(row: Row, column: str) -> date | None:
    return date.fromisoformat(row[column]) if row.get(column) else None


def _keys(export: Export) -> Iterable[str]:
    for entity, columns in KEYS.items():
        seen = [tuple(row[column] for column in columns) for row in export.get(entity, ())]
        if len(seen) != len(set(seen)):
            yield f"{entity}: a key occurs twice"


def _links(export: Export) -> Iterable[str]:
    for entity, column, parent, key in LINKS:
        known = {row[key] for row in export.get(parent, ())}
        for row in export.get(entity, ()):
            if row.get(column) and row[column] not in known:
                yield f"{entity}: unknown {column} {row[column]}"


def _contracts(export: Export) -> Iterable[str]:
    for row in export.get("contracts", ()):
        lines = [line for line in export["contract_lines"] if line["contract_id"] == row["contract_id"]]
        lines = [line for line in lines if not line.get("amendment_id")]
        if sum(Decimal(line["amount"]) for line in lines) != Decimal(row["total_amount"]):
            yield f"{row['contract_id']}: control total"
        start, end, signed = _date(row, "start_date"), _date(row, "end_date"), _date(row, "signed_date")
        if start and end and end < start:
            yield f"{row['contract_id']}: ends before it starts"
        if row["status"] in ("signed", "active") and signed is None:
            yield f"{row['contract_id']}: no signed date"
        if row["status"] == "cancelled" and not row.get("cancelled_date"):
            yield f"{row['contract_id']}: cancelled without a date"
        cancelled = _date(row, "cancellation_signed_date") or _date(row, "cancelled_date")
        if cancelled and signed and cancelled < signed:
            yield f"{row['contract_id']}: its cancellation is signed before it"


def _method(export: Export, line: Row) -> str:
    product = _index(export, "products")[line["product_id"]]
    return line.get("recognition_method") or product.get("recognition_method") or ""


def _is_discount(export: Export, line: Row) -> bool:
    return Decimal(line["amount"]) < 0 and not _method(export, line)


def _lines(export: Export) -> Iterable[str]:
    contracts = _index(export, "contracts")
    for line in export.get("contract_lines", ()):
        key, contract = line["contract_line_id"], contracts[line["contract_id"]]
        start = _date(line, "start_date") or _date(contract, "start_date")
        end = _date(line, "end_date") or _date(contract, "end_date")
        method = _method(export, line)
        if not method and not _is_discount(export, line):
            yield f"{key}: no recognition method"
        if method in ("ratable", "on_start") and start is None:
            yield f"{key}: no start date"
        if method == "ratable" and end is None:
            yield f"{key}: no end date"
        if start and end and end < start:
            yield f"{key}: ends before it starts"
        if method == "point_in_time" and Decimal(line.get("quantity") or "0") <= 0:
            yield f"{key}: nothing to deliver"
        if abs(minor_units(line["amount"], contract["currency"])) > LIMIT:
            yield f"{key}: too much money"
        if (line.get("ssp_unit") or "0").startswith("-"):
            yield f"{key}: negative SSP"


def _discounts(export: Export) -> Iterable[str]:
    contracts = _index(export, "contracts")
    groups: dict[tuple[str, str], list[Row]] = {}
    for line in export.get("contract_lines", ()):
        contract = contracts[line["contract_id"]]
        together = contract.get("combined_with") or contract["contract_id"]
        groups.setdefault((together, line.get("allocation_group", "")), []).append(line)
    for key, lines in groups.items():
        discounts = [line for line in lines if _is_discount(export, line)]
        if discounts and len(discounts) == len(lines):
            yield f"{key}: a discount alone in its group"
        if discounts and sum(Decimal(line["amount"]) for line in lines) < 0:
            yield f"{key}: a discount above what it discounts"


def _amendments(export: Export) -> Iterable[str]:
    contracts, lines = _index(export, "contracts"), _index(export, "contract_lines")
    for row in export.get("amendments", ()):
        contract, line = contracts[row["contract_id"]], lines[row["contract_line_id"]]
        end = _date(line, "end_date") or _date(contract, "end_date")
        effective, signed = _date(row, "effective_date"), _date(row, "signed_date")
        if row["action"] == "cancel" and end and effective and effective > end:
            yield f"{row['amendment_id']}: effective after the end"
        counted = _date(contract, "signed_date")
        if counted and signed and signed < counted:
            yield f"{row['amendment_id']}: signed before its contract"


def _deliveries(export: Export) -> Iterable[str]:
    by_line: dict[str, dict[str, Decimal]] = {}
    signs = {"delivery": 1, "return": -1}
    for row in export.get("fulfillments", ()):
        if row["kind"] not in signs:
            continue
        days = by_line.setdefault(row["contract_line_id"], {})
        quantity = Decimal(row["quantity"])
        if quantity <= 0:
            yield f"{row['fulfillment_id']}: no quantity"
        day = row["event_date"]
        days[day] = days.get(day, Decimal(0)) + signs[row["kind"]] * quantity
    for key, days in by_line.items():
        delivered = Decimal(0)
        for day in sorted(days):
            delivered += days[day]
            if delivered < 0:
                yield f"{key}: returned above delivered on {day}"


def _documents(export: Export) -> Iterable[str]:
    for parent, key, entity in (
        ("invoices", "invoice_id", "invoice_lines"),
        ("credit_notes", "credit_note_id", "credit_note_lines"),
    ):
        for row in export.get(parent, ()):
            lines = [line for line in export.get(entity, ()) if line[key] == row[key]]
            due = sum(Decimal(line["amount"]) + Decimal(line.get("tax_amount") or "0") for line in lines)
            if not lines or due != Decimal(row["total_amount"]):
                yield f"{row[key]}: total is not the sum of its lines"
            status_date, issued = _date(row, "status_date"), _date(row, "issue_date")
            if status_date and issued and status_date < issued:
                yield f"{row[key]}: changed before it was issued"

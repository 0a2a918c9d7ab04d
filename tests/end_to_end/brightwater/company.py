"""Brightwater Telemetry: contracts, shipments and invoices by hand, so that every figure can be checked by hand.

It sells temperature loggers and a monitoring platform to food, hospital and vaccine companies. Two deliveries:
what its systems held on 4 August 2026, and on 3 September, with a contract that sales entered late (K-2026-012)
and a corrected service report (F-0009: 80 certificates were handed over, not 100). K-2026-010 ends on a day that
does not exist, CN-201 mends an invoice for one site too many. Nothing here knows how revenue is computed.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

Record: TypeAlias = Mapping[str, str]

FIRST_EXPORT = date(2026, 8, 4)
FIRST_AS_OF = date(2026, 8, 5)
FIRST_CLOSE = "2026-07"
SECOND_EXPORT = date(2026, 9, 3)
SECOND_AS_OF = date(2026, 9, 4)

LATE_CONTRACT = "K-2026-012"
MISTYPED_CONTRACT = "K-2026-010"
CORRECTED_FULFILLMENT = "F-0009"
CORRECTED_QUANTITY = "80"

_DATA = Path(__file__).parent

CONFIGURATION = """\
[company]
name = "Brightwater Telemetry"
reporting_currency = "USD"
time_zone = "America/New_York"

[policies]
freshness_hours = 0
"""


@dataclass(frozen=True)
class Delivery:
    """What the systems held on one day: the records of each exchange entity."""

    exported: date
    entities: Mapping[str, list[Record]]


def delivery(wave: int) -> Delivery:
    """The full exports of one wave (1 or 2)."""
    exported = FIRST_EXPORT if wave == 1 else SECOND_EXPORT
    contracts = [_without_wave(one) for one in _records("contracts") if int(one["wave"]) <= wave]
    known = {one["contract_id"]: one for one in contracts}
    customers = {one["customer_id"] for one in contracts}
    invoices = [one for one in _records("invoices") if _is_held(one, known, exported)]
    return Delivery(
        exported,
        {
            "entities": _records("entities"),
            "customers": [one for one in _records("customers") if one["customer_id"] in customers],
            "products": _records("products"),
            "ssp_prices": _records("ssp_prices"),
            "contracts": contracts,
            "contract_lines": [one for one in _records("contract_lines") if one["contract_id"] in known],
            "fulfillments": _fulfillments(wave, known, exported),
            "invoices": [_invoice(one, known) for one in invoices],
            "invoice_lines": [line for one in invoices for line in _invoice_lines(one)],
            "credit_notes": _records("credit_notes"),
            "credit_note_lines": _records("credit_note_lines"),
            "payments": [
                _payment(one, known)
                for one in invoices
                if one["paid_date"] and one["paid_date"] <= exported.isoformat()
            ],
        },
    )


def _records(name: str) -> list[Record]:
    with (_DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _without_wave(contract: Record) -> Record:
    return {name: value for name, value in contract.items() if name != "wave"}


def _contract_of(contract_line: str) -> str:
    return contract_line.partition("/")[0]


def _fulfillments(wave: int, known: Mapping[str, Record], exported: date) -> list[Record]:
    """Events up to the export, one of them with the quantity that was known by then."""
    events = [
        one
        for one in _records("fulfillments")
        if _contract_of(one["contract_line_id"]) in known and one["event_date"] <= exported.isoformat()
    ]
    if wave == 1:
        return events
    return [
        {**one, "quantity": CORRECTED_QUANTITY} if one["fulfillment_id"] == CORRECTED_FULFILLMENT else one
        for one in events
    ]


def _parts(invoice: Record) -> list[tuple[str, Decimal]]:
    """The lines of an invoice: `contract line=amount; ...`."""
    pairs = (part.strip().split("=") for part in invoice["lines"].split(";"))
    return [(line, Decimal(amount)) for line, amount in pairs]


def _is_held(invoice: Record, known: Mapping[str, Record], exported: date) -> bool:
    first_line, _ = _parts(invoice)[0]
    return _contract_of(first_line) in known and invoice["issue_date"] <= exported.isoformat()


def _invoice(invoice: Record, known: Mapping[str, Record]) -> Record:
    contract = known[_contract_of(_parts(invoice)[0][0])]
    return {
        "invoice_id": invoice["invoice_id"],
        "customer_id": contract["customer_id"],
        "contract_id": contract["contract_id"],
        "entity_id": contract["entity_id"],
        "issue_date": invoice["issue_date"],
        "currency": contract["currency"],
        "status": invoice["status"],
        "status_date": invoice["status_date"],
        "total_amount": str(_total(invoice)),
        "tax_amount": "0.00",
    }


def _invoice_lines(invoice: Record) -> list[Record]:
    return [
        {
            "invoice_line_id": f"{invoice['invoice_id']}/{position}",
            "invoice_id": invoice["invoice_id"],
            "contract_line_id": line,
            "amount": str(amount),
            "tax_amount": "0.00",
        }
        for position, (line, amount) in enumerate(_parts(invoice), start=1)
    ]


def _payment(invoice: Record, known: Mapping[str, Record]) -> Record:
    contract = known[_contract_of(_parts(invoice)[0][0])]
    return {
        "payment_id": invoice["invoice_id"].replace("INV", "PAY"),
        "invoice_id": invoice["invoice_id"],
        "contract_id": contract["contract_id"],
        "customer_id": contract["customer_id"],
        "payment_date": invoice["paid_date"],
        "amount": str(_total(invoice) - _credited(invoice["invoice_id"])),
        "currency": contract["currency"],
        "kind": "payment",
    }


def _total(invoice: Record) -> Decimal:
    return sum((amount for _, amount in _parts(invoice)), Decimal(0))


def _credited(invoice_id: str) -> Decimal:
    notes = [one for one in _records("credit_notes") if one["invoice_id"] == invoice_id]
    return sum((Decimal(one["total_amount"]) for one in notes), Decimal(0))

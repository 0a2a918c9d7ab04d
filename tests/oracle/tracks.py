"""Cumulative figures by posting key: the measures of a line or document as they are known (architecture.md 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tests.oracle.books import Books
from tests.oracle.deposits import contract_of_payment
from tests.oracle.entities import Contract, ContractLine, Document, DocumentLine
from tests.oracle.positions import Event, Positions

Measure = Literal["bookings", "billings", "revenue"]
Cumulative = Callable[[date], int]


@dataclass(frozen=True, order=True)
class PostingKey:
    """Measure + line or event + every dimension that can change (architecture.md 1)."""

    measure: Measure
    event_id: str
    kind: str
    contract_line_id: str
    contract_id: str
    accounting_contract_id: str
    customer_id: str
    entity_id: str
    product_id: str
    currency: str
    document_id: str = ""


def cumulative_of(events: Sequence[Event]) -> Cumulative:
    def at(d: date) -> int:
        return sum(event.amount for event in events if event.event_date <= d)

    return at


def line_tracks(
    positions: Positions, lines: Iterable[ContractLine]
) -> Iterable[tuple[PostingKey, Cumulative]]:
    for line in lines:
        contract = positions.contract(line)
        booked: dict[PostingKey, list[Event]] = {}
        for event in positions.bookings(line):
            key = _line_key("bookings", event.event_id, event.kind, line, contract)
            booked.setdefault(key, []).append(event)
        for key, events in booked.items():
            yield key, cumulative_of(events)
        yield _line_key("revenue", line.contract_line_id, "", line, contract), _recognized(positions, line)


def document_tracks(positions: Positions, out: frozenset[str]) -> Iterable[tuple[PostingKey, Cumulative]]:
    """Billings by document line, without those of contracts that are held or quarantined."""
    books = positions.books
    for row in books.document_lines:
        document = books.document(row)
        if books.contract_of(row) in out or not _is_known(books, row, document):
            continue
        events = positions.billings(row)
        if events:
            yield _document_key(books, row, document), cumulative_of(events)
    for accounting_contract_id, contracts in books.contracts_of.items():
        if not out.isdisjoint(row.contract_id for row in contracts):
            continue
        for (kind, payment_id), events in positions.payments(accounting_contract_id).items():
            yield _payment_key(positions, contracts, kind, payment_id), cumulative_of(events)


def _recognized(positions: Positions, line: ContractLine) -> Cumulative:
    def at(d: date) -> int:
        return positions.recognized(line, d)

    return at


def _line_key(
    measure: Measure, event_id: str, kind: str, line: ContractLine, contract: Contract
) -> PostingKey:
    return PostingKey(
        measure, event_id, kind, line.contract_line_id, contract.contract_id, contract.accounting_contract_id,
        contract.customer_id, contract.entity_id, line.product_id, contract.currency,
    )  # fmt: skip


def _is_known(books: Books, row: DocumentLine, document: Document) -> bool:
    """Whether what a document line names is known or excluded; else it is held with what it names."""
    if row.contract_line_id is not None:
        return row.contract_line_id in books.lines or row.contract_line_id in books.excluded_lines
    named = document.contract_id
    return named is None or named in books.contracts or named in books.excluded_contracts


def _document_key(books: Books, row: DocumentLine, document: Document) -> PostingKey:
    line = books.lines.get(row.contract_line_id or "") if row.reason != "bad_debt" else None
    owner = books.contract_of(row)
    contract = books.contracts.get(owner or "")
    return PostingKey(
        "billings",
        row.document_line_id,
        row.document_type,
        line.contract_line_id if line is not None else "",
        contract.contract_id if contract is not None else "",
        contract.accounting_contract_id if contract is not None else "",
        contract.customer_id if contract is not None else document.customer_id,
        contract.entity_id if contract is not None else document.entity_id,
        line.product_id if line is not None else "",
        document.currency,
        document.document_id,
    )


def _payment_key(
    positions: Positions, contracts: Sequence[Contract], kind: str, payment_id: str
) -> PostingKey:
    """A refund, lost dispute or write-off, under the contract that it names."""
    books = positions.books
    payment = next(row for row in books.payments if row.payment_id == payment_id)
    owner = contract_of_payment(books, payment)
    contract = next(row for row in contracts if row.contract_id == owner)
    return PostingKey(
        "billings", payment_id, kind, "", contract.contract_id, contract.accounting_contract_id,
        contract.customer_id, contract.entity_id, "", payment.currency, payment_id,
    )  # fmt: skip

"""Everything that is known at one delivery and counts, and what of it is known at a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from tests.oracle.entities import (
    Amendment,
    Contract,
    ContractLine,
    Document,
    DocumentLine,
    Estimate,
    Fulfillment,
    FxRate,
    Key,
    Payment,
    Product,
    SspPrice,
)
from tests.oracle.money import QuarantinedError
from tests.oracle.rates import Rates


@dataclass(frozen=True)
class Books:
    products: Mapping[str, Product] = field(default_factory=dict)
    ssp_prices: Sequence[SspPrice] = ()
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    lines: Mapping[str, ContractLine] = field(default_factory=dict)
    amendments: Sequence[Amendment] = ()
    estimates: Sequence[Estimate] = ()
    fulfillments: Sequence[Fulfillment] = ()
    documents: Mapping[Key, Document] = field(default_factory=dict)
    document_lines: Sequence[DocumentLine] = ()
    payments: Sequence[Payment] = ()
    fx_rates: Sequence[FxRate] = ()
    excluded_contracts: frozenset[str] = frozenset()
    excluded_lines: frozenset[str] = frozenset()
    rows_of_contract: Mapping[str, frozenset[Key]] = field(default_factory=dict)

    @cached_property
    def addition_of(self) -> Mapping[str, Amendment]:
        """Line -> the `add` row that brings it."""
        return {row.contract_line_id: row for row in self.amendments if row.action == "add"}

    @cached_property
    def lines_of(self) -> Mapping[str, list[ContractLine]]:
        """Contract -> its lines, in line order."""
        found: dict[str, list[ContractLine]] = {}
        for line in sorted(self.lines.values(), key=self.line_order):
            found.setdefault(line.contract_id, []).append(line)
        return found

    def line_order(self, line: ContractLine) -> tuple[object, ...]:
        """line_number as a number, then id; added lines last, by effective date, amendment_id (section 1)."""
        row = self.addition_of.get(line.contract_line_id) if line.amendment_id else None
        added = (0, date.min, "") if row is None else (1, row.effective_date, row.amendment_id)
        return (*added, line.line_number, line.contract_line_id)

    @cached_property
    def contracts_of(self) -> Mapping[str, list[Contract]]:
        """Accounting contract -> its contracts, by key."""
        found: dict[str, list[Contract]] = {}
        for contract in sorted(self.contracts.values(), key=lambda row: row.contract_id):
            found.setdefault(contract.accounting_contract_id, []).append(contract)
        return found

    @cached_property
    def prices_of(self) -> Mapping[str, list[SspPrice]]:
        """Product -> its price list."""
        found: dict[str, list[SspPrice]] = {}
        for price in self.ssp_prices:
            found.setdefault(price.product_id, []).append(price)
        return found

    @cached_property
    def rates(self) -> Rates:
        return Rates(self.fx_rates)

    @cached_property
    def fulfillments_of(self) -> Mapping[str, list[Fulfillment]]:
        """Line -> its events, by date and id."""
        found: dict[str, list[Fulfillment]] = {}
        for event in sorted(self.fulfillments, key=lambda row: (row.event_date, row.fulfillment_id)):
            found.setdefault(event.contract_line_id, []).append(event)
        return found

    @cached_property
    def document_line_of(self) -> Mapping[Key, DocumentLine]:
        """Document type and document line -> the row."""
        return {(row.document_type, row.document_line_id): row for row in self.document_lines}

    @cached_property
    def document_lines_of(self) -> Mapping[Key, list[DocumentLine]]:
        """Document -> its lines, by id."""
        found: dict[Key, list[DocumentLine]] = {}
        for row in sorted(self.document_lines, key=lambda row: row.document_line_id):
            found.setdefault((row.document_type, row.document_id), []).append(row)
        return found

    @cached_property
    def cancel_of(self) -> Mapping[str, Amendment]:
        """Line -> its cancel amendment."""
        found: dict[str, Amendment] = {}
        for row in self.amendments:
            if row.action != "cancel":
                continue
            if row.contract_line_id in found:
                raise QuarantinedError(f"two cancellations of line {row.contract_line_id}")
            found[row.contract_line_id] = row
        return found

    def contract_of(self, row: DocumentLine) -> str | None:
        """The contract that a document line belongs to: that of its line, else the one its document names."""
        line = self.lines.get(row.contract_line_id or "")
        return line.contract_id if line is not None else self.document(row).contract_id

    def document(self, row: DocumentLine) -> Document:
        return self.documents[row.document_type, row.document_id]


def cut(books: Books, d: date) -> Books:
    """What is signed, issued, voided, paid or delivered after d is *later* (architecture.md 5): not known."""

    def cut_contract(contract: Contract) -> Contract:
        signed = contract.cancellation_signed_date or contract.cancelled_date
        if signed is None or signed <= d:
            return contract
        return replace(contract, cancelled_date=None, cancellation_signed_date=None)

    def cut_document(document: Document) -> Document:
        changed = document.voided_on if document.status == "void" else document.status_date
        later = document.status in ("void", "uncollectible") and changed is not None and changed > d
        return replace(document, status="open", status_date=None) if later else document

    contracts = {k: cut_contract(row) for k, row in books.contracts.items() if row.signed_date <= d}
    unsigned = {row.contract_line_id for row in books.addition_of.values() if row.signed_date > d}
    lines = {k: row for k, row in books.lines.items() if row.contract_id in contracts and k not in unsigned}
    documents = {k: cut_document(row) for k, row in books.documents.items() if row.issue_date <= d}
    return replace(
        books,
        contracts=contracts,
        lines=lines,
        amendments=[
            row for row in books.amendments if row.signed_date <= d and row.contract_line_id in lines
        ],
        estimates=[
            row
            for row in books.estimates
            if row.estimate_date <= d
            and row.contract_id in contracts
            and (row.contract_line_id is None or row.contract_line_id in lines)
        ],
        fulfillments=[
            row for row in books.fulfillments if row.event_date <= d and row.contract_line_id in lines
        ],
        documents=documents,
        document_lines=[
            row for row in books.document_lines if (row.document_type, row.document_id) in documents
        ],
        payments=[row for row in books.payments if row.payment_date <= d],
    )

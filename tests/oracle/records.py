"""The exchange records in scope (interface.md section 2) as plain dataclasses, parsed from text.

What is no contract is left out here (accounting.md section 1, architecture.md 26): drafts, proposals, and
`cancelled` or `expired` without a signed date. A record whose rule the oracle does not compute yet raises
OutOfScopeError, one that the rule book holds out of the facts raises QuarantinedError.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import cached_property

from tests.oracle.conventions import CONVENTIONS
from tests.oracle.money import OutOfScopeError, QuarantinedError, minor_units, number
from tests.oracle.periods import Calendar, Period

Row = Mapping[str, str]
Export = Mapping[str, Sequence[Row]]
Key = tuple[str, str]

METHODS = frozenset({"ratable", "point_in_time", "on_start"})
METHODS_LATER = frozenset({"percent_complete", "milestone", "usage", "drawdown", "as_invoiced"})
COUNTED_STATUSES = frozenset({"signed", "active", "cancelled", "expired"})
EXCLUDED_STATUSES = frozenset({"draft", "proposal"})


@dataclass(frozen=True)
class Product:
    product_id: str
    recognition_method: str | None = None
    recognition_convention: str | None = None
    ssp_unit: Fraction | None = None
    ssp_currency: str | None = None
    ssp_per: str = "unit"
    ssp_method: str | None = None
    ssp_low: Fraction | None = None
    ssp_high: Fraction | None = None


@dataclass(frozen=True)
class SspPrice:
    product_id: str
    currency: str
    valid_from: date
    ssp_unit: Fraction
    ssp_per: str = "unit"
    ssp_low: Fraction | None = None
    ssp_high: Fraction | None = None


@dataclass(frozen=True)
class Contract:
    contract_id: str
    customer_id: str
    currency: str
    signed_date: date
    entity_id: str = "main"
    contract_type: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    renewal_of: str | None = None
    combined_with: str | None = None
    cancelled_date: date | None = None
    cancellation_signed_date: date | None = None

    @property
    def accounting_contract_id(self) -> str:
        """Contracts with the same combined_with are one contract for allocation and balances (section 1)."""
        return self.combined_with or self.contract_id

    @property
    def booking_type(self) -> str:
        """`renewal` if contract_type = renewal or renewal_of is set, else `new` (section 5)."""
        return "renewal" if self.contract_type == "renewal" or self.renewal_of else "new"


@dataclass(frozen=True)
class ContractLine:
    contract_line_id: str
    contract_id: str
    line_number: Fraction
    product_id: str
    amount: int
    quantity: Fraction | None = None
    start_date: date | None = None
    end_date: date | None = None
    recognition_method: str | None = None
    recognition_convention: str | None = None
    ssp_unit: Fraction | None = None
    ssp_per: str = "unit"
    ssp_method: str | None = None
    allocation_group: str | None = None


@dataclass(frozen=True)
class CancelAmendment:
    """A row of `amendments` with action cancel; effective_date is the first day without service."""

    amendment_id: str
    contract_id: str
    contract_line_id: str
    effective_date: date
    signed_date: date
    amount_delta: int | None = None

    @property
    def key(self) -> str:
        """Unique by amendment_id and contract_line_id."""
        return f"{self.amendment_id}/{self.contract_line_id}"


@dataclass(frozen=True)
class Fulfillment:
    fulfillment_id: str
    contract_line_id: str
    event_date: date
    kind: str
    quantity: Fraction


@dataclass(frozen=True)
class Document:
    """An invoice or a credit note."""

    document_id: str
    document_type: str
    customer_id: str
    issue_date: date
    currency: str
    status: str
    contract_id: str | None = None
    entity_id: str = "main"
    status_date: date | None = None

    @property
    def key(self) -> Key:
        return self.document_type, self.document_id

    @property
    def has_counted(self) -> bool:
        """Whether it counts at any date: a void without a date never did, drafts never do (section 6)."""
        return self.status != "draft" and not (self.status == "void" and self.status_date is None)

    @property
    def voided_on(self) -> date | None:
        """The date of its void, not before it was issued."""
        if self.status != "void" or self.status_date is None:
            return None
        return max(self.status_date, self.issue_date)


@dataclass(frozen=True)
class DocumentLine:
    """An invoice line (+) or a credit note line (the amount is negative here)."""

    document_line_id: str
    document_id: str
    document_type: str
    amount: int
    contract_line_id: str | None = None

    @property
    def key(self) -> Key:
        return f"{self.document_type}_line", self.document_line_id


@dataclass(frozen=True)
class Books:
    """Everything that is known at one delivery and counts."""

    products: Mapping[str, Product] = field(default_factory=dict)
    ssp_prices: Sequence[SspPrice] = ()
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    lines: Mapping[str, ContractLine] = field(default_factory=dict)
    cancels: Sequence[CancelAmendment] = ()
    fulfillments: Sequence[Fulfillment] = ()
    documents: Mapping[Key, Document] = field(default_factory=dict)
    document_lines: Sequence[DocumentLine] = ()
    excluded_contracts: frozenset[str] = frozenset()
    excluded_lines: frozenset[str] = frozenset()
    rows_of_contract: Mapping[str, frozenset[Key]] = field(default_factory=dict)

    @cached_property
    def lines_of(self) -> Mapping[str, list[ContractLine]]:
        """Contract -> its lines, in order of line_number as a number, then contract_line_id (section 1)."""
        found: dict[str, list[ContractLine]] = {}
        for line in sorted(self.lines.values(), key=lambda row: (row.line_number, row.contract_line_id)):
            found.setdefault(line.contract_id, []).append(line)
        return found

    @cached_property
    def contracts_of(self) -> Mapping[str, list[Contract]]:
        """Accounting contract -> its contracts, by key."""
        found: dict[str, list[Contract]] = {}
        for contract in sorted(self.contracts.values(), key=lambda row: row.contract_id):
            found.setdefault(contract.accounting_contract_id, []).append(contract)
        return found

    @cached_property
    def prices_of(self) -> Mapping[Key, list[SspPrice]]:
        """Product and currency -> its price list."""
        found: dict[Key, list[SspPrice]] = {}
        for price in self.ssp_prices:
            found.setdefault((price.product_id, price.currency), []).append(price)
        return found

    @cached_property
    def fulfillments_of(self) -> Mapping[str, list[Fulfillment]]:
        """Line -> its deliveries and returns."""
        found: dict[str, list[Fulfillment]] = {}
        for event in self.fulfillments:
            found.setdefault(event.contract_line_id, []).append(event)
        return found

    @cached_property
    def document_line_of(self) -> Mapping[Key, DocumentLine]:
        """Document type and document line -> the row."""
        return {(row.document_type, row.document_line_id): row for row in self.document_lines}

    @cached_property
    def cancel_of(self) -> Mapping[str, CancelAmendment]:
        """Line -> its cancel amendment."""
        found: dict[str, CancelAmendment] = {}
        for row in self.cancels:
            if row.contract_line_id in found:
                raise OutOfScopeError(f"two cancellations of line {row.contract_line_id}")
            found[row.contract_line_id] = row
        return found


def cut(books: Books, d: date) -> Books:
    """What is signed, issued, voided or delivered after d is *later* (architecture.md 5): not yet known."""

    def cut_contract(contract: Contract) -> Contract:
        signed = contract.cancellation_signed_date or contract.cancelled_date
        if signed is None or signed <= d:
            return contract
        return replace(contract, cancelled_date=None, cancellation_signed_date=None)

    def cut_document(document: Document) -> Document:
        voided = document.voided_on
        return (
            document if voided is None or voided <= d else replace(document, status="open", status_date=None)
        )

    contracts = {k: cut_contract(row) for k, row in books.contracts.items() if row.signed_date <= d}
    lines = {k: row for k, row in books.lines.items() if row.contract_id in contracts}
    documents = {k: cut_document(row) for k, row in books.documents.items() if row.issue_date <= d}
    return replace(
        books,
        contracts=contracts,
        lines=lines,
        cancels=[row for row in books.cancels if row.signed_date <= d and row.contract_line_id in lines],
        fulfillments=[
            row for row in books.fulfillments if row.event_date <= d and row.contract_line_id in lines
        ],
        documents=documents,
        document_lines=[
            row for row in books.document_lines if (row.document_type, row.document_id) in documents
        ],
    )


# --- from text ---------------------------------------------------------------------------------------


def _text(row: Row, column: str) -> str | None:
    return row.get(column, "").strip() or None


def _required(row: Row, column: str) -> str:
    value = _text(row, column)
    if value is None:
        raise QuarantinedError(f"{column} is missing in {dict(row)}")
    return value


def _date(row: Row, column: str) -> date | None:
    value = _text(row, column)
    return None if value is None else date.fromisoformat(value)


def _required_date(row: Row, column: str) -> date:
    return date.fromisoformat(_required(row, column))


def _number(row: Row, column: str) -> Fraction | None:
    value = _text(row, column)
    return None if value is None else number(value)


def _none(row: Row, *columns: str) -> None:
    for column in columns:
        if _text(row, column) is not None:
            raise OutOfScopeError(f"{column} in {dict(row)}")


def _method(row: Row) -> str | None:
    method = _text(row, "recognition_method")
    if method in METHODS_LATER:
        raise OutOfScopeError(f"recognition method {method}")
    if method is not None and method not in METHODS:
        raise QuarantinedError(f"unknown recognition method {method}")
    convention = _text(row, "recognition_convention")
    if convention is not None and convention not in CONVENTIONS:
        raise QuarantinedError(f"unknown recognition convention {convention}")
    return method


def _ssp_per(row: Row) -> str:
    per = _text(row, "ssp_per") or "unit"
    if per not in ("unit", "month"):
        raise QuarantinedError(f"unknown ssp_per {per}")
    return per


def read_product(row: Row) -> Product:
    if row.get("revenue_category") == "pass_through":
        raise OutOfScopeError("pass_through")
    return Product(
        product_id=_required(row, "product_id"),
        recognition_method=_method(row),
        recognition_convention=_text(row, "recognition_convention"),
        ssp_unit=_number(row, "ssp_unit"),
        ssp_currency=_text(row, "ssp_currency"),
        ssp_per=_ssp_per(row),
        ssp_method=_text(row, "ssp_method"),
        ssp_low=_number(row, "ssp_low"),
        ssp_high=_number(row, "ssp_high"),
    )


def read_ssp_price(row: Row) -> SspPrice:
    return SspPrice(
        product_id=_required(row, "product_id"),
        currency=_required(row, "currency"),
        valid_from=_required_date(row, "valid_from"),
        ssp_unit=number(_required(row, "ssp_unit")),
        ssp_per=_ssp_per(row),
        ssp_low=_number(row, "ssp_low"),
        ssp_high=_number(row, "ssp_high"),
    )


def read_contract(row: Row, only_entity: str = "main") -> Contract | None:
    """A contract, or None where the row is none: excluded, never counted."""
    status = _required(row, "status")
    signed = _date(row, "signed_date")
    if status in EXCLUDED_STATUSES:
        return None
    if status not in COUNTED_STATUSES:
        raise QuarantinedError(f"unknown status {status}")
    if signed is None:
        if status in ("cancelled", "expired"):
            return None
        raise QuarantinedError(f"{status} without a signed date")
    if status == "cancelled" and _date(row, "cancelled_date") is None:
        raise QuarantinedError("cancelled without a date")
    if _text(row, "termination_for_convenience") not in (None, "false"):
        raise OutOfScopeError("termination for convenience")
    return Contract(
        contract_id=_required(row, "contract_id"),
        customer_id=_required(row, "customer_id"),
        currency=_required(row, "currency"),
        signed_date=signed,
        entity_id=_text(row, "entity_id") or only_entity,
        contract_type=_text(row, "contract_type"),
        start_date=_date(row, "start_date"),
        end_date=_date(row, "end_date"),
        renewal_of=_text(row, "renewal_of"),
        combined_with=_text(row, "combined_with"),
        cancelled_date=_date(row, "cancelled_date"),
        cancellation_signed_date=_date(row, "cancellation_signed_date"),
    )


def read_contract_line(row: Row, currency: str) -> ContractLine:
    _none(row, "amendment_id", "variable_amount", "constrained_amount", "expected_return_pct")
    return ContractLine(
        contract_line_id=_required(row, "contract_line_id"),
        contract_id=_required(row, "contract_id"),
        line_number=number(_required(row, "line_number")),
        product_id=_required(row, "product_id"),
        amount=minor_units(_required(row, "amount"), currency),
        quantity=_number(row, "quantity"),
        start_date=_date(row, "start_date"),
        end_date=_date(row, "end_date"),
        recognition_method=_method(row),
        recognition_convention=_text(row, "recognition_convention"),
        ssp_unit=_number(row, "ssp_unit"),
        ssp_per=_ssp_per(row),
        ssp_method=_text(row, "ssp_method"),
        allocation_group=_text(row, "allocation_group"),
    )


def read_cancel(row: Row, currency: str) -> CancelAmendment:
    if _required(row, "action") != "cancel":
        raise OutOfScopeError(f"amendment action {row['action']}")
    _none(row, "quantity_delta", "new_start_date", "new_end_date")
    delta = _text(row, "amount_delta")
    return CancelAmendment(
        amendment_id=_required(row, "amendment_id"),
        contract_id=_required(row, "contract_id"),
        contract_line_id=_required(row, "contract_line_id"),
        effective_date=_required_date(row, "effective_date"),
        signed_date=_required_date(row, "signed_date"),
        amount_delta=None if delta is None else minor_units(delta, currency),
    )


def read_fulfillment(row: Row) -> Fulfillment:
    kind = _required(row, "kind")
    if kind not in ("delivery", "return"):
        raise OutOfScopeError(f"fulfillment {kind}")
    return Fulfillment(
        fulfillment_id=_required(row, "fulfillment_id"),
        contract_line_id=_required(row, "contract_line_id"),
        event_date=_required_date(row, "event_date"),
        kind=kind,
        quantity=number(_required(row, "quantity")),
    )


def read_document(row: Row, document_type: str, only_entity: str = "main") -> Document:
    status = _text(row, "status") or "open"
    if status not in ("draft", "open", "paid", "void", "uncollectible"):
        raise QuarantinedError(f"unknown status {status}")
    return Document(
        document_id=_required(row, f"{document_type}_id"),
        document_type=document_type,
        customer_id=_required(row, "customer_id"),
        issue_date=_required_date(row, "issue_date"),
        currency=_required(row, "currency"),
        status=status,
        contract_id=_text(row, "contract_id"),
        entity_id=_text(row, "entity_id") or only_entity,
        status_date=_date(row, "status_date"),
    )


def read_invoice_line(row: Row, currency: str) -> DocumentLine:
    return DocumentLine(
        document_line_id=_required(row, "invoice_line_id"),
        document_id=_required(row, "invoice_id"),
        document_type="invoice",
        amount=minor_units(_required(row, "amount"), currency),
        contract_line_id=_text(row, "contract_line_id"),
    )


def read_credit_note_line(row: Row, currency: str, contract_line_id: str | None) -> DocumentLine:
    if _required(row, "reason") != "billing_error":
        raise OutOfScopeError(f"credit note for {row['reason']}")
    return DocumentLine(
        document_line_id=_required(row, "credit_note_line_id"),
        document_id=_required(row, "credit_note_id"),
        document_type="credit_note",
        amount=-minor_units(_required(row, "amount"), currency),
        contract_line_id=contract_line_id,
    )


class _Reader:
    """Entity by entity, each finding what it hangs on in what was read before."""

    def __init__(self, export: Export, leave_out: Collection[str]) -> None:
        self.export = export
        self.leave_out = leave_out
        entities = [_required(row, "entity_id") for row in self.rows("entities")]
        self.only_entity = entities[0] if len(entities) == 1 else "main"
        self.rows_of: dict[str, set[Key]] = {}
        self.contracts: dict[str, Contract] = {}
        self.excluded: set[str] = set()
        self.lines: dict[str, ContractLine] = {}
        self.documents: dict[Key, Document] = {}

    def rows(self, entity: str) -> Sequence[Row]:
        return self.export.get(entity, ())

    def read_contracts(self) -> None:
        for row in self.rows("contracts"):
            if row["contract_id"] in self.leave_out:
                continue
            contract = read_contract(row, self.only_entity)
            if contract is None:
                self.excluded.add(row["contract_id"])
            else:
                self.contracts[contract.contract_id] = contract
                self.rows_of[contract.contract_id] = {("contracts", contract.contract_id)}

    def read_lines(self) -> None:
        for row in self.rows("contract_lines"):
            contract = self.contracts.get(row["contract_id"])
            if contract is not None:
                line = read_contract_line(row, contract.currency)
                self.lines[line.contract_line_id] = line
                self.rows_of[line.contract_id].add(("contract_lines", line.contract_line_id))

    def read_cancels(self) -> Iterable[CancelAmendment]:
        for row in self.rows("amendments"):
            contract = self.contracts.get(row["contract_id"])
            if contract is not None:
                cancel = read_cancel(row, contract.currency)
                self.rows_of[cancel.contract_id].add(("amendments", cancel.key))
                yield cancel

    def read_fulfillments(self) -> Iterable[Fulfillment]:
        for row in self.rows("fulfillments"):
            line = self.lines.get(row["contract_line_id"])
            if line is not None:
                event = read_fulfillment(row)
                self.rows_of[line.contract_id].add(("fulfillments", event.fulfillment_id))
                yield event

    def read_documents(self) -> Iterable[DocumentLine]:
        for document_type, entity in (("invoice", "invoices"), ("credit_note", "credit_notes")):
            for row in self.rows(entity):
                document = read_document(row, document_type, self.only_entity)
                self.documents[document_type, document.document_id] = document
        line_of: dict[str, str | None] = {}
        for row in self.rows("invoice_lines"):
            invoice = self.documents["invoice", row["invoice_id"]]
            line_of[row["invoice_line_id"]] = _text(row, "contract_line_id")
            yield self.owned(read_invoice_line(row, invoice.currency))
        for row in self.rows("credit_note_lines"):
            note = self.documents["credit_note", row["credit_note_id"]]
            line_id = _text(row, "contract_line_id") or line_of.get(row.get("invoice_line_id", ""))
            yield self.owned(read_credit_note_line(row, note.currency, line_id))

    def owned(self, row: DocumentLine) -> DocumentLine:
        """Remember a document and its line as rows of the contract that they name."""
        document = self.documents[row.document_type, row.document_id]
        line = self.lines.get(row.contract_line_id or "")
        owner = line.contract_id if line is not None else document.contract_id
        if owner in self.contracts:
            self.rows_of[owner] |= {document.key, row.key}
        return row


def read_books(export: Export, leave_out: Collection[str] = ()) -> Books:
    """One delivery's exports, entity -> rows. `leave_out` names contracts that the gate quarantines."""
    for entity in ("estimates", "opening_balances", "adjustments"):
        if export.get(entity):
            raise OutOfScopeError(entity)
    reader = _Reader(export, leave_out)
    reader.read_contracts()
    reader.read_lines()
    return Books(
        products={row.product_id: row for row in map(read_product, reader.rows("products"))},
        ssp_prices=[read_ssp_price(row) for row in reader.rows("ssp_prices")],
        contracts=reader.contracts,
        lines=reader.lines,
        cancels=list(reader.read_cancels()),
        fulfillments=list(reader.read_fulfillments()),
        documents=reader.documents,
        document_lines=list(reader.read_documents()),
        excluded_contracts=frozenset(reader.excluded),
        excluded_lines=frozenset(
            row["contract_line_id"]
            for row in reader.rows("contract_lines")
            if row["contract_id"] in reader.excluded
        ),
        rows_of_contract={key: frozenset(keys) for key, keys in reader.rows_of.items()},
    )


def read_calendar(export: Export) -> Calendar:
    """`accounting_periods` where the company has them, else calendar months."""
    return Calendar(
        [
            Period(
                _required_date(row, "start_date"), _required_date(row, "end_date"), _required(row, "period")
            )
            for row in export.get("accounting_periods", ())
        ]
    )

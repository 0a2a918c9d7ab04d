"""The exchange records (interface.md section 2) parsed from text.

What is no contract is left out here (accounting.md section 1, architecture.md 26): drafts, proposals, and
`cancelled` or `expired` without a signed date. A record that the rule book holds out of the facts raises
QuarantinedError, one whose rule lies outside the oracle (opening balances, adjustments) OutOfScopeError.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from tests.oracle.books import Books, cut
from tests.oracle.conventions import CONVENTIONS
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
from tests.oracle.money import OutOfScopeError, QuarantinedError, half_away, minor_units, number
from tests.oracle.periods import Calendar, Period

__all__ = ["Amendment", "Books", "Contract", "ContractLine", "Document", "DocumentLine", "Estimate",
           "Fulfillment", "Key", "Payment", "Product", "SspPrice", "cut", "read_books", "read_calendar"]  # fmt: skip

Row = Mapping[str, str]
Export = Mapping[str, Sequence[Row]]

METHODS = frozenset(
    [
        "ratable",
        "point_in_time",
        "on_start",
        "percent_complete",
        "milestone",
        "usage",
        "drawdown",
        "as_invoiced",
    ]
)
ACTIONS = frozenset({"add", "change", "extend", "cancel", "suspend"})
TREATMENTS = frozenset({"auto", "separate", "prospective", "cumulative_catch_up"})
REASONS = frozenset(
    ["price_concession", "billing_error", "cancellation", "return", "bad_debt", "paid_to_customer"]
)
PAYMENTS = frozenset(
    ["payment", "refund", "dispute", "dispute_lost", "dispute_won", "write_off", "credit_applied"]
)
COUNTED_STATUSES = frozenset({"signed", "active", "cancelled", "expired"})
EXCLUDED_STATUSES = frozenset({"draft", "proposal"})
TWELVE_DECIMALS = 10**12


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


def _money(row: Row, column: str, currency: str) -> int | None:
    value = _text(row, column)
    return None if value is None else minor_units(value, currency)


def _required_money(row: Row, column: str, currency: str) -> int:
    return minor_units(_required(row, column), currency)


def _one_of(row: Row, column: str, known: Collection[str], default: str) -> str:
    value = _text(row, column) or default
    if value not in known:
        raise QuarantinedError(f"unknown {column} {value!r} in {dict(row)}")
    return value


def _share(row: Row, column: str) -> Fraction | None:
    """A percentage of 0 to 100 as a share of 1, as expected_return_pct."""
    value = _number(row, column)
    if value is not None and not 0 <= value <= 100:
        raise QuarantinedError(f"{column} {value} is below 0 or above 100")
    return None if value is None else value / 100


def _method(row: Row) -> str | None:
    method = _text(row, "recognition_method")
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
        revenue_category=_text(row, "revenue_category"),
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
        termination_for_convenience=_text(row, "termination_for_convenience") == "true",
        termination_penalty=_number(row, "termination_penalty"),
        notice_days=int(days) if (days := _text(row, "notice_days")) else None,
    )


def read_contract_line(row: Row, currency: str) -> ContractLine:
    return ContractLine(
        contract_line_id=_required(row, "contract_line_id"),
        contract_id=_required(row, "contract_id"),
        line_number=number(_required(row, "line_number")),
        product_id=_required(row, "product_id"),
        amount=minor_units(_required(row, "amount"), currency),
        quantity=_number(row, "quantity"),
        start_date=_date(row, "start_date"),
        end_date=_date(row, "end_date"),
        promised_date=_date(row, "promised_date"),
        recognition_method=_method(row),
        recognition_convention=_text(row, "recognition_convention"),
        ssp_unit=_number(row, "ssp_unit"),
        ssp_per=_ssp_per(row) if _text(row, "ssp_per") else None,
        ssp_method=_text(row, "ssp_method"),
        allocation_group=_text(row, "allocation_group"),
        amendment_id=_text(row, "amendment_id"),
        variable_amount=_money(row, "variable_amount", currency) or 0,
        constrained_amount=_money(row, "constrained_amount", currency) or 0,
        expected_return_pct=_share(row, "expected_return_pct"),
    )


def read_amendment(row: Row, currency: str) -> Amendment:
    return Amendment(
        amendment_id=_required(row, "amendment_id"),
        contract_id=_required(row, "contract_id"),
        contract_line_id=_required(row, "contract_line_id"),
        action=_one_of(row, "action", ACTIONS, ""),
        effective_date=_required_date(row, "effective_date"),
        signed_date=_required_date(row, "signed_date"),
        treatment=_one_of(row, "treatment", TREATMENTS, "auto"),
        quantity_delta=_number(row, "quantity_delta"),
        amount_delta=_money(row, "amount_delta", currency),
        new_start_date=_date(row, "new_start_date"),
        new_end_date=_date(row, "new_end_date"),
        ssp_unit=_number(row, "ssp_unit"),
    )


def read_estimate(row: Row, currency: str) -> Estimate:
    return Estimate(
        estimate_id=_required(row, "estimate_id"),
        contract_id=_required(row, "contract_id"),
        contract_line_id=_text(row, "contract_line_id"),
        allocation_group=_text(row, "allocation_group"),
        estimate_date=_required_date(row, "estimate_date"),
        variable_amount=_money(row, "variable_amount", currency),
        constrained_amount=_money(row, "constrained_amount", currency),
        expected_return_pct=_share(row, "expected_return_pct"),
    )


def _percent(row: Row) -> Fraction:
    """The cumulative percentage, or cost_to_date / cost_at_completion; 12 decimals of the whole (section 4)."""
    percent = _number(row, "percent_complete")
    if percent is None:
        cost, whole = _number(row, "cost_to_date"), _number(row, "cost_at_completion")
        if cost is None or not whole:
            raise QuarantinedError(f"progress without a percentage or costs: {dict(row)}")
        percent = cost / whole * 100
    if not 0 <= percent <= 100:
        raise QuarantinedError(f"percentage {percent} is below 0 or above 100")
    return Fraction(half_away(percent / 100 * TWELVE_DECIMALS), TWELVE_DECIMALS) * 100


def read_fulfillment(row: Row, currency: str) -> Fulfillment:
    kind = _one_of(row, "kind", ("delivery", "return", "progress", "milestone", "usage"), "")
    counted = kind in ("delivery", "return")
    return Fulfillment(
        fulfillment_id=_required(row, "fulfillment_id"),
        contract_line_id=_required(row, "contract_line_id"),
        event_date=_required_date(row, "event_date"),
        kind=kind,
        quantity=number(_required(row, "quantity")) if counted else Fraction(0),
        percent=_percent(row) if kind == "progress" else None,
        amount=_required_money(row, "amount", currency) if kind in ("milestone", "usage") else 0,
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
        due_date=_date(row, "due_date"),
        invoice_id=_text(row, "invoice_id") if document_type == "credit_note" else None,
        total_amount=_money(row, "total_amount", _required(row, "currency")),
    )


def read_invoice_line(row: Row, currency: str) -> DocumentLine:
    return DocumentLine(
        document_line_id=_required(row, "invoice_line_id"),
        document_id=_required(row, "invoice_id"),
        document_type="invoice",
        amount=minor_units(_required(row, "amount"), currency),
        contract_line_id=_text(row, "contract_line_id"),
        service_start=_date(row, "service_start"),
        service_end=_date(row, "service_end"),
    )


def read_credit_note_line(row: Row, currency: str, invoiced: DocumentLine | None) -> DocumentLine:
    """Its line and service period are those of the invoice line that it names, where it names no line."""
    line_id = _text(row, "contract_line_id")
    if line_id is None and invoiced is not None:
        line_id = invoiced.contract_line_id
    return DocumentLine(
        document_line_id=_required(row, "credit_note_line_id"),
        document_id=_required(row, "credit_note_id"),
        document_type="credit_note",
        amount=-minor_units(_required(row, "amount"), currency),
        contract_line_id=line_id,
        service_start=invoiced.service_start if invoiced is not None else None,
        service_end=invoiced.service_end if invoiced is not None else None,
        reason=_one_of(row, "reason", REASONS, ""),
        applies_to=_one_of(row, "applies_to", ("all", "performed", "remaining"), "all"),
    )


def read_payment(row: Row) -> Payment:
    currency = _required(row, "currency")
    return Payment(
        payment_id=_required(row, "payment_id"),
        customer_id=_required(row, "customer_id"),
        payment_date=_required_date(row, "payment_date"),
        amount=_required_money(row, "amount", currency),
        currency=currency,
        kind=_one_of(row, "kind", PAYMENTS, ""),
        invoice_id=_text(row, "invoice_id"),
        contract_id=_text(row, "contract_id"),
    )


def read_fx_rate(row: Row) -> FxRate:
    rate = number(_required(row, "rate"))
    if rate <= 0:
        raise QuarantinedError(f"rate {rate} of {dict(row)}")
    return FxRate(
        _required_date(row, "rate_date"), _required(row, "from_currency"), _required(row, "to_currency"), rate
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

    def read_amendments(self) -> Iterable[Amendment]:
        for row in self.rows("amendments"):
            contract = self.contracts.get(row["contract_id"])
            if contract is not None:
                amendment = read_amendment(row, contract.currency)
                self.rows_of[amendment.contract_id].add(("amendments", amendment.key))
                yield amendment

    def read_estimates(self) -> Iterable[Estimate]:
        for row in self.rows("estimates"):
            contract = self.contracts.get(row["contract_id"])
            if contract is not None:
                estimate = read_estimate(row, contract.currency)
                self.rows_of[estimate.contract_id].add(("estimates", estimate.estimate_id))
                yield estimate

    def read_fulfillments(self) -> Iterable[Fulfillment]:
        for row in self.rows("fulfillments"):
            line = self.lines.get(row["contract_line_id"])
            if line is not None:
                event = read_fulfillment(row, self.contracts[line.contract_id].currency)
                self.rows_of[line.contract_id].add(("fulfillments", event.fulfillment_id))
                yield event

    def read_documents(self) -> Iterable[DocumentLine]:
        for document_type, entity in (("invoice", "invoices"), ("credit_note", "credit_notes")):
            for row in self.rows(entity):
                document = read_document(row, document_type, self.only_entity)
                self.documents[document_type, document.document_id] = document
        invoiced: dict[str, DocumentLine] = {}
        for row in self.rows("invoice_lines"):
            invoice = self.documents["invoice", row["invoice_id"]]
            line = invoiced[row["invoice_line_id"]] = read_invoice_line(row, invoice.currency)
            yield self.owned(line)
        for row in self.rows("credit_note_lines"):
            note = self.documents["credit_note", row["credit_note_id"]]
            named = invoiced.get(row.get("invoice_line_id", ""))
            yield self.owned(read_credit_note_line(row, note.currency, named))

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
    for entity in ("opening_balances", "adjustments"):
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
        amendments=list(reader.read_amendments()),
        estimates=list(reader.read_estimates()),
        fulfillments=list(reader.read_fulfillments()),
        documents=reader.documents,
        document_lines=list(reader.read_documents()),
        fx_rates=[read_fx_rate(row) for row in reader.rows("fx_rates")],
        payments=[read_payment(row) for row in reader.rows("payments")],
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

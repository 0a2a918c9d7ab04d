"""The exchange records of interface.md section 2 that positions need, as plain dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

Key = tuple[str, str]


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
    revenue_category: str | None = None


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
    termination_for_convenience: bool = False
    termination_penalty: Fraction | None = None
    notice_days: int | None = None

    @property
    def accounting_contract_id(self) -> str:
        """Contracts with the same combined_with are one contract for allocation and balances (section 1)."""
        return self.combined_with or self.contract_id

    @property
    def booking_type(self) -> str:
        """`renewal` if contract_type = renewal or renewal_of is set, else `new` (section 5)."""
        return "renewal" if self.contract_type == "renewal" or self.renewal_of else "new"

    @property
    def is_cancellable(self) -> bool:
        """Termination for convenience without a substantive penalty (section 7)."""
        return self.termination_for_convenience and not self.termination_penalty


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
    promised_date: date | None = None
    recognition_method: str | None = None
    recognition_convention: str | None = None
    ssp_unit: Fraction | None = None
    ssp_per: str | None = None  # None: as its product
    ssp_method: str | None = None
    allocation_group: str | None = None
    amendment_id: str | None = None
    variable_amount: int = 0
    constrained_amount: int = 0
    expected_return_pct: Fraction | None = None


@dataclass(frozen=True)
class Amendment:
    """A row of `amendments`: m = effective, s = signed."""

    amendment_id: str
    contract_id: str
    contract_line_id: str
    action: str
    effective_date: date
    signed_date: date
    treatment: str = "auto"
    quantity_delta: Fraction | None = None
    amount_delta: int | None = None
    new_start_date: date | None = None
    new_end_date: date | None = None
    ssp_unit: Fraction | None = None

    @property
    def key(self) -> str:
        """Unique by amendment_id and contract_line_id."""
        return f"{self.amendment_id}/{self.contract_line_id}"


@dataclass(frozen=True)
class Estimate:
    """A dated version of estimates, of a line or (contract_line_id None) of its group; None: not stated."""

    estimate_id: str
    contract_id: str
    contract_line_id: str | None
    allocation_group: str | None
    estimate_date: date
    variable_amount: int | None = None
    constrained_amount: int | None = None
    expected_return_pct: Fraction | None = None


@dataclass(frozen=True)
class Fulfillment:
    fulfillment_id: str
    contract_line_id: str
    event_date: date
    kind: str
    quantity: Fraction = Fraction(0)
    percent: Fraction | None = None
    amount: int = 0


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
    due_date: date | None = None
    invoice_id: str | None = None
    total_amount: int | None = None

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
    service_start: date | None = None
    service_end: date | None = None
    reason: str | None = None
    applies_to: str = "all"

    @property
    def key(self) -> Key:
        return f"{self.document_type}_line", self.document_line_id


@dataclass(frozen=True)
class Payment:
    payment_id: str
    customer_id: str
    payment_date: date
    amount: int
    currency: str
    kind: str
    invoice_id: str | None = None
    contract_id: str | None = None


@dataclass(frozen=True)
class FxRate:
    rate_date: date
    from_currency: str
    to_currency: str
    rate: Fraction

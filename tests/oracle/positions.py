"""Cumulative positions (accounting.md section 2): what is allocated, contracted, recognized and billed at d.

Every function answers for one contract line (or one accounting contract) and any date, and depends only on
what is dated on or before that date: a cut at the end of a period needs no second set of books.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property

from tests.oracle.conventions import ONE_DAY, elapsed, months_of_term, total
from tests.oracle.money import OutOfScopeError, QuarantinedError, half_away, scale
from tests.oracle.records import Books, Contract, ContractLine, DocumentLine, Product, SspPrice

DISCOUNT = "discount"


@dataclass(frozen=True)
class Ssp:
    """A stand-alone selling price in minor units and where it came from; None: the residual of its group."""

    amount: int | None
    source: str


@dataclass(frozen=True)
class Cancellation:
    """x = first day without service, s = signed (section 5)."""

    x: date
    s: date
    amount_delta: int | None
    event_id: str

    @property
    def recognized_on(self) -> date:
        """Recognized takes the final amount on max(s, x)."""
        return max(self.s, self.x)


@dataclass(frozen=True)
class Event:
    """A change of a cumulative figure on a date."""

    event_id: str
    kind: str
    event_date: date
    amount: int


@dataclass(frozen=True)
class Balance:
    """The position of an accounting contract (section 1) and the refund liability (section 6)."""

    contracted: int
    billed: int
    recognized: int

    @property
    def refund_liability(self) -> int:
        """max(billed - contracted, 0): expected returns and variable amounts are not in scope."""
        return max(self.billed - self.contracted, 0)

    @property
    def contract_position(self) -> int:
        """billed - recognized - refund liability."""
        return self.billed - self.recognized - self.refund_liability

    @property
    def deferred_revenue(self) -> int:
        """The contract position where it is above 0."""
        return max(self.contract_position, 0)

    @property
    def contract_asset(self) -> int:
        """The contract position where it is below 0."""
        return max(-self.contract_position, 0)


class Positions:
    """The rules of accounting.md sections 2 to 6 for one state of knowledge."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self._allocations: dict[tuple[str, frozenset[str]], dict[str, int]] = {}

    # --- terms of a line ------------------------------------------------------------------------------

    def contract(self, line: ContractLine) -> Contract:
        return self.books.contracts[line.contract_id]

    def product(self, line: ContractLine) -> Product:
        return self.books.products[line.product_id]

    def start(self, line: ContractLine) -> date:
        """A line without dates takes its contract's (section 1)."""
        found = line.start_date or self.contract(line).start_date
        if found is None:
            raise QuarantinedError(f"line {line.contract_line_id} has no start date")
        return found

    def end(self, line: ContractLine) -> date:
        """A line without dates takes its contract's (section 1)."""
        found = line.end_date or self.contract(line).end_date
        if found is None:
            raise QuarantinedError(f"line {line.contract_line_id} has no end date")
        if found < self.start(line):
            raise QuarantinedError(f"line {line.contract_line_id} ends before it starts")
        return found

    def is_discount(self, line: ContractLine) -> bool:
        """A negative line whose own and whose product's method are both empty (section 3.4)."""
        return line.amount < 0 and not line.recognition_method and not self.product(line).recognition_method

    def method(self, line: ContractLine) -> str:
        """Per line, default from the product (section 4)."""
        if self.is_discount(line):
            return DISCOUNT
        method = line.recognition_method or self.product(line).recognition_method
        if method is None:
            raise QuarantinedError(f"line {line.contract_line_id} has no recognition method")
        return method

    def convention(self, line: ContractLine) -> str:
        """Per line, default from the product, else `monthly` (section 4)."""
        return line.recognition_convention or self.product(line).recognition_convention or "monthly"

    # --- section 3: allocation ------------------------------------------------------------------------

    def price(self, line: ContractLine) -> SspPrice | None:
        """The price list row of the contract's currency that is valid on the signed date (section 3.3)."""
        contract = self.contract(line)
        valid = [
            row
            for row in self.books.prices_of.get((line.product_id, contract.currency), ())
            if row.valid_from <= contract.signed_date
        ]
        return max(valid, key=lambda row: row.valid_from) if valid else None

    def priced_units(self, line: ContractLine, per: str) -> Fraction:
        """Quantity, times months of term by the `monthly` convention for per-month SSPs (section 3.3)."""
        units = Fraction(1) if line.quantity is None else line.quantity
        if per == "month":
            units *= months_of_term(self.start(line), self.end(line))
        return units

    def ssp(self, line: ContractLine) -> Ssp:
        """From the line, else the price list, else the product, else the stated amount (section 3.3)."""
        if self.is_discount(line):
            return Ssp(0, DISCOUNT)
        product, price, contract = self.product(line), self.price(line), self.contract(line)
        if (line.ssp_method or product.ssp_method) == "residual":
            return Ssp(None, "residual")
        if line.ssp_unit is not None:
            unit, per, source = line.ssp_unit, line.ssp_per, "line"
        elif price is not None:
            unit, per, source = price.ssp_unit, price.ssp_per, "price_list"
        elif product.ssp_unit is not None:
            if product.ssp_currency not in (None, contract.currency):
                raise OutOfScopeError(f"SSP of {product.product_id} in another currency")
            unit, per, source = product.ssp_unit, product.ssp_per, "product"
        else:
            return Ssp(line.amount, "stated")
        if unit == 0:
            return Ssp(0, source)
        if line.quantity is None:
            return Ssp(line.amount, "stated")
        minor = unit * self.priced_units(line, per) * scale(contract.currency)
        return Ssp(half_away(minor), source)

    def check_residual(self, line: ContractLine, residual: int) -> None:
        """Outside ssp_low..ssp_high it is quarantined (section 3.3); the range is per unit, as the SSP is."""
        product, price = self.product(line), self.price(line)
        if price is not None and (price.ssp_low is not None or price.ssp_high is not None):
            low, high, per = price.ssp_low, price.ssp_high, price.ssp_per
        else:
            low, high, per = product.ssp_low, product.ssp_high, product.ssp_per
        if low is None and high is None:
            return
        units = self.priced_units(line, per) * scale(self.contract(line).currency)
        if (low is not None and residual < low * units) or (high is not None and residual > high * units):
            raise QuarantinedError(f"residual SSP of line {line.contract_line_id} is outside its range")

    def allocate_group(self, lines: list[ContractLine]) -> dict[str, int]:
        """Lines of one group share their pooled price in proportion to SSP (section 3.2)."""
        pool = sum(line.amount for line in lines)
        ssps = {line.contract_line_id: self.ssp(line).amount for line in lines}
        residual = [line for line in lines if ssps[line.contract_line_id] is None]
        if len(residual) > 1:
            raise QuarantinedError("two residual lines in one group")
        basis = {key: ssp or 0 for key, ssp in ssps.items()}
        for line in residual:
            basis[line.contract_line_id] = max(pool - sum(basis.values()), 0)
            self.check_residual(line, basis[line.contract_line_id])
        if sum(basis.values()) == 0:
            basis = {line.contract_line_id: 0 if self.is_discount(line) else line.amount for line in lines}
            if sum(basis.values()) == 0:
                if pool != 0:
                    raise QuarantinedError("nothing to allocate a pool by")
                return dict.fromkeys(basis, 0)
        return spread(pool, basis)

    def allocate(self, accounting_contract_id: str, signed: frozenset[str]) -> dict[str, int]:
        """Allocation over the signed contracts of an accounting contract: line -> minor units."""
        key = (accounting_contract_id, signed)
        if key not in self._allocations:
            groups: dict[str | None, list[ContractLine]] = {}
            lines = [line for contract_id in signed for line in self.books.lines_of.get(contract_id, ())]
            for line in sorted(lines, key=lambda row: (row.line_number, row.contract_line_id)):
                groups.setdefault(line.allocation_group, []).append(line)
            found: dict[str, int] = {}
            for group in groups.values():
                found.update(self.allocate_group(group))
            self._allocations[key] = found
        return self._allocations[key]

    def signed_by(self, accounting_contract_id: str, d: date) -> frozenset[str]:
        """The contracts of an accounting contract whose terms are valid at d: those signed by then."""
        contracts = self.books.contracts_of[accounting_contract_id]
        return frozenset(row.contract_id for row in contracts if row.signed_date <= d)

    def allocated(self, line: ContractLine, d: date) -> int:
        """The part of the transaction price that belongs to a line, before cancellation (sections 1, 3)."""
        contract = self.contract(line)
        if d < contract.signed_date:
            return 0
        accounting_contract_id = contract.accounting_contract_id
        signed = self.signed_by(accounting_contract_id, d)
        return self.allocate(accounting_contract_id, signed)[line.contract_line_id]

    # --- section 4: recognition -----------------------------------------------------------------------

    def delivered(self, line: ContractLine, d: date) -> Fraction:
        """delivered - returned through d."""
        events = self.books.fulfillments_of.get(line.contract_line_id, ())
        signs = {"delivery": 1, "return": -1}
        return sum((signs[row.kind] * row.quantity for row in events if row.event_date <= d), Fraction(0))

    def fraction(self, line: ContractLine, d: date) -> Fraction:
        """The part of a line's allocation that its method earns through d (section 4)."""
        method = self.method(line)
        if method == "ratable":
            start, end, convention = self.start(line), self.end(line), self.convention(line)
            return elapsed(start, end, convention, d) / total(start, end, convention)
        if method == "point_in_time":
            if not line.quantity:
                raise QuarantinedError(f"line {line.contract_line_id} has no quantity to deliver")
            return min(self.delivered(line, d) / line.quantity, Fraction(1))
        if method == "on_start":
            return Fraction(1 if d >= self.start(line) else 0)
        return Fraction(0)  # a discount: nothing is allocated to it

    # --- section 5: cancellation ----------------------------------------------------------------------

    def cancellation(self, line: ContractLine) -> Cancellation | None:
        """A header cancellation is a cancel of every line; an amendment for the line wins."""
        contract = self.contract(line)
        row = self.books.cancel_of.get(line.contract_line_id)
        x = contract.cancelled_date
        if row is not None:
            if x is not None and x != row.effective_date:
                raise QuarantinedError(f"cancellation dates of line {line.contract_line_id} differ")
            s = max(row.signed_date, contract.signed_date)
            return Cancellation(row.effective_date, s, row.amount_delta, row.amendment_id)
        if x is None:
            return None
        s = max(contract.cancellation_signed_date or x, contract.signed_date)
        return Cancellation(x, s, None, contract.contract_id)

    def contracted_on(self, line: ContractLine, cancelled: Cancellation) -> date:
        """Contracted takes the final amount on s for ratable and on_start lines and with an amount_delta."""
        if self.method(line) in ("ratable", "on_start") or cancelled.amount_delta is not None:
            return cancelled.s
        return cancelled.recognized_on

    def final(self, line: ContractLine, cancelled: Cancellation) -> int:
        """recognized(x - 1) by the terms, or contracted before + amount_delta."""
        before = self.allocated(line, self.contracted_on(line, cancelled))
        if cancelled.amount_delta is not None:
            return before + cancelled.amount_delta
        return half_away(before * self.fraction(line, cancelled.x - ONE_DAY))

    # --- section 2: the positions ---------------------------------------------------------------------

    def contracted(self, line: ContractLine, d: date) -> int:
        """allocated(d), 0 before the signature, the final amount once cancelled (sections 2, 5)."""
        if d < self.contract(line).signed_date:
            return 0
        cancelled = self.cancellation(line)
        if cancelled is not None and d >= self.contracted_on(line, cancelled):
            return self.final(line, cancelled)
        return self.allocated(line, d)

    def recognized(self, line: ContractLine, d: date) -> int:
        """round(allocated x exact fraction), 0 before the signature, final on max(s, x) (sections 1, 2, 5)."""
        if d < self.contract(line).signed_date:
            return 0
        cancelled = self.cancellation(line)
        if cancelled is not None and d >= cancelled.recognized_on:
            return self.final(line, cancelled)
        return half_away(self.allocated(line, d) * self.fraction(line, d))

    def backlog(self, line: ContractLine, d: date) -> int:
        """contracted - recognized (section 1)."""
        return self.contracted(line, d) - self.recognized(line, d)

    def billed(self, line: ContractLine, d: date) -> int:
        """What was invoiced less what was voided and credited; in no position before the signature."""
        if d < self.contract(line).signed_date:
            return 0
        return self.invoiced(line, d)

    def balance(self, accounting_contract_id: str, d: date) -> Balance:
        """Netting is per accounting contract (architecture.md 20)."""
        lines = [
            line
            for contract in self.books.contracts_of[accounting_contract_id]
            for line in self.books.lines_of.get(contract.contract_id, ())
        ]
        return Balance(
            contracted=sum(self.contracted(line, d) for line in lines),
            billed=sum(self.billed(line, d) for line in lines),
            recognized=sum(self.recognized(line, d) for line in lines),
        )

    def scheduled(self, line: ContractLine, after: date, first: date, last: date) -> int:
        """Revenue that the terms valid at `after` place between two later dates (E1)."""
        if after < self.contract(line).signed_date:
            return 0
        return self.recognized(line, last) - self.recognized(line, max(first - ONE_DAY, after))

    def signings(self, contract: Contract) -> list[Contract]:
        """Its own signing, then those of the contracts combined with it that are signed on later dates."""
        later = {
            row.signed_date: row
            for row in reversed(self.books.contracts_of[contract.accounting_contract_id])
            if row.signed_date > contract.signed_date
        }
        return [contract, *(later[signed] for signed in sorted(later))]

    # --- section 1: bookings --------------------------------------------------------------------------

    def bookings(self, line: ContractLine) -> list[Event]:
        """Signing with the stated amount, reallocation up to the allocated one, cancellation (section 2)."""
        contract = self.contract(line)
        cancelled = self.cancellation(line)
        cancelled_on = None if cancelled is None else self.contracted_on(line, cancelled)
        events = [Event(contract.contract_id, contract.booking_type, contract.signed_date, line.amount)]
        known = line.amount
        for signing in self.signings(contract):
            signed = signing.signed_date
            if cancelled_on is not None and signed > cancelled_on:
                continue
            moved = self.allocated(line, signed) - known
            known += moved
            events.append(Event(signing.contract_id, "reallocation", signed, moved))
        if cancelled is not None and cancelled_on is not None:
            change = self.final(line, cancelled) - known
            events.append(Event(cancelled.event_id, "cancellation", cancelled_on, change))
        return [event for event in events if event.amount != 0]

    # --- section 6: billings --------------------------------------------------------------------------

    def billings(self, row: DocumentLine) -> list[Event]:
        """An invoice or credit note line at its issue date, and its void as an event of its own date."""
        document = self.books.documents[row.document_type, row.document_id]
        if not document.has_counted:
            return []
        events = [Event(row.document_line_id, row.document_type, document.issue_date, row.amount)]
        if document.voided_on is not None:
            events.append(Event(row.document_line_id, row.document_type, document.voided_on, -row.amount))
        return events

    @cached_property
    def _billed_events(self) -> dict[str, list[tuple[date, int]]]:
        """Line -> dated changes of billed: direct ones, then the spread of lines that name only a contract."""
        direct: dict[str, list[tuple[date, int]]] = {}
        without_line = []
        for row in self.books.document_lines:
            if row.contract_line_id is not None:
                for event in self.billings(row):
                    direct.setdefault(row.contract_line_id, []).append((event.event_date, event.amount))
            else:
                document = self.books.documents[row.document_type, row.document_id]
                if document.contract_id in self.books.contracts and document.has_counted:
                    without_line.append((document.issue_date, row.document_id, row.document_line_id, row))
        for issued, _, _, row in sorted(without_line, key=lambda item: item[:3]):
            document = self.books.documents[row.document_type, row.document_id]
            lines = self.books.lines_of[document.contract_id or ""]
            for line_id, part in self.spread_billing(lines, row.amount, issued, direct).items():
                for event in self.billings(row):
                    amount = part if event.amount == row.amount else -part
                    direct.setdefault(line_id, []).append((event.event_date, amount))
        return direct

    def spread_billing(
        self, lines: list[ContractLine], amount: int, issued: date, billed: dict[str, list[tuple[date, int]]]
    ) -> dict[str, int]:
        """In proportion to max(contracted - billed, 0) on the issue date, else to contracted, else the first."""
        contracted = {line.contract_line_id: self.contracted(line, issued) for line in lines}
        unbilled = {
            key: max(value - sum(part for on, part in billed.get(key, ()) if on <= issued), 0)
            for key, value in contracted.items()
        }
        for basis in (unbilled, contracted):
            if sum(basis.values()) != 0:
                return spread(amount, basis)
        return {lines[0].contract_line_id: amount}

    def invoiced(self, line: ContractLine, d: date) -> int:
        """Invoice and credit note lines of a contract line through d, whatever is signed."""
        return sum(part for on, part in self._billed_events.get(line.contract_line_id, ()) if on <= d)


def spread(amount: int, basis: dict[str, int]) -> dict[str, int]:
    """Every spread over lines: cumulative rounding in line order (section 1)."""
    whole = sum(basis.values())
    parts, through = {}, 0
    for key, share in basis.items():
        before = half_away(Fraction(amount * through, whole))
        through += share
        parts[key] = half_away(Fraction(amount * through, whole)) - before
    return parts

"""u(d): what the method of a line measures through a date (accounting.md section 4; CHOICES.md rows 60 to 65)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from fractions import Fraction

from tests.oracle.books import Books
from tests.oracle.conventions import ONE_DAY, days
from tests.oracle.entities import ContractLine, Document, DocumentLine
from tests.oracle.layers import ALL, Layer
from tests.oracle.money import QuarantinedError, half_away
from tests.oracle.state import LineState
from tests.oracle.terms import Terms

NOTHING = Fraction(0)


def stops(books: Books, is_on: bool) -> dict[str, date]:
    """Customer -> the day from which nothing further is earned (section 6, stop_on_uncollectible)."""
    found: dict[str, date] = {}
    for document in books.documents.values():
        if is_on and document.document_type == "invoice" and document.status == "uncollectible":
            on = document.status_date or document.issue_date
            found[document.customer_id] = min(on, found.get(document.customer_id, on))
    return found


class Measures:
    def __init__(self, terms: Terms, stopped: Mapping[str, date], silent_notes: Collection[str] = ()) -> None:
        self.terms = terms
        self.books = terms.books
        self.stopped = stopped
        self.documents_of: dict[str, list[DocumentLine]] = {}
        for row in self.books.document_lines:
            is_silent = row.document_type == "credit_note" and row.document_id in silent_notes
            if row.contract_line_id is not None and row.reason != "bad_debt" and not is_silent:
                self.documents_of.setdefault(row.contract_line_id, []).append(row)

    def until(self, line: ContractLine, d: date) -> date:
        """d, at most the day before nothing further is earned (section 6, stop_on_uncollectible)."""
        stopped = self.stopped.get(self.terms.contract(line).customer_id)
        return d if stopped is None else min(d, stopped - ONE_DAY)

    # --- sums of events -------------------------------------------------------------------------------

    def delivered(self, line: ContractLine, d: date) -> Fraction:
        """Deliveries through d."""
        return self._sum(line, d, "delivery")

    def returned(self, line: ContractLine, d: date) -> Fraction:
        """Returns through d."""
        return self._sum(line, d, "return")

    def _sum(self, line: ContractLine, d: date, kind: str) -> Fraction:
        d, events = self.until(line, d), self.books.fulfillments_of.get(line.contract_line_id, ())
        return sum((row.quantity for row in events if row.kind == kind and row.event_date <= d), NOTHING)

    def amounts(self, line: ContractLine, d: date, kind: str) -> int:
        """Sum of usage or milestone amounts through d (cumulative never below 0)."""
        d, events = self.until(line, d), self.books.fulfillments_of.get(line.contract_line_id, ())
        return max(sum(row.amount for row in events if row.kind == kind and row.event_date <= d), 0)

    def percent(self, line: ContractLine, d: date) -> Fraction:
        """The latest cumulative percentage on or before d; the later id of one day wins."""
        d, events = self.until(line, d), self.books.fulfillments_of.get(line.contract_line_id, ())
        known = [row.percent for row in events if row.percent is not None and row.event_date <= d]
        return known[-1] if known else NOTHING

    def invoiced(self, line: ContractLine, d: date) -> int:
        """as_invoiced: each invoice line earned over its service period, daily, else at its issue date."""
        last = self.until(line, d)
        return sum(self.earned(row, d, last) for row in self.documents_of.get(line.contract_line_id, ()))

    def earned(self, row: DocumentLine, d: date, last: date) -> int:
        """One document line, from its issue on and until its void, by the days of service through d, at most the last.

        Of an invoice after the last day nothing is earned, nor is anything taken back by a credit of it.
        """
        document = self.books.document(row)
        if not document.has_counted or document.issue_date > d:
            return 0
        if document.voided_on is not None and document.voided_on <= d:
            return 0
        invoice: Document | None = document
        if document.document_type == "credit_note":
            invoice = self.books.documents.get(("invoice", document.invoice_id or ""))
        if invoice is not None and last < invoice.issue_date <= d:
            return 0
        return self.served(row, last)

    def served(self, row: DocumentLine, d: date) -> int:
        """One document line by the days of its service through d."""
        start, end = self.service(row)
        if start is None or end is None or d >= end:
            return row.amount
        return half_away(row.amount * Fraction(days(start, d), days(start, end))) if d >= start else 0

    # --- the measure of a layer -----------------------------------------------------------------------

    def units(self, line: ContractLine, d: date, pct: Fraction, ordered: Fraction) -> Fraction:
        """min(delivered - returned, delivered x (1 - pct)), at most what of the order is expected to stay."""
        delivered = self.delivered(line, d)
        return min(delivered - self.returned(line, d), delivered * (1 - pct), ordered * (1 - pct))

    def drawn(self, line: ContractLine, state: LineState, layer: Layer, d: date) -> Fraction:
        """drawdown: usage, with the breakage that an estimate expects, in minor units; all at the end."""
        if self.until(line, d) >= layer.drawn_until or state.pct == 1:
            return ALL
        return Fraction(half_away(self.amounts(line, d, "usage") / (1 - state.pct)))

    def u(self, line: ContractLine, state: LineState, layer: Layer, d: date) -> Fraction:
        """What the method of a line measures through d, for one of its layers."""
        d = self.until(line, d)
        if layer.curve is not None:
            return layer.curve.weight(d)
        method = self.terms.method(line)
        if method == "point_in_time":
            kept = 1 - state.pct if layer.allocation is None and state.pct != 1 else Fraction(1)
            return self.units(
                line, d, state.pct, layer.whole / kept
            )  # of a concession's whole it is off already
        if method == "on_start":
            return Fraction(1 if d >= state.start else 0)
        if method == "percent_complete":
            return self.percent(line, d)
        if method == "drawdown":
            return self.drawn(line, state, layer, d)
        return Fraction(self.raw(line, method, d))

    def raw(self, line: ContractLine, method: str, d: date) -> int:
        """Money that events have reached: milestones, usage, or invoices."""
        if method == "as_invoiced":
            return self.invoiced(line, d)
        return self.amounts(line, d, "milestone" if method == "milestone" else "usage")

    def beyond(
        self, line: ContractLine, state: LineState, d: date, layers: Sequence[Layer] | None = None
    ) -> int:
        """What is earned and contracted above an allocation: usage, overage, as_invoiced (section 4).

        layers  what a drawdown draws on, unless it is what it has now
        """
        method = self.terms.method(line)
        if method == "drawdown":
            drawn_on = state.shared if layers is None else layers
            end = max((row.drawn_until for row in drawn_on), default=state.end)
            through_end = Fraction(self.amounts(line, min(d, end), "usage"))
            limit = max(sum((row.end_of_measure for row in drawn_on), NOTHING), NOTHING)
            above = half_away(max(through_end - limit, NOTHING))
            after = self.amounts(line, d, "usage") - half_away(through_end)
            return max(above + after, 0) + sum(row.carried for row in drawn_on)
        if method not in ("usage", "as_invoiced"):
            return 0
        raw = self.raw(line, method, d)
        return max(raw - state.stated, 0) if self.terms.has_price(line) else raw

    def service(self, row: DocumentLine) -> tuple[date | None, date | None]:
        """The service period of a line, of a credit that of the invoice it credits, where that counts."""
        document = self.books.document(row)
        invoice = self.books.documents.get(("invoice", document.invoice_id or ""))
        if document.document_type == "credit_note" and (invoice is None or not invoice.has_counted):
            return None, None
        return row.service_start, row.service_end

    def check_quantity(self, line: ContractLine) -> None:
        """quality.md: a quantity where delivery drives revenue, and nothing returned that was not delivered."""
        if self.terms.method(line) != "point_in_time":
            return
        if not line.quantity:
            raise QuarantinedError(f"line {line.contract_line_id} has no quantity to deliver")
        for event in self.books.fulfillments_of.get(line.contract_line_id, ()):
            if self.delivered(line, event.event_date) < self.returned(line, event.event_date):
                raise QuarantinedError(f"more of line {line.contract_line_id} is returned than was delivered")

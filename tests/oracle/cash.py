"""Documents and payments as events of an accounting contract (accounting.md section 6).

Invoices and credit notes change billed; credit notes, refunds and lost disputes also the price; a write-off lowers
billed by what was never earned.
"""

from __future__ import annotations

from datetime import date
from functools import partial

from tests.oracle.allocation import spread
from tests.oracle.books import Books
from tests.oracle.credits import by_contracted, concede, credit
from tests.oracle.deposits import Deposits, contract_of_payment, counts_on, net
from tests.oracle.entities import Document, DocumentLine, Key, Payment
from tests.oracle.replay import CASH, CREDIT, INVOICE, SPREAD, Order, Replay
from tests.oracle.state import Event

CONCEDING = ("price_concession", "paid_to_customer", "return", "cancellation")


# --- refunds and credit notes of one amount ------------------------------------------------------------------


def paired(books: Books) -> tuple[set[str], set[str]]:
    """Refunds and credit notes that stand for each other: (refunds, notes) that count for nothing.

    One to one, on the same invoice (without one: the same contract) and of the same amount, by date: the first of
    the two counts (CHOICES.md row 81).
    """
    silent_refunds: set[str] = set()
    silent_notes: set[str] = set()
    used: set[str] = set()
    notes = sorted(
        (row for row in books.documents.values() if row.document_type == "credit_note" and row.has_counted),
        key=lambda row: (row.issue_date, row.document_id),
    )
    for refund in sorted(books.payments, key=lambda row: (row.payment_date, row.payment_id)):
        if refund.kind not in ("refund", "dispute_lost"):
            continue
        note = next((row for row in notes if row.document_id not in used and _matches(row, refund)), None)
        if note is not None:
            used.add(note.document_id)
            if note.issue_date <= refund.payment_date:
                silent_refunds.add(refund.payment_id)
            else:
                silent_notes.add(note.document_id)
    return silent_refunds, silent_notes


def _matches(note: Document, refund: Payment) -> bool:
    if note.total_amount != refund.amount:
        return False
    if refund.invoice_id is not None:
        return note.invoice_id == refund.invoice_id
    return refund.contract_id is not None and note.contract_id == refund.contract_id


# --- the events ------------------------------------------------------------------------------------------------


class Cash:
    """Plans and takes what documents and payments do to one accounting contract."""

    def __init__(self, replay: Replay, silent: tuple[set[str], set[str]], deposits: Deposits) -> None:
        self.replay, self.books, self.deposits = replay, replay.books, deposits
        self.silent_refunds, self.silent_notes = silent
        self.billings: dict[Key, list[Event]] = {}  # document type and document line -> rows of fct_billings
        self.issued: dict[str, list[tuple[date, int]]] = {}
        self.parts: dict[Key, dict[str, int]] = {}
        self.written_off: dict[str, int] = {}
        self.never_earned: dict[str, int] = {}
        self.expenses: dict[str, list[tuple[date, int]]] = {}  # contract -> dated cumulative bad-debt expense
        self.ids = {row.contract_id for row in replay.contracts}

    def plan(self) -> None:
        for row in self.books.document_lines:
            document = self.books.document(row)
            if document.has_counted and self.books.contract_of(row) in self.ids:
                self.plan_document(row, document)
        for payment in self.books.payments:
            if contract_of_payment(self.books, payment) in self.ids:
                self.plan_payment(payment)

    def plan_document(self, row: DocumentLine, document: Document) -> None:
        order: Order = (document.issue_date, row.document_id, row.document_line_id)
        is_invoice = document.document_type == "invoice"
        if is_invoice and row.contract_line_id is None:
            self.replay.plan(document.issue_date, (SPREAD, *order), partial(self.spread, row, document))
            return
        rank = INVOICE if is_invoice else CREDIT
        if row.reason == "bad_debt":
            rank, order = CASH, (1, document.document_type, row.document_line_id)
        self.replay.plan(document.issue_date, (rank, *order, 0, 0), partial(self.bill, row, document, 1))
        if document.voided_on is not None:
            self.replay.plan(document.voided_on, (rank, *order, 1, 0), partial(self.bill, row, document, -1))
        if row.reason in CONCEDING:
            self.plan_concession(row, document, (rank, *order))

    def plan_concession(self, row: DocumentLine, document: Document, order: Order) -> None:
        """On its date; on a line that an amendment adds not before that takes effect."""
        counts = document.issue_date
        line = self.replay.line_of.get(row.contract_line_id or "")
        addition = self.books.addition_of.get(row.contract_line_id or "")
        if line is not None and document.issue_date < self.replay.terms.counts_from(line):
            return
        if line is not None and line.amendment_id is not None and addition is not None:
            counts = max(counts, addition.effective_date)
        self.replay.plan(counts, (*order, 0, 1), partial(self.concede, row, 1))
        if document.voided_on is not None:
            self.replay.plan(max(document.voided_on, counts), (*order, 1, 1), partial(self.concede, row, -1))

    def plan_payment(self, row: Payment) -> None:
        if row.kind in ("refund", "dispute_lost") and row.payment_id not in self.silent_refunds:
            first: Order = (CASH, 0, row.payment_date, row.payment_id)
            self.replay.plan(row.payment_date, first, partial(self.refund, row))
        elif row.kind == "write_off":  # of what the day's credits and refunds have left
            owner, then = contract_of_payment(self.books, row), (CASH, 1, row.kind, row.payment_id)
            self.replay.plan(
                row.payment_date, then, partial(self.write_off, row.payment_id, owner, net(self.books, row))
            )

    # --- billed ---------------------------------------------------------------------------------------------

    def lower(self, key: str, amount: int, on: date, shown: date | None = None) -> None:
        """Billed of a line changes: in positions on `on`, in billings on the date of the event."""
        self.replay.billed_events.setdefault(key, []).append((on, amount))
        self.issued.setdefault(key, []).append((shown or self.replay.today, amount))

    def shown(self, event_id: str, kind: str, amount: int) -> None:
        """A row of fct_billings, always at its own date."""
        if amount:
            self.billings.setdefault((kind, event_id), []).append(
                Event(event_id, kind, self.replay.today, amount)
            )

    def bill(self, row: DocumentLine, document: Document, sign: int) -> None:
        """An invoice or credit note line on its issue date (1) and on its void (-1)."""
        replay = self.replay
        if row.document_id in self.silent_notes and row.document_type == "credit_note":
            return
        if row.reason == "bad_debt":
            owner = self.books.contract_of(row)
            self.write_off(row.document_line_id, owner, -sign * row.amount, "credit_note")
            return
        self.shown(row.document_line_id, row.document_type, sign * row.amount)
        parts = self.parts.get((row.document_type, row.document_line_id))
        if parts is None:
            parts = self.parts[row.document_type, row.document_line_id] = self.lines_of(row)
        on = max(counts_on(document, replay.policy), replay.today) if sign > 0 else replay.today
        for key, amount in parts.items():
            if sign < 0:
                on = max(on, counts_on(document, replay.policy))
            self.lower(key, sign * amount, on)

    def concede(self, row: DocumentLine, sign: int) -> None:
        """What a credit note line does to prices (1), and what its void takes back of that (-1)."""
        if row.document_id in self.silent_notes:
            return
        for key, amount in self.parts[row.document_type, row.document_line_id].items():
            step = partial(credit, self.replay, row, key, -amount, sign)
            self.replay.booked(row.document_line_id, "reprice", step)

    def lines_of(self, row: DocumentLine) -> dict[str, int]:
        """The line of a credit note line, else all lines of its contract in proportion to allocated."""
        if row.contract_line_id is not None:
            return {row.contract_line_id: row.amount}
        contract_id = self.books.contract_of(row) or ""
        if row.reason in CONCEDING:
            return by_contracted(self.replay, contract_id, row.amount)
        return self.by_unbilled(contract_id, row.amount, self.replay.today)

    def spread(self, row: DocumentLine, document: Document) -> None:
        """An invoice line without a contract line, over the lines of the invoice's contract."""
        parts = self.by_unbilled(document.contract_id or "", row.amount, self.replay.today)
        self.parts[row.document_type, row.document_line_id] = parts
        self.shown(row.document_line_id, row.document_type, row.amount)
        on = counts_on(document, self.replay.policy)
        for key, amount in parts.items():
            self.lower(key, amount, on)
        if document.voided_on is not None:
            kept = Event(row.document_line_id, row.document_type, document.voided_on, -row.amount)
            self.billings[row.document_type, row.document_line_id].append(kept)
            for key, amount in parts.items():
                self.lower(key, -amount, max(on, document.voided_on), document.voided_on)

    def by_unbilled(self, contract_id: str, amount: int, on: date) -> dict[str, int]:
        """In proportion to max(contracted - billed, 0) on the issue date, else to contracted, else the first."""
        replay = self.replay
        lines = [key for key, line in replay.line_of.items() if line.contract_id == contract_id]
        contracted = {key: replay.contracted(key, on) for key in lines if key in replay.lines}
        unbilled = {key: max(value - replay.billed(key, on), 0) for key, value in contracted.items()}
        for basis in (unbilled, {key: max(value, 0) for key, value in contracted.items()}):
            if sum(basis.values()) != 0:
                return spread(amount, basis)
        return {lines[0]: amount} if lines else {}

    # --- refunds and write-offs ----------------------------------------------------------------------------

    def refund(self, row: Payment) -> None:
        """Without a credit note of that amount: a price concession on its date, and billed falls as much."""
        replay, amount = self.replay, net(self.books, row)
        parts = self.refunded_lines(row, amount)
        self.shown(row.payment_id, row.kind, -amount)
        for key, part in parts.items():
            self.lower(key, -part, replay.today)
            if key in replay.lines and not self.is_over(key):
                is_invoiced = replay.terms.method(replay.line_of[key]) == "as_invoiced"
                step = partial(concede, replay, key, part, "all")
                replay.booked(row.payment_id, "usage" if is_invoiced else "reprice", step)

    def refunded_lines(self, row: Payment, amount: int) -> dict[str, int]:
        """The lines its invoice names, by their amounts; else all lines of the contract by allocated."""
        basis: dict[str, int] = {}
        for line in self.books.document_lines_of.get(("invoice", row.invoice_id or ""), ()):
            document = self.books.document(line)
            is_issued = document.has_counted and document.issue_date <= row.payment_date
            state = self.replay.lines.get(line.contract_line_id or "")
            key = line.contract_line_id
            if is_issued and state is not None and key is not None and self.shares_refunds(key):
                basis[key] = basis.get(key, 0) + line.amount
        if sum(basis.values()) > 0:
            return spread(amount, {key: basis[key] for key in self.replay.line_of if key in basis})
        return by_contracted(self.replay, contract_of_payment(self.books, row) or "", amount)

    def is_over(self, key: str) -> bool:
        """Earned as invoiced, and cancelled: its final amount knows no document any more."""
        line, state = self.replay.line_of[key], self.replay.lines[key]
        return self.replay.terms.method(line) == "as_invoiced" and state.final is not None

    def shares_refunds(self, key: str) -> bool:
        """No discount, and no line whose amendment is still to take effect."""
        line, terms = self.replay.line_of[key], self.replay.terms
        return not terms.is_discount(line) and terms.there_from(line) <= self.replay.today

    def write_off(self, event_id: str, contract_id: str | None, amount: int, kind: str = "write_off") -> None:
        """expense = max(0, min(written off, recognized - paid)); the rest reduces billed (never earned)."""
        replay, on = self.replay, self.replay.today
        owner = contract_id or ""
        lines = [
            key for key, line in replay.line_of.items() if line.contract_id == owner and key in replay.lines
        ]
        written = self.written_off[owner] = self.written_off.get(owner, 0) + amount
        recognized = {key: replay.recognized(key, on) for key in lines}
        expense = max(0, min(written, sum(recognized.values()) - self.paid(owner, on)))
        never_earned = written - expense if lines else 0  # it can only come off lines that are signed
        change = never_earned - self.never_earned.get(owner, 0)
        self.never_earned[owner] = never_earned
        self.expenses.setdefault(owner, []).append((on, expense))
        if change == 0 or not lines:
            return
        self.shown(event_id, kind, -change)
        unearned = {key: max(replay.billed(key, on) - recognized[key], 0) for key in lines}
        billed = {key: max(replay.billed(key, on), 0) for key in lines}
        basis = next((each for each in (unearned, billed) if sum(each.values()) != 0), {lines[0]: 1})
        for key, part in spread(change, basis).items():
            self.lower(key, -part, on)

    def paid(self, contract_id: str, d: date) -> int:
        """Money received for a contract through d without tax, less what was given back."""
        signs = {"payment": 1, "refund": -1, "dispute_lost": -1}
        rows = (row for row in self.books.payments if row.payment_date <= d and row.kind in signs)
        mine = (row for row in rows if contract_of_payment(self.books, row) == contract_id)
        return sum(signs[row.kind] * net(self.books, row) for row in mine) + self.deposits.received(
            contract_id, d
        )

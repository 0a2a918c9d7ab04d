"""Customer deposits: money that settles no invoice, and where it goes (accounting.md section 6; CHOICES.md row 84)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from fractions import Fraction

from tests.oracle.books import Books
from tests.oracle.entities import Document, Payment
from tests.oracle.money import half_away
from tests.oracle.policy import DEFAULT, Policy

Holder = tuple[str | None, str, str]
"""The contract, or None and the customer; the currency."""


def counts_on(document: Document, policy: Policy) -> date:
    """When billing counts, policy `defer_on` (section 6)."""
    if policy.defer_on == "due_date" and document.document_type == "invoice":
        return max(document.due_date or document.issue_date, document.issue_date)
    return document.issue_date


def contract_of_invoice(books: Books, invoice_id: str | None) -> str | None:
    """The contract an invoice names, else that of its first line that names one."""
    document = books.documents.get(("invoice", invoice_id or ""))
    if document is None:
        return None
    owners = (books.contract_of(row) for row in books.document_lines_of.get(document.key, ()))
    return document.contract_id or next((owner for owner in owners if owner is not None), None)


def contract_of_payment(books: Books, row: Payment) -> str | None:
    return contract_of_invoice(books, row.invoice_id) or row.contract_id


def net(books: Books, row: Payment) -> int:
    """A payment without tax: in proportion to its invoice's net amount."""
    document = books.documents.get(("invoice", row.invoice_id or ""))
    if document is None or not document.has_counted or (document.total_amount or 0) <= 0:
        return row.amount
    if document.issue_date > row.payment_date:
        return row.amount
    lines = sum(line.amount for line in books.document_lines_of.get(document.key, ()))
    return half_away(Fraction(row.amount * lines, document.total_amount))


def holder_of(books: Books, row: Payment) -> Holder:
    """Whose money it is: its contract's, else its customer's."""
    owner = contract_of_payment(books, row)
    if owner in books.contracts:
        return owner, "", row.currency
    return None, row.customer_id, row.currency


class Deposits:
    """What is there of every holder after each day, taken step by step: never less than nothing."""

    def __init__(self, books: Books, out: Collection[str] = (), policy: Policy = DEFAULT) -> None:
        self.books, self.policy = books, policy
        self.there: dict[Holder, int] = {}
        self.known: dict[Holder, list[tuple[date, int]]] = {}
        self._received: dict[str, list[tuple[date, int]]] = {}
        rows = [row for row in books.payments if holder_of(books, row)[0] not in out]
        steps = [
            (on, amount < 0, row.payment_id, amount, row) for row in rows for on, amount in self.steps(row)
        ]
        for on, _, _, amount, row in sorted(steps, key=lambda step: step[:3]):
            self.take(on, amount, row)

    def steps(self, row: Payment) -> list[tuple[date, int]]:
        """When it becomes or leaves a deposit: stands aside, is applied, is applied no more."""
        signs = {"payment": 1, "refund": -1}
        document = self.books.documents.get(("invoice", row.invoice_id or ""))
        voided = document.voided_on if document is not None else None
        counts = (
            document is not None and document.has_counted and (voided is None or voided > row.payment_date)
        )
        if row.kind == "credit_applied":
            if document is None or not counts:
                return [] if row.invoice_id else [(row.payment_date, -row.amount)]
            applied = max(counts_on(document, self.policy), row.payment_date)
            found = [(applied, -row.amount)]
            return found if voided is None else [*found, (max(voided, applied), row.amount)]
        if row.kind not in signs:
            return []
        amount = signs[row.kind] * row.amount
        if document is None or not counts:
            return [(row.payment_date, amount)]
        found, applied = [], counts_on(document, self.policy)
        if applied > row.payment_date:
            found = [(row.payment_date, amount), (applied, -amount)]
        return found if voided is None else [*found, (max(voided, applied), amount)]

    def take(self, on: date, amount: int, row: Payment) -> None:
        """A credit of a contract first takes what the contract has there, then what its customer has."""
        holder = holder_of(self.books, row)
        missing = self.move(holder, on, amount)
        if row.kind == "credit_applied" and holder[0] is not None and missing:
            self.move((None, row.customer_id, row.currency), on, -missing)
            whole = net(self.books, row)
            self._received.setdefault(holder[0], []).append(
                (on, half_away(Fraction(whole * missing, row.amount)))
            )

    def move(self, holder: Holder, on: date, amount: int) -> int:
        """What is missing of what it would take."""
        there = self.there.get(holder, 0) + amount
        self.there[holder] = max(there, 0)
        self.known.setdefault(holder, []).append((on, max(there, 0)))
        return max(-there, 0)

    def of(self, holder: Holder, d: date) -> int:
        """What is there after a day."""
        return next((amount for on, amount in reversed(self.known.get(holder, [])) if on <= d), 0)

    def received(self, contract_id: str, d: date) -> int:
        """Money that credits brought to a contract from elsewhere, without tax."""
        return sum(amount for on, amount in self._received.get(contract_id, ()) if on <= d)

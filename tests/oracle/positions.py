"""Cumulative positions (accounting.md section 2): what is allocated, contracted, recognized and billed at d.

Every function answers for one contract line (or one accounting contract) and any date, and depends only on
what is dated on or before that date: a cut at the end of a period needs no second set of books.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property

from tests.oracle.allocation import group_ssps, shares, spread, weights_of
from tests.oracle.cash import Cash, paired
from tests.oracle.conventions import ONE_DAY
from tests.oracle.credits import expected_back
from tests.oracle.deposits import Deposits
from tests.oracle.entities import Contract, ContractLine, DocumentLine, Key, Product
from tests.oracle.estimates import plan_estimates
from tests.oracle.measures import Measures, stops
from tests.oracle.modifications import plan_modifications
from tests.oracle.money import half_away
from tests.oracle.policy import DEFAULT, Policy
from tests.oracle.records import Books
from tests.oracle.replay import Replay, plan_signings, plan_usage
from tests.oracle.state import Cancellation, Event, LineState
from tests.oracle.terms import DISCOUNT, PASS_THROUGH, Ssp, Terms

__all__ = ["Balance", "Cancellation", "Event", "Positions", "spread"]

OUTSIDE_REFUNDS = ("usage", "as_invoiced", PASS_THROUGH)


@dataclass(frozen=True)
class Balance:
    """The position of an accounting contract (section 1) and the refund liability (section 6)."""

    contracted: int
    billed: int
    recognized: int
    liable: int | None = None  # the refund liability where lines or estimates say more than the sums

    @property
    def refund_liability(self) -> int:
        """max(billed - contracted, what estimates say will go back, 0) over the lines that can be refunded."""
        return max(self.billed - self.contracted, 0) if self.liable is None else self.liable

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

    def __init__(self, books: Books, policy: Policy = DEFAULT) -> None:
        self.books = books
        self.policy = policy
        self.terms = Terms(books)
        stopped = stops(books, policy.stop_on_uncollectible)
        self.measures = Measures(self.terms, stopped, self._paired[1])
        self._lives: dict[str, tuple[Replay, Cash]] = {}

    # --- terms of a line ------------------------------------------------------------------------------

    def contract(self, line: ContractLine) -> Contract:
        return self.terms.contract(line)

    def product(self, line: ContractLine) -> Product:
        return self.terms.product(line)

    def start(self, line: ContractLine) -> date:
        return self.terms.start(line)

    def end(self, line: ContractLine) -> date:
        return self.terms.end(line)

    def method(self, line: ContractLine) -> str:
        return self.terms.method(line)

    def convention(self, line: ContractLine) -> str:
        return self.terms.convention(line)

    def is_discount(self, line: ContractLine) -> bool:
        return self.terms.is_discount(line)

    def ssp(self, line: ContractLine) -> Ssp:
        return self.terms.ssp(line)

    def counts_from(self, line: ContractLine) -> date:
        """The signature that brings a line: its contract's, or its amendment's."""
        return self.terms.counts_from(line)

    def cancellation(self, line: ContractLine) -> Cancellation | None:
        return self.life(line)[0].cancellation(line)

    # --- the life of an accounting contract -------------------------------------------------------------

    @cached_property
    def _paired(self) -> tuple[set[str], set[str]]:
        return paired(self.books)

    @cached_property
    def _deposits(self) -> Deposits:
        return Deposits(self.books, policy=self.policy)

    def life(self, line: ContractLine) -> tuple[Replay, Cash]:
        return self.life_of(self.contract(line).accounting_contract_id)

    def life_of(self, accounting_contract_id: str) -> tuple[Replay, Cash]:
        """All events of an accounting contract, told once."""
        if accounting_contract_id not in self._lives:
            contracts = self.books.contracts_of[accounting_contract_id]
            replay = Replay(self.terms, self.measures, contracts, self.policy)
            cash = Cash(replay, self._paired, self._deposits)
            plan_signings(replay)
            plan_modifications(replay)
            plan_estimates(replay)
            cash.plan()
            plan_usage(replay)
            replay.run()
            self._lives[accounting_contract_id] = replay, cash
        return self._lives[accounting_contract_id]

    def state(self, line: ContractLine, d: date) -> LineState | None:
        """The terms of a line that are in force at d; None before its signature, or out of positions."""
        if self.method(line) == PASS_THROUGH:
            return None
        snapshot = self.life(line)[0].at(d)
        return None if snapshot is None else snapshot.lines.get(line.contract_line_id)

    def treatment(self, amendment_id: str, line: ContractLine) -> tuple[str, str]:
        """How an amendment row was treated, and the rule that decided (section 5)."""
        return self.life(line)[0].decisions[f"{amendment_id}/{line.contract_line_id}"]

    # --- section 3: allocation --------------------------------------------------------------------------

    def allocate(self, accounting_contract_id: str, signed: frozenset[str]) -> dict[str, int]:
        """Allocation at signing over some contracts of an accounting contract: line -> minor units."""
        groups: dict[str | None, list[ContractLine]] = {}
        lines = [line for contract_id in signed for line in self.books.lines_of.get(contract_id, ())]
        for line in sorted(lines, key=self.books.line_order):
            if line.amendment_id is None and self.terms.has_price(line):
                groups.setdefault(line.allocation_group, []).append(line)
        found: dict[str, int] = {}
        for group in groups.values():
            price = sum(line.amount + line.variable_amount - line.constrained_amount for line in group)
            weights = weights_of(self.terms, group, group_ssps(self.terms, group, price))
            found.update(shares(price, weights))
        return found

    def allocated(self, line: ContractLine, d: date) -> int:
        """The part of the transaction price that belongs to a line, before cancellation (sections 1, 3)."""
        state = self.state(line, d)
        return 0 if state is None else self.life(line)[0].evaluator.allocated(line, state)

    # --- section 4 --------------------------------------------------------------------------------------

    def fraction(self, line: ContractLine, d: date) -> Fraction:
        """The part of a line's first allocation that its method earns through d (section 4)."""
        if self.method(line) in (DISCOUNT, PASS_THROUGH):
            return Fraction(0)
        replay = self.life(line)[0]
        first = replay.first_state(line)
        layer = replay.layer(line, first, 0, line.amount)
        if not layer.end_of_measure:
            return Fraction(0)
        return min(self.measures.u(line, first, layer, d) / layer.end_of_measure, Fraction(1))

    # --- section 2: the positions -----------------------------------------------------------------------

    def contracted(self, line: ContractLine, d: date) -> int:
        """allocated(d), 0 before the signature, the final amount once cancelled (sections 2, 5)."""
        state = self.state(line, d)
        return 0 if state is None else self.life(line)[0].evaluator.contracted(line, state, d)

    def recognized(self, line: ContractLine, d: date, known: date | None = None) -> int:
        """Earned through d on the terms valid at d, or at an earlier date (sections 1, 2, 5)."""
        state = self.state(line, known or d)
        return 0 if state is None else self.life(line)[0].evaluator.recognized(line, state, d)

    def backlog(self, line: ContractLine, d: date) -> int:
        """contracted - recognized (section 1)."""
        return self.contracted(line, d) - self.recognized(line, d)

    def billed(self, line: ContractLine, d: date) -> int:
        """What was invoiced less what was voided and credited; in no position before the signature."""
        if self.method(line) == PASS_THROUGH or d < self.counts_from(line):
            return 0
        return self.life(line)[0].billed(line.contract_line_id, d) - self._not_paid(line, d)

    def _not_paid(self, line: ContractLine, d: date) -> int:
        """defer_on cash_if_cancellable: an invoice for undelivered service counts as far as paid or delivered."""
        contract = self.contract(line)
        if self.policy.defer_on != "cash_if_cancellable" or not contract.is_cancellable:
            return 0
        replay, cash = self.life(line)
        keys = [key for key, row in replay.line_of.items() if row.contract_id == line.contract_id]
        billed = {key: max(replay.billed(key, d), 0) for key in keys}
        earned = sum(self.recognized(replay.line_of[key], d) for key in keys)
        above = sum(billed.values()) - max(cash.paid(line.contract_id, d), earned)
        return spread(above, billed)[line.contract_line_id] if above > 0 else 0

    def scheduled(self, line: ContractLine, after: date, first: date, last: date) -> int:
        """Revenue that the terms valid at `after` place between two later dates (E1)."""
        before = max(first - ONE_DAY, after)
        return self.recognized(line, last, after) - self.recognized(line, before, after)

    # --- balances ---------------------------------------------------------------------------------------

    def balance_group(self, line: ContractLine) -> str:
        """The accounting contract of a line; lines added as `separate` have their own (architecture.md 20)."""
        own = self.contract(line).accounting_contract_id
        if line.amendment_id is None:
            return own
        return self.life(line)[0].balance_group.get(line.contract_line_id, own)

    def balance_of(self, lines: Sequence[ContractLine], d: date) -> Balance:
        """billed, contracted, recognized and refund liability of the lines of an accounting contract."""
        refundable = [line for line in lines if self.method(line) not in OUTSIDE_REFUNDS]
        above = sum(self.billed(line, d) - self.contracted(line, d) for line in refundable)
        return Balance(
            contracted=sum(self.contracted(line, d) for line in lines),
            billed=sum(self.billed(line, d) for line in lines),
            recognized=sum(self.recognized(line, d) for line in lines),
            liable=max(above, sum(self.expected_refund(line, d) for line in refundable), 0),
        )

    def expected_refund(self, line: ContractLine, d: date) -> int:
        """billed before return credits x (expected returns + negative variable) / stated, less return credits."""
        state, replay = self.state(line, d), self.life(line)[0]
        if state is None or state.stated == 0:
            return 0
        credited = state.return_credits + state.variable_used
        back = expected_back(replay, line, state) + max(-state.variable, 0)
        billed = self.billed(line, d) + credited
        return max(half_away(Fraction(billed * back, state.stated)) - credited, 0)

    def balance(self, accounting_contract_id: str, d: date) -> Balance:
        """Netting is per accounting contract (architecture.md 20)."""
        lines = [
            line
            for contract in self.books.contracts_of[accounting_contract_id]
            for line in self.books.lines_of.get(contract.contract_id, ())
            if self.balance_group(line) == accounting_contract_id
        ]
        return self.balance_of(lines, d)

    def bad_debt(self, contract_id: str, d: date) -> int:
        """Bad-debt expense of a contract through d (section 6)."""
        owner = self.books.contracts[contract_id].accounting_contract_id
        known = self.life_of(owner)[1].expenses.get(contract_id, ())
        return next((expense for on, expense in reversed(known) if on <= d), 0)

    def deposits(self, customer_id: str, contract_id: str | None, d: date) -> int:
        """Customer deposits (section 6): of a contract, else of a customer."""
        contract = self.books.contracts.get(contract_id or "")
        if contract is None:
            currencies = sorted({row.currency for row in self.books.payments})
            return sum(self._deposits.of((None, customer_id, currency), d) for currency in currencies)
        return self._deposits.of((contract.contract_id, "", contract.currency), d)

    # --- facts ------------------------------------------------------------------------------------------

    def bookings(self, line: ContractLine) -> list[Event]:
        """Every change of contracted, with its type (sections 1, 2, 5)."""
        return list(self.life(line)[0].bookings[line.contract_line_id])

    def billings(self, row: DocumentLine) -> list[Event]:
        """An invoice or credit note line at its issue date, and its void as an event of its own date."""
        owner = self.books.contract_of(row)
        contract = self.books.contracts.get(owner or "")
        if contract is not None:
            found = self.life_of(contract.accounting_contract_id)[1].billings
            return list(found.get((row.document_type, row.document_line_id), ()))
        document = self.books.document(row)
        if not document.has_counted:
            return []
        events = [Event(row.document_line_id, row.document_type, document.issue_date, row.amount)]
        if document.voided_on is not None:
            events.append(Event(row.document_line_id, row.document_type, document.voided_on, -row.amount))
        return events

    def payments(self, accounting_contract_id: str) -> dict[Key, list[Event]]:
        """Rows of billings that are no document: refunds, lost disputes, write-offs of what was never earned."""
        found = self.life_of(accounting_contract_id)[1].billings
        return {key: events for key, events in found.items() if key[0] not in ("invoice", "credit_note")}

    def invoiced(self, line: ContractLine, d: date) -> int:
        """Invoice and credit note lines of a contract line through d, whatever is signed or deferred."""
        return sum(
            amount for on, amount in self.life(line)[1].issued.get(line.contract_line_id, ()) if on <= d
        )

"""The life of an accounting contract, event by event, in the order of accounting.md section 1.

"Events of one day: amendments, then estimates, then credit notes, then fulfillments." Each step changes the terms
of lines; what it does to contracted is a booking. After the events of a day the terms are kept, so positions at any
date are read from the last day on or before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import partial

from tests.oracle.allocation import Allocation, Measured, group_ssps, weights_of
from tests.oracle.conventions import ONE_DAY, months_of_term
from tests.oracle.entities import Contract, ContractLine
from tests.oracle.evaluate import Evaluator
from tests.oracle.layers import EVER, Curve, Layer
from tests.oracle.measures import Measures
from tests.oracle.money import QuarantinedError
from tests.oracle.policy import Policy
from tests.oracle.state import Cancellation, Event, LineState, Snapshot
from tests.oracle.terms import PASS_THROUGH, Terms

Step = Callable[[], None]
Order = tuple[object, ...]

# The order of a day.
SIGN, AMEND_SIGNED, CANCEL_SIGNED, CANCEL, AMEND, ESTIMATE, INVOICE, CREDIT, CASH, FULFIL, SPREAD = range(11)


class Replay:
    """The events of one accounting contract, told once."""

    def __init__(
        self, terms: Terms, measures: Measures, contracts: Sequence[Contract], policy: Policy
    ) -> None:
        self.terms, self.measures, self.books, self.policy = terms, measures, terms.books, policy
        self.evaluator = Evaluator(measures)
        self.contracts = contracts
        found = [line for row in contracts for line in self.books.lines_of.get(row.contract_id, ())]
        self.order = sorted(found, key=self.books.line_order)
        self.line_of = {line.contract_line_id: line for line in self.order}
        self.lines: dict[str, LineState] = {}
        self.allocations: dict[int, Allocation] = {}
        self.first_allocation: dict[str, int] = {}
        self.group_allocation: dict[str | None, int] = {}
        self.billed_events: dict[str, list[tuple[date, int]]] = {}
        self.credited: dict[
            tuple[str, str], int
        ] = {}  # what a credit note line did, for its void to take back
        self.bookings: dict[str, list[Event]] = {key: [] for key in self.line_of}
        self.decisions: dict[str, tuple[str, str]] = {}
        self.balance_group: dict[str, str] = {}
        self.today = date.min
        self._steps: list[tuple[date, Order, Step]] = []
        self._snapshots: list[Snapshot] = []

    # --- the calendar of steps ------------------------------------------------------------------------

    def plan(self, on: date, order: Order, step: Step) -> None:
        self._steps.append((on, order, step))

    def run(self) -> None:
        """All steps in order; the terms after each day are kept."""
        self._steps.sort(key=lambda item: (item[0], item[1]))
        for i, (on, _, step) in enumerate(self._steps):
            self.today = on
            step()
            if i + 1 == len(self._steps) or self._steps[i + 1][0] != on:
                self._snapshots.append(Snapshot(on, dict(self.lines), dict(self.allocations)))
        self._days = [snapshot.on for snapshot in self._snapshots]

    def at(self, d: date) -> Snapshot | None:
        """The terms after the last day of events on or before d."""
        index = bisect_right(self._days, d)
        return self._snapshots[index - 1] if index else None

    # --- reading --------------------------------------------------------------------------------------

    def contracted(self, key: str, d: date | None = None) -> int:
        """On the terms of this moment; the fulfillments of the day come after all other events."""
        state = self.lines.get(key)
        if state is None:
            return 0
        return self.evaluator.contracted(self.line_of[key], state, d or self.today - ONE_DAY)

    def recognized(self, key: str, d: date) -> int:
        state = self.lines.get(key)
        return 0 if state is None else self.evaluator.recognized(self.line_of[key], state, d)

    def billed(self, key: str, d: date) -> int:
        return sum(amount for on, amount in self.billed_events.get(key, ()) if on <= d)

    # --- booking --------------------------------------------------------------------------------------

    def book(self, key: str, event_id: str, kind: str, amount: int) -> None:
        if amount:
            self.bookings[key].append(Event(event_id, kind, self.today, amount))

    def booked(self, event_id: str, kind: str, step: Step) -> None:
        """Do a step and book what it does to contracted, line by line (section 2)."""
        before = {key: self.contracted(key) for key in self.line_of}
        step()
        for key, known in before.items():
            self.book(key, event_id, kind, self.contracted(key) - known)

    # --- changing -------------------------------------------------------------------------------------

    def change(self, key: str, **fields: object) -> LineState:
        self.lines[key] = replace(self.lines[key], **fields)  # type: ignore[arg-type]
        return self.lines[key]

    def allocate(self, allocation: Allocation) -> int:
        """A new allocation."""
        number = len(self.allocations)
        self.allocations[number] = allocation
        return number

    def reprice(self, number: int, after: Allocation) -> None:
        """Give an allocation another price: shares of lines change, of lines pooled since in their pool."""
        before = self.allocations[number].shares()
        self.allocations[number] = after
        onward: dict[int, int] = {}
        for key, share in after.shares().items():
            moved = share - before.get(key, 0)
            target = after.moved.get(key)
            if target is not None:
                onward[target] = onward.get(target, 0) + moved
            elif key in self.lines:
                self._change_share(key, number, moved)
        for target, moved in onward.items():
            if moved:
                self.reprice(target, self.allocations[target].repriced(moved))

    def _change_share(self, key: str, number: int, moved: int) -> None:
        state = self.lines[key]
        if moved:
            layers = tuple(
                replace(row, remainder=row.remainder + moved)
                if row.lives and row.allocation == number
                else row
                for row in state.layers
            )
            self.change(key, layers=layers)

    # --- signing (sections 2 and 3) -------------------------------------------------------------------

    def first_state(self, line: ContractLine) -> LineState:
        """The terms of a line as first signed."""
        contract = self.terms.contract(line)
        start, end = line.start_date or contract.start_date, line.end_date or contract.end_date
        method = self.terms.method(line)
        if method in ("ratable", "on_start"):
            start = self.terms.start(line)
        if method in ("ratable", "drawdown"):
            end = self.terms.end(line)
        if start is not None and end is not None and end < start:
            raise QuarantinedError(f"line {line.contract_line_id} ends before it starts")
        self.measures.check_quantity(line)
        return LineState(
            start_date=start,
            end_date=end,
            signed_end=end,
            quantity=line.quantity,
            stated=line.amount,
            group=self.terms.group_of(line),
            pct=line.expected_return_pct or Fraction(0),
            variable=line.variable_amount,
            constrained=line.constrained_amount,
        )

    def first_price(self, line: ContractLine) -> int:
        """amount + variable - constrained (section 3.1)."""
        return line.amount + line.variable_amount - line.constrained_amount

    def layer(
        self, line: ContractLine, state: LineState, number: int, share: int, begin: date = EVER
    ) -> Layer:
        """A share of an allocation, earned by the line's method over what it promises from `begin` on."""
        method = self.terms.method(line)
        curve, whole = None, Fraction(0)
        if method == "ratable":
            kept = tuple((max(start, begin), end) for start, end in state.stretches if end >= begin)
            curve = Curve(kept, self.terms.convention(line))
            whole = curve.total()
        elif method == "point_in_time":
            whole = state.quantity or Fraction(0)
        elif method == "on_start":
            whole = Fraction(1)
        elif method == "percent_complete":
            whole = Fraction(100)
        elif method in ("milestone", "usage", "as_invoiced"):
            whole = Fraction(state.stated)
            self._check_stated(line, method, state)
        if method != "drawdown":
            return Layer(0, share, Fraction(0), whole, curve, number)
        return Layer(0, share, Fraction(0), whole, None, number, follows_share=True, drawn_until=state.end)

    def _check_stated(self, line: ContractLine, method: str, state: LineState) -> None:
        if state.stated <= 0 and method == "milestone":
            raise QuarantinedError(f"milestones of line {line.contract_line_id} without a stated amount")

    def sign(self, signed: Sequence[Contract]) -> None:
        """A contract is signed: its lines join the allocation of their group over the accounting contract."""
        ids = {row.contract_id for row in self.contracts if row.signed_date <= self.today}
        new = {row.contract_id for row in signed}
        present = [row for row in self.order if row.amendment_id is None and row.contract_id in ids]
        before = {key: self.contracted(key) for key in self.lines}
        for line in present:
            if line.contract_id in new:
                self.lines[line.contract_line_id] = self.first_state(line)
        priced = [line for line in present if self.terms.has_price(line)]
        for group in dict.fromkeys(line.allocation_group for line in priced):
            self._sign_group(group, [row for row in priced if row.allocation_group == group], new)
        joined = [line for line in priced if line.contract_id in new]
        moved = {key: self.contracted(key) - known for key, known in before.items()}
        for line in joined:
            key, known = line.contract_line_id, self._new_booking(line)
            self.book(key, line.contract_id, self.terms.contract(line).booking_type, known)
            moved[key] = self.evaluator.allocated(line, self.lines[key]) - known
        self.book_moves(moved, min(new), joined[0].contract_line_id if joined else None, new)

    def book_moves(
        self, moved: dict[str, int], event_id: str, first: str | None, new: Collection[str] = ()
    ) -> None:
        """Rows that only move money add up to 0; what does not is what is expected back of goods: `reprice`.

        new  contracts signed today: their lines' rows belong to their own signature
        """
        rest = sum(moved.values())
        for key, amount in moved.items():
            contract_id = self.line_of[key].contract_id
            event = contract_id if contract_id in new else event_id
            if key == first:
                self.book(key, event, "reprice", rest)
            self.book(key, event, "reallocation", amount - (rest if key == first else 0))

    def _new_booking(self, line: ContractLine) -> int:
        """The stated amount, with the estimates of the signing date, less what is expected back."""
        state = self.lines[line.contract_line_id]
        whole = sum(layer.base + layer.remainder for layer in state.layers)
        return self.first_price(line) - (whole - self.evaluator.allocated(line, state))

    def _sign_group(self, group: str | None, lines: list[ContractLine], new: set[str]) -> None:
        joining = [line for line in lines if line.contract_id in new]
        price = sum(self.first_price(line) for line in joining)
        known = self.group_allocation.get(group)
        if known is None:
            ssps = group_ssps(self.terms, lines, price)
            weights = weights_of(self.terms, lines, ssps)
            allocation = Allocation(price, weights, EVER, ssps=ssps, quantities=self._measured(lines))
            number = self.group_allocation[group] = self.allocate(allocation)
        else:
            number = known
            price += self.allocations[number].price
            moved = self.allocations[number].moved
            ssps = group_ssps(self.terms, lines, price)
            weights = weights_of(self.terms, lines, ssps)
            allocation = Allocation(price, weights, EVER, moved, ssps, self._measured(lines))
        shares = allocation.shares()
        for line in joining:
            key = line.contract_line_id
            self.first_allocation[key] = number
            state = self.lines[key]
            share = shares[key] if known is None else 0
            self.change(
                key,
                layers=(self.layer(line, state, number, share),),
                first_weight=allocation.weights[key],
            )
        if known is not None:
            self.reprice(number, allocation)

    def _measured(self, lines: Sequence[ContractLine]) -> dict[str, Measured]:
        """What the SSPs of lines as first signed are for."""
        found: dict[str, Measured] = {}
        for line in lines:
            ssp, unit = self.terms.ssp(line), self.terms.unit_ssp(line, self.terms.counts_from(line))
            is_per_month = unit is not None and unit.per == "month" and ssp.source == unit.source
            months = None
            if is_per_month and self.terms.method(line) == "ratable":
                months = months_of_term(self.terms.start(line), self.terms.end(line))
            found[line.contract_line_id] = (line.quantity, months)
        return found

    # --- cancellation (section 5) ---------------------------------------------------------------------

    def cancellation(self, line: ContractLine) -> Cancellation | None:
        """A header cancellation is a cancel of every line; an amendment for the line wins."""
        contract = self.terms.contract(line)
        row = self.books.cancel_of.get(line.contract_line_id)
        x = contract.cancelled_date
        counts = self.terms.counts_from(line)
        if row is not None:
            if x is not None and x != row.effective_date:
                raise QuarantinedError(f"cancellation dates of line {line.contract_line_id} differ")
            s = max(row.signed_date, counts)
            return Cancellation(row.effective_date, s, row.amount_delta, row.amendment_id)
        if x is None:
            return None
        s = max(contract.cancellation_signed_date or x, counts)
        return Cancellation(x, s, None, contract.contract_id)

    def contracted_on(self, line: ContractLine, cancelled: Cancellation) -> date:
        """Contracted takes the final amount on s for ratable and on_start lines and with an amount_delta."""
        if self.terms.method(line) in ("ratable", "on_start") or cancelled.amount_delta is not None:
            return cancelled.s
        return cancelled.recognized_on

    def plan_cancellation(self, line: ContractLine, rank: int) -> None:
        cancelled = self.cancellation(line)
        if cancelled is None:
            return
        key = line.contract_line_id

        def notice() -> None:
            self.change(key, cancel=cancelled)
            if self.contracted_on(line, cancelled) == self.today:
                self.finalize(key, cancelled)

        def end() -> None:
            if self.lines[key].final is None:
                self.finalize(key, cancelled)
            self.change(key, is_ended=True)

        self.plan(cancelled.s, (CANCEL_SIGNED, rank), notice)
        self.plan(cancelled.recognized_on, (CANCEL, rank), end)

    def finalize(self, key: str, cancelled: Cancellation) -> None:
        """recognized(x - 1) on the terms known now, or contracted before + amount_delta."""
        before = sum(event.amount for event in self.bookings[key])
        final = self.recognized(key, cancelled.x - ONE_DAY)
        if cancelled.amount_delta is not None:
            final = before + cancelled.amount_delta
        self.change(key, final=final, pending=0)
        for number, allocation in self.allocations.items():
            self.allocations[number] = allocation.left_by(key)
        self.book(key, cancelled.event_id, "cancellation", final - before)

    # --- fulfillments that add to contracted ----------------------------------------------------------

    def fulfil(self, key: str, event_id: str) -> None:
        """Usage grows contracted (section 4): the events of a day of a line are one booking."""
        known = sum(event.amount for event in self.bookings[key])
        self.book(key, event_id, "usage", self.contracted(key, self.today) - known)


def plan_signings(replay: Replay) -> None:
    dates = sorted({row.signed_date for row in replay.contracts})
    for on in dates:
        signed = [row for row in replay.contracts if row.signed_date == on]
        replay.plan(on, (SIGN,), partial(replay.sign, signed))
    for rank, line in enumerate(replay.order):
        if replay.terms.method(line) != PASS_THROUGH:
            replay.plan_cancellation(line, rank)


def plan_usage(replay: Replay) -> None:
    """Days on which usage or an invoice changes what is contracted of a line."""
    for rank, line in enumerate(replay.order):
        key, counts = line.contract_line_id, replay.terms.counts_from(line)
        for on, event_id in _usage_days(replay, line, counts):
            replay.plan(on, (FULFIL, rank, event_id), partial(replay.fulfil, key, event_id))


def _usage_days(replay: Replay, line: ContractLine, counts: date) -> Iterable[tuple[date, str]]:
    method = replay.terms.method(line)
    if method in ("usage", "drawdown"):
        days: dict[date, str] = {}
        for event in replay.books.fulfillments_of.get(line.contract_line_id, ()):
            days.setdefault(max(event.event_date, counts), event.fulfillment_id)
        yield from days.items()
    if method == "as_invoiced":
        for row in replay.measures.documents_of.get(line.contract_line_id, ()):
            document = replay.books.document(row)
            if document.has_counted:
                last = max(row.service_end or document.issue_date, document.issue_date)
                last = document.voided_on or last
                first = max(document.issue_date, counts)
                for n in range(first.toordinal(), max(first, last).toordinal() + 1):
                    yield date.fromordinal(n), row.document_line_id

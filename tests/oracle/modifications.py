"""Amendments: what is one modification, how it is treated, what is booked when it is signed (section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from tests.oracle.allocation import Allocation, group_ssps, weights_of
from tests.oracle.conventions import ONE_DAY, months_of_term, total
from tests.oracle.entities import Amendment, ContractLine
from tests.oracle.layers import EVER, Curve, Layer
from tests.oracle.money import QuarantinedError, half_away, scale
from tests.oracle.pools import apply_catch_up, apply_prospective, lost_days
from tests.oracle.remaining import measured
from tests.oracle.replay import AMEND, AMEND_SIGNED, Replay
from tests.oracle.state import LineState

SEPARATE, PROSPECTIVE, CATCH_UP = "separate", "prospective", "cumulative_catch_up"


@dataclass(frozen=True)
class Modification:
    """Rows with the same contract, m and s are one modification and are judged together (section 5)."""

    contract_id: str
    m: date
    s: date
    rows: tuple[Amendment, ...]

    @property
    def t(self) -> date:
        """recognized through max(m, s) - 1 is on the old terms."""
        return max(self.m, self.s)

    @property
    def key(self) -> str:
        return min(row.amendment_id for row in self.rows)


def modifications(replay: Replay) -> list[Modification]:
    """All that are no cancel, in the order in which they take effect (CHOICES.md row 29)."""
    found: dict[tuple[str, date, date], list[Amendment]] = {}
    for row in replay.books.amendments:
        if row.action != "cancel" and row.contract_line_id in replay.line_of:
            contract = replay.books.contracts[row.contract_id]
            s = max(row.signed_date, contract.signed_date)
            found.setdefault((row.contract_id, row.effective_date, s), []).append(row)
    rank = {key: i for i, key in enumerate(replay.line_of)}
    result = [
        Modification(
            contract_id,
            m,
            s,
            tuple(sorted(rows, key=lambda row: (row.amendment_id, rank[row.contract_line_id]))),
        )
        for (contract_id, m, s), rows in found.items()
    ]
    return sorted(result, key=lambda row: (row.t, row.m, row.s, row.key))


def plan_modifications(replay: Replay) -> None:
    planned = modifications(replay)
    check_milestones(replay, planned)
    for rank, modification in enumerate(planned):
        _Planned(replay, modification).plan(rank)


def check_milestones(replay: Replay, planned: Sequence[Modification]) -> None:
    """Every amendment leaves an amount that milestones are parts of, also one that a cancellation comes before."""
    stated: dict[str, int] = {}
    for modification in planned:
        for row in modification.rows:
            line = replay.line_of[row.contract_line_id]
            if row.action == "add" or replay.terms.method(line) != "milestone":
                continue
            key = line.contract_line_id
            stated[key] = stated.get(key, line.amount) + (row.amount_delta or 0)
            if stated[key] <= 0:
                raise QuarantinedError(f"amendment {row.key} leaves no amount that milestones are parts of")


def later_end(row: Amendment, end: date | None) -> bool:
    return row.new_end_date is not None and end is not None and row.new_end_date > end


def booking_type(row: Amendment, end: date | None, amount: int) -> str:
    """The first that applies (section 5)."""
    if row.action == "add":
        return "expansion"
    if later_end(row, end):
        return "extension"
    if row.new_end_date is not None and end is not None and row.new_end_date < end:
        return "contraction"
    if row.quantity_delta:
        return "expansion" if amount >= 0 else "contraction"
    return "reprice"


class _Planned:
    """One modification between its signature and its effect."""

    def __init__(self, replay: Replay, modification: Modification) -> None:
        self.replay = replay
        self.modification = modification
        self.treatments: dict[str, str] = {}
        self.added: dict[str, int] = {}
        self.extended: dict[str, tuple[LineState, Layer]] = {}

    def plan(self, rank: int) -> None:
        self.replay.plan(self.modification.s, (AMEND_SIGNED, rank), self.sign)
        self.replay.plan(self.modification.t, (AMEND, rank), self.take_effect)

    # --- signed: treatment and the money ---------------------------------------------------------------

    def sign(self) -> None:
        replay, modification = self.replay, self.modification
        for row in modification.rows:
            self.check(row)
        self.check_terms()
        self.decide()
        ends = {
            row.contract_line_id: replay.lines[row.contract_line_id].signed_end
            for row in modification.rows
            if row.action != "add"
        }
        for row in modification.rows:
            if row.action == "add":
                line = replay.line_of[row.contract_line_id]
                replay.lines[row.contract_line_id] = replay.first_state(line)
            self.move_signed_end(row)
        apart = [row for row in modification.rows if self.treatments[row.key] == SEPARATE]
        self.separate([row for row in apart if row.action == "add"])
        for row in modification.rows:
            self.book_row(row, ends.get(row.contract_line_id))

    def move_signed_end(self, row: Amendment) -> None:
        """The end that the amendments signed so far say; a suspension moves it by the days it takes."""
        state, end = self.replay.lines[row.contract_line_id], row.new_end_date
        if end is None and row.action == "suspend" and state.signed_end and row.new_start_date:
            end = state.signed_end + timedelta(days=lost_days(state, row.new_start_date, row.effective_date))
        if end is not None:
            self.replay.change(row.contract_line_id, signed_end=end)

    def check(self, row: Amendment) -> None:
        """What the gate holds back (quality.md; CHOICES.md "quarantined")."""
        replay, key = self.replay, row.contract_line_id
        line = replay.line_of[key]
        if (row.action == "add") != (line.amendment_id is not None and line.amendment_id == row.amendment_id):
            raise QuarantinedError(f"amendment {row.key} and its line do not name each other")
        if row.action == "add":
            if row.amount_delta not in (None, line.amount):
                raise QuarantinedError(f"amendment {row.key} adds another amount than its line states")
            return
        state = replay.lines.get(key)
        if state is None:
            raise QuarantinedError(f"amendment {row.key} of a line that is not there yet")
        cancel = replay.cancellation(line)
        is_after = cancel is not None and (self.modification.s, row.effective_date) >= (cancel.s, cancel.x)
        if state.cancel is not None or is_after:
            raise QuarantinedError(f"amendment {row.key} after the cancellation of its line")
        if row.treatment == SEPARATE:
            raise QuarantinedError(f"amendment {row.key} is separate on an existing line")
        if row.quantity_delta and state.quantity is None:
            raise QuarantinedError(f"amendment {row.key} changes a quantity that is not there")
        if row.amount_delta and not replay.terms.has_price(line):
            raise QuarantinedError(f"amendment {row.key} prices a line without a fixed amount")
        if row.new_end_date is not None and row.new_end_date < (row.new_start_date or state.start):
            raise QuarantinedError(f"amendment {row.key} ends its line before it starts")
        self.check_dates(row, state.signed_end, replay.terms.method(line))

    def check_terms(self) -> None:
        """Rows of one modification give a line one start, one end, one price."""
        given: dict[tuple[str, str], set[object]] = {}
        for row in self.modification.rows:
            for name in ("new_start_date", "new_end_date", "ssp_unit"):
                value = getattr(row, name)
                if value is not None:
                    given.setdefault((row.contract_line_id, name), set()).add(value)
        if any(len(values) > 1 for values in given.values()):
            raise QuarantinedError(f"modification {self.modification.key} gives a line two dates or prices")
        for key in {row.contract_line_id for row in self.modification.rows}:
            rows = [row for row in self.modification.rows if row.contract_line_id == key]
            starts = [row.new_start_date for row in rows if row.new_start_date is not None]
            ends = [row.new_end_date for row in rows if row.new_end_date is not None]
            if len(rows) > 1 and starts and ends and max(starts) > max(ends):
                raise QuarantinedError(f"modification {self.modification.key} starts a line after its end")

    def check_dates(self, row: Amendment, end: date | None, method: str) -> None:
        if end is not None and row.effective_date > end and not later_end(row, row.effective_date - ONE_DAY):
            raise QuarantinedError(f"amendment {row.key} is effective after the end")
        if row.action == "suspend" and (
            method != "ratable" or row.new_start_date is None or row.new_start_date <= row.effective_date
        ):
            raise QuarantinedError(f"suspension {row.key} of a {method} line to {row.new_start_date}")

    def decide(self) -> None:
        """The treatment of each row and the rule that decided (section 5, `auto`)."""
        auto = [row for row in self.modification.rows if row.treatment == "auto"]
        treatment, rule = self.judge(auto)
        for row in self.modification.rows:
            decided = (treatment, rule) if row.treatment == "auto" else (row.treatment, "stated")
            self.treatments[row.key] = decided[0]
            self.replay.decisions[row.key] = decided
        groups: dict[str | None, set[str]] = {}
        for row in self.modification.rows:
            has_price = self.replay.terms.has_price(self.replay.line_of[row.contract_line_id])
            if self.treatments[row.key] != SEPARATE and has_price:
                groups.setdefault(self.group(row), set()).add(self.treatments[row.key])
        if any(len(found) > 1 for found in groups.values()):
            raise QuarantinedError(f"two treatments in one group of modification {self.modification.key}")

    def group(self, row: Amendment) -> str | None:
        state = self.replay.lines.get(row.contract_line_id)
        return (
            state.group if state is not None else self.replay.line_of[row.contract_line_id].allocation_group
        )

    def judge(self, rows: Sequence[Amendment]) -> tuple[str, str]:
        if rows and all(self.is_at_ssp(row) for row in rows):
            return SEPARATE, "within tolerance of the SSP"
        method = self.replay.terms.method
        if any(method(self.replay.line_of[row.contract_line_id]) == "percent_complete" for row in rows):
            return CATCH_UP, "touches a percent_complete line"
        return PROSPECTIVE, "any other change"

    def is_at_ssp(self, row: Amendment) -> bool:
        """It only adds a line within tolerance of a real SSP, or only a term within tolerance of that term's."""
        terms, line = self.replay.terms, self.replay.line_of[row.contract_line_id]
        if [other.contract_line_id for other in self.modification.rows].count(row.contract_line_id) > 1:
            return False
        if row.action == "add":
            if not terms.has_price(line):
                return True
            ssp = terms.ssp(line, self.modification.m)
            amended = terms.unit_ssp(line, self.modification.m, row.ssp_unit)
            if ssp.source in ("stated", "residual", "discount") or amended is None:
                return False
            return self.within(self.replay.first_price(line), ssp.amount or 0)
        found = self.ssp_of_added_term(row, line)
        return found is not None and self.within(row.amount_delta or 0, found)

    def within(self, amount: int, ssp: int) -> bool:
        return ssp != 0 and abs(amount - ssp) <= self.replay.policy.tolerance * abs(ssp)

    def ssp_of_added_term(self, row: Amendment, line: ContractLine) -> int | None:
        """None: it is more or less than a longer term of a ratable line, or its SSP is not real."""
        terms, state = self.replay.terms, self.replay.lines[row.contract_line_id]
        only_longer = (
            later_end(row, state.signed_end) and not row.quantity_delta and row.new_start_date is None
        )
        if not only_longer or terms.method(line) != "ratable" or terms.is_residual(line):
            return None
        unit = terms.unit_ssp(line, self.modification.m, row.ssp_unit or state.amended_ssp)
        if unit is None or state.quantity is None or row.new_end_date is None or state.signed_end is None:
            return None
        first = max(state.signed_end + ONE_DAY, self.modification.m)
        if unit.per == "month":
            share = months_of_term(first, row.new_end_date)
        else:
            convention = terms.convention(line)
            share = total(first, row.new_end_date, convention) / total(
                terms.start(line), terms.end(line), convention
            )
        return half_away(unit.unit * state.quantity * share * scale(terms.contract(line).currency))

    # --- separate ---------------------------------------------------------------------------------------

    def separate(self, rows: Sequence[Amendment]) -> None:
        """The added lines stand alone, with their own pool; nothing else changes."""
        replay, m = self.replay, self.modification.m
        lines = [replay.line_of[row.contract_line_id] for row in rows]
        for line in lines:
            name = f"{self.modification.contract_id}/{self.modification.key}"
            replay.balance_group[line.contract_line_id] = name
            group = f"{name}/{line.allocation_group or ''}"
            replay.change(line.contract_line_id, group=group)
        priced = [line for line in lines if replay.terms.has_price(line)]
        for named in dict.fromkeys(line.allocation_group for line in priced):
            together = [line for line in priced if line.allocation_group == named]
            price = sum(replay.first_price(line) for line in together)
            ssps = group_ssps(replay.terms, together, price, m)
            weights = weights_of(replay.terms, together, ssps)
            quantities = {
                line.contract_line_id: measured(replay, line, replay.lines[line.contract_line_id], m, EVER)
                for line in together
            }
            allocation = Allocation(price, weights, EVER, ssps=ssps, quantities=quantities)
            number = replay.allocate(allocation)
            for key, share in allocation.shares().items():
                line, state = replay.line_of[key], replay.lines[key]
                layer = replay.layer(line, state, number, share)
                replay.first_allocation[key] = number
                replay.change(
                    key, layers=(replace(layer, from_date=m),), first_weight=allocation.weights[key]
                )

    def extend_apart(self, row: Amendment, amount: int) -> None:
        """An extension at its SSP: one more layer over the added term, an allocation of its own."""
        replay, key = self.replay, row.contract_line_id
        state, line = replay.lines[key], replay.line_of[key]
        if row.new_end_date is None:
            raise QuarantinedError(f"extension {row.key} without an end")
        first = max(state.end + ONE_DAY, self.modification.m)
        curve = Curve(((first, row.new_end_date),), replay.terms.convention(line))
        number = replay.allocate(
            Allocation(amount, {key: 1}, EVER, ssps={key: 1}, quantities={key: (None, None)})
        )
        layer = Layer(
            0, amount, Fraction(0), curve.total(), curve, number, from_date=first, stands_alone=True
        )
        between = ((state.end + ONE_DAY, first - ONE_DAY),) if first > state.end + ONE_DAY else ()
        self.extended[key] = (state, layer)
        replay.change(
            key,
            layers=(*state.layers, layer),
            stated=state.stated + amount,
            end_date=row.new_end_date,
            gaps=(*state.gaps, *between),
        )

    # --- booking ----------------------------------------------------------------------------------------

    def book_row(self, row: Amendment, end: date | None) -> None:
        """The money of a row on its signature; `separate` at once with what its pool makes of it."""
        replay, key = self.replay, row.contract_line_id
        line = replay.line_of[key]
        before = replay.contracted(key)  # of an added line what was used before its amendment was signed
        if row.action == "add":
            if not replay.terms.has_price(line):
                return
            amount = replay.first_price(line)
        else:
            amount = row.amount_delta or 0
        if self.treatments[row.key] != SEPARATE:
            replay.change(key, pending=replay.lines[key].pending + amount)
        elif row.action != "add":
            self.extend_apart(row, amount)
        booked = replay.contracted(key) - before
        kind = booking_type(row, end, amount)
        if row.action == "add" and self.treatments[row.key] == SEPARATE:
            state = replay.lines[key]
            whole = sum(layer.base + layer.remainder for layer in state.layers)
            allocated = replay.evaluator.allocated(line, state)
            replay.book(key, row.amendment_id, kind, amount - (whole - allocated))
            replay.book(key, row.amendment_id, "reallocation", whole - amount)
        else:
            replay.book(key, row.amendment_id, kind, booked)
        self.added[row.key] = amount

    # --- effect -----------------------------------------------------------------------------------------

    def without_extensions(self) -> dict[str, tuple[LineState, Layer]]:
        """A term that it adds apart is none of what it shares itself; only a later pool takes it (row 53)."""
        found = {}
        for key, (before, layer) in self.extended.items():
            state = self.replay.lines[key]
            if any(each is layer for each in state.layers):
                layers = tuple(each for each in state.layers if each is not layer)
                self.replay.change(key, layers=layers, end_date=before.end_date, gaps=before.gaps)
                found[key] = (state, layer)
        return found

    def take_effect(self) -> None:
        """Pool or catch-up on t; what it moves between lines is `reallocation` (sections 2, 5)."""
        replay = self.replay
        rows = [row for row in self.modification.rows if self.treatments[row.key] != SEPARATE]
        rows = [row for row in rows if replay.lines[row.contract_line_id].cancel is None]
        if not rows:
            return
        before = {key: replay.contracted(key) for key in replay.line_of}
        for row in rows:
            state, line = replay.lines[row.contract_line_id], replay.line_of[row.contract_line_id]
            addition = replay.books.addition_of.get(row.contract_line_id) if line.amendment_id else None
            is_early = addition is not None and self.modification.t < max(
                addition.effective_date, addition.signed_date
            )
            is_waiting = replay.terms.has_price(line) and not state.layers
            if row.action != "add" and (is_early or is_waiting):
                raise QuarantinedError(f"amendment {row.key} comes before its line takes effect")
            replay.change(row.contract_line_id, pending=state.pending - self.added.get(row.key, 0))
        extended = self.without_extensions()
        # a line that goes into a pool is not run again with those that it shared a price with
        for treatment, apply in ((PROSPECTIVE, apply_prospective), (CATCH_UP, apply_catch_up)):
            found = [row for row in rows if self.treatments[row.key] == treatment]
            if found:
                apply(replay, self.modification.m, found)
        for key, (state, layer) in extended.items():
            layers = (*replay.lines[key].layers, layer)
            replay.change(key, layers=layers, end_date=state.end_date, gaps=state.gaps)
        moved = {key: replay.contracted(key) - known for key, known in before.items()}
        priced = [
            row.contract_line_id
            for row in rows
            if replay.terms.has_price(replay.line_of[row.contract_line_id])
        ]
        replay.book_moves(moved, self.modification.key, next(iter(priced), None))

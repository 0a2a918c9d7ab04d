"""Estimates: dated versions of variable, constrained and expected-return figures (accounting.md section 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from tests.oracle.credits import rebook_returns
from tests.oracle.entities import ContractLine, Estimate
from tests.oracle.money import QuarantinedError
from tests.oracle.replay import ESTIMATE, Replay


@dataclass
class Figures:
    """What an allocation group is estimated to bring beside its lines."""

    variable: int = 0
    constrained: int = 0


@dataclass
class Estimates:
    replay: Replay
    groups: dict[tuple[str, str | None], Figures] = field(default_factory=dict)

    def plan(self) -> None:
        """Each on its date, not before what it is about is signed."""
        for row in self.replay.books.estimates:
            if row.contract_id in {contract.contract_id for contract in self.replay.contracts}:
                order = (ESTIMATE, row.estimate_date, row.estimate_id)
                self.replay.plan(self.on(row), order, partial(self.take, row))
                for line, on in self.joining_later(row):
                    self.replay.plan(on, order, partial(self.take_of, row, line))

    def on(self, row: Estimate) -> date:
        signed = self.replay.books.contracts[row.contract_id].signed_date
        if row.contract_line_id is not None:
            line = self.replay.line_of.get(row.contract_line_id)
            if line is None:
                raise QuarantinedError(f"estimate {row.estimate_id} of an unknown line")
            signed = self.replay.terms.there_from(line)
        return max(row.estimate_date, signed)

    def joining_later(self, row: Estimate) -> Iterable[tuple[ContractLine, date]]:
        """Goods that come to a group of which something is expected back already, and when."""
        if row.contract_line_id is None and row.expected_return_pct is not None:
            for line in self.goods_of(row):
                if self.replay.terms.there_from(line) > self.on(row):
                    yield line, self.replay.terms.there_from(line)

    def take(self, row: Estimate) -> None:
        """The latest on or before d holds; a figure that it does not state stays (CHOICES.md row 66)."""
        change = self.of_line if row.contract_line_id is not None else self.of_group
        self.replay.booked(row.estimate_id, "reprice", partial(change, row))

    def of_line(self, row: Estimate) -> None:
        replay, key = self.replay, row.contract_line_id or ""
        state = replay.lines[key]
        if state.final is not None:
            return
        after = replay.change(
            key,
            variable=state.variable if row.variable_amount is None else row.variable_amount,
            constrained=state.constrained if row.constrained_amount is None else row.constrained_amount,
            pct=state.pct if row.expected_return_pct is None else row.expected_return_pct,
        )
        if after.pct != state.pct:
            rebook_returns(replay, key)
        self.reprice(replay.first_allocation.get(key), after.estimated - state.estimated, row)

    def of_group(self, row: Estimate) -> None:
        replay = self.replay
        group = (row.contract_id, row.allocation_group)
        known = self.groups.setdefault(group, Figures())
        variable = known.variable if row.variable_amount is None else row.variable_amount
        constrained = known.constrained if row.constrained_amount is None else row.constrained_amount
        change = (variable - constrained) - (known.variable - known.constrained)
        self.groups[group] = Figures(variable, constrained)
        self.reprice(replay.group_allocation.get(row.allocation_group), change, row)
        if row.expected_return_pct is not None:
            for line in self.goods_of(row):
                if self.replay.terms.there_from(line) <= replay.today:
                    self.expect_back(line, row)

    def take_of(self, row: Estimate, line: ContractLine) -> None:
        self.replay.booked(row.estimate_id, "reprice", partial(self.expect_back, line, row))

    def goods_of(self, row: Estimate) -> Iterable[ContractLine]:
        """Every goods line that names the group, added apart or not, without a figure of its own."""
        own = {
            other.contract_line_id
            for other in self.replay.books.estimates
            if other.expected_return_pct is not None
        }
        for line in self.replay.order:
            is_goods = self.replay.terms.method(line) in ("point_in_time", "drawdown")
            is_of_group = self.replay.terms.group_of(line) == row.allocation_group
            has_figure = line.expected_return_pct is not None or line.contract_line_id in own
            if is_goods and is_of_group and not has_figure:
                yield line

    def expect_back(self, line: ContractLine, row: Estimate) -> None:
        key = line.contract_line_id
        state = self.replay.lines.get(key)
        if state is None or state.final is not None or row.expected_return_pct in (None, state.pct):
            return
        self.replay.change(key, pct=row.expected_return_pct)
        rebook_returns(self.replay, key)

    def reprice(self, number: int | None, change: int, row: Estimate) -> None:
        """A change is shared over the lines and SSPs of the allocation that first contained it."""
        if change == 0:
            return
        if number is None:
            raise QuarantinedError(f"estimate {row.estimate_id} of what has no price")
        self.replay.reprice(number, self.replay.allocations[number].repriced(change))


def plan_estimates(replay: Replay) -> None:
    Estimates(replay).plan()

"""contracted and recognized of a line on given terms (accounting.md section 2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tests.oracle.entities import ContractLine
from tests.oracle.layers import Layer
from tests.oracle.measures import Measures
from tests.oracle.state import LineState


class Evaluator:
    def __init__(self, measures: Measures) -> None:
        self.measures = measures
        self.terms = measures.terms

    def layer_contracted(self, line: ContractLine, state: LineState, layer: Layer) -> int:
        """base + remainder; of goods without what is expected back (section 6)."""
        if state.pct and layer.allocation is not None and self.terms.method(line) == "point_in_time":
            return layer.value(layer.whole * (1 - state.pct))
        return layer.base + layer.remainder

    def allocated(self, line: ContractLine, state: LineState, only_shares: bool = False) -> int:
        """The part of the transaction price that belongs to a line, before its cancellation (section 1)."""
        living = state.shared if only_shares else [layer for layer in state.layers if layer.lives]
        return sum(self.layer_contracted(line, state, layer) for layer in living) - state.debooked

    def earned_by_layers(self, line: ContractLine, state: LineState, d: date) -> int:
        """recognized of the allocated part: every layer that is active at d, each rounded alone.

        What credits de-booked of the shares is contracted no more: goods that replace it earn nothing.
        """
        active = [layer for layer in state.layers if layer.is_active(d)]
        of_shares = self._earned(line, state, [row for row in active if row.allocation is not None], d)
        if state.debooked:
            of_shares = min(of_shares, self.allocated(line, state, only_shares=True))
        return of_shares + self._earned(line, state, [row for row in active if row.allocation is None], d)

    def _earned(self, line: ContractLine, state: LineState, layers: Iterable[Layer], d: date) -> int:
        return sum(layer.value(self.measures.u(line, state, layer, d)) for layer in layers)

    def recognized(self, line: ContractLine, state: LineState, d: date) -> int:
        """On terms that are in force, read at any date."""
        if state.is_ended and state.final is not None:
            return state.final
        return self.earned_by_layers(line, state, d) + self.beyond_on(line, state, d)

    def beyond_on(self, line: ContractLine, state: LineState, d: date) -> int:
        """What is earned above the layers in force on a day."""
        return self.measures.beyond(line, state, d, state.shared_on(d))

    def contracted(self, line: ContractLine, state: LineState, d: date) -> int:
        """The final amount once cancelled, else allocated, what usage added, and signed money to come."""
        if state.final is not None:
            return state.final
        return self.allocated(line, state) + self.measures.beyond(line, state, d) + state.pending

"""contracted and recognized of a line on given terms (accounting.md section 2)."""

from __future__ import annotations

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

    def allocated(self, line: ContractLine, state: LineState) -> int:
        """The part of the transaction price that belongs to a line, before its cancellation (section 1)."""
        living = (layer for layer in state.layers if layer.lives)
        return sum(self.layer_contracted(line, state, layer) for layer in living) - state.debooked

    def earned_by_layers(self, line: ContractLine, state: LineState, d: date) -> int:
        """recognized of the allocated part: every layer that is active at d, each rounded alone."""
        active = (layer for layer in state.layers if layer.is_active(d))
        earned = sum(layer.value(self.measures.u(line, state, layer, d)) for layer in active)
        return min(earned, self.allocated(line, state)) if state.debooked else earned

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

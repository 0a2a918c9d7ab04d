"""A price shared over lines in proportion to weights (accounting.md sections 1 and 3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from tests.oracle.entities import ContractLine
from tests.oracle.money import QuarantinedError, half_away
from tests.oracle.terms import Terms


def spread(amount: int, basis: Mapping[str, int]) -> dict[str, int]:
    """Every spread over lines: cumulative rounding in line order (section 1)."""
    whole = sum(basis.values())
    parts, through = {}, 0
    for key, share in basis.items():
        before = half_away(Fraction(amount * through, whole))
        through += share
        parts[key] = half_away(Fraction(amount * through, whole)) - before
    return parts


def shares(price: int, weights: Mapping[str, int]) -> dict[str, int]:
    """A price by weights; with no weight at all only a price of 0 can be shared (section 3.2)."""
    if sum(weights.values()) != 0:
        return spread(price, weights)
    if price != 0:
        raise QuarantinedError("nothing to allocate a pool by")
    return dict.fromkeys(weights, 0)


Measured = tuple[Fraction | None, Fraction | None]


@dataclass(frozen=True)
class Allocation:
    """A price and the lines it was shared over first; `moved` says where the money of a line went since.

    held        the shares its lines have: a change of the price adds to them what it makes of their part
    ssps        the SSPs that a catch-up runs it again with: those of the first time, whatever it weighs since
    quantities  what each of them is for: the quantity, and the months of term where it is per month
    """

    price: int
    weights: Mapping[str, int]
    begin: date
    moved: Mapping[str, int] = field(default_factory=dict)
    ssps: Mapping[str, int] = field(default_factory=dict)
    quantities: Mapping[str, Measured] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.held and self.weights:
            object.__setattr__(self, "held", shares(self.price, self.weights))

    def shares(self) -> dict[str, int]:
        return dict(self.held)

    def repriced(self, change: int) -> Allocation:
        """Another price: of each line's part only what the change makes of it."""
        if not self.weights:
            return self  # all its lines are final
        after, before = shares(self.price + change, self.weights), shares(self.price, self.weights)
        held = {key: self.held[key] + after[key] - before[key] for key in self.weights}
        return replace(self, price=self.price + change, held=held)

    def left_by(self, line: str) -> Allocation:
        """The same after a line left it for good, with what it has."""
        if line not in self.weights:
            return self
        kept = {key: share for key, share in self.held.items() if key != line}
        weights = {key: weight for key, weight in self.weights.items() if key != line}
        return replace(self, price=sum(kept.values()), weights=weights, held=kept)

    def without(self, lines: Sequence[str], target: int) -> Allocation:
        """The same after lines went to another allocation."""
        gone = {line: target for line in lines if line in self.weights and line not in self.moved}
        return replace(self, moved={**self.moved, **gone})


def group_ssps(
    terms: Terms, lines: Sequence[ContractLine], price: int, on: date | None = None
) -> dict[str, int]:
    """SSPs of a group in line order, a residual one from the others (section 3.3)."""
    ssps = {line.contract_line_id: terms.ssp(line, on).amount for line in lines}
    residual = [line for line in lines if ssps[line.contract_line_id] is None]
    if len(residual) > 1:
        raise QuarantinedError("two residual lines in one group")
    weights = {key: ssp or 0 for key, ssp in ssps.items()}
    for line in residual:
        weights[line.contract_line_id] = max(price - sum(weights.values()), 0)
        terms.check_residual(line, weights[line.contract_line_id])
    return weights


def weights_of(terms: Terms, lines: Sequence[ContractLine], ssps: Mapping[str, int]) -> Mapping[str, int]:
    """The SSPs; all 0: the stated amounts of lines that are no discounts (section 3.2)."""
    if sum(ssps.values()) == 0:
        return {line.contract_line_id: 0 if terms.is_discount(line) else line.amount for line in lines}
    return ssps

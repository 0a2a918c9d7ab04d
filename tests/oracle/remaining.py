"""Remaining SSP: SSP valid on m x remaining quantity or remaining fraction of the term (section 5)."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from tests.oracle.conventions import ONE_DAY, months_of_term
from tests.oracle.entities import ContractLine
from tests.oracle.layers import Curve, service_from
from tests.oracle.money import half_away, scale
from tests.oracle.replay import Replay
from tests.oracle.state import LineState

NOTHING = Fraction(0)


def quantity_ratio(line: ContractLine, state: LineState) -> Fraction:
    """The quantity now of the one first signed."""
    if not line.quantity or state.quantity is None:
        return Fraction(1)
    return state.quantity / line.quantity


def months_left(state: LineState, m: date) -> Fraction:
    return sum((months_of_term(start, end) for start, end in service_from(state.stretches, m)), NOTHING)


def measured(
    replay: Replay, line: ContractLine, state: LineState, on: date, begin: date
) -> tuple[Fraction | None, Fraction | None]:
    """What an SSP is for: the quantity, and of a ratable line with a price per month the months from begin on."""
    terms = replay.terms
    unit = None if terms.is_residual(line) else terms.unit_ssp(line, on, state.amended_ssp)
    is_per_month = unit is not None and unit.per == "month" and unit.unit != 0 and state.quantity is not None
    if not is_per_month or terms.method(line) != "ratable":
        return state.quantity, None
    return state.quantity, months_left(state, begin)


def whole_ssp(replay: Replay, line: ContractLine, state: LineState, on: date) -> int:
    """The SSP of an added line, valid on the day it joins (section 3.3)."""
    terms = replay.terms
    if terms.is_discount(line) or terms.is_residual(line):
        return 0
    unit = terms.unit_ssp(line, on, state.amended_ssp)
    if unit is None or (line.quantity is None and unit.unit != 0):
        return line.amount
    units = unit.unit * terms.priced_units(line, unit.per) if unit.unit else NOTHING
    return half_away(units * scale(terms.contract(line).currency))


def is_finished(replay: Replay, line: ContractLine, state: LineState, m: date, left: Fraction) -> bool:
    """Nothing is left of it; a commitment can be used until its term ends, unless no use of it is expected."""
    if replay.terms.method(line) == "drawdown":
        return state.end < m or state.pct == 1
    return left <= 0


def fraction_left(
    replay: Replay, line: ContractLine, state: LineState, m: date, price: int, earned: int
) -> Fraction:
    """Of the term as first signed, or of the quantity now, what is still to be transferred from m on.

    price, earned  of a drawdown: its money with what the amendment adds, and what its layers earned of it
    """
    method, before = replay.terms.method(line), m - ONE_DAY
    if method == "ratable":
        convention = replay.terms.convention(line)
        first = Curve(((replay.terms.start(line), replay.terms.end(line)),), convention)
        return Curve(service_from(state.stretches, m), convention).total() / first.total()
    if method == "on_start":
        return Fraction(1 if state.start >= m else 0)
    is_new = not state.layers
    if method == "point_in_time":
        return _units_left(replay, line, state, before, is_new)
    if is_new and method in ("percent_complete", "milestone"):
        return Fraction(1 if method == "percent_complete" or state.stated > 0 else 0)
    if method == "percent_complete":
        return (100 - replay.measures.percent(line, before)) / 100
    if method == "drawdown":
        return max(1 - Fraction(earned, price), NOTHING) if price > 0 else NOTHING
    return _money_left(replay, line, state, before)


def _units_left(replay: Replay, line: ContractLine, state: LineState, before: date, is_new: bool) -> Fraction:
    """Goods: nothing of a new line is delivered before it counts."""
    ordered = (state.quantity or NOTHING) - state.debooked_units
    units = NOTHING if is_new else replay.measures.units(line, before, state.pct, ordered)
    if not ordered or ordered * (1 - state.pct) <= units:
        return NOTHING
    return (ordered - units) / ordered


def _money_left(replay: Replay, line: ContractLine, state: LineState, before: date) -> Fraction:
    """Methods that measure money."""
    method = replay.terms.method(line)
    if method not in ("milestone", "usage", "as_invoiced") or state.stated <= 0:
        return NOTHING
    return max(1 - Fraction(replay.measures.raw(line, method, before), state.stated), NOTHING)


def remaining_ssp(
    replay: Replay, line: ContractLine, state: LineState, m: date, fraction: Fraction
) -> tuple[int, int]:
    """(remaining SSP, remaining stated amount), each rounded once to the minor unit.

    Of a drawdown what is left is a fraction of two amounts, of its SSP in minor units.
    """
    if replay.terms.method(line) == "drawdown":
        ssp, stated = _remaining(replay, line, state, m, Fraction(1))
        return half_away(ssp * fraction), half_away(stated * fraction)
    return _remaining(replay, line, state, m, fraction)


def _remaining(
    replay: Replay, line: ContractLine, state: LineState, m: date, fraction: Fraction
) -> tuple[int, int]:
    terms, left = replay.terms, fraction * quantity_ratio(line, state)
    stated = half_away(line.amount * left)
    if terms.is_discount(line):
        return 0, 0
    if terms.is_residual(line):
        return half_away(state.first_weight * left), stated
    unit = terms.unit_ssp(line, m, state.amended_ssp)
    if unit is None or (state.quantity is None and unit.unit != 0):
        return stated, stated
    if unit.unit == 0:
        return 0, stated
    units = state.quantity or NOTHING
    if terms.method(line) == "point_in_time":
        units -= state.debooked_units
    if unit.per == "month" and terms.method(line) == "ratable":
        units *= months_left(state, m)
    elif unit.per == "month":
        units *= fraction * months_of_term(terms.start(line), terms.end(line))
    else:
        units *= fraction
    return half_away(unit.unit * units * scale(terms.contract(line).currency)), stated

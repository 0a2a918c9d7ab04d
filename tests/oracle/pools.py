"""`prospective` and `cumulative_catch_up` (accounting.md section 5; CHOICES.md rows 37 to 50)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from tests.oracle.allocation import Allocation, Measured
from tests.oracle.conventions import ONE_DAY
from tests.oracle.entities import Amendment, ContractLine
from tests.oracle.layers import EVER, Layer, without
from tests.oracle.money import QuarantinedError, half_away
from tests.oracle.remaining import fraction_left, is_finished, measured, months_left, remaining_ssp, whole_ssp
from tests.oracle.replay import Replay
from tests.oracle.state import LineState


def change_terms(replay: Replay, rows: Sequence[Amendment]) -> dict[str, int]:
    """Quantity, stated amount, dates and SSP as the rows say; line -> its money (CHOICES.md rows 47, 56)."""
    money: dict[str, int] = {}
    for row in rows:
        key = row.contract_line_id
        state, line = replay.lines[key], replay.line_of[key]
        if row.action == "add":
            money[key] = replay.first_price(line) if replay.terms.has_price(line) else 0
            if row.ssp_unit is not None:
                replay.change(key, amended_ssp=row.ssp_unit)
            continue
        money[key] = money.get(key, 0) + (row.amount_delta or 0)
        quantity = state.quantity
        if quantity is not None and row.quantity_delta is not None:
            quantity += row.quantity_delta
        ends = [other.new_end_date for other in rows if other.contract_line_id == key and other.new_end_date]
        row = replace(row, new_end_date=row.new_end_date or next(iter(ends), None))
        replay.change(
            key,
            quantity=quantity,
            stated=state.stated + (row.amount_delta or 0),
            amended_ssp=row.ssp_unit if row.ssp_unit is not None else state.amended_ssp,
            **new_term(state, row),
        )
    return money


def new_term(state: LineState, row: Amendment) -> dict[str, object]:
    """Another end, another start, or days between that weigh 0, by as many of which the end moves."""
    again, end = row.new_start_date, row.new_end_date or state.end_date
    if again is None:
        return {"end_date": end}
    if row.action == "suspend":
        m = row.effective_date
        if row.new_end_date is None and end is not None:
            end += timedelta(days=lost_days(state, again, m))
        return {"end_date": end, "gaps": (*state.gaps, (m, again - ONE_DAY))}
    if state.stretches and end is not None and end < again:
        raise QuarantinedError(f"amendment {row.key} starts its line on {again}, after it ends on {end}")
    return {"start_date": again, "end_date": end, "gaps": ()}


def lost_days(state: LineState, again: date, m: date) -> int:
    """Days that a suspension on m takes until service starts again: not those that are no service already."""
    first = max(m, state.start_date or date.min)
    served = without((first, again - ONE_DAY), state.gaps) if first < again else ()
    return sum((last - start).days + 1 for start, last in served)


# --- prospective ----------------------------------------------------------------------------------------


def members(replay: Replay, rows: Sequence[Amendment]) -> list[ContractLine]:
    """All lines of every allocation group the amendment touches that may still be in its pool."""
    touched = {row.contract_line_id for row in rows}
    groups = {replay.lines[key].group for key in touched if replay.terms.has_price(replay.line_of[key])}
    found = []
    for line in replay.order:
        key = line.contract_line_id
        state = replay.lines.get(key)
        if state is None or state.group not in groups or state.cancel is not None:
            continue
        waits = not state.layers and key not in touched  # signed, but its own amendment is still to come
        outside = replay.terms.method(line) == "percent_complete" and key not in touched
        if replay.terms.has_price(line) and not waits and not outside:
            found.append(line)
    return found


def apply_prospective(replay: Replay, m: date, rows: Sequence[Amendment]) -> None:
    """The unrecognized remainder of all unfinished lines plus the amendment's amounts, by remaining SSP."""
    before = dict(replay.lines)
    money = change_terms(replay, rows)
    pool, weights, stated, taken, beyond = sum(money.values()), {}, {}, {}, {}
    for line in members(replay, rows):
        key, state = line.contract_line_id, replay.lines[line.contract_line_id]
        layers = [layer for layer in state.layers if layer.lives]
        price = sum(layer.base + layer.remainder for layer in layers) - state.debooked
        base = replay.evaluator.earned_by_layers(line, before[key], m - ONE_DAY)
        left = fraction_left(replay, line, state, m, price + money.get(key, 0), base)
        if is_finished(replay, line, state, m, left):
            continue
        pool += price - base
        taken[key] = (layers, base)
        beyond[key] = _beyond(replay, line, before[key], m - ONE_DAY)
        weights[key], stated[key] = remaining_ssp(replay, line, state, m, left)
    if not taken:
        replay.lines = before
        apply_catch_up(replay, m, rows, joins=False)
        return
    if sum(weights.values()) == 0:
        weights = stated
    quantities = {key: measured(replay, replay.line_of[key], replay.lines[key], m, m) for key in weights}
    allocation = Allocation(pool, weights, m, ssps=weights, quantities=quantities)
    number = replay.allocate(allocation)
    for key, share in allocation.shares().items():
        layers, base = taken[key]
        _begin_anew(replay, key, number, (base, share, beyond[key]), layers, m)


def _beyond(replay: Replay, line: ContractLine, before: LineState, d: date) -> int:
    """What was used beyond a commitment before the pool: it is earned, and the pool takes nothing of it."""
    if replay.terms.method(line) != "drawdown" or not before.layers:
        return 0
    return replay.evaluator.beyond_on(line, before, d)


def _begin_anew(
    replay: Replay, key: str, number: int, money: tuple[int, int, int], taken: list[Layer], m: date
) -> None:
    """recognized(m - 1) + round(remainder x fraction of the segment), from m on."""
    base, share, carried = money
    line, state = replay.line_of[key], replay.lines[key]
    is_new = not state.layers
    if state.debooked_units:
        quantity = (state.quantity or Fraction(0)) - state.debooked_units
        state = replay.change(key, quantity=quantity, debooked=0, debooked_units=Fraction(0))
    fresh = replay.layer(line, state, number, share, m)
    u0 = Fraction(0)
    if fresh.curve is None and not is_new:
        u0 = replay.measures.u(line, state, fresh, m - ONE_DAY)
    anew = replace(fresh, base=base, u0=u0, from_date=m, carried=carried)
    _replace_layers(replay, key, taken, anew, m)


def _replace_layers(replay: Replay, key: str, taken: list[Layer], anew: Layer, m: date) -> None:
    """End what was taken, and remember in their allocations where the money went."""
    state, ids = replay.lines[key], {id(layer) for layer in taken}
    kept = [layer.truncated(m) if id(layer) in ids or not layer.lives else layer for layer in state.layers]
    replay.change(key, layers=(*(layer for layer in kept if layer is not None), anew))
    for layer in taken:
        if (
            layer.allocation is not None
            and anew.allocation is not None
            and anew.allocation != layer.allocation
        ):
            known = replay.allocations[layer.allocation]
            replay.allocations[layer.allocation] = known.without([key], anew.allocation)
    if anew.allocation is not None:
        replay.first_allocation.setdefault(key, anew.allocation)
    if not state.layers and anew.allocation is not None:
        replay.change(key, first_weight=replay.allocations[anew.allocation].weights[key])


# --- cumulative catch-up --------------------------------------------------------------------------------


def apply_catch_up(replay: Replay, m: date, rows: Sequence[Amendment], joins: bool = True) -> None:
    """The allocation is re-run with the original SSPs and the new amounts and term; recognized jumps on m.

    joins  whether an added line joins the allocation of its group; where nothing is left to pool it stands alone
    """
    money = change_terms(replay, rows)
    by_allocation: dict[int, list[str]] = {}
    for key in dict.fromkeys(row.contract_line_id for row in rows):
        if not replay.terms.has_price(replay.line_of[key]):
            continue
        is_new = not replay.lines[key].layers
        number = None if is_new and not joins else home(replay, key)
        if number is None:
            _alone(replay, m, key, money[key])
        else:
            by_allocation.setdefault(number, []).append(key)
    for number, keys in by_allocation.items():
        _rerun(replay, m, number, keys, money)


def home(replay: Replay, key: str) -> int | None:
    """The allocation that a line is in now; of an added line the newest one of its group."""
    state, is_discount = replay.lines[key], replay.terms.is_discount(replay.line_of[key])
    main = [layer for layer in state.shared if not layer.stands_alone]
    if not is_discount and (main or state.shared):
        return (main or state.shared)[0].allocation
    found = [
        layer.allocation
        for name, other in replay.lines.items()
        if other.group == state.group and other.final is None
        for layer in other.shared
        if layer.allocation is not None
        and not layer.stands_alone
        and not replay.terms.is_discount(replay.line_of[name])
    ]
    return max(found, default=main[0].allocation if main else None)


def _alone(replay: Replay, m: date, key: str, amount: int) -> None:
    """A line added to a group in which nothing is left."""
    line, state = replay.line_of[key], replay.lines[key]
    ssps = {key: whole_ssp(replay, line, state, m)}
    quantities = {key: measured(replay, line, state, m, EVER)}
    number = replay.allocate(Allocation(amount, {key: 1}, EVER, ssps=ssps, quantities=quantities))
    layer = replace(replay.layer(line, state, number, amount), from_date=m)
    _replace_layers(replay, key, [], layer, m)


def _rerun(replay: Replay, m: date, number: int, keys: list[str], money: dict[str, int]) -> None:
    old = replay.allocations[number]
    shares = old.shares()
    stay = [key for key in old.weights if key not in old.moved and replay.lines[key].final is None]
    apart = {key: [layer for layer in replay.lines[key].shared if layer.stands_alone] for key in stay}
    ssps = {key: old.ssps[key] for key in stay}
    quantities = {key: old.quantities[key] for key in stay}
    for key in keys:
        if key not in ssps:
            line, state = replay.line_of[key], replay.lines[key]
            ssps[key] = whole_ssp(replay, line, state, m)
            quantities[key] = measured(replay, line, state, m, old.begin)
    weights = {key: _reweighed(replay, key, ssps[key], quantities[key], old.begin) for key in ssps}
    price = sum(shares[key] for key in stay) + sum(money[key] for key in keys)
    price += sum(layer.remainder for layers in apart.values() for layer in layers)
    price += sum(_conceded(replay.lines[key]) for key in stay)
    if sum(weights.values()) == 0:
        lines = [replay.line_of[key] for key in weights]
        weights = {
            line.contract_line_id: 0 if replay.terms.is_discount(line) else line.amount for line in lines
        }
    weights = {key: weights[key] for key in replay.line_of if key in weights}
    again = Allocation(price, weights, old.begin).shares()
    held = {key: share for key, share in shares.items() if key not in stay} | again
    replay.allocations[number] = replace(
        old,
        price=sum(held.values()),
        weights={
            key: (weights if key in weights else old.weights)[key] for key in replay.line_of if key in held
        },
        ssps={**old.ssps, **ssps},
        quantities={**old.quantities, **quantities},
        held=held,
    )
    for key, share in again.items():
        _catch_up(replay, m, key, number, share)


def _catch_up(replay: Replay, m: date, key: str, number: int, share: int) -> None:
    line, state = replay.line_of[key], replay.lines[key]
    main = [layer for layer in state.shared if layer.allocation == number]
    apart = [layer for layer in state.shared if layer.stands_alone and layer not in main]
    taken = [layer for layer in state.layers if layer.lives and (layer.allocation is None or layer in main)]
    fresh = replay.layer(line, state, number, share, replay.allocations[number].begin)
    base, u0, carried = (main[0].base, main[0].u0, main[0].carried) if main else (0, Fraction(0), 0)
    anew = replace(fresh, base=base, u0=u0, from_date=m, carried=carried)
    _replace_layers(replay, key, taken + apart, anew, m)


def _conceded(state: LineState) -> int:
    """What concessions still take off the price of a line."""
    return sum(
        layer.base + layer.remainder for layer in state.layers if layer.lives and layer.allocation is None
    )


def _reweighed(replay: Replay, key: str, ssp: int, was: Measured, begin: date) -> int:
    """The SSP of the allocation at the new quantity and, per month, the new term; rounded once."""
    state, (quantity, months) = replay.lines[key], was
    ratio = Fraction(1)
    if quantity and state.quantity is not None:
        ratio *= state.quantity / quantity
    if months:
        ratio *= months_left(state, begin) / months
    return half_away(ssp * ratio)

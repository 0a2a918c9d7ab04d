"""Credit notes by reason, and price concessions (accounting.md section 6; CHOICES.md rows 72 to 79)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from tests.oracle.allocation import spread
from tests.oracle.conventions import ONE_DAY
from tests.oracle.entities import ContractLine, DocumentLine
from tests.oracle.layers import Layer
from tests.oracle.money import QuarantinedError, half_away
from tests.oracle.replay import Replay
from tests.oracle.state import LineState


def by_contracted(replay: Replay, contract_id: str, amount: int) -> dict[str, int]:
    """Without a contract line: all lines that have a price, in proportion to what is contracted (row 74)."""
    lines = [
        key
        for key, line in replay.line_of.items()
        if line.contract_id == contract_id
        and replay.terms.method(line) != "as_invoiced"
        and replay.terms.there_from(line) <= replay.today
    ]
    basis = {key: max(_price(replay, key), 0) for key in lines}
    if sum(basis.values()) == 0:
        raise QuarantinedError(f"a concession on contract {contract_id}, to which nothing is allocated")
    return spread(amount, basis)


def _price(replay: Replay, key: str) -> int:
    """What is contracted without signed money to come; until a cancellation ends the line, by its layers."""
    state = replay.lines.get(key)
    if state is None or (state.final is not None and state.is_ended):
        return replay.contracted(key)
    before = replay.today - ONE_DAY
    return replay.evaluator.contracted(replay.line_of[key], replace(state, final=None, pending=0), before)


def credit(replay: Replay, row: DocumentLine, key: str, amount: int, sign: int) -> None:
    """What a credit note line does beside lowering billed; sign -1 is its void, which takes just that back."""
    if key not in replay.lines or replay.terms.method(replay.line_of[key]) == "as_invoiced":
        return
    event = (row.document_line_id, key)
    if row.reason in ("price_concession", "paid_to_customer"):
        price = (
            _use_variable(replay, event, amount) if sign > 0 else _give_back_variable(replay, event, amount)
        )
        concede(replay, key, price, row.applies_to)
    elif row.reason == "return":
        if sign > 0:
            _return_credit(replay, event, amount)
        else:
            _void_return_credit(replay, event, amount)
    elif row.reason == "cancellation":
        if sign > 0:
            replay.credited[event] = _above_cancellation(replay, key, amount)
        concede(replay, key, sign * replay.credited[event], "performed")


def _use_variable(replay: Replay, event: tuple[str, str], amount: int) -> int:
    """C first uses up a negative variable estimate still in force: by that part only billed falls."""
    state = replay.lines[event[1]]
    used = replay.credited[event] = min(amount, max(-state.variable - state.variable_used, 0))
    replay.change(event[1], variable_used=state.variable_used + used)
    return amount - used


def _give_back_variable(replay: Replay, event: tuple[str, str], amount: int) -> int:
    """A void gives back what its credit used; where the estimate has been given up since, the price."""
    state, used = replay.lines[event[1]], replay.credited[event]
    after = replay.change(event[1], variable_used=state.variable_used - used)
    return -(amount - used) - (after.estimated - state.estimated)


def _above_cancellation(replay: Replay, key: str, amount: int) -> int:
    """Up to billed - recognized(x - 1) it is billing only, unless the cancel row's amount_delta decides."""
    state, today = replay.lines[key], replay.today
    cancelled = state.cancel
    if cancelled is not None and cancelled.amount_delta is not None:
        return 0
    x = cancelled.x if cancelled is not None else today
    earned = (
        state.final if state.is_ended and state.final is not None else replay.recognized(key, x - ONE_DAY)
    )
    billed = replay.billed(key, today) + amount  # its own line has lowered it
    return max(amount - max(billed - earned, 0), 0)


# --- returns ----------------------------------------------------------------------------------------------


def expected_back(replay: Replay, line: ContractLine, state: LineState) -> int:
    """What of the stated amount is expected to come back."""
    if replay.terms.method(line) != "point_in_time":
        return 0
    return half_away(state.stated * state.pct)


def _void_return_credit(replay: Replay, event: tuple[str, str], amount: int) -> None:
    """Less was credited: what it conceded comes back, and what is de-booked is what the other credits cover."""
    key, conceded = event[1], replay.credited[event]
    state, line = replay.lines[key], replay.line_of[key]
    state = replay.change(
        key,
        return_credits=state.return_credits - amount,
        return_conceded=state.return_conceded - conceded,
    )
    rebook_returns(replay, key)
    concede(replay, key, -conceded, "performed", _seen_by_returns(replay, line))


def _return_credit(replay: Replay, event: tuple[str, str], amount: int) -> None:
    """It uses the estimate up, then de-books what returns re-opened; the rest is a concession on performed."""
    key = event[1]
    state, line = replay.lines[key], replay.line_of[key]
    expected = min(amount, max(expected_back(replay, line, state) - state.return_credits, 0))
    left = amount - expected
    value, quantity = 0, Fraction(0)
    if replay.terms.method(line) == "point_in_time" and state.final is None:
        value, quantity = _reopened(replay, key)
    debooked = min(left, max(value - state.debooked, 0))
    still_open = value - state.debooked
    part = (
        (quantity - state.debooked_units) * Fraction(debooked, still_open) if still_open > 0 else Fraction(0)
    )
    replay.change(
        key,
        return_credits=state.return_credits + amount,
        return_conceded=state.return_conceded + left - debooked,
        debooked=state.debooked + debooked,
        debooked_units=state.debooked_units + part,
    )
    replay.credited[event] = left - debooked
    concede(replay, key, left - debooked, "performed", _seen_by_returns(replay, line))


def _seen_by_returns(replay: Replay, line: ContractLine) -> date | None:
    """A return credit finds the goods that came back, and were delivered, through its own day."""
    return replay.today if replay.terms.method(line) == "point_in_time" else None


def rebook_returns(replay: Replay, key: str) -> None:
    """What credits de-book is what they are beyond what is expected back by now (row 77).

    Less is expected: credits that used the estimate up de-book what returns re-open; more: they use it up again. What
    was refunded no replacement books again.
    """
    state, line = replay.lines[key], replay.line_of[key]
    if replay.terms.method(line) != "point_in_time" or state.final is not None:
        return
    expected = max(expected_back(replay, line, state), 0)
    by_estimate = state.return_credits - state.return_conceded - expected
    value, quantity = _reopened(replay, key)
    debooked = min(max(by_estimate, 0), max(value, state.debooked))
    units = state.debooked_units
    if debooked < state.debooked:
        units = units * Fraction(debooked, state.debooked)
    elif debooked > state.debooked:
        units = quantity * Fraction(debooked, value)
    replay.change(key, debooked=debooked, debooked_units=units)


def _reopened(replay: Replay, key: str) -> tuple[int, Fraction]:
    """Money and units that returns through today, beyond what was expected, have opened again."""
    line, state = replay.line_of[key], replay.lines[key]
    value, units = 0, Fraction(0)
    measures, today = replay.measures, replay.today
    for layer in state.layers:
        if layer.lives and layer.from_date <= today:
            kept, is_share = 1 - state.pct, layer.allocation is not None
            # what a concession is earned by has off what is expected back
            without = min(measures.delivered(line, today) * kept, layer.whole * (kept if is_share else 1))
            now = measures.u(line, state, layer, today)
            value += layer.value(without) - layer.value(now)
            if is_share:
                units = without - now
    return value, units


# --- price concessions ------------------------------------------------------------------------------------


def performed_part(amount: int, recognized: int, allocated: int, applies_to: str) -> int:
    """By how much recognized falls at once (CHOICES.md rows 72, 73)."""
    if applies_to == "performed":
        return min(amount, max(recognized, 0)) if amount >= 0 else amount
    if applies_to == "remaining":
        return amount - min(amount, max(allocated - recognized, 0)) if amount >= 0 else 0
    return amount if allocated == 0 else half_away(Fraction(amount * recognized, allocated))


def concede(replay: Replay, key: str, amount: int, applies_to: str, through: date | None = None) -> None:
    """The price of a line falls by `amount` on today: a layer of its own.

    through  the last day of what is earned of it by then: yesterday
    """
    if amount == 0:
        return
    state, line = replay.lines[key], replay.line_of[key]
    if state.final is not None:
        state = replay.change(key, final=state.final - amount)
        if state.is_ended:
            return
    through = through or replay.today - ONE_DAY
    if not state.shared:
        fixed = Layer(-amount, 0, Fraction(0), Fraction(0), from_date=replay.today)
        replay.change(key, layers=(*state.layers, fixed))
        return
    recognized = replay.evaluator.earned_by_layers(line, state, through)
    x = performed_part(amount, recognized, replay.evaluator.allocated(line, state), applies_to)
    replay.change(key, layers=(*state.layers, *_less(replay, key, x, amount - x, through)))


def _less(replay: Replay, key: str, performed: int, remaining: int, through: date) -> list[Layer]:
    """A layer beside each that it lowers: at once what is performed, the rest as the remainder is earned."""
    line, state = replay.line_of[key], replay.lines[key]
    shared = state.shared
    u = [replay.measures.u(line, state, layer, through) for layer in shared]
    left = {str(i): layer.base + layer.remainder - layer.value(u[i]) for i, layer in enumerate(shared)}
    if sum(left.values()) == 0:
        left = {str(i): 1 if i == len(shared) - 1 else 0 for i in range(len(shared))}
    parts = spread(remaining, left)
    first = next((i for i, each in enumerate(u) if each > 0), 0)
    lowered = [
        replace(
            layer,
            base=-performed if i == first else 0,
            remainder=-parts[str(i)],
            u0=u[i],
            whole=_kept(replay, key, state, layer),
            allocation=None,
            from_date=max(replay.today, layer.from_date),
            follows_share=False,
        )
        for i, layer in enumerate(shared)
    ]
    return [layer for layer in lowered if layer.base or layer.remainder]


def _kept(replay: Replay, key: str, state: LineState, layer: Layer) -> Fraction:
    """U, of goods without what is expected back."""
    is_goods = replay.terms.method(replay.line_of[key]) == "point_in_time"
    return layer.end_of_measure * (1 - state.pct) if is_goods else layer.end_of_measure

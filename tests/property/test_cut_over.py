"""Generated lives that cut over in their middle have, from then on, the figures of all their history.

What the gate holds back of the time before (refunds, write-offs, documents without a line) is left out, and counted:
most lives must be compared.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.cut_over import FIGURES, taken_over
from tests.harness import Company
from tests.property.lives import Options, generate_lives

LIVES = int(os.environ.get("TIEOUT_CUT_OVER_LIVES", "60"))
EVENTFUL = Options(methods=True, amendments=True, estimates=True, concessions=True, cash=True)
BY_CONTRACT = (
    "fct_bookings",
    "fct_billings",
    "fct_recognized_revenue",
    "fct_backlog",
    "fct_contract_balances",
    "fct_receivables",
)


def of_a_life(row: tuple[Any, ...]) -> str:
    return next(str(value).split("-")[0] for value in row[1:] if str(value).startswith("L0"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "options"), [(3, Options()), (5, Options()), (203, EVENTFUL), (201, EVENTFUL)]
)
def test_lives_taken_over_are_those_of_all_history(tmp_path: Path, seed: int, options: Options) -> None:
    wave = generate_lives(seed, LIVES, options=options).waves[-1]
    exports = {entity: rows for entity, rows in wave.rows.items() if rows}
    whole, cut = Company(tmp_path / "whole"), Company(tmp_path / "cut")
    whole.deliver(exports)
    whole.run(wave.as_of)
    # the month in which most is earned, with time after it
    ((period, day),) = whole.query(
        f"""
        select period, cast(max(end_date) as varchar)
        from marts.fct_recognized_revenue inner join marts.dim_period using (period)
        where end_date < date '{wave.as_of}' - 45
        group by period order by count(*) desc, period limit 1"""
    )
    cut.deliver(taken_over(exports, whole, day, keeps_no_events=False))
    cut.run(wave.as_of)
    held = {
        contract.split("-")[0]
        for (contract,) in cut.query(
            "select distinct contract_id from audit.quarantine where fate != 'used' and contract_id is not null"
        )
    }
    assert len(held) < LIVES / 2, held
    compared = 0
    for table in BY_CONTRACT:
        after = f"select {FIGURES[table]} from marts.{table} where period > '{period}' order by all"
        found, expected = (
            [row for row in company.query(after) if of_a_life(row) not in held] for company in (cut, whole)
        )
        assert found == expected, (seed, day, table)
        compared += len(expected)
    assert compared > LIVES, (seed, day)
    assert cut.query("select equation, scope from audit.tie_outs where not holds") == []

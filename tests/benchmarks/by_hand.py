"""The figures of the benchmark's company as an analyst would write them who has no gate, no history, no estimates, no
amendments and no lineage to keep: one DuckDB process from the same CSV files to the same tables.

What the pipeline takes is measured against this (`python -m tests.benchmarks`), and its figures are compared with it to
the minor unit, so the yardstick computes the same thing: allocation by stand-alone prices, three ratable conventions,
goods when they are delivered, cumulative amounts rounded half away from zero (accounting.md sections 2 to 4).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.benchmarks.company import AS_OF, FIRST_DAY
from warehouse import engine
from warehouse.engine import Connection, literal

HERE = Path(__file__).parent


def compute(exports: Path, database: Path) -> dict[str, float]:
    """Seconds of reading and of computing; the tables are left in `database`."""
    files = {path.stem.partition("-")[0]: literal(str(path)) for path in exports.glob("*.csv")}
    with engine.connect(database) as connection:
        seconds = {}
        for name in ("read", "compute"):
            script = (HERE / f"by_hand_{name}.sql").read_text(encoding="utf-8")
            start = time.perf_counter()
            connection.execute(script.format(**files, as_of=AS_OF, first=FIRST_DAY.replace(day=1)))
            seconds[name] = time.perf_counter() - start
    return seconds


def differences(connection: Connection, by_hand: Path) -> list[tuple[object, ...]]:
    """Periods in which a headline figure of the pipeline is another than by hand."""
    connection.execute(f"attach {literal(str(by_hand))} as by_hand (read_only)")
    return connection.execute(
        """
        with told as (
            select 'pipeline' as source, period, bookings, billings, revenue, backlog, deferred_revenue, contract_asset
            from marts.rpt_bbb
            union all
            select 'by hand', period, bookings, billings, revenue, backlog, deferred_revenue, contract_asset
            from by_hand.rpt_bbb
        ),
        figures as (unpivot told on bookings, billings, revenue, backlog, deferred_revenue, contract_asset
            into name figure value amount)
        select period, figure,
            sum(amount) filter (where source = 'pipeline') as pipeline,
            sum(amount) filter (where source = 'by hand') as by_hand
        from figures group by all having coalesce(pipeline, 0) <> coalesce(by_hand, 0) order by all
        """
    ).fetchall()


if __name__ == "__main__":
    print(json.dumps(compute(Path(sys.argv[1]), Path(sys.argv[2]))))

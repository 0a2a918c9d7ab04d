"""What a night costs after 12, 24 and 36 closed months of one company that signs as much every month.

python -m tests.benchmarks.growth [--lines N] [--bills-a-year 1|2|3|4|6|12]

At the end of each year all its months are closed one by one; the night measured is that of the next day, with nothing
new. The company delivers whole files, so its rows grow with the years too: they are printed beside.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

from tests.benchmarks import company
from tests.benchmarks.measured import measure, show, workspace_in

YEAR_ENDS = (("2024-06", date(2024, 7, 3)), ("2025-06", date(2025, 7, 3)), ("2026-06", date(2026, 7, 3)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth")
    parser.add_argument("--lines", type=int, default=50_000, help="contract lines after three years")
    parser.add_argument("--bills-a-year", type=int, default=12, choices=(1, 2, 3, 4, 6, 12))
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="tieout-growth-"))
    workspace, found = workspace_in(root / "workspace"), []
    for year, (month, day) in enumerate(YEAR_ENDS, start=1):
        rows = company.write(
            workspace.exports / "files", arguments.lines, as_of=day, bills_a_year=arguments.bills_a_year
        )
        print(f"{12 * year} months: {sum(rows.values()):,} rows, {rows['contract_lines']:,} contract lines")
        closing = ["close", month, "--through", "--as-of", day.isoformat()]
        found.append(measure(f"close the months to {month}", workspace, closing))
        night = ["run", "--as-of", (day + timedelta(days=1)).isoformat()]
        found.append(measure(f"the night after {12 * year} closed months", workspace, night))
    show(found)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()

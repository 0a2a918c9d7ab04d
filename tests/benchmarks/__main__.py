"""`make bench`: a night on 200,000 contract lines over 36 months, stage by stage, each command in a process of its own.

python -m tests.benchmarks [--lines N] [--bills-a-year 1|2|3|4|6|12] [--memory 2GB] [--keep DIR]

The first run is compared with the same tables written by hand in SQL (by_hand.py): their figures must be equal, and the
ratio of seconds says what gate, history, amendments and proof cost where nothing of them happens.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path

from tests.benchmarks import by_hand, company
from tests.benchmarks.measured import Measured, configure, measure, show, workspace_in
from warehouse import engine
from warehouse.workspace import Workspace


def main() -> None:
    arguments = _arguments()
    root = Path(arguments.keep or tempfile.mkdtemp(prefix="tieout-bench-")) / "workspace"
    workspace = workspace_in(root, arguments.memory)
    configure(workspace, arguments.memory, company.ENTITIES)
    exports = workspace.exports / "files"
    today = company.AS_OF
    deliver = partial(company.write, exports, arguments.lines, bills_a_year=arguments.bills_a_year)
    rows = deliver(delivery=today - timedelta(days=2))
    print(f"{sum(rows.values()):,} rows: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))
    found: list[Measured] = []

    def measured(title: str, *command: str) -> Measured:
        """Told as it ends: a large company's night is long, and may be stopped."""
        one = measure(title, workspace, [*command, "--as-of", today.isoformat()])
        found.append(one)
        show([one])
        return one

    print(_beside_hand_written(workspace, measured("first run (36 months open)", "run")))
    measured("run again, unchanged", "run")
    measured(f"close {company.MONTH_BEFORE} (publishes all months before)", "close", company.MONTH_BEFORE)
    measured(f"close {company.LAST_MONTH}", "close", company.LAST_MONTH)
    measured("run again, unchanged", "run")
    deliver(delivery=today - timedelta(days=1), changed_percent=1, only_changed=True)
    measured("run, 1 % of the contracts changed, an increment", "run")
    configure(workspace, arguments.memory)
    deliver(delivery=today, changed_percent=2)
    measured("run, 1 % of the contracts changed, whole files", "run")
    show(found)
    if not arguments.keep:
        shutil.rmtree(root.parent)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--lines", type=int, default=200_000, help="contract lines")
    parser.add_argument("--bills-a-year", type=int, default=1, choices=(1, 2, 3, 4, 6, 12))
    parser.add_argument("--memory", help="[engine] memory_limit of the workspace, as 2GB; else its default")
    parser.add_argument("--keep", help="leave the workspace in this folder")
    return parser.parse_args()


def _beside_hand_written(workspace: Workspace, first_run: Measured) -> str:
    """What the first run's SQL takes beside SQL written by hand for the same figures; stops where they differ."""
    database = workspace.root.parent / "by_hand.duckdb"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.by_hand", str(workspace.exports / "files"), str(database)],
        stdout=subprocess.PIPE,
        text=True,
    )
    said, _ = process.communicate()
    if process.returncode:
        sys.exit(f"by hand: exit code {process.returncode}")
    seconds = json.loads(said)
    with engine.connect(workspace.tieout_db, read_only=True) as connection:
        if found := by_hand.differences(connection, database):
            sys.exit(f"the figures by hand are others: {found[:10]}")
    ours = first_run.stages["facts"]
    return (
        f"by hand: read and type {seconds['read']:.1f} s, compute {seconds['compute']:.1f} s, the same figures; "
        f"facts of the first run {ours:.1f} s = {ours / seconds['compute']:.1f} x"
    )


if __name__ == "__main__":
    main()

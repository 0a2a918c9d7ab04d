"""`make bench`: a night on 200,000 contract lines over 36 months, stage by stage, each command in a process of its own.

python -m tests.benchmarks [--lines N] [--bills-a-year 1|2|3|4|6|12] [--memory 2GB] [--keep DIR]

The first run is compared with the same tables written by hand in SQL (by_hand.py): their figures must be equal, and the
ratio of seconds says what gate, history, amendments and proof cost where nothing of them happens.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import by_hand, company
from warehouse import engine
from warehouse.workspace import Workspace

SETTINGS = "[policies]\nfreshness_hours = 0\n"
STAGES = ("extract", "stage", "gate", "facts", "publish", "release")


@dataclass(frozen=True)
class Measured:
    """One command: what it says of its stages, and what the system says of its process."""

    title: str
    seconds: float
    stages: dict[str, float]
    peak_mb: int
    written_mb: int


def main() -> None:
    arguments = _arguments()
    root = Path(arguments.keep or tempfile.mkdtemp(prefix="tieout-bench-")) / "workspace"
    workspace = Workspace.init(root)
    engine_settings = f'[engine]\nmemory_limit = "{arguments.memory}"\n' if arguments.memory else ""
    workspace.configuration.write_text(SETTINGS + engine_settings, encoding="utf-8")
    exports = workspace.exports / "files"
    rows = company.write(exports, arguments.lines, bills_a_year=arguments.bills_a_year)
    print(f"{sum(rows.values()):,} rows: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))
    run = ["run", "--as-of", company.AS_OF.isoformat()]
    close = ["close", company.LAST_MONTH, "--as-of", company.AS_OF.isoformat()]
    found = [_measure("first run (36 months open)", workspace, run)]
    print(_beside_hand_written(workspace, found[0]))
    found += [
        _measure("run again, unchanged", workspace, run),
        _measure(f"close {company.LAST_MONTH} (publishes all months)", workspace, close),
        _measure("run again, unchanged", workspace, run),
    ]
    company.write(exports, arguments.lines, changed_percent=1, bills_a_year=arguments.bills_a_year)
    found.append(_measure("run, 1 % of the contracts changed", workspace, run))
    Console(width=140).print(_table(found))
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


def _measure(title: str, workspace: Workspace, command: Sequence[str]) -> Measured:
    """Runs the command line as a user would; the kernel knows the peak of a child it has waited for."""
    before = _size(workspace.root)
    start = os.times().elapsed
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli.main", *command, "-w", str(workspace.root)],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{title}: exit code {process.returncode}")
    last = json.loads((workspace.journal_dir / "runs.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    return Measured(
        title,
        os.times().elapsed - start,
        last["seconds"],
        usage.ru_maxrss // 1024,
        (_size(workspace.root) - before) // 2**20,
    )


def _size(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def _table(found: Sequence[Measured]) -> Table:
    table = Table(title="seconds by stage")
    for heading in ("command", *STAGES, "whole process", "peak memory", "disk grew by"):
        table.add_column(heading, justify="left" if heading == "command" else "right")
    for one in found:
        stages = [f"{one.stages[stage]:.1f}" if stage in one.stages else "" for stage in STAGES]
        table.add_row(
            one.title, *stages, f"{one.seconds:.1f}", f"{one.peak_mb:,} MB", f"{one.written_mb:,} MB"
        )
    return table


if __name__ == "__main__":
    main()

"""One file of many gigabytes into the lake: seconds, rows and the peak memory of a process that does nothing else.

python -m tests.benchmarks.large_file [--megabytes N] [--slow-megabytes N] [--folder DIR]

The peak is for the default settings, and its bound (1 GiB for 2 GB) is the one figure here that is judged.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from warehouse import engine
from warehouse.engine import literal
from warehouse.extract.deliver import extract
from warehouse.journal import Journal
from warehouse.workspace import RunContext, Workspace

PEAK_MB = 1024
_ROW_BYTES = 143
_LINES = """
    select
        'CL-' || i as contract_line_id, 'C-' || i // 3 as contract_id, i % 3 + 1 as line_number,
        'P-' || i * 7919 % 500 as product_id,
        'Line ' || md5(cast(i as varchar)) || ', "quoted", 5" disk' as description,
        i % 97 + 1 as quantity, cast(i * 104729 % 9000000 / 100 as decimal(18, 2)) as unit_price,
        cast((i % 97 + 1) * (i * 104729 % 9000000) / 100 as decimal(18, 2)) as amount,
        date '2024-01-01' + cast(i % 700 as integer) as start_date,
        date '2024-12-31' + cast(i % 700 as integer) as end_date, 'ratable' as recognition_method
    from range({rows}) as t (i)
"""


@dataclass(frozen=True)
class Measured:
    title: str
    megabytes: int
    rows: int
    seconds: float
    peak_mb: int


def main() -> int:
    arguments = _arguments()
    if arguments.extract:
        return _extract(Path(arguments.extract))
    large, small = arguments.megabytes, arguments.slow_megabytes
    folder = Path(tempfile.mkdtemp(prefix="tieout-large-", dir=arguments.folder))
    try:
        found = [
            _measure(folder, "CSV", "contract_lines.csv", large, _csv),
            _measure(
                folder, "CSV with a blank line: record by record", "contract_lines.csv", small, _blank_line
            ),
            _measure(folder, "CSV, gzip", "contract_lines.csv.gz", small, _gzip),
            _measure(folder, "JSON lines", "contract_lines.jsonl", small, _jsonl),
        ]
    finally:
        shutil.rmtree(folder)
    Console(width=110).print(_table(found))
    return int(any(one.peak_mb >= PEAK_MB for one in found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.large_file")
    parser.add_argument("--megabytes", type=int, default=2048, help="size of the plain CSV")
    parser.add_argument("--slow-megabytes", type=int, default=256, help="size of the others")
    parser.add_argument("--folder", help="where the files are made, and deleted again")
    parser.add_argument("--extract", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(
    folder: Path, title: str, name: str, megabytes: int, write: Callable[[Path, int], None]
) -> Measured:
    """In a process of its own: the kernel knows the peak of a child it has waited for."""
    workspace = Workspace.init(folder / "workspace")
    workspace.configuration.write_text("[policies]\nfreshness_hours = 0\n", encoding="utf-8")
    path = workspace.exports / "files" / name
    write(path, megabytes * 1_000_000 // _ROW_BYTES)
    size = path.stat().st_size // 1_000_000
    start = os.times().elapsed
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.large_file", "--extract", str(workspace.root)],
        stdout=subprocess.PIPE,
        text=True,
    )
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{title}: exit code {process.returncode}")
    seconds = os.times().elapsed - start
    shutil.rmtree(workspace.root)
    return Measured(title, size, int(said), seconds, usage.ru_maxrss // 1024)


def _extract(root: Path) -> int:
    workspace = Workspace.open(root)
    context = RunContext(workspace, as_of=date(2026, 1, 31))
    extraction = extract(context, Journal(workspace.journal_dir))
    for finding in extraction.blocks:
        print(finding.message, file=sys.stderr)
    print(sum(one.rows for one in extraction.current))
    return int(bool(extraction.blocks))


def _csv(path: Path, rows: int) -> None:
    _copy(_LINES.format(rows=rows), path, "header, force_quote (description, contract_line_id)")


def _gzip(path: Path, rows: int) -> None:
    _copy(_LINES.format(rows=rows), path, "header, force_quote (description), compression gzip")


def _jsonl(path: Path, rows: int) -> None:
    _copy(_LINES.format(rows=rows), path, "format json")


def _blank_line(path: Path, rows: int) -> None:
    half = path.with_suffix(".half")
    _csv(half, rows // 2)
    with path.open("wb") as out:
        for is_second in (False, True):
            with half.open("rb") as part:
                if is_second:
                    out.write(b"\n")
                    part.readline()
                shutil.copyfileobj(part, out)
    half.unlink()


def _copy(sql: str, path: Path, options: str) -> None:
    with engine.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"copy ({sql}) to {literal(str(path))} ({options})")


def _table(found: list[Measured]) -> Table:
    table = Table(title=f"one file into the lake (peak to stay under {PEAK_MB:,} MB)")
    for heading in ("file", "MB", "rows", "seconds", "peak memory"):
        table.add_column(heading, justify="left" if heading == "file" else "right")
    for one in found:
        table.add_row(
            one.title, f"{one.megabytes:,}", f"{one.rows:,}", f"{one.seconds:.1f}", f"{one.peak_mb:,} MB"
        )
    return table


if __name__ == "__main__":
    sys.exit(main())

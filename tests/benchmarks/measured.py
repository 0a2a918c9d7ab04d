"""Commands of the command line, each in a process of its own, and what they took: seconds by stage, memory, disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

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


def workspace_in(root: Path, memory: str | None = None) -> Workspace:
    """A workspace that takes its exports however old they are, with another limit of memory where one is given."""
    workspace = Workspace.init(root)
    configure(workspace, memory)
    return workspace


def configure(workspace: Workspace, memory: str | None = None, increments: Iterable[str] = ()) -> None:
    """Writes the settings: the limit of memory, and the objects whose files add up."""
    text = SETTINGS
    if memory:
        text += f'[engine]\nmemory_limit = "{memory}"\n'
    text += "".join(f'[sources.files.{name}]\nmode = "incremental"\n' for name in increments)
    workspace.configuration.write_text(text, encoding="utf-8")


def measure(title: str, workspace: Workspace, command: Sequence[str]) -> Measured:
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


def show(found: Sequence[Measured]) -> None:
    """Prints what commands took, stage by stage."""
    table = Table(title="seconds by stage")
    for heading in ("command", *STAGES, "whole process", "peak memory", "disk grew by"):
        table.add_column(heading, justify="left" if heading == "command" else "right")
    for one in found:
        stages = [f"{one.stages[stage]:.1f}" if stage in one.stages else "" for stage in STAGES]
        table.add_row(
            one.title, *stages, f"{one.seconds:.1f}", f"{one.peak_mb:,} MB", f"{one.written_mb:,} MB"
        )
    Console(width=140).print(table)

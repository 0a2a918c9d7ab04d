"""Writes the demo company's exports into a workspace, as its systems would drop them. Runs nothing."""

import csv
import shutil
from pathlib import Path

from warehouse.demo.company import Delivery, Record
from warehouse.errors import ConfigurationError
from warehouse.workspace import Workspace

CONFIGURATION = """\
# The configuration of the demo's workspace. `tieout init` writes one with every key and its default.
[company]
name = "Brightwater Telemetry"
reporting_currency = "USD"
time_zone = "America/New_York"

[policies]
# The demo's exports carry fixed dates, so their age says nothing.
freshness_hours = 0
"""
MARKER = ".tieout-demo"
SYSTEM = "files"


def prepare(folder: Path) -> Workspace:
    """An empty workspace for the demo; refuses a folder that holds anything else."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise ConfigurationError(
                f"{folder} is not empty and is no demo: nothing was written",
                remedy="Name another folder: tieout demo DIR.",
            )
        shutil.rmtree(folder)
    Workspace.init(folder)
    (folder / "tieout.toml").write_text(CONFIGURATION, encoding="utf-8")
    (folder / MARKER).write_text(
        "This folder was made by `tieout demo`, which may replace it.\n", encoding="utf-8"
    )
    return Workspace.open(folder)


def deliver(workspace: Workspace, delivery: Delivery) -> list[Path]:
    """Writes one file an entity, named with the day of the export, into exports/files/."""
    folder = workspace.exports / SYSTEM
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(folder / f"{entity}-{delivery.exported.isoformat()}.csv", records)
        for entity, records in delivery.entities.items()
        if records
    ]


def _write(path: Path, records: list[Record]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    return path

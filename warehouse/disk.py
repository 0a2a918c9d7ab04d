"""How much disk a workspace takes, and when the disk will be full if it grows as it did. It deletes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from warehouse.workspace import Workspace

USED = "disk_bytes"
"""What the end of a run has in the journal."""
LOOKED_BACK = timedelta(days=30)
_SHORTEST = timedelta(days=1)


@dataclass(frozen=True)
class Forecast:
    """Growth as the journal's runs saw it; both are None where that is not known, days also where nothing grows."""

    bytes_a_day: int | None = None
    days_until_full: int | None = None


def used(workspace: Workspace) -> dict[str, int]:
    """Bytes of each part of a workspace."""
    database = workspace.warehouse_db
    return {
        "exports": _size(workspace.exports),
        "lake": _size(workspace.lake),
        "journal": _size(workspace.journal_dir),
        "published": _size(workspace.published),
        "rebuildable": sum(
            map(_size, (database, database.with_name(f"{database.name}.wal"), workspace.state))
        ),
    }


def free(workspace: Workspace) -> int:
    """Bytes that are left on the workspace's disk."""
    return shutil.disk_usage(workspace.root).free


def forecast(runs: Sequence[Mapping[str, Any]], free_bytes: int) -> Forecast:
    """Growth from the first to the last run of the last thirty days that said what it left on the disk."""
    seen = [(datetime.fromisoformat(event["at"]), int(event[USED])) for event in runs if USED in event]
    recent = [one for one in seen if one[0] >= seen[-1][0] - LOOKED_BACK]
    if not recent or recent[-1][0] - recent[0][0] < _SHORTEST:
        return Forecast()
    days = (recent[-1][0] - recent[0][0]) / _SHORTEST
    growth = round((recent[-1][1] - recent[0][1]) / days)
    return Forecast(growth, free_bytes // growth if growth > 0 else None)


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; what goes away meanwhile takes none."""
    total = 0
    for one in [path] if path.is_file() else path.rglob("*"):
        try:
            total += one.stat().st_size if one.is_file() else 0
        except FileNotFoundError:
            continue
    return total

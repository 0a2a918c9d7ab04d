"""Where exports lie, today folders of files: what is there, what tells a changed one, its bytes. Meaning is find's.

Extraction asks no more than this of an export, and reads a copy of its own (stage.py). It is the seam for places
that are no folder, object storage or a database's tables: another `listed`, whose exports answer the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from warehouse.workspace import Workspace


@dataclass(frozen=True)
class Stat:
    """What tells a changed export from an unchanged one without reading it."""

    size: int
    modified_ns: int
    changed_ns: int
    inode: int

    @classmethod
    def of(cls, result: os.stat_result) -> Stat:
        return cls(result.st_size, result.st_mtime_ns, result.st_ctime_ns, result.st_ino)

    @property
    def modified(self) -> datetime:
        return datetime.fromtimestamp(self.modified_ns / 1e9, UTC)


@dataclass(frozen=True)
class Export:
    """One delivered file, or a folder of them; `relative` names it in findings and in the journal."""

    path: Path
    relative: str

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_folder(self) -> bool:
        return self.path.is_dir()

    def stat(self) -> Stat:
        """Raises OSError where it is gone or may not be looked at."""
        return Stat.of(self.path.stat())

    @contextmanager
    def opened(self) -> Iterator[tuple[IO[bytes], Stat]]:
        """Its bytes, and what it was when they were opened; raises OSError as `stat` does."""
        with self.path.open("rb") as file:
            yield file, Stat.of(os.fstat(file.fileno()))


def listed(workspace: Workspace, system: str = "") -> list[Export]:
    """What lies in exports/, or in a system's folder, in a fixed order: not hidden files, nor our own examples."""
    folder = workspace.exports / system
    if not folder.is_dir():
        return []
    return [
        Export(path, workspace.relative(path))
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and path.suffix != ".example"
    ]

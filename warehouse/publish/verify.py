"""Verify: are the published files what the chain of manifests says? It reads; it mends nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.publish import freeze
from warehouse.publish.commit import unfinished
from warehouse.publish.manifest import Chain, Month, inspect_chain, listed_files, read_chain, version_folders
from warehouse.publish.release import read_stamp
from warehouse.workspace import Workspace

_CACHE = "published_files.json"


@dataclass(frozen=True)
class PublishedFile:
    """A file of a closed month with the hash it was published with, and the one it has."""

    period: str
    file: str
    expected_sha256: str
    actual_sha256: str | None
    """None where the file is gone."""

    @property
    def holds(self) -> bool:
        """True where the file is the published one."""
        return self.expected_sha256 == self.actual_sha256


@dataclass(frozen=True)
class Problem:
    """One difference between what was published and what is there."""

    period: str | None
    file: str | None
    what: str
    expected: str | None = None
    actual: str | None = None


def check_published(workspace: Workspace, full: bool) -> list[PublishedFile]:
    """E8: every file of every closed month against the chain.

    With `full` every file is hashed. Else a file whose size, times and inode are those of the last
    hashing counts as unchanged: a night must not cost a pass over all of history.
    """
    chain = read_chain(workspace.published)
    cache = _HashCache(workspace.state / _CACHE, use=not full)
    checked = [file for month in chain.folders for file in _files_of(month, workspace.published, cache)]
    cache.save()
    return checked


def verify(workspace: Workspace, period: str | None = None) -> list[Problem]:
    """Everything that is wrong with the published months, or with those of one period; every file is hashed."""
    chain, broken = inspect_chain(workspace.published)
    problems = [Problem(None, None, text) for text in broken]
    if period is not None and chain.find(period) is None:
        problems.append(Problem(period, None, f"{period} has not been published"))
    for month in chain.folders:
        if period in (None, month.period):
            problems += _problems_of(month, workspace.published)
    if period is None:
        problems += _unnamed_folders(chain, workspace.published)
    problems += _other_head(chain, workspace)
    return problems


def _files_of(month: Month, published: Path, cache: _HashCache) -> list[PublishedFile]:
    return [
        PublishedFile(
            month.period,
            (month.path / name).relative_to(published).as_posix(),
            expected,
            cache.hash(month.path / name),
        )
        for name, expected in sorted(listed_files(month).items())
    ]


def _problems_of(month: Month, published: Path) -> list[Problem]:
    problems = []
    for file in _files_of(month, published, _HashCache(None, use=False)):
        if file.actual_sha256 is None:
            problems.append(Problem(month.period, file.file, f"{file.file} is missing", file.expected_sha256))
        elif not file.holds:
            problems.append(
                Problem(
                    month.period,
                    file.file,
                    f"{file.file} was changed",
                    file.expected_sha256,
                    file.actual_sha256,
                )
            )
    listed = listed_files(month)
    for path in sorted(month.path.rglob("*")):
        name = path.relative_to(month.path).as_posix()
        if not path.is_dir() and name not in listed:
            where = path.relative_to(published).as_posix()
            problems.append(Problem(month.period, where, f"{where} was not published"))
    return problems


def _unnamed_folders(chain: Chain, published: Path) -> list[Problem]:
    """Folders that look like months but that no manifest of the chain names."""
    known = {month.path for month in chain.folders} | unfinished(published)
    return [
        Problem(
            folder.parent.name,
            folder.relative_to(published).as_posix(),
            f"{folder.relative_to(published).as_posix()} is in no manifest of the chain",
        )
        for folder in version_folders(published)
        if folder not in known
    ]


def _other_head(chain: Chain, workspace: Workspace) -> list[Problem]:
    """tieout.duckdb remembers the months it was built from: a chain that lost its end still looks whole."""
    held = read_stamp(workspace.tieout_db)
    committed = {month.sha256 for month in chain.folders}
    if held is None:
        return []
    return [
        Problem(
            period,
            workspace.tieout_db.name,
            f"{workspace.tieout_db.name} was built from {period} v{version}, which is gone or was changed",
            digest,
        )
        for period, version, digest in held.months
        if digest not in committed
    ]


class _HashCache:
    """Hashes of files that have not been touched since they were last read."""

    def __init__(self, path: Path | None, use: bool) -> None:
        self._path = path
        self._known = self._load() if use else {}
        self._seen: dict[str, dict[str, Any]] = {}

    def _load(self) -> dict[str, dict[str, Any]]:
        try:
            known = json.loads(self._path.read_bytes()) if self._path else {}
        except (OSError, ValueError):
            # Rebuildable state: without it every file is hashed once more.
            return {}
        return known if isinstance(known, dict) else {}

    def hash(self, path: Path) -> str | None:
        """The file's sha256, read anew only where its status changed; None where it is gone."""
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        mark = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        entry = self._known.get(str(path))
        if entry is None or entry["mark"] != mark:
            entry = {"mark": mark, "sha256": freeze.file_hash(path)}
        self._seen[str(path)] = entry
        return str(entry["sha256"])

    def save(self) -> None:
        """Keep what was hashed; files that are gone fall out."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps(self._seen), encoding="utf-8")
        beside.replace(self._path)

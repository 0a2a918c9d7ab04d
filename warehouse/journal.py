"""What happened, as append-only JSON lines, one file an event kind. Nothing here interprets an event."""

from __future__ import annotations

import json
import mmap
import os
import re
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse.errors import TieoutError

_KIND = re.compile(r"[a-z][a-z_]*")


def _now() -> datetime:
    return datetime.now(UTC)


class Journal:
    """The workspace's memory. One writer at a time (the workspace lock), any number of readers.

    A line counts once its newline is on disk: a process killed while it writes leaves a torn last
    line, which readers drop and the next writer removes. Torn or foreign text anywhere else is damage.
    """

    def __init__(self, directory: Path, clock: Callable[[], datetime] = _now) -> None:
        self.directory = directory
        self._clock = clock

    def append(self, kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Write one event durably and return it as written, with its `seq` and `at`."""
        return self.append_all(kind, [record])[0]

    def append_all(self, kind: str, records: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Write several events with one fsync; a crash keeps a prefix of them."""
        path = self._path(kind)
        is_new = not path.exists()
        self.directory.mkdir(parents=True, exist_ok=True)
        events, complete_bytes = self._load(path)
        first = 1 + max((int(event["seq"]) for event in events), default=0)
        at = self.now()
        written = [{"seq": first + i, "at": at, **record} for i, record in enumerate(records)]
        with path.open("ab") as file:
            file.truncate(complete_bytes)
            file.write(b"".join(_line(event) for event in written))
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_directory(self.directory)
        return written

    def append_written(self, kind: str, lines: Path) -> None:
        """Append whole lines that the engine wrote, `seq` and `at` included: too many to go through Python.

        As with `append_all`, a crash keeps a prefix of them.
        """
        path = self._path(kind)
        is_new = not path.exists()
        self.directory.mkdir(parents=True, exist_ok=True)
        complete_bytes = _complete_bytes(path)
        with path.open("ab") as file, lines.open("rb") as written:
            file.truncate(complete_bytes)
            shutil.copyfileobj(written, file)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_directory(self.directory)

    def whole(self, kind: str) -> Path | None:
        """The file of a kind without a torn last line, for the engine to read; None where nothing was written yet.

        For the one writer: it is removed from the file.
        """
        path = self._path(kind)
        if not path.exists():
            return None
        complete_bytes = _complete_bytes(path)
        if complete_bytes < path.stat().st_size:
            os.truncate(path, complete_bytes)
        return path if complete_bytes else None

    def now(self) -> str:
        """What an event written now has in `at`."""
        return self._clock().astimezone(UTC).isoformat(timespec="microseconds")

    def read(self, kind: str) -> list[dict[str, Any]]:
        """All events of a kind in the order they were written."""
        return self._load(self._path(kind))[0]

    def _path(self, kind: str) -> Path:
        if not _KIND.fullmatch(kind):
            raise ValueError(f"not an event kind: {kind!r}")
        return self.directory / f"{kind}.jsonl"

    def _load(self, path: Path) -> tuple[list[dict[str, Any]], int]:
        if not path.exists():
            return [], 0
        data = path.read_bytes()
        complete = data[: data.rfind(b"\n") + 1]
        lines = complete.splitlines()
        return [_event(path, number, line) for number, line in enumerate(lines, start=1)], len(complete)


def _complete_bytes(path: Path) -> int:
    """Where the last whole line ends, without reading the file into memory."""
    if not path.exists() or not path.stat().st_size:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.rfind(b"\n") + 1


def _line(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _event(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict) or not isinstance(event.get("seq"), int):
        raise TieoutError(
            f"{path}, line {number} is damaged: it is not an event this journal wrote.",
            "The journal is append-only; restore the file from a backup.",
        )
    return event


def sync_directory(directory: Path) -> None:
    """Make renames and new files of a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""What is seen while work goes on: a progress bar on a terminal, plain lines or JSON in a log. It decides nothing."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol, TextIO

from orchestration.stages import STAGE_TITLES


class LogFormat(StrEnum):
    """How a command says what it does while it does it."""

    text = "text"
    json = "json"


class Progress(Protocol):
    """Where a run says what it is doing."""

    def record(self, event: Mapping[str, Any]) -> None:
        """The command begins or ends: for programs, which get no other word of it."""

    def stage(self, name: str, about: str = "") -> None:
        """A new stage of work begins, perhaps of one month."""

    def count(self, rows: int) -> None:
        """How many rows the stage has worked on."""

    def say(self, text: str) -> None:
        """Something worth a line."""

    def done(self) -> None:
        """The work has ended, well or not."""


class Silent:
    """Says nothing: tests, and commands whose output is for programs."""

    def record(self, event: Mapping[str, Any]) -> None:
        """Nothing."""

    def stage(self, name: str, about: str = "") -> None:
        """Nothing."""

    def count(self, rows: int) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def done(self) -> None:
        """Nothing."""


class Lines:
    """One plain line a stage, with its seconds: for logs."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._stage: str | None = None
        self._since = 0.0

    def record(self, event: Mapping[str, Any]) -> None:  # noqa: ARG002 (people read other words)
        """Ends the last stage; people read the command's own last lines."""
        self._end_stage()

    def stage(self, name: str, about: str = "") -> None:
        """Ends the stage before and announces the new one."""
        self._end_stage()
        self._stage, self._since = _title(name, about), time.monotonic()

    def count(self, rows: int) -> None:
        """Not told: the last lines say what matters."""

    def say(self, text: str) -> None:
        """One line."""
        self._out.write(f"{text}\n")
        self._out.flush()

    def done(self) -> None:
        """Ends the last stage."""
        self._end_stage()

    def _end_stage(self) -> None:
        if self._stage is not None:
            self.say(f"{self._stage}: {time.monotonic() - self._since:.1f} s")
            self._stage = None


class JsonLines:
    """One JSON object a line: start, stages with seconds and rows, notes, end. For programs that read the log."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._run_id: str | None = None
        self._stage: dict[str, Any] = {}
        self._since = 0.0

    def record(self, event: Mapping[str, Any]) -> None:
        """An event as it is; from the first on every line says which run it is of."""
        self._run_id = event.get("run_id", self._run_id)
        self._end_stage("done" if event.get("exit_code") == 0 else "failed")
        self._write(event)

    def stage(self, name: str, about: str = "") -> None:
        """Ends the stage before; a stage is written once it is known how it went."""
        self._end_stage("done")
        self._stage = {"stage": name, **({"period": about} if about else {})}
        self._since = time.monotonic()

    def count(self, rows: int) -> None:
        """Kept for the stage's line."""
        self._stage["rows"] = rows

    def say(self, text: str) -> None:
        """A note."""
        self._write({"event": "note", "message": text})

    def done(self) -> None:
        """Ends what nothing else has ended."""
        self._end_stage("failed")

    def _end_stage(self, outcome: str) -> None:
        if self._stage:
            seconds = round(time.monotonic() - self._since, 3)
            self._write({"event": "stage", **self._stage, "seconds": seconds, "outcome": outcome})
            self._stage = {}

    def _write(self, event: Mapping[str, Any]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._out.write(json.dumps({"at": at, "run_id": self._run_id, **event}) + "\n")
        self._out.flush()


class Bar:
    """A moving bar with the stage and the time so far: for terminals."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(24), TimeElapsedColumn())
        self._progress = RichProgress(*columns, console=Console(stderr=True, highlight=False), transient=True)
        self._task = self._progress.add_task("starting", total=None)
        self._progress.start()

    def record(self, event: Mapping[str, Any]) -> None:
        """People read the command's own last lines."""

    def stage(self, name: str, about: str = "") -> None:
        """Shows the stage beside the bar."""
        self._progress.update(self._task, description=_title(name, about))

    def count(self, rows: int) -> None:
        """Not told: the last lines say what matters."""

    def say(self, text: str) -> None:
        """One line above the bar."""
        self._progress.console.print(text, markup=False)

    def done(self) -> None:
        """Takes the bar away."""
        self._progress.stop()


def _title(name: str, about: str) -> str:
    return f"{STAGE_TITLES.get(name, name)} {about}".rstrip()


@contextmanager
def shown(form: LogFormat = LogFormat.text) -> Iterator[Progress]:
    """The progress fit for where the output goes."""
    progress: Progress = JsonLines() if form is LogFormat.json else Bar() if sys.stderr.isatty() else Lines()
    try:
        yield progress
    finally:
        progress.done()

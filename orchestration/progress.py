"""What people see while work goes on: a progress bar on a terminal, plain lines in a log. It decides nothing."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO


class Progress(Protocol):
    """Where a run says what it is doing."""

    def stage(self, name: str) -> None:
        """A new stage of work begins."""

    def say(self, text: str) -> None:
        """Something worth a line."""

    def done(self) -> None:
        """The work has ended, well or not."""


class Silent:
    """Says nothing: tests, and commands whose output is for programs."""

    def stage(self, name: str) -> None:
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

    def stage(self, name: str) -> None:
        """Ends the stage before and announces the new one."""
        self._end_stage()
        self._stage, self._since = name, time.monotonic()

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

    def stage(self, name: str) -> None:
        """Shows the stage beside the bar."""
        self._progress.update(self._task, description=name)

    def say(self, text: str) -> None:
        """One line above the bar."""
        self._progress.console.print(text, markup=False)

    def done(self) -> None:
        """Takes the bar away."""
        self._progress.stop()


@contextmanager
def shown(quiet: bool = False) -> Iterator[Progress]:
    """The progress fit for where the output goes."""
    progress: Progress = Silent() if quiet else Bar() if sys.stderr.isatty() else Lines()
    try:
        yield progress
    finally:
        progress.done()

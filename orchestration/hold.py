"""A workspace while this process holds it: locked, mended after a crash, its warehouse open. No stage runs here."""

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestration.calendar import Calendar
from orchestration.findings import Finding, notes
from orchestration.progress import Progress
from warehouse import engine, lake
from warehouse.errors import BlockedError, TieoutError
from warehouse.extract import deliver
from warehouse.extract.deliver import Extraction
from warehouse.journal import Journal
from warehouse.lock import workspace_lock
from warehouse.publish import commit, frozen, release
from warehouse.publish.manifest import Chain, read_chain
from warehouse.workspace import RunContext, Workspace

if TYPE_CHECKING:
    from warehouse.transform import Project


@dataclass
class Hold:
    """What every build in this process shares."""

    workspace: Workspace
    journal: Journal
    progress: Progress
    connection: engine.Connection
    extraction: Extraction | None = None
    calendar: Calendar | None = None
    _project: "Project | None" = field(default=None, repr=False)

    def extract(self, context: RunContext) -> Extraction:
        """Reads new exports into the lake, once per command; a file that can't be used stops the command."""
        if self.extraction is None:
            self.extraction = deliver.extract(context, self.journal, self.progress.say)
            for line in notes(self.extraction.findings):
                self.progress.say(line)
        if self.extraction.blocks:
            files = {finding.file for finding in self.extraction.blocks}
            raise BlockedError(
                f"{len(files):,} export file{'' if len(files) == 1 else 's'} can't be used; nothing was computed",
                self.extraction.blocks,
            )
        if not self.extraction.current:
            raise BlockedError(
                "there is nothing to compute: no export was ever delivered",
                [
                    Finding(
                        "no_exports",
                        f"{self.workspace.exports} holds no file that matches an object of a connector.",
                        "Put files like exports/files/contracts.csv there; `tieout check` says what is recognized.",
                    )
                ],
            )
        return self.extraction

    def register(self, context: RunContext) -> None:
        """Shows the deliveries in force to SQL."""
        lake.register(self.connection, context)

    def sync(self, context: RunContext) -> Chain:
        """Brings schema `frozen` to the published months that a build stands on: a reopened one is none of them."""
        if context.reopening is None:
            return frozen.sync(self.connection, self.workspace)
        period = str(context.close_period)
        return frozen.sync(self.connection, self.workspace, reopening=period).before(period)

    @property
    def project(self) -> "Project":
        """The workspace's models, compiled; looked at once a command."""
        if self._project is None:
            from warehouse.transform import compiled

            self._project = compiled(self.workspace)
        return self._project


@contextmanager
def hold(workspace: Workspace, progress: Progress, *, afresh: bool = False) -> Iterator[Hold]:
    """Locks the workspace, finishes or removes what a killed command left, and opens the warehouse.

    With `afresh` everything that can be built again is thrown away first.
    """
    with workspace_lock(workspace):
        mend(workspace, progress)
        if afresh:
            throw_away(workspace)
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(engine.session(workspace))
            except engine.EngineError as error:
                raise TieoutError(
                    f"{workspace.warehouse_db} can't be opened: {' '.join(str(error).split())}",
                    "Close other programs that have it open (BI tools read published/tieout.duckdb instead); "
                    "if it is damaged, `tieout run --full-refresh` builds it again.",
                ) from error
            yield Hold(workspace, Journal(workspace.journal_dir), progress, connection)


def throw_away(workspace: Workspace) -> None:
    """Removes the working warehouse and dbt's project; exports, lake, journal and published months stay."""
    for path in (workspace.warehouse_db, workspace.warehouse_db.with_name("warehouse.duckdb.wal")):
        path.unlink(missing_ok=True)
    if workspace.dbt_project.exists():
        shutil.rmtree(workspace.dbt_project)


def mend(workspace: Workspace, progress: Progress) -> None:
    """A command may have been killed at any instant: readers lost nothing, and this needs no one's decision."""
    removed = commit.recover(workspace)
    if removed:
        progress.say(f"removed what an interrupted close left behind: {', '.join(removed)}")
    if release.roll_forward(workspace):
        progress.say("tieout.duckdb was brought to the last published month")


def chain_of(workspace: Workspace) -> Chain:
    """The published months."""
    return read_chain(workspace.published)


def new_run_id() -> str:
    """Names a run: when it started, and a few letters so that two never share one."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


@dataclass
class Stopwatch:
    """Seconds of each stage, in the order they ran."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Adds the time of a block to its stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            spent = self.seconds.get(stage, 0.0) + time.monotonic() - start
            self.seconds[stage] = round(spent, 3)

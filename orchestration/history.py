"""Hands the runs of the command line to Dagster's web interface.

A run of the command line executes on an instance in memory, because Dagster's files on disk cost seconds a run
(one transaction an event, hundreds of events). Its events are kept as one file, and the web interface takes them
into its own storage when it starts.
"""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dagster import AssetKey, DagsterEventType, DagsterInstance, DagsterRun, EventRecordsResult
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.types import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.snap.execution_plan_snapshot import ExecutionPlanSnapshot
from dagster._core.snap.job_snapshot import JobSnap
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.event_log.base import AssetRecord
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage
from dagster._serdes import deserialize_value, serialize_value

from warehouse.workspace import Workspace

KEPT_RUNS = 20
"""Older runs that nobody looked at meanwhile are dropped; journal/runs.jsonl keeps all of them."""

LEFT_OUT = frozenset(
    {
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        DagsterEventType.STEP_OUTPUT,
        DagsterEventType.HANDLED_OUTPUT,
    }
)

INSTANCE_CONFIGURATION = """\
telemetry:
  enabled: false
# No window that asks for an address before anything is seen.
nux:
  enabled: false
# One writer: a run waits until the one before it is done.
concurrency:
  pools:
    granularity: run
    default_limit: 1
freshness:
  enabled: true
"""


def inbox(workspace: Workspace) -> Path:
    """Where runs wait for the web interface."""
    return workspace.state / "dagster-inbox"


def home(workspace: Workspace) -> Path:
    """The instance of the web interface; made where it is missing."""
    folder = workspace.state / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(INSTANCE_CONFIGURATION, encoding="utf-8")
    return folder


class EventRecorder(InMemoryEventLogStorage):
    """Only keeps the events of the one run of this process: indexing them in SQL was a tenth of a small run."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[EventLogEntry] = []

    def store_event(self, event: EventLogEntry) -> None:
        """Keeps an event, in order."""
        self.events.append(event)

    def get_asset_records(
        self,
        asset_keys: Sequence[AssetKey] | None = None,  # noqa: ARG002 (as Dagster calls it)
    ) -> Sequence[AssetRecord]:
        """Nothing was materialized before on an instance that lives for one run."""
        return []

    def fetch_observations(self, *_: Any, **__: Any) -> EventRecordsResult:
        """Nothing observed either: Dagster asks for every input of every step."""
        return EventRecordsResult([], "", has_more=False)


@contextmanager
def recording() -> Iterator[tuple[DagsterInstance, list[EventLogEntry]]]:
    """An instance in memory, and the events of what runs on it."""
    recorder = EventRecorder()
    with (
        TemporaryDirectory() as folder,
        DagsterInstance(
            instance_type=InstanceType.EPHEMERAL,
            local_artifact_storage=LocalArtifactStorage(folder),
            run_storage=InMemoryRunStorage(),
            event_storage=recorder,
            compute_log_manager=NoOpComputeLogManager(),
            run_coordinator=DefaultRunCoordinator(),
            run_launcher=SyncInMemoryRunLauncher(),
        ) as instance,
    ):
        yield instance, recorder.events


def keep(
    workspace: Workspace, instance: DagsterInstance, run_id: str, events: Sequence[EventLogEntry]
) -> None:
    """Writes a run, what it was planned as, and its events as one file."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.job_snapshot_id is None or run.execution_plan_snapshot_id is None:
        return
    plans: list[JobSnap | ExecutionPlanSnapshot] = [
        instance.get_job_snapshot(run.job_snapshot_id),
        instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id),
    ]
    folder = inbox(workspace)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{run_id}.new"
    with gzip.open(draft, "wt", encoding="utf-8", compresslevel=1) as file:
        file.write("\n".join([serialize_value(run), *map(serialize_value, plans), *_worth_keeping(events)]))
    draft.replace(folder / f"{run_id}.jsonl.gz")
    for path in _waiting(workspace)[:-KEPT_RUNS]:
        path.unlink()


def _worth_keeping(events: Sequence[EventLogEntry]) -> Iterator[str]:
    """The events as text, without those that only accompany a materialization."""
    for event in events:
        if event.dagster_event is None or event.dagster_event.event_type not in LEFT_OUT:
            yield serialize_value(event)


def take_in(workspace: Workspace, instance: DagsterInstance) -> int:
    """Moves the waiting runs into an instance's storage; the number of runs taken."""
    taken = 0
    for path in _waiting(workspace):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            run, job, plan, *events = file.read().split("\n")
        taken += _take_run(instance, run, job, plan, events)
        path.unlink()
    return taken


def _waiting(workspace: Workspace) -> list[Path]:
    return sorted(inbox(workspace).glob("*.jsonl.gz"), key=lambda path: path.stat().st_mtime)


def _take_run(instance: DagsterInstance, run_text: str, job: str, plan: str, events: Sequence[str]) -> bool:
    run = deserialize_value(run_text, DagsterRun)
    if instance.get_run_by_id(run.run_id) is not None:
        return False
    instance.run_storage.add_job_snapshot(deserialize_value(job, JobSnap))
    instance.run_storage.add_execution_plan_snapshot(deserialize_value(plan, ExecutionPlanSnapshot))
    instance.run_storage.add_run(run)
    for text in events:
        event = deserialize_value(text, EventLogEntry)
        instance.event_log_storage.store_event(event)
        if event.dagster_event is not None and event.dagster_event.is_job_event:
            at = datetime.fromtimestamp(event.timestamp, UTC)
            instance.run_storage.handle_run_event(run.run_id, event.dagster_event, at)
    return True

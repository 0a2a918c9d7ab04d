"""Hands the runs of the command line to Dagster's web interface.

A run of the command line executes on an instance in memory, because Dagster's files on disk cost seconds a run
(one transaction an event, hundreds of events). Its events are kept as one file, and the web interface takes them
into its own storage when it starts.
"""

import gzip
from pathlib import Path

from dagster import DagsterInstance, DagsterRun
from dagster._core.events.log import EventLogEntry
from dagster._serdes import deserialize_value, serialize_value

from warehouse.workspace import Workspace

KEPT_RUNS = 50
"""Older runs that nobody looked at meanwhile are dropped; journal/runs.jsonl keeps all of them."""

INSTANCE_CONFIGURATION = "telemetry:\n  enabled: false\n"


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


def keep(workspace: Workspace, instance: DagsterInstance, run_id: str) -> None:
    """Writes a run and its events as one file."""
    run = instance.get_run_by_id(run_id)
    if run is None:
        return
    folder = inbox(workspace)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [serialize_value(run), *(serialize_value(event) for event in instance.all_logs(run_id))]
    draft = folder / f".{run_id}.new"
    with gzip.open(draft, "wt", encoding="utf-8", compresslevel=1) as file:
        file.write("\n".join(lines))
    draft.replace(folder / f"{run_id}.jsonl.gz")
    waiting = sorted(folder.glob("*.jsonl.gz"), key=lambda path: path.stat().st_mtime)
    for path in waiting[:-KEPT_RUNS]:
        path.unlink()


def take_in(workspace: Workspace, instance: DagsterInstance) -> int:
    """Moves the waiting runs into an instance's storage; the number of runs taken."""
    taken = 0
    for path in sorted(inbox(workspace).glob("*.jsonl.gz"), key=lambda found: found.stat().st_mtime):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            first, *rest = file.read().split("\n")
        run = deserialize_value(first, DagsterRun)
        if instance.get_run_by_id(run.run_id) is None:
            instance.run_storage.add_run(run)
            for line in rest:
                instance.event_log_storage.store_event(deserialize_value(line, EventLogEntry))
            taken += 1
        path.unlink()
    return taken

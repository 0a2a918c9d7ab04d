"""What Dagster looks out for by itself: new exports that have stood still, and months that were published."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import dagster as dg

from orchestration.partitions import PERIODS, publication
from orchestration.pipeline import RUNS
from warehouse.connectors import enabled_connectors
from warehouse.extract.find import find_files
from warehouse.journal import Journal
from warehouse.publish.manifest import read_chain
from warehouse.workspace import Workspace

INTERVAL_SECONDS = 30
GONE = (-1, -1)

Exports = Mapping[str, tuple[int, int]]
"""Size and time of change of each export that no run has looked at yet."""


@dataclass(frozen=True)
class Watch:
    """What the sensor remembers from one look to the next."""

    seen: str = ""
    """The new exports as they were last seen."""
    since: float = 0.0
    """When they were first seen so."""
    started: str = ""
    """The exports for which a run was asked for."""


def identity(exports: Exports) -> str:
    """Changes when one comes, goes, grows or is written again; nothing where none is new."""
    if not exports:
        return ""
    return hashlib.sha256(json.dumps(sorted(exports.items())).encode()).hexdigest()


def look(watch: Watch, exports: Exports, now: float, settled_seconds: float) -> tuple[Watch, str | None]:
    """One look at exports/: what to remember, and why there is no run yet (None: it is time for one)."""
    seen = identity(exports)
    if seen in {"", watch.started}:
        return Watch(seen, now, watch.started), "no export is new since the last run"
    count = f"{len(exports):,} export{'' if len(exports) == 1 else 's'}"
    if seen != watch.seen:
        return Watch(seen, now, watch.started), f"{count} came or changed since the last look"
    stood = now - watch.since
    if stood < settled_seconds:
        return watch, f"{count} stood still for {stood:,.0f} of {settled_seconds:,} seconds"
    return Watch(seen, watch.since, seen), None


def new_exports(workspace: Workspace) -> Exports:
    """Files that were written after the last run began to read; whatever became of that run, it saw those before."""
    starts = [one["at"] for one in Journal(workspace.journal_dir).read(RUNS) if one["event"] == "start"]
    last_ns = datetime.fromisoformat(starts[-1]).timestamp() * 1e9 if starts else 0
    found: dict[str, tuple[int, int]] = {}
    for file in find_files(workspace, enabled_connectors(workspace)).files:
        try:
            stat = file.export.stat()
        except FileNotFoundError:
            # It went since the folder was listed, so the exports do not stand still.
            found[file.relative] = GONE
            continue
        if stat.changed_ns > last_ns:
            found[file.relative] = (stat.size, stat.changed_ns)
    return found


def exports_sensor(workspace: Workspace, job_name: str) -> dg.SensorDefinition:
    """Starts the nightly job once new exports have stood still."""
    settled = workspace.settings.schedule.settled_seconds

    @dg.sensor(
        name="new_exports",
        job_name=job_name,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=f"Starts {job_name} once new exports have stood still for {settled:,} seconds.",
    )
    def sense(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        watch = Watch(**json.loads(context.cursor)) if context.cursor else Watch()
        watch, reason = look(watch, new_exports(workspace), datetime.now(UTC).timestamp(), settled)
        cursor = json.dumps(asdict(watch))
        if reason is not None:
            return dg.SensorResult(skip_reason=reason, cursor=cursor)
        request = dg.RunRequest(run_key=watch.started, tags={"tieout/started_by": "new exports"})
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return sense


def months_sensor(workspace: Workspace) -> dg.SensorDefinition:
    """Shows each published month as a partition. It starts nothing, so it is on from the beginning."""

    @dg.sensor(
        name="published_months",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Shows the months that `tieout close` published.",
    )
    def sense(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        folders = read_chain(workspace.published).folders
        told = int(context.cursor or 0)
        # Fewer than before: the workspace is another one than it was.
        fresh = folders[told:] if told <= len(folders) else folders
        if not fresh:
            return dg.SensorResult(skip_reason="no month was published since", cursor=str(len(folders)))
        return dg.SensorResult(
            dynamic_partitions_requests=[PERIODS.build_add_request([one.period for one in fresh])],
            asset_events=[publication(one) for one in fresh],
            cursor=str(len(folders)),
        )

    return sense


def sensors_of(workspace: Workspace, job_name: str) -> Sequence[dg.SensorDefinition]:
    """What is looked out for in a workspace."""
    return [exports_sensor(workspace, job_name), months_sensor(workspace)]

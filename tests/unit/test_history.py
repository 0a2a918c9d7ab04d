"""A run of the command line is later seen in Dagster's web interface as it was."""

from pathlib import Path

import dagster as dg

from orchestration import history
from warehouse.workspace import Workspace


@dg.asset
def figures() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"dagster/row_count": 3})


def recorded_run(workspace: Workspace) -> str:
    job = dg.Definitions(assets=[figures], jobs=[dg.define_asset_job("nightly")]).resolve_job_def("nightly")
    with history.recording() as (instance, events):
        result = job.execute_in_process(instance=instance, tags={"tieout/as_of": "2026-08-05"})
        history.keep(workspace, instance, result.run_id, events)
    return result.run_id


def test_a_kept_run_is_taken_in_with_its_status_and_results(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "acme")
    run_id = recorded_run(workspace)
    with dg.DagsterInstance.ephemeral() as instance:
        assert history.take_in(workspace, instance) == 1
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.is_success
        assert run.tags["tieout/as_of"] == "2026-08-05"
        event = instance.get_latest_materialization_event(figures.key)
        assert event is not None
        assert event.asset_materialization is not None
        assert event.asset_materialization.metadata["dagster/row_count"].value == 3
        assert history.take_in(workspace, instance) == 0


def test_only_the_latest_runs_wait(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "acme")
    folder = history.inbox(workspace)
    folder.mkdir(parents=True)
    for number in range(history.KEPT_RUNS + 5):
        (folder / f"{number}.jsonl.gz").touch()
    recorded_run(workspace)
    assert len(list(folder.glob("*.jsonl.gz"))) == history.KEPT_RUNS

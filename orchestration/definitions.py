"""The Dagster code location. It only assembles; `dagster dev` loads it from the repository root.

It shows the workspace that TIEOUT_WORKSPACE names, else the demo's; where there is none yet, it says how to make one.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from expectations.suites import Rule, rules_of
from orchestration import lineage
from orchestration.assets import (
    RESOURCE,
    dbt_stage_assets,
    extract_assets,
    gate_asset,
    no_exports_asset,
    release_asset,
)
from orchestration.cli.options import DEMO_FOLDER, WORKSPACE_VARIABLE
from orchestration.lineage import Lineage
from orchestration.partitions import month_spec
from orchestration.schedules import nightly_schedule
from orchestration.translator import node_key, source_specs
from warehouse.connectors import enabled_connectors
from warehouse.extract.deliver import in_force
from warehouse.extract.find import find_files
from warehouse.journal import Journal
from warehouse.settings import Settings
from warehouse.transform import compiled
from warehouse.workspace import Workspace

NIGHTLY = "nightly"
CLOSE = "close"


def build_defs(
    manifest: Mapping[str, Any],
    objects: Sequence[tuple[str, str]],
    rules: Sequence[Rule],
    build: dg.ResourceDefinition,
    settings: Settings,
    columns: Lineage,
    sensors: Sequence[dg.SensorDefinition] = (),
) -> dg.Definitions:
    """Assets, checks, jobs, schedule and sensors over a parsed dbt project, with what each step works on."""
    owner = settings.schedule.owner
    made = [
        extract_assets(objects, settings) if objects else no_exports_asset(owner),
        dbt_stage_assets(manifest, "stage", owner, columns),
        gate_asset(rules, _models(manifest, {"checks"}), owner),
        dbt_stage_assets(manifest, "facts", owner, columns),
    ]
    published = _models(manifest, {"marts", "audit"})
    release = release_asset(published, owner)
    keys = {key for one in (*made, release) for key in one.keys}
    nightly = dg.define_asset_job(
        NIGHTLY, selection=dg.AssetSelection.all(), description="Exports to tieout.duckdb."
    )
    close = dg.define_asset_job(
        CLOSE,
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(release),
        description="What a close looks at before it publishes; started by `tieout close`.",
    )
    return dg.Definitions(
        assets=[*made, release, month_spec(published, owner), *source_specs(manifest, keys, owner)],
        jobs=[nightly, close],
        schedules=[nightly_schedule(nightly, settings)],
        sensors=sensors,
        resources={RESOURCE: build},
        # Every step in a process of its own would import everything again: seconds a step.
        executor=dg.in_process_executor,
    )


def _models(manifest: Mapping[str, Any], schemas: set[str]) -> list[dg.AssetKey]:
    nodes = manifest["nodes"].values()
    return [node_key(n) for n in nodes if n["resource_type"] == "model" and n["schema"] in schemas]


def present_objects(workspace: Workspace) -> list[tuple[str, str]]:
    """Export objects of which a file lies there or was ever delivered."""
    found = find_files(workspace, enabled_connectors(workspace)).files
    delivered = in_force(workspace, Journal(workspace.journal_dir))
    return sorted(
        {(one.system, one.object) for one in found} | {(one.system, one.object) for one in delivered}
    )


def shown_workspace() -> Path:
    """The workspace the web interface shows."""
    return Path(os.environ.get(WORKSPACE_VARIABLE) or DEMO_FOLDER)


def no_workspace(folder: Path) -> dg.Definitions:
    """What to do where nobody named a workspace and the demo was not made."""
    missing = dg.AssetSpec(
        dg.AssetKey(["no_workspace"]),
        group_name="0_no_workspace",
        description=f"{folder} is no workspace. `make demo` makes one, or set {WORKSPACE_VARIABLE} to yours; "
        "then reload this code location.",
        owners=[Settings().schedule.owner],
    )
    return dg.Definitions(assets=[missing])


@dg.definitions
def tieout() -> dg.Definitions:
    """The code location; a workspace's connectors decide what there is to show."""
    from orchestration.interface import build_resource
    from orchestration.sensors import sensors_of

    folder = shown_workspace()
    if WORKSPACE_VARIABLE not in os.environ and not folder.is_dir():
        return no_workspace(folder)
    workspace = Workspace.open(folder)
    project = compiled(workspace)
    return build_defs(
        project.manifest,
        present_objects(workspace),
        rules_of(workspace.expectations),
        build_resource(workspace),
        workspace.settings,
        lineage.read(workspace, project),
        sensors_of(workspace, NIGHTLY),
    )

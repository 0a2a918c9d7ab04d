"""What the steps of a run started in Dagster's web interface work on. The command line brings its own build."""

from collections.abc import Iterator

import dagster as dg

from orchestration import pipeline
from orchestration.build import Build
from orchestration.progress import Silent
from warehouse.workspace import RunContext, Workspace, today


def build_resource(workspace: Workspace) -> dg.ResourceDefinition:
    """Holds the workspace for one run of the interface, as of today, and journals it."""

    @dg.resource(description="The locked workspace and the build of this run.")
    def build(_: dg.InitResourceContext) -> Iterator[Build]:
        opened = Workspace.open(workspace.root)
        context = RunContext(opened, as_of=today(opened.settings))
        with pipeline.interface_build(context, Silent()) as started:
            yield started

    return build

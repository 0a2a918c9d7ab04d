"""Executes a Dagster job in this process. The only module of the pipeline that imports Dagster; imported late."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from expectations.suites import rules_of
from orchestration import history, lineage
from orchestration.assets import tags_of
from orchestration.build import Build
from orchestration.definitions import CLOSE, NIGHTLY, build_defs
from warehouse.errors import TieoutError

# The instance's own log levels; what happened is kept as events, not as text on the terminal.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def execute(build: Build, *, is_close: bool) -> None:
    """Runs the stages as a Dagster job; an error of a stage is raised as it was."""
    _log_to_file(build)
    job = _job(build, is_close=is_close)
    with history.recording() as (instance, events):
        with _at_work_on(build):
            result = job.execute_in_process(
                instance=instance, raise_on_error=False, run_config=QUIET, tags=tags_of(build)
            )
        history.keep(build.context.workspace, instance, result.run_id, events)
    if isinstance(build.error, dg.DagsterExecutionInterruptedError):
        raise KeyboardInterrupt from build.error
    if build.error is not None:
        raise build.error
    if build.gate_report is not None:
        build.require_gate()
    if not result.success:
        raise TieoutError(_first_failure(result))


_at_work: list[Build] = []
_jobs: dict[object, dg.JobDefinition] = {}


@contextmanager
def _at_work_on(build: Build) -> Iterator[None]:
    """What the steps of the job find as their resource."""
    _at_work.append(build)
    try:
        yield
    finally:
        _at_work.pop()


@dg.resource
def _current_build(_: dg.InitResourceContext) -> Build:
    return _at_work[-1]


def _job(build: Build, *, is_close: bool) -> dg.JobDefinition:
    """The nightly or the closing job; making it takes half a second, and a close runs several of one project."""
    project = build.held.project
    objects = tuple(sorted({(one.system, one.object) for one in build.held.extract(build.context).current}))
    rules = rules_of(build.context.workspace.expectations)
    settings = build.context.settings
    key = (project.digest, objects, repr(rules), settings.model_dump_json(), is_close)
    if key not in _jobs:
        columns = lineage.of_readers(build.context.workspace, project.digest)
        definitions = build_defs(project.manifest, objects, rules, _current_build, settings, columns)
        _jobs[key] = definitions.resolve_job_def(CLOSE if is_close else NIGHTLY)
    return _jobs[key]


def _first_failure(result: dg.ExecuteInProcessResult) -> str:
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error:
            return f"step {event.step_key} failed: {event.step_failure_data.error.message.strip()}"
    return "the Dagster job failed without naming a step"


def _log_to_file(build: Build) -> None:
    """Dagster's words go to .tieout/logs/dagster.log; the terminal is for people."""
    logger = logging.getLogger("dagster")
    folder = build.context.workspace.state / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    handler = logging.FileHandler(folder / "dagster.log", encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False

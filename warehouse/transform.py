"""Assembles a workspace's dbt project and runs it in this process. What the models compute is dbt_project's matter.

The shipped project and the connectors a workspace uses become one project in `.tieout/dbt`: model names of
connectors collide otherwise, and dbt's caches would be shared between workspaces.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from warehouse.connectors import Connector, enabled_connectors
from warehouse.engine import close_all, settings_for
from warehouse.errors import ConfigurationError, TieoutError
from warehouse.lake import view_name
from warehouse.settings import nearest
from warehouse.workspace import Workspace, shipped

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# dbt reads it when it is imported.
os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")

_PROFILE = "tieout"
_EXCHANGE = "exchange__"
# Not rules of business and no part of what a connector maps to.
_NO_CONNECTOR_FEEDS = {"currencies"}
# What dbt writes into the project's folder itself.
_KEPT = {"target", "logs", ".user.yml"}
_SHIPPED_SUFFIXES = {".sql", ".yml", ".md"}

Files = dict[str, bytes]


# --- assembly ---------------------------------------------------------------------------------------


def assemble(workspace: Workspace) -> Path:
    """Write the workspace's dbt project and return its folder.

    Files that are as they should be are not touched, so that dbt parses only what changed; each other
    file is replaced whole, so that a run killed in between leaves nothing half written.
    """
    project = workspace.dbt_project
    wanted = project_files(workspace)
    for name, content in wanted.items():
        _write(project / name, content)
    _remove_others(project, wanted.keys())
    return project


def project_files(workspace: Workspace) -> Files:
    """Every file of the assembled project by its path in it."""
    connectors = enabled_connectors(workspace)
    entities = exchange_entities()
    files = _shipped_files(shipped("dbt_project"))
    feeds: dict[str, list[str]] = {}
    for system, connector in connectors.items():
        for entity, content in _connector_models(connector, entities).items():
            files[f"models/staging/{staging_model(system, entity)}.sql"] = content
            feeds.setdefault(entity, []).append(system)
    files["macros/staging.sql"] = _staging_macros(feeds, connectors).encode()
    files["models/staging/lake.yml"] = _lake_sources(connectors).encode()
    files["profiles.yml"] = _profiles(workspace).encode()
    return files


def exchange_entities() -> list[str]:
    """The exchange entities a connector can map to: what the shipped project has a model for."""
    folder = shipped("dbt_project") / "models" / "exchange"
    names = (path.stem.removeprefix(_EXCHANGE) for path in folder.glob(f"{_EXCHANGE}*.sql"))
    return sorted(name for name in names if name not in _NO_CONNECTOR_FEEDS)


def staging_model(system: str, entity: str) -> str:
    return f"stg_{system}__{entity}"


def _shipped_files(root: Path) -> Files:
    """The shipped project without its connectors, of which only the enabled ones become models."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and path.suffix in _SHIPPED_SUFFIXES
        and path.relative_to(root).parts[0] not in {"connectors", *_KEPT}
    }


def _connector_models(connector: Connector, entities: Sequence[str]) -> Files:
    """The SQL of a connector by exchange entity."""
    models = {}
    for path in sorted(connector.folder.glob("*.sql")):
        if path.stem not in entities:
            raise ConfigurationError(
                f"{path} bears the name of no exchange entity{nearest(path.stem, list(entities))}.",
                "Name each SQL file of a connector after the exchange entity it gives.",
            )
        models[path.stem] = path.read_bytes()
    return models


def _staging_macros(feeds: Mapping[str, Sequence[str]], connectors: Mapping[str, Connector]) -> str:
    """macros/staging.sql of this workspace: which connectors feed which entity, and what the lake holds."""
    models = ",\n        ".join(
        f"{entity!r}: [{', '.join(_staging_entry(system, entity) for system in systems)}]"
        for entity, systems in sorted(feeds.items())
    )
    objects = ",\n        ".join(
        f"{{'system': {system!r}, 'object': {name!r}, 'money_column': {_jinja(declared.money_column)}, "
        f"'currency_column': {_jinja(declared.currency_column)}}}"
        for system, connector in sorted(connectors.items())
        for name, declared in sorted(connector.objects.items())
    )
    return (
        "{# Written by assembling this workspace's project: its enabled connectors. #}\n\n"
        "{% macro staged_entities() -%}\n"
        f"    {{{{ return({sorted(feeds)!r}) }}}}\n"
        "{%- endmacro %}\n\n"
        "{% macro staging_models(entity) -%}\n"
        f"    {{{{ return({{\n        {models}\n    }}.get(entity, [])) }}}}\n"
        "{%- endmacro %}\n\n"
        "{% macro lake_objects() -%}\n"
        f"    {{{{ return([\n        {objects}\n    ]) }}}}\n"
        "{%- endmacro %}\n"
    )


def _staging_entry(system: str, entity: str) -> str:
    """Exports of `files` have every column of their entity; what another connector's SQL gives, the engine is asked."""
    is_complete = "true" if system == "files" else "false"
    return f"[{staging_model(system, entity)!r}, {system!r}, {is_complete}]"


def _jinja(text: str | None) -> str:
    return "none" if text is None else repr(text)


def _lake_sources(connectors: Mapping[str, Connector]) -> str:
    """The dbt source `lake`: a view an object, over what was extracted and is in force."""
    tables = [
        {
            "name": view_name(system, name),
            "description": declared.description or f"Rows of {name} as {system} delivered them, as text.",
        }
        for system, connector in sorted(connectors.items())
        for name, declared in sorted(connector.objects.items())
    ]
    source = {
        "name": "lake",
        "schema": "lake",
        "description": "Extracted files in force, column for column.",
        "tables": tables,
    }
    return yaml.safe_dump({"version": 2, "sources": [source]}, sort_keys=False)


def _profiles(workspace: Workspace) -> str:
    """Connect-time settings equal to those of every other connection: DuckDB refuses a second set of them."""
    output = {
        "type": "duckdb",
        "path": str(workspace.warehouse_db),
        "schema": "main",
        # DuckDB uses all processors for one model; more models at a time would only share them.
        "threads": 1,
        "config_options": settings_for(workspace),
    }
    return yaml.safe_dump({_PROFILE: {"target": "run", "outputs": {"run": output}}}, sort_keys=False)


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


def _remove_others(project: Path, wanted: Iterable[str]) -> None:
    """A model of a connector that is no longer enabled must not stay."""
    names = set(wanted)
    for path in sorted(project.rglob("*"), reverse=True):
        inner = path.relative_to(project)
        if inner.parts[0] in _KEPT:
            continue
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif inner.as_posix() not in names:
            path.unlink()


# --- running ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    message: str = ""
    failures: int = 0
    compiled_path: str | None = None

    @property
    def is_failed_test(self) -> bool:
        return self.resource_type in ("test", "unit_test") and self.status == "fail"


class TransformError(TieoutError):
    """A model could not be built, or the project not be parsed: a fault of the code, not of the data."""

    def __init__(self, model: str, detail: str, compiled_path: str | None = None) -> None:
        where = f" Its compiled SQL is {compiled_path}." if compiled_path else ""
        super().__init__(f"{model} could not be built: {detail}{where}")
        self.model = model
        self.detail = detail
        self.compiled_path = compiled_path


Report = Callable[[NodeResult], None]


class Dbt:
    """dbt in this process. Starting it costs seconds, so the parsed project is kept between calls.

    dbt's connection is closed after every call: what comes next in this process (the gate, the freeze)
    or outside it finds the file free.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._manifest: Manifest | None = None
        self.project = workspace.dbt_project

    def parse(self) -> Manifest:
        """Assemble and parse the project, if that has not been done yet."""
        if self._manifest is None:
            assemble(self._workspace)
            self._manifest = self._invoke("parse")
        return self._manifest

    def build(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        *,
        indirect_selection: str = "buildable",
        report: Report | None = None,
    ) -> list[NodeResult]:
        """Build models and run their tests, in order; raises where a model fails, returns failed tests.

        With `buildable` a test runs once everything it reads is selected or was built before.
        """
        self.parse()
        arguments = ["--indirect-selection", indirect_selection]
        for option, values in (("--select", select), ("--exclude", exclude)):
            if values:
                arguments += [option, *values]
        found = self._invoke("build", *arguments, report=report)
        results = [_result(one) for one in found.results]
        _raise_errors(results)
        return results

    def _invoke(self, command: str, *arguments: str, report: Report | None = None) -> Any:
        from dbt.cli.main import dbtRunner

        runner = dbtRunner(manifest=self._manifest, callbacks=[_listener(report)] if report else [])
        try:
            outcome = runner.invoke([*_global_options(self.project), command, *self._places(), *arguments])
        finally:
            close_all()
        if outcome.exception is not None:
            error = outcome.exception
            raise TransformError("the dbt project", _one_line(str(error)) or repr(error)) from error
        return outcome.result

    def _places(self) -> list[str]:
        return ["--project-dir", str(self.project), "--profiles-dir", str(self.project)]


def _global_options(project: Path) -> list[str]:
    return [
        "--quiet",
        "--log-level", "none",
        "--log-level-file", "none",
        "--log-path", str(project / "logs"),
        "--no-use-colors",
        "--no-write-json",
        "--no-version-check",
        "--no-send-anonymous-usage-stats",
        "--cache-selected-only",
    ]  # fmt: skip


def _result(run_result: Any) -> NodeResult:
    node = run_result.node
    return NodeResult(
        unique_id=node.unique_id,
        name=node.name,
        resource_type=str(node.resource_type),
        status=str(run_result.status),
        seconds=float(run_result.execution_time or 0),
        message=run_result.message or "",
        failures=int(run_result.failures or 0),
        compiled_path=getattr(node, "compiled_path", None),
    )


def _raise_errors(results: Iterable[NodeResult]) -> None:
    for result in results:
        if result.status in ("error", "runtime error"):
            raise TransformError(result.name, _one_line(result.message), result.compiled_path)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _listener(report: Report) -> Callable[[Any], None]:
    """dbt's events as our results, while the build goes on."""

    def listen(event: Any) -> None:
        if event.info.name != "NodeFinished":
            return
        node = event.data.node_info
        result = event.data.run_result
        report(
            NodeResult(
                unique_id=node.unique_id,
                name=node.node_name,
                resource_type=node.resource_type,
                status=result.status,
                seconds=float(result.execution_time),
                message=result.message,
            )
        )

    return listen

"""Assembles a workspace's dbt project and has dbt compile it. What the models compute is dbt_project's matter, and
the compiled SQL is executed by warehouse/plan.py.

The shipped project and the connectors a workspace uses become one project in `.tieout/dbt`: model names of
connectors collide otherwise, and dbt's caches would be shared between workspaces.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from warehouse import exchange, plan
from warehouse.connectors import DECLARATION, Connector, enabled_connectors
from warehouse.engine import settings_for
from warehouse.errors import ConfigurationError
from warehouse.lake import view_name
from warehouse.plan import CONNECTORS, Plan, Step, TransformError, fault
from warehouse.settings import nearest
from warehouse.workspace import Workspace, shipped

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

# dbt reads it when it is imported.
os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")

PROFILES = "profiles.yml"
_PROFILE = "tieout"
_STAGING_FILE = re.compile(r"models/staging/stg_(?P<system>[a-z0-9_]+?)__(?P<entity>[a-z0-9_]+)[.]sql")
# Where macros/staged.sql adds to what a connector gives.
_COMPLETED = "-- columns that the connector does not give"
# What dbt writes into the project's folder itself.
_KEPT = {"target", "logs", ".user.yml"}
_SHIPPED_SUFFIXES = {".sql", ".yml", ".md"}

Files = dict[str, bytes]


# --- assembly ---------------------------------------------------------------------------------------


def assemble(workspace: Workspace) -> Path:
    """Write the workspace's dbt project and return its folder."""
    return _assemble(workspace, project_files(workspace))


def _assemble(workspace: Workspace, wanted: Files) -> Path:
    """Files that are as they should be are not touched, so that dbt parses only what changed; each other file is
    replaced whole, so that a run killed in between leaves nothing half written."""
    project = workspace.dbt_project
    for name, content in wanted.items():
        _write(project / name, content)
    _remove_others(project, wanted.keys())
    return project


def project_files(workspace: Workspace) -> Files:
    """Every file of the assembled project by its path in it."""
    connectors = enabled_connectors(workspace)
    entities = list(exchange.entities())
    files = _shipped_files(shipped("dbt_project"))
    feeds: dict[str, list[str]] = {}
    for system, connector in connectors.items():
        if not connector.is_shipped:
            _check_becomes(connector)
        for entity, content in _connector_models(connector, entities).items():
            files[f"models/staging/{staging_model(system, entity)}.sql"] = content
            feeds.setdefault(entity, []).append(system)
    files["macros/staging.sql"] = _staging_macros(feeds, connectors).encode()
    files["models/staging/lake.yml"] = _lake_sources(connectors).encode()
    files[PROFILES] = _profiles(workspace).encode()
    return files


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
    """The SQL of a connector by exchange entity, with every column of it."""
    models = {}
    for path in sorted(connector.folder.glob("*.sql")):
        if path.stem not in entities:
            raise ConfigurationError(
                f"{path} bears the name of no exchange entity{nearest(path.stem, list(entities))}.",
                "Name each SQL file of a connector after the exchange entity it gives.",
            )
        models[path.stem] = _staged(path.stem, path.read_text(encoding="utf-8"))
    return models


def _staged(entity: str, mapping: str) -> bytes:
    """What a connector maps, with the columns of the entity that it does not give (macros/staged.sql)."""
    query = mapping.strip().removesuffix(";")
    return f"{{% call staged('{entity}') %}}\n{query}\n{{% endcall %}}\n".encode()


def as_given(step: Step) -> str:
    """The query of a connector's staging model without the columns that we complete it with."""
    return step.sql.split(_COMPLETED, 1)[0]


def _check_becomes(connector: Connector) -> None:
    """Money becomes records of entities that have money."""
    known = {name: entity for name, entity in exchange.entities().items() if entity.money}
    for name, declared in connector.objects.items():
        for entity in declared.money.becomes if declared.money else ():
            if entity not in known:
                raise ConfigurationError(
                    f"{connector.folder / DECLARATION}: objects.{name}.money.becomes names {entity}, which is no "
                    f"exchange entity with an amount{nearest(entity, sorted(known))}."
                )


def _staging_macros(feeds: Mapping[str, Sequence[str]], connectors: Mapping[str, Connector]) -> str:
    """macros/staging.sql of this workspace: which connectors feed which entity, and what the lake holds."""
    models = ",\n        ".join(
        f"{entity!r}: {[[staging_model(system, entity), system] for system in systems]!r}"
        for entity, systems in sorted(feeds.items())
    )
    objects = ",\n        ".join(
        repr(
            {
                "system": system,
                "object": name,
                "becomes": dict(declared.money.becomes) if declared.money else {},
                "has_currency": declared.money is not None and declared.money.currency is not None,
            }
        )
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


# --- compiling --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Project:
    """A workspace's project, compiled: what the engine executes, and dbt's manifest for those who show it."""

    digest: str
    plan: Plan
    manifest: dict[str, Any]


# Compiling takes ten seconds and more: a process that runs several times (a close with its months, tests) does it
# once, also for other workspaces whose project is the same.
_projects: dict[str, Project] = {}


def compiled(workspace: Workspace) -> Project:
    """The workspace's project, assembled and compiled; what was compiled before where no file of it has changed."""
    files = project_files(workspace)
    digest = _digest(files)
    _assemble(workspace, files)
    known = _projects.get(digest) or _read(workspace.dbt_project, digest)
    if known is None:
        known = _compile(workspace.dbt_project, digest)
    if not _is_kept(workspace.dbt_project, digest):
        _keep(workspace.dbt_project, known)
    _projects[digest] = known
    return known


def project_digest(workspace: Workspace) -> str:
    """Names what is compiled: workspaces with the same connectors share it."""
    return _digest(project_files(workspace))


def _digest(files: Files) -> str:
    """Everything the compiled SQL stands on: the project but its connection, dbt, and this program."""
    digest = hashlib.sha256()
    for name in ("dbt-core", "dbt-duckdb"):
        digest.update(f"{name} {version(name)}\n".encode())
    for code in (Path(__file__), Path(plan.__file__)):
        digest.update(code.read_bytes())
    for name, content in sorted(files.items()):
        if name != PROFILES:
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _compile(project: Path, digest: str) -> Project:
    from dbt.cli.main import dbtRunner

    manifest: Manifest = _invoked(dbtRunner(), project, "parse")
    # Nothing is looked up in the database: what a model needs to know of another stands in the project.
    outcome = _invoked(
        dbtRunner(manifest=manifest), project, "compile", "--no-introspect", "--no-populate-cache"
    )
    return Project(
        digest,
        Plan.of(_step(one.node) for one in outcome.results if _is_compiled(one)),
        manifest.writable_manifest().to_dict(omit_none=False),
    )


def _invoked(runner: dbtRunner, project: Path, command: str, *arguments: str) -> Any:
    places = ["--project-dir", str(project), "--profiles-dir", str(project)]
    outcome = runner.invoke([*_options(project), command, *places, *arguments])
    if outcome.exception is not None:
        error = outcome.exception
        raise _compilation_fault("the dbt project", _one_line(str(error)) or repr(error)) from error
    return outcome.result


def _compilation_fault(model: str, detail: str) -> TransformError:
    """dbt's message, by the connector's own file where it names an assembled one."""
    named = _STAGING_FILE.search(detail)
    if named is None:
        return TransformError(model, detail)
    return fault(model, detail.replace(named[0], _origin(named[0])), _origin(named[0]))


def _origin(path: str) -> str:
    """The file a model was assembled from, as its author knows it."""
    named = _STAGING_FILE.fullmatch(path)
    return f"{CONNECTORS}{named['system']}/{named['entity']}.sql" if named else path


def _options(project: Path) -> list[str]:
    return [
        "--quiet",
        "--log-level", "none",
        "--log-level-file", "none",
        "--log-path", str(project / "logs"),
        "--no-use-colors",
        "--no-write-json",
        "--no-version-check",
        "--no-send-anonymous-usage-stats",
    ]  # fmt: skip


def _is_compiled(result: Any) -> bool:
    """A model or test that compiled; one that did not is a fault of the project."""
    node = result.node
    if str(result.status) != "success":
        raise fault(node.name, _one_line(result.message or ""), _origin(node.original_file_path))
    return str(node.resource_type) in ("model", "test")


def _step(node: Any) -> Step:
    config, is_test = node.config, str(node.resource_type) == "test"
    columns: list[tuple[str, str]] = []
    if config.get("materialized") == "iterated":
        columns = [(str(name), str(kind)) for name, kind in config["columns"]]
    elif not is_test and config.contract.enforced:
        columns = [(column.name, column.data_type) for column in node.columns.values()]
    return Step(
        unique_id=node.unique_id,
        name=node.name,
        kind="test" if is_test else config.materialized,
        fqn=tuple(node.fqn),
        parents=tuple(sorted(node.depends_on.nodes)),
        sql=node.compiled_code,
        schema="" if is_test else node.schema,
        table="" if is_test else node.alias,
        columns=tuple(columns),
        rounds_from=config.get("rounds_from"),
        path=_origin(node.original_file_path),
    )


def _keep(project: Path, made: Project) -> None:
    """For the next process. The digest comes last: without it the files are those of a killed run."""
    folder = project / "target"
    _write(folder / "plan.json", made.plan.dumps().encode())
    _write(folder / "manifest.json", json.dumps(made.manifest).encode())
    _write(folder / "digest", made.digest.encode())


def _is_kept(project: Path, digest: str) -> bool:
    named = project / "target" / "digest"
    return named.is_file() and named.read_text() == digest


def _read(project: Path, digest: str) -> Project | None:
    if not _is_kept(project, digest):
        return None
    folder = project / "target"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return Project(digest, Plan.loads((folder / "plan.json").read_text(encoding="utf-8")), manifest)


def _one_line(text: str) -> str:
    return " ".join(text.split())

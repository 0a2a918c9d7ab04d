"""Which columns each column of a model is made of, read from the compiled SQL. Rows' own lineage is audit.lineage.

Reading all models takes some seconds, so it is done once a project, by the code location that shows it; the nightly run
only hands on what is known of the tables that people read. Filters and joins are not told of: a column's origin is
what its value is computed from.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from warehouse.plan import Step
from warehouse.publish.frozen import LAYOUT
from warehouse.transform import Project
from warehouse.workspace import Workspace

DIALECT = "duckdb"
READ = ("marts.", "audit.")
FROZEN = "frozen"

Origin = tuple[str, str, str]
"""Schema, table and column."""
Columns = dict[str, list[Origin]]
Lineage = dict[str, Columns]
"""By the model's table, as in schema.table."""
Schema = dict[str, dict[str, dict[str, str]]]
"""Schema, table, column and its type, as sqlglot wants to know them."""


def known(workspace: Workspace, digest: str) -> Lineage:
    """The lineage of a project where it was read before, else nothing."""
    path = _file(workspace)
    if not path.is_file():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {} if stored["project"] != digest else _typed(stored["models"])


def of_readers(workspace: Workspace, digest: str) -> Lineage:
    """What is known of the tables that people read: handing on all of it would take a run half a second."""
    return {table: found for table, found in known(workspace, digest).items() if table.startswith(READ)}


def read(workspace: Workspace, project: Project) -> Lineage:
    """The lineage of a project; kept for the nights to come."""
    found = known(workspace, project.digest)
    if not found:
        found = of_models(
            (step for step in project.plan.steps if not step.is_test), _source_columns(project.manifest)
        )
        path = _file(workspace)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({"project": project.digest, "models": found}), encoding="utf-8")
        draft.replace(path)
    return found


def _file(workspace: Workspace) -> Path:
    return workspace.state / "column_lineage.json"


def _typed(models: Mapping[str, Mapping[str, Iterable[tuple[str, str, str]]]]) -> Lineage:
    return {
        table: {
            column: [(schema, name, of) for schema, name, of in origins] for column, origins in found.items()
        }
        for table, found in models.items()
    }


def _source_columns(manifest: Mapping[str, Any]) -> Schema:
    """The columns of the sources that say them: in their description, and where a run makes their tables."""
    found: Schema = {FROZEN: {table: _named(columns) for table, columns in LAYOUT.items()}}
    for source in manifest["sources"].values():
        if source["columns"]:
            found.setdefault(source["schema"], {})[source["identifier"]] = dict.fromkeys(
                source["columns"], "text"
            )
    return found


def _named(columns: str) -> dict[str, str]:
    """The names in a list of columns as `create table` has it."""
    tree = sqlglot.parse_one(f"create table layout ({columns})", dialect=DIALECT)
    return {one.name: "text" for one in tree.find_all(exp.ColumnDef)}


def of_models(steps: Iterable[Step], sources: Schema) -> Lineage:
    """The lineage of models in the order in which they are built, with the columns that are known of sources."""
    schema: Schema = {name: dict(tables) for name, tables in sources.items()}
    found: Lineage = {}
    for step in steps:
        try:
            columns = of_sql(step.sql, schema)
        except OptimizeError:
            # It joins tables whose columns are known to the engine alone: what its columns stand on isn't told.
            columns = {}
        own = (step.schema, step.table)
        # An iterated model reads its own rounds.
        found[f"{step.schema}.{step.table}"] = {
            name: [origin for origin in origins if origin[:2] != own] for name, origins in columns.items()
        }
        names = [name for name, _ in step.columns] or list(columns)
        if names:
            schema.setdefault(step.schema, {})[step.table] = dict.fromkeys(names, "text")
    return found


def of_sql(sql: str, schema: Mapping[str, object]) -> Columns:
    """The origins of a query's columns; a `*` of a table whose columns are not known is no column."""
    tree = qualify(
        sqlglot.parse_one(sql, dialect=DIALECT),
        schema=dict(schema),
        dialect=DIALECT,
        validate_qualify_columns=False,
        allow_partial_qualification=True,
    )
    scope = build_scope(tree)
    if scope is None:
        return {}
    names = [name for name in scope.expression.named_selects if name != "*"]
    told: dict[tuple[int, str], set[Origin]] = {}
    return {name: sorted(_origins(scope, name, told)) for name in names}


def _origins(scope: Scope, name: str, told: dict[tuple[int, str], set[Origin]]) -> set[Origin]:
    """What a column stands on, through the parts of the query down to tables; each part is looked at once."""
    key = (id(scope), name)
    if key not in told:
        told[key] = set()
        told[key] = {origin for part, of in _parents(scope, name) for origin in _of(part, of, told)}
    return told[key]


def _of(part: Scope | exp.Table, name: str, told: dict[tuple[int, str], set[Origin]]) -> set[Origin]:
    return {(part.db, part.name, name)} if isinstance(part, exp.Table) else _origins(part, name, told)


def _parents(scope: Scope, name: str) -> set[tuple[Scope | exp.Table, str]]:
    """The columns of the next parts of the query, or of tables, that a column is computed from."""
    query = scope.expression
    names = query.named_selects
    if name not in names:
        return set()
    if scope.set_operation_scopes:
        place = None if query.args.get("by_name") else names.index(name)
        return {(part, _name_in(part, name, place)) for part in scope.set_operation_scopes}
    columns = query.selects[names.index(name)].find_all(exp.Column)
    sources = [(_source(scope, column), column.name) for column in columns]
    return {(source, of) for source, of in sources if isinstance(source, Scope | exp.Table)}


def _source(scope: Scope, column: exp.Column) -> object:
    """The part of the query or the table that a column is of; unnamed where its table's columns aren't known."""
    if column.table or len(scope.sources) != 1:
        return scope.sources.get(column.table)
    return next(iter(scope.sources.values()))


def _name_in(part: Scope, name: str, place: int | None) -> str:
    """How a part of a union calls a column: by its place, or as all do."""
    names = part.expression.named_selects
    return name if place is None or place >= len(names) else str(names[place])


def shown(lineage: Lineage, key: dg.AssetKey) -> dict[str, dg.TableColumnLineageMetadataValue]:
    """A model's lineage as Dagster's catalog shows it; nothing where it isn't known."""
    columns = lineage.get(".".join(key.path))
    if not columns:
        return {}
    deps = {
        name: [dg.TableColumnDep(dg.AssetKey([schema, table]), of) for schema, table, of in origins]
        for name, origins in columns.items()
    }
    return {"dagster/column_lineage": dg.MetadataValue.column_lineage(dg.TableColumnLineage(deps))}

"""The embedded engine: the only importer of duckdb and duckdb_engine. What is computed in it is not known here.

One process opens one database file with one set of settings: DuckDB refuses a second connection whose
settings differ, and shares the first one's instance with every connection whose settings agree. So
`session` opens the file, locks the instance down, and everything that works on it in this process (our own
`connect`, Great Expectations through `gx_connection_string`) joins it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import duckdb

from warehouse.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

Connection = duckdb.DuckDBPyConnection
EngineError = duckdb.Error
InvalidInputError = duckdb.InvalidInputException
WRITER_VERSION: str = duckdb.__version__

_READABLE_BY_1X = "v1.0.0"

# Of every connection. DuckDB 2.0.0 takes a condition on an aggregate for false where a left join's right side can't
# match by its statistics, and gives wrong figures without an error (tests/unit/test_engine.py shows it).
_ALWAYS: Mapping[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # The other one adds up before it joins, and plans for that longer than it saves: 470 of 560 ms for one statement
    # over a tiny company, and 202 s instead of 186 s for 1.5 million invoice lines.
    "disabled_optimizers": "statistics_propagation,partial_aggregate_pushdown",
}


@dataclass
class _Session:
    """An instance this process holds open, and the gate's connections to it: an open one would keep the file."""

    connection: Connection
    gate: list[Connection] = field(default_factory=list)


# By absolute path, for what joins a session by path alone.
_sessions: dict[str, _Session] = {}
_sessions_lock = threading.Lock()


def settings_for(workspace: Workspace) -> dict[str, Any]:
    """The connect-time settings of every connection to a workspace's database, dbt's included."""
    engine = workspace.settings.engine
    return {
        "threads": engine.threads or os.cpu_count() or 1,
        "memory_limit": engine.memory_limit.replace(" ", ""),
        "temp_directory": str(workspace.spill),
        **_ALWAYS,
        "preserve_insertion_order": True,
    }


def connect(
    path: Path | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    read_only: bool = False,
    allowed: Iterable[Path] | None = None,
) -> Connection:
    """A connection to a database file, or to memory.

    With `allowed`, the engine can from then on open no file outside these folders and files, whatever
    SQL it is given; the engine itself refuses to lift that again.
    """
    config = {**_ALWAYS, **(settings or {})}
    if "temp_directory" in config:
        Path(config["temp_directory"]).mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    if allowed is not None:
        _restrict(connection, allowed)
    return connection


def _restrict(connection: Connection, allowed: Iterable[Path]) -> None:
    """DuckDB takes these settings only after connecting: at connect time their order cannot be told."""
    if _is_restricted(connection):
        return
    # DuckDB compares resolved paths, so a folder that is a link must be named by its target.
    places = sorted({place.resolve() for place in allowed})
    connection.execute(f"set allowed_directories = {_list(place for place in places if place.is_dir())}")
    connection.execute(f"set allowed_paths = {_list(place for place in places if not place.is_dir())}")
    connection.execute("set enable_external_access = false")


def _is_restricted(connection: Connection) -> bool:
    row = connection.execute("select current_setting('enable_external_access')").fetchone()
    return row is not None and row[0] is False


def _list(places: Iterable[Path]) -> str:
    return "[" + ", ".join(literal(str(place)) for place in places) + "]"


def database_of(connection: Connection) -> str:
    """The database a connection looks at, as an identifier, for a connection that looks elsewhere."""
    [(name,)] = connection.execute("select current_database()").fetchall()
    return identifier(str(name))


def workspace_places(workspace: Workspace) -> list[Path]:
    """What the engine may open for a workspace: the workspace, and where links directly in it lead."""
    linked = [path for path in workspace.root.iterdir() if path.is_symlink()]
    return [workspace.root, *linked]


@contextmanager
def session(workspace: Workspace, *, read_only: bool = False) -> Iterator[Connection]:
    """Hold the working warehouse open: models, gate and models again share this one locked-down instance.

    With `read_only` the file itself cannot change; new tables go to memory.
    Nothing is closed and reopened at a hand-over. At the end every connection is gone, so that another
    process can open the file.
    """
    connection = connect(
        None if read_only else workspace.warehouse_db,
        settings=settings_for(workspace),
        allowed=workspace_places(workspace),
    )
    if read_only:
        # An instance that is read-only itself has no room for a table in memory either.
        name = workspace.warehouse_db.stem
        attach(connection, workspace.warehouse_db, name, read_only=True)
        connection.execute(f"use {identifier(name)}")
    key = _key(workspace.warehouse_db)
    with _sessions_lock:
        is_outermost = key not in _sessions
        if is_outermost:
            _sessions[key] = _Session(connection)
    try:
        yield connection
    finally:
        if is_outermost:
            with _sessions_lock:
                ended = _sessions.pop(key)
            for gate in ended.gate:
                gate.close()
        connection.close()


def _key(path: Path | str) -> str:
    return str(Path(path).absolute())


def attach(
    connection: Connection,
    path: Path,
    name: str,
    *,
    read_only: bool = False,
    storage_version: str | None = _READABLE_BY_1X,
) -> None:
    """Attach another database file; new ones are written so that DuckDB 1.x clients can read them."""
    options = ["read_only"] if read_only else []
    if storage_version and not read_only:
        options.append(f"storage_version {literal(storage_version)}")
    suffix = f" ({', '.join(options)})" if options else ""
    connection.execute(f"attach {literal(str(path))} as {identifier(name)}{suffix}")


def literal(text: str) -> str:
    """Text as an SQL string: names and paths from outside never become code."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


# --- Great Expectations -----------------------------------------------------------------------------


def gx_connection_string(path: Path, search_path: str = "main") -> str:
    """For `add_sql`: joins the session that is open on `path` in this process, looking tables up in `search_path`."""
    from sqlalchemy.dialects import registry

    registry.register("duckdb.tieout", __name__, "GateDialect")
    return f"duckdb+tieout:///{quote(_key(path))}?search_path={quote(search_path)}"


def __getattr__(name: str) -> Any:
    """SQLAlchemy takes most of a second to import, and only the gate needs it."""
    if name == "GateDialect":
        dialect = _gate_dialect()
        globals()[name] = dialect
        return dialect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _gate_dialect() -> type[Any]:
    from duckdb_engine import ConnectionWrapper, Dialect

    class GateDialect(Dialect):  # type: ignore[misc, unused-ignore]
        """duckdb-engine's dialect for the gate's reads inside an open session.

        Great Expectations fetches results after it has committed, and a commit ends DuckDB's pending
        result: on this connection, which only reads, transactions are not delimited at all.
        """

        supports_statement_cache = False

        def create_connect_args(self, url: URL) -> tuple[tuple[Any, ...], dict[str, Any]]:
            return (), {"path": url.database, "search_path": str(url.query.get("search_path", "main"))}

        def connect(self, *, path: str, search_path: str) -> Any:
            with _sessions_lock:
                held = _sessions.get(_key(path))
            if held is None:
                raise EngineError(f"no session is open on {path}")
            connection = held.connection.cursor()
            held.gate.append(connection)
            connection.execute(f"set search_path = {literal(search_path)}")
            return ConnectionWrapper(connection)

        def get_pk_constraint(self, *_: Any, **__: Any) -> dict[str, Any]:
            """None: Great Expectations asks at every look at a table, and the tested ones have no keys."""
            return {"constrained_columns": [], "name": None}

        def do_begin(self, connection: Any) -> None:
            """Nothing: see the class."""

        def do_commit(self, connection: Any) -> None:
            """Nothing: see the class."""

        def do_rollback(self, connection: Any) -> None:
            """Nothing: see the class."""

    return GateDialect

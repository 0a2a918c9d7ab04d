"""Writes the demo company's exports into a workspace, as its systems would drop them. Runs nothing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from warehouse import engine
from warehouse.demo import company, dirt
from warehouse.demo.company import Wave
from warehouse.errors import ConfigurationError
from warehouse.workspace import Workspace

CONFIGURATION = """\
# The configuration of the demo's workspace. `tieout init` writes one with every key and its default.
[company]
name = "Brightwater Telemetry"
reporting_currency = "USD"
time_zone = "America/New_York"

[policies]
# The demo's exports carry fixed dates, so their age says nothing.
freshness_hours = 0
"""
# What marks a folder as the demo's, and holds what is no export: what was planted.
MARKER = ".tieout-demo"

_CONNECTORS = Path(__file__).with_name("connectors")


@dataclass(frozen=True)
class Form:
    """How a system writes its files."""

    ending: str
    options: str


_FORMS = {
    "atlas": Form("csv", "format csv, header"),
    "fakturo": Form("csv", "format csv, header, delimiter ';'"),
    "saldo": Form("tsv", "format csv, header, delimiter '\t'"),
}
_JSON_LINES = Form("jsonl", "format json")
# Meters write for programs.
_READINGS = "metering"


def prepare(folder: Path) -> Workspace:
    """An empty workspace for the demo, with its systems' connectors; refuses a folder that holds anything else."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise ConfigurationError(
                f"{folder} is not empty and is no demo: nothing was written",
                remedy="Name another folder: tieout demo DIR.",
            )
        shutil.rmtree(folder)
    Workspace.init(folder)
    (folder / "tieout.toml").write_text(CONFIGURATION, encoding="utf-8")
    (folder / MARKER).mkdir()
    (folder / MARKER / "README").write_text(
        "This workspace was made by `tieout demo`, which may replace it. dirt.csv lists the faults in its exports.\n",
        encoding="utf-8",
    )
    shutil.copytree(_CONNECTORS, folder / "connectors", dirs_exist_ok=True)
    return Workspace.open(folder)


def database(workspace: Workspace) -> Path:
    """Where the company lies while it is generated."""
    return workspace.root / MARKER / "company.duckdb"


def manifest(workspace: Workspace) -> Path:
    """What is planted in the exports: what the gate has to find."""
    return workspace.root / MARKER / "dirt.csv"


def deliver(connection: engine.Connection, exports: Path, wave: Wave) -> list[Path]:
    """Each system's full exports of one wave, a file an object, named with the day of the export."""
    company.stand_on(connection, wave)
    return [_write(connection, exports, wave, system, name) for system, name in objects(connection)]


def objects(connection: engine.Connection) -> list[tuple[str, str]]:
    """System and object of every view that is exported."""
    found = connection.execute(
        "select view_name from duckdb_views() where not internal and view_name like '%\\_\\_%' escape '\\' order by all"
    ).fetchall()
    return [(system, name) for (view,) in found for system, _, name in [view.partition("__")]]


def _write(connection: engine.Connection, exports: Path, wave: Wave, system: str, name: str) -> Path:
    form = _JSON_LINES if name == _READINGS else _FORMS[system]
    folder = exports / system
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{wave.exported.isoformat()}.{form.ending}"
    connection.execute(
        f"copy (from ({dirt.dirty(connection, f'{system}__{name}', wave.number)}) order by all)"
        f" to {engine.literal(str(path))} ({form.options})"
    )
    return path

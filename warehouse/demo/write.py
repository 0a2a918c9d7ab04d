"""Writes the demo company's exports into a workspace, as its systems would drop them. Runs nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse import engine
from warehouse.demo import company, dirt
from warehouse.demo.company import Wave
from warehouse.errors import ConfigurationError
from warehouse.publish.journal_export import JournalLine
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


# What the demo's ledger does not post by itself.
POSTED_FROM_TIEOUT = ("recognition", "refund_liability", "reclassification", "reversal")


def post(connection: engine.Connection, lines: Sequence[JournalLine], wave: Wave) -> None:
    """Imports journals of tieout into the ledger, which exports them from the next wave on, each with its document."""
    exponents = dict(connection.execute("select currency, exponent from currencies").fetchall())
    posted = [line for line in lines if line.amount]
    connection.execute(
        "insert into journal_lines"
        " select document || '/' || account, document, posting_date, account, entity, currency, exponent,"
        " greatest(amount, 0), greatest(-amount, 0), document, $wave, null"
        " from (select unnest($documents) as document, unnest($days) as posting_date, unnest($accounts) as account,"
        " unnest($entities) as entity, unnest($currencies) as currency, unnest($exponents) as exponent,"
        " unnest($amounts) as amount)",
        {
            "documents": [line.document for line in posted],
            "days": [line.posting_date for line in posted],
            "accounts": [line.account_id for line in posted],
            "entities": [line.entity_id for line in posted],
            "currencies": [line.currency for line in posted],
            "exponents": [exponents[line.currency] for line in posted],
            "amounts": [int(line.amount.scaleb(exponents[line.currency])) for line in posted],
            "wave": wave.number + 1,
        },
    )


def correct(connection: engine.Connection, tieout_db: Path, wave: Wave) -> int:
    """Corrects what the reconciliation of the closed month lists of documents: how many.

    The ledger takes all of a write-off for bad debt, or for revenue to come; what was earned of it only tieout knows.
    """
    connection.execute(f"attach {engine.literal(str(tieout_db))} as published (read_only)")
    try:
        connection.execute(
            "create or replace temp table corrected as select 'X-' || items.item as journal_id,"
            " items.item, items.entity_id, items.currency, currencies.exponent,"
            " cast(items.difference * pow10.factor as bigint) as amount"
            " from published.marts.rpt_reconciliation_items as items"
            " inner join currencies on items.currency = currencies.currency"
            " inner join (values (0, 1), (2, 100), (3, 1000)) as pow10 (exponent, factor)"
            " on currencies.exponent = pow10.exponent"
            " where items.period = $period and items.balance = 'deferred_revenue'"
            " and items.item_type in ('credit_note', 'payment') and items.reason in ('amount', 'account')",
            {"period": wave.closes},
        )
    finally:
        connection.execute("detach published")
    for side, account, sign in ((1, "2100", 1), (2, "6500", -1)):
        connection.execute(
            "insert into journal_lines"
            f" select journal_id || '/{side}', journal_id, cast($day as date), '{account}', entity_id, currency,"
            " exponent,"
            f" greatest({sign} * amount, 0), greatest({-sign} * amount, 0), item, $wave, null"
            " from corrected",
            {"day": wave.closed_through, "wave": wave.number + 1},
        )
    return len(connection.execute("select 1 from corrected").fetchall())


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

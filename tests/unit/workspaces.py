"""Small workspaces for unit tests: made in a moment, with one file dropped at a time."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime
from pathlib import Path

from warehouse.extract.deliver import Extraction, extract
from warehouse.journal import Journal
from warehouse.workspace import RunContext, Waiver, Workspace

AS_OF = date(2026, 3, 31)
CONNECTOR = """
system: crm
objects:
  deals:
    key: [id]
    columns: [id, amount, currency, note]
    required: [id, amount]
    money: {amount: amount, currency: currency}
  deal_lines:
    columns: [id, deal]
    required: [id]
  events:
    mode: incremental
    columns: [id, kind, updated_at]
    patterns: ['evt_(?P<date>[0-9]{8})_export[.]csv']
"""


def new_workspace(root: Path, toml: str = "", connector: str = CONNECTOR) -> Workspace:
    """A workspace with one connector of its own, `crm`."""
    folder = root / "connectors" / "crm"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "connector.yml").write_text(connector, encoding="utf-8")
    (root / "exports" / "crm").mkdir(parents=True, exist_ok=True)
    (root / "tieout.toml").write_text(toml, encoding="utf-8")
    return Workspace.open(root)


def zipped(data: bytes) -> bytes:
    """gzip without the time of day, so that the same content is the same file."""
    return gzip.compress(data, mtime=0)


def drop(workspace: Workspace, name: str, content: str | bytes, *, modified: datetime | None = None) -> Path:
    """Deliver a file to exports/crm, gzip-compressed where its name says so."""
    path = workspace.exports / "crm" / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(zipped(data) if name.endswith(".gz") else data)
    if modified is not None:
        os.utime(path, (modified.timestamp(), modified.timestamp()))
    return path


def context(workspace: Workspace, *waivers: str, started_at: datetime | None = None) -> RunContext:
    return RunContext(
        workspace,
        AS_OF,
        waivers=tuple(Waiver(rule, "checked", "C. Controller") for rule in waivers),
        started_at=started_at or datetime.now(UTC),
    )


def extracted(workspace: Workspace, *waivers: str) -> Extraction:
    return extract(context(workspace, *waivers), Journal(workspace.journal_dir))

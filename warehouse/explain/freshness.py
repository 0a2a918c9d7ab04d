"""How old the exports are now and what is overdue, by the rules of a run, without reading a file."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.connectors import enabled_connectors
from warehouse.extract import overdue
from warehouse.extract.deliver import in_force
from warehouse.extract.find import find_files
from warehouse.extract.findings import FileFinding
from warehouse.extract.overdue import Age
from warehouse.journal import Journal
from warehouse.workspace import RunContext


@dataclass(frozen=True)
class Freshness:
    """The newest file of each object, and what should have come and did not."""

    ages: tuple[Age, ...]
    findings: tuple[FileFinding, ...]


def look(context: RunContext) -> Freshness:
    """What lies in exports/, against the limits and the series that were delivered so far."""
    workspace = context.workspace
    connectors = enabled_connectors(workspace)
    files = find_files(workspace, connectors).files
    findings = overdue.stale(context, files)
    current = [one for one in in_force(workspace, Journal(workspace.journal_dir)) if one.is_current]
    for system, connector in connectors.items():
        for name, declared in connector.objects.items():
            own = [one for one in current if (one.system, one.object) == (system, name)]
            present = [one.export.name for one in files if (one.system, one.object) == (system, name)]
            findings += overdue.missing(context, declared, own, present)
    return Freshness(tuple(overdue.ages(context, files)), tuple(findings))

"""`tieout export`: a table, or the list of records to mend, as a file. The writing is warehouse.explain.export's."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.options import FileFormat, PeriodOption, RuleOption, WorkspaceOption, open_workspace

if TYPE_CHECKING:
    from warehouse.engine import Connection
    from warehouse.explain.export import Selection
    from warehouse.workspace import Workspace


JOURNALS = "journals"


class JournalLayout(StrEnum):
    """The ledger a file of journal entries is for."""

    plain = "plain"
    quickbooks = "quickbooks"
    netsuite = "netsuite"
    xero = "xero"


def register(app: typer.Typer) -> None:
    """Adds `export` to the command line."""
    app.command("export")(export)


def export(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help="A table of schema marts or audit, such as fct_bookings or audit.excluded; "
            "`quarantine` is the list of records to mend, `journals` what a ledger is to post.",
        ),
    ],
    workspace: WorkspaceOption = None,
    period: PeriodOption = None,
    rule: RuleOption = None,
    system: Annotated[
        str | None,
        typer.Option(
            "--system", metavar="S", help="Only what this system exported (quarantine).", show_default=False
        ),
    ] = None,
    entity: Annotated[
        str | None,
        typer.Option("--entity", metavar="E", help="Only this legal entity (journals).", show_default=False),
    ] = None,
    layout: Annotated[
        JournalLayout, typer.Option("--layout", help="The ledger that imports the file (journals).")
    ] = JournalLayout.plain,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="KIND",
            help="Only journals of this kind, or these: a ledger may post invoices and payments itself (journals).",
            show_default=False,
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="All that was ever exported once more, with the same keys, and nothing noted (journals).",
        ),
    ] = False,
    form: Annotated[FileFormat, typer.Option("--format", help="What to write.")] = FileFormat.csv,
    target: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write it. Default: csv on standard output.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a published table as a file, or the quarantine as a list for the owner of a source system.

    Text that a spreadsheet would take for a formula is written as text. `journals` are those of closed months that
    were not exported yet, and the workspace notes that they are: a second export has nothing, a month that was
    published anew only what changed.

    Examples:

    - `tieout export quarantine --system salesforce --format xlsx --output to-mend.xlsx`
    - `tieout export quarantine --rule end_before_start > to-mend.csv`
    - `tieout export rpt_bbb --period 2026-10 --format parquet --output bbb.parquet`
    - `tieout export journals --layout netsuite --output journals.csv`
    - `tieout export journals --only recognition --only reclassification --only reversal`
    """
    from warehouse.explain import export as files
    from warehouse.explain import show

    opened = open_workspace(workspace)
    if table == JOURNALS:
        if form is not FileFormat.csv or rule is not None or system is not None:
            raise typer.BadParameter(
                "journals are written as csv, by --period, --entity, --only and --layout"
            )
        _journals(opened, period, entity, only or [], layout, target, is_again=again)
        return
    if entity is not None or only or again or layout is not JournalLayout.plain:
        raise typer.BadParameter("--entity, --only, --layout and --again are for `tieout export journals`")
    if target is None and form is not FileFormat.csv:
        raise typer.BadParameter(f"{form.value} needs a file to be written to: --output FILE")
    if table != files.QUARANTINE and (rule is not None or system is not None):
        raise typer.BadParameter("--rule and --system are for `tieout export quarantine`")
    path = None if target is None else files.require_writable(opened, target)
    with show.reader(opened) as connection:
        if table == files.QUARANTINE:
            selection = _to_mend(opened, connection, period, rule, system)
        else:
            selection = files.table(connection, table, period)
        if path is None:
            files.write_csv(connection, selection, sys.stdout.buffer, opened.state)
            return
        rows = files.write_file(connection, selection, form.value, path)
    typer.echo(f"{rows:,} row{'' if rows == 1 else 's'} written to {path}")


def _journals(
    workspace: "Workspace",
    period: str | None,
    entity: str | None,
    kinds: Sequence[str],
    layout: JournalLayout,
    target: Path | None,
    *,
    is_again: bool,
) -> None:
    """Writes first and notes then: what was written and not noted is written once more, with the same keys."""
    from warehouse.explain import export as files
    from warehouse.explain import show
    from warehouse.journal import Journal
    from warehouse.lock import workspace_lock
    from warehouse.publish import journal_export

    path = None if target is None else files.require_writable(workspace, target)
    with workspace_lock(workspace):
        journal = Journal(workspace.journal_dir)
        with show.reader(workspace) as connection:
            scope = journal_export.scope_of(connection, period, entity, kinds)
            lines = journal_export.published(connection, scope)
        if not is_again:
            lines = journal_export.not_yet_exported(lines, journal, scope)
        journal_export.require_writable_as(layout.value, lines)
        if not lines:
            typer.echo("Nothing to export: all journals of closed months were exported before.", err=True)
            return
        if path is None:
            rows = journal_export.write(lines, layout.value, sys.stdout)
            sys.stdout.flush()
        else:
            with files.replaced(path) as written, written.open("w", encoding="utf-8", newline="") as out:
                rows = journal_export.write(lines, layout.value, out)
        if not is_again:
            journal_export.record(journal, lines, layout.value)
    documents = len({line.document for line in lines})
    typer.echo(
        f"{documents:,} journal entries in {rows:,} lines{f' written to {path}' if path else ''}",
        err=path is None,
    )
    if layout is JournalLayout.xero and rows > journal_export.XERO_LINES:
        typer.echo(
            f"Xero takes {journal_export.XERO_LINES} lines a file: import it in parts.",
            err=True,
        )


def _to_mend(
    workspace: "Workspace", connection: "Connection", period: str | None, rule: str | None, system: str | None
) -> "Selection":
    from orchestration.rules import known_rules, remedies, require_known
    from warehouse.errors import ConfigurationError
    from warehouse.explain import export as files
    from warehouse.settings import nearest

    if period is not None:
        raise typer.BadParameter("the quarantine is that of the last run: it has no periods")
    if rule is not None:
        require_known(rule, known_rules(workspace))
    systems = files.known_systems(connection)
    if system is not None and system not in systems:
        raise ConfigurationError(
            f"no file of a system {system!r} was ever delivered{nearest(system, systems)}"
        )
    return files.to_mend(remedies(workspace), rule=rule, system=system)

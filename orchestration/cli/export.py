"""`tieout export`: a table, or the list of records to mend, as a file. The writing is warehouse.explain.export's."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.options import FileFormat, PeriodOption, RuleOption, WorkspaceOption, open_workspace

if TYPE_CHECKING:
    from warehouse.engine import Connection
    from warehouse.explain.export import Selection
    from warehouse.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Adds `export` to the command line."""
    app.command("export")(export)


def export(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help="A table of schema marts or audit, such as fct_bookings or audit.excluded; "
            "`quarantine` is the list of records to mend.",
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

    Text that a spreadsheet would take for a formula is written as text.

    Examples:

    - `tieout export quarantine --system salesforce --format xlsx --output to-mend.xlsx`
    - `tieout export quarantine --rule end_before_start > to-mend.csv`
    - `tieout export rpt_bbb --period 2026-10 --format parquet --output bbb.parquet`
    """
    from warehouse.explain import export as files
    from warehouse.explain import show

    opened = open_workspace(workspace)
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

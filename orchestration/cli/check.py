"""`tieout check`: are configuration and exports fit for a run? It leaves no trace in lake or journal."""

import typer

from orchestration.cli import output
from orchestration.cli.options import AsOfOption, Format, FormatOption, WorkspaceOption, open_workspace
from orchestration.cli.output import Column, Table


def register(app: typer.Typer) -> None:
    """Adds `check` to the command line."""
    app.command("check")(check)


COLUMNS = (
    Column("system", "system"),
    Column("object", "object"),
    Column("file", "file"),
    Column("rows", "rows", "number"),
    Column("mode", "mode"),
    Column("is_current", "in force"),
)


def check(
    workspace: WorkspaceOption = None, as_of: AsOfOption = None, form: FormatOption = Format.table
) -> None:
    """Check tieout.toml, connectors and every export file, without computing anything.

    Examples:

    - `tieout check`
    - `tieout check --workspace /data/acme --format json`
    """
    from orchestration.cli.blocked import explained
    from orchestration.findings import described
    from orchestration.waivers import expired, require_waivable, standing
    from warehouse.connectors import enabled_connectors
    from warehouse.errors import BlockedError
    from warehouse.extract.deliver import inspect
    from warehouse.journal import Journal
    from warehouse.lock import workspace_lock
    from warehouse.workspace import RunContext, today

    opened = open_workspace(workspace)
    require_waivable(opened, standing(opened))
    systems = enabled_connectors(opened)
    context = RunContext(opened, as_of=as_of or today(opened.settings))
    # It uses the scratch folder of a run, so it may not meet one.
    with workspace_lock(opened):
        found = inspect(context, Journal(opened.journal_dir))
    rows = [
        (one.system, one.object, one.path, one.rows, one.mode, one.is_current) for one in found.deliveries
    ]
    table = Table(
        COLUMNS,
        sorted(rows),
        title=f"Exports of {', '.join(sorted(systems))}",
        empty=f"No file in {opened.exports} matches an object. Example headers lie in exports/files/.",
    )
    output.show(table, form)
    warnings = [one for one in found.findings if one.severity != "block"]
    if form is Format.table:
        for warning in warnings:
            for line in described(warning):
                typer.echo(line)
        for sentence in expired(opened, context.as_of):
            typer.echo(sentence)
    if found.blocks:
        with explained():
            raise BlockedError(
                f"{len(found.blocks):,} fault{'' if len(found.blocks) == 1 else 's'} would block a run",
                found.blocks,
            )
    if form is Format.table:
        typer.echo("tieout.toml and connectors are valid; nothing in the files blocks a run.")

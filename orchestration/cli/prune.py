"""`tieout prune`: gives back what the lake holds and nothing needs. What may go is decided in warehouse.retention."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from orchestration.cli import output
from orchestration.cli.options import Format, FormatOption, WorkspaceOption, open_workspace
from orchestration.cli.output import Column, Table

COLUMNS = (
    Column("replaced", "replaced"),
    Column("path", "delivered as"),
    Column("size_bytes", "bytes", "number"),
    Column("file", "lake file"),
)


def register(app: typer.Typer) -> None:
    """Adds `prune` to the command line."""
    app.command("prune")(prune)


def prune(
    workspace: WorkspaceOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    form: FormatOption = Format.table,
) -> None:
    """Delete lake files of deliveries that were replaced `[lake] keep_days` ago and that nothing stands on.

    Never what is in force, what lies in exports/, what a published month was closed on, or what a figure leads back to.
    Without `keep_days` in tieout.toml it deletes nothing.

    Examples:

    - `tieout prune --dry-run`
    - `tieout prune --workspace /data/acme`
    """
    from warehouse import retention
    from warehouse.lock import workspace_lock

    opened = open_workspace(workspace)
    with workspace_lock(opened):
        found = retention.prunable(opened, datetime.now(UTC))
        size = sum(one.size_bytes for one in found) if dry_run else retention.prune(opened, found)
    rows = [(one.replaced, one.path, one.size_bytes, opened.relative(one.file)) for one in found]
    if form is not Format.table:
        output.show(Table(COLUMNS, rows), form)
        return
    if opened.settings.lake.keep_days is None:
        typer.echo("Nothing is ever deleted: [lake] keep_days in tieout.toml is not set.")
        return
    if rows:
        output.show(Table(COLUMNS, rows, title="Would be deleted" if dry_run else "Deleted"), form)
    typer.echo(f"{len(rows):,} lake files, {size:,} bytes {'would be' if dry_run else 'are'} free again.")

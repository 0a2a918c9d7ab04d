"""`tieout reopen`: allows another version of the last closed month. `tieout close` publishes it."""

from typing import Annotated

import typer

from orchestration.cli.options import AsOfOption, WorkspaceOption, open_workspace


def register(app: typer.Typer) -> None:
    """Adds `reopen` to the command line."""
    app.command("reopen")(reopen)


def reopen(
    period: Annotated[str, typer.Argument(help="The last closed month, such as 2026-10.", metavar="PERIOD")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why. It is published.")],
    approved_by: Annotated[str, typer.Option("--approved-by", metavar="NAME", help="Who approved it.")] = "",
    workspace: WorkspaceOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Allow another version of the last closed month, for an error that must not wait for the next one.

    Nothing changes yet: readers see the published version until `tieout close PERIOD` publishes the next one, and it
    stays readable after that. Months before the last closed one can't be reopened.

    Examples:

    - `tieout reopen 2026-10 --reason "rebates of the partner programme were missing" --approved-by "S. Chen"`
    - `tieout close 2026-10 --prepared-by "R. Meyer" --approved-by "S. Chen"` (publishes version 2)
    """
    from orchestration import reopening
    from warehouse.workspace import today

    if not reason.strip():
        raise typer.BadParameter("a reopening needs a reason: it is published")
    opened = open_workspace(workspace)
    found = reopening.reopen(
        opened, period, reason.strip(), approved_by.strip(), as_of or today(opened.settings)
    )
    typer.echo(
        f"{found.period} may be published again: `tieout close {found.period}` makes version {found.version + 1}."
    )
    typer.echo(f"Until then version {found.version} stands; it stays readable in published/{found.period}.")

"""`tieout verify`: are published files what was published? The comparing is warehouse.publish.verify's."""

from typing import Annotated

import typer

from orchestration.cli import output
from orchestration.cli.options import Format, FormatOption, WorkspaceOption, open_workspace
from orchestration.cli.output import Column, Table


def register(app: typer.Typer) -> None:
    """Adds `verify` to the command line."""
    app.command("verify")(verify)


def verify(
    period: Annotated[
        str | None, typer.Argument(metavar="[PERIOD]", help="One month; default: all.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Hash every published file again and compare with the chain of manifests.

    Compare the hash of a month with the one its report printed when it was published (a copy that was sent or
    printed): a consistent rewrite of the whole chain shows only there.

    Examples:

    - `tieout verify`
    - `tieout verify 2026-10`
    - `tieout verify --format json`
    """
    from warehouse.errors import VerificationError
    from warehouse.publish.manifest import inspect_chain, listed_files, month_hash
    from warehouse.publish.verify import verify as find_problems

    opened = open_workspace(workspace)
    problems = find_problems(opened, period)
    columns = [
        Column(name, name.replace("_", " ")) for name in ("period", "file", "what", "expected", "actual")
    ]
    rows = [(one.period, one.file, one.what, one.expected, one.actual) for one in problems]
    if form is not Format.table or problems:
        output.show(Table(columns, rows, title="Not as published"), form)
    if problems:
        raise VerificationError(
            f"{len(problems):,} difference{'' if len(problems) == 1 else 's'} from what was published",
            "Restore these files from a backup; nothing may be closed before that.",
        )
    if form is Format.table:
        chain, _ = inspect_chain(opened.published)
        months = [month for month in chain.folders if period in (None, month.period)]
        files = sum(len(listed_files(month)) for month in months)
        if not months:
            typer.echo("Nothing is published yet.")
            return
        typer.echo(f"{files:,} files of {len(months):,} published months are as they were published.")
        typer.echo(f"Chain head: {chain.head_sha256}")
        typer.echo(f"Hash of {months[-1].name}, as its report prints it: {month_hash(months[-1].document)}")

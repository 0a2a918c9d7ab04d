"""`tieout init`: an empty workspace."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds `init` to the command line."""
    app.command("init")(init)


def init(directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")]) -> None:
    """Make an empty workspace: a commented tieout.toml, and the header of every file it can read.

    Examples:

    - `tieout init acme`
    - `tieout init /data/acme`
    """
    from warehouse.workspace import Workspace

    workspace = Workspace.init(directory)
    typer.echo(f"{workspace.root} is ready.")
    typer.echo(f"  settings   {workspace.configuration} (every key with its default)")
    typer.echo(f"  exports    {workspace.exports / 'files'} (an example header for every entity)")
    typer.echo("Next: copy exports there, `tieout check`, then `tieout run`.")

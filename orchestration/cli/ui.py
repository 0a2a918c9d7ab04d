"""`tieout ui`: Dagster's web interface on this workspace."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.options import DEMO_FOLDER, WORKSPACE_VARIABLE, WorkspaceOption, open_workspace


def register(app: typer.Typer) -> None:
    """Adds `ui` to the command line."""
    app.command("ui")(ui)


def ui(
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option("--port", help="The port on 127.0.0.1.")] = 3000,
) -> None:
    """Open Dagster's web interface: assets, checks, runs and the nightly schedule. Ends with Ctrl-C.

    Examples:

    - `tieout ui`
    - `tieout ui --workspace tieout-demo --port 3333`
    """
    opened = open_workspace(workspace or shown_by_default())
    from dagster import DagsterInstance

    from orchestration import history

    home = history.home(opened)
    os.environ["DAGSTER_HOME"] = str(home)
    with DagsterInstance.from_config(str(home)) as instance:
        taken = history.take_in(opened, instance)
    if taken:
        typer.echo(f"{taken} runs of the command line are shown too.")
    typer.echo(f"Open http://127.0.0.1:{port} (Ctrl-C ends it).")
    sys.stdout.flush()
    os.environ[WORKSPACE_VARIABLE] = str(opened.root)
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    os.chdir(opened.state)
    os.execv(sys.executable, command(port))  # noqa: S606 (no shell is wanted)


def shown_by_default() -> Path | None:
    """The demo's workspace, where the current folder is none and nothing else is asked for."""
    has_choice = os.environ.get(WORKSPACE_VARIABLE) or Path("tieout.toml").exists()
    return None if has_choice or not Path(DEMO_FOLDER).is_dir() else Path(DEMO_FOLDER)


def command(port: int) -> list[str]:
    """The command line of Dagster's development server on our code location, for this machine only."""
    package = Path(__file__).resolve().parents[2]
    return [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "--module-name",
        "orchestration.definitions",
        "--working-directory",
        str(package),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]

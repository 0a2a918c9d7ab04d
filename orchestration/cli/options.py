"""Options that several commands share, so that they read the same everywhere. No behaviour of a command."""

import os
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.progress import LogFormat

if TYPE_CHECKING:
    from warehouse.workspace import Workspace

DEMO_FOLDER = "tieout-demo"
WORKSPACE_VARIABLE = "TIEOUT_WORKSPACE"


class Format(StrEnum):
    """How a command prints its table."""

    table = "table"
    json = "json"
    csv = "csv"


class FileFormat(StrEnum):
    """What a table is written as."""

    csv = "csv"
    xlsx = "xlsx"
    parquet = "parquet"


def as_date(text: str) -> date:
    """A day as people type it in a command; anything but YYYY-MM-DD is a usage error."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a day like 2026-10-31") from error


WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help=f"The workspace folder. Default: {WORKSPACE_VARIABLE}, else the current folder.",
        show_default=False,
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="For people, or for programs.")]
AsOfOption = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=as_date,
        metavar="DATE",
        help="The day the run stands on. Default: today in the workspace's time zone.",
        show_default=False,
    ),
]
LogFormatOption = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        envvar="TIEOUT_LOG_FORMAT",
        help="json: one JSON object a line on standard error, and nothing else.",
    ),
]
PeriodOption = Annotated[
    str | None, typer.Option("--period", "-p", help="One period, such as 2026-10.", show_default=False)
]
RuleOption = Annotated[
    str | None, typer.Option("--rule", metavar="RULE", help="Only what fails this rule.", show_default=False)
]


def open_workspace(path: Path | None) -> "Workspace":
    """The workspace a command works on: the option, else the environment, else the current folder."""
    from warehouse.workspace import Workspace

    chosen = path or Path(os.environ.get(WORKSPACE_VARIABLE) or ".")
    return Workspace.open(chosen)

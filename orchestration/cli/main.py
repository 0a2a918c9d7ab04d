"""Entry point of `tieout`: puts the commands together and turns errors into one sentence and an exit code."""

import atexit
import contextlib
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

# Before anything else is imported: these packages read them at import.
os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import typer

from orchestration.cli import (
    check,
    close,
    connector,
    demo,
    docs,
    export,
    init,
    notify,
    prune,
    reopen,
    run,
    show,
    status,
    ui,
    verify,
)

EXIT_INTERNAL = 1

HELP = """tieout: a revenue data warehouse whose closed months never change.

Drop exports into a workspace, run every night, close month by month. Bookings, billings, revenue and
backlog come out as tables, each number traceable to the row it stands on.
"""

EPILOG = (
    "Exit codes: 0 done · 1 internal error · 2 usage or configuration · 3 blocked by the gate · "
    "4 verification failed · 5 another run holds the workspace"
)

app = typer.Typer(
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"tieout {version('tieout')}")
        except PackageNotFoundError:
            typer.echo("tieout (from a source folder)")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of every command; `--debug` may stand anywhere in the line."""


for group in (
    init, check, connector, run, close, reopen, show, export, status, verify, prune, notify, docs, demo, ui
):  # fmt: skip
    group.register(app)


def _write_log(trace: str) -> Path:
    """Keeps the traceback of an unexpected error where the workspace's other logs are."""
    from orchestration.cli.options import WORKSPACE_VARIABLE

    root = Path(_workspace_in(sys.argv) or os.environ.get(WORKSPACE_VARIABLE) or ".")
    folder = root / ".tieout" / "logs" if (root / "tieout.toml").exists() else Path.cwd()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "tieout-errors.log"
    with log.open("a", encoding="utf-8") as file:
        file.write(f"--- {datetime.now(UTC).isoformat()} {' '.join(sys.argv[1:])}\n{trace}\n")
    return log


def _workspace_in(arguments: list[str]) -> str | None:
    for position, argument in enumerate(arguments):
        if argument.startswith("--workspace="):
            return argument.split("=", 1)[1]
        if argument in {"-w", "--workspace"} and position + 1 < len(arguments):
            return arguments[position + 1]
    return None


def _say(message: str, remedy: str | None) -> None:
    typer.echo(f"tieout: {message}", err=True)
    if remedy:
        typer.echo(f"        {remedy}", err=True)


def run_command_line() -> int:
    """Runs one command line; every way out has one of the exit codes of the interface."""
    debug = "--debug" in sys.argv
    arguments = (["--debug"] if debug else []) + [a for a in sys.argv[1:] if a != "--debug"]
    from warehouse.errors import EXIT_INTERRUPTED, TieoutError

    try:
        app(args=arguments, prog_name="tieout")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except TieoutError as error:
        if debug:
            traceback.print_exc()
        _say(str(error), error.remedy)
        return error.exit_code
    except KeyboardInterrupt:
        _say(
            "interrupted; readers still see the last good state",
            "Start the command again: nothing needs repair.",
        )
        return EXIT_INTERRUPTED
    except Exception as error:  # the one place where the unexpected becomes a sentence
        trace = traceback.format_exc()
        if debug:
            sys.stderr.write(trace)
        log = _write_log(trace)
        _say(f"internal error: {type(error).__name__}: {error}", f"The traceback is in {log}.")
        return EXIT_INTERNAL
    return 0


def main() -> None:
    """The process of a command. It ends without taking the interpreter apart: DuckDB's binding would then print pages
    about what Great Expectations still holds, and nothing is left to do."""
    code = run_command_line()
    atexit._run_exitfuncs()  # noqa: SLF001 - what libraries put away at the end, as at any other exit
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

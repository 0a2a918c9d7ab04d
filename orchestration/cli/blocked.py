"""How a command that writes a log ends where it does not end well: every reason in the form the log has."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from orchestration.findings import described
from orchestration.progress import LogFormat
from warehouse.errors import BlockedError, TieoutError

SHOWN = 20


@contextmanager
def explained(form: LogFormat = LogFormat.text) -> Iterator[None]:
    """Every reason for a block, each with rule, extent, examples and remedy, on standard error.

    A log of JSON has them in its last line, so there the command ends with its exit code alone.
    """
    try:
        yield
    except TieoutError as error:
        if form is LogFormat.json:
            raise typer.Exit(error.exit_code) from error
        if not isinstance(error, BlockedError):
            raise
        for finding in error.findings[:SHOWN]:
            for line in described(finding):
                typer.echo(line, err=True)
            typer.echo("", err=True)
        if len(error.findings) > SHOWN:
            typer.echo(f"... and {len(error.findings) - SHOWN:,} more", err=True)
        raise

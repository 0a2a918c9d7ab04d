"""Prints what blocks a run or a close before the error's own sentence ends the command."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from orchestration.findings import described
from warehouse.errors import BlockedError

SHOWN = 20


@contextmanager
def explained() -> Iterator[None]:
    """Every reason for a block, each with rule, extent, examples and remedy, on standard error."""
    try:
        yield
    except BlockedError as error:
        for finding in error.findings[:SHOWN]:
            for line in described(finding):
                typer.echo(line, err=True)
            typer.echo("", err=True)
        if len(error.findings) > SHOWN:
            typer.echo(f"... and {len(error.findings) - SHOWN:,} more", err=True)
        raise

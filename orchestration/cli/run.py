"""`tieout run`: the nightly job. What it does is orchestration.pipeline's."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.options import AsOfOption, LogFormatOption, WorkspaceOption, open_workspace
from orchestration.progress import LogFormat

if TYPE_CHECKING:
    from orchestration.pipeline import Outcome


def register(app: typer.Typer) -> None:
    """Adds `run` to the command line."""
    app.command("run")(run)


def run(
    workspace: WorkspaceOption = None,
    as_of: AsOfOption = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Build everything again, also if nothing changed.")
    ] = False,
    log_format: LogFormatOption = LogFormat.text,
) -> None:
    """The nightly job: read exports, check them, compute the open months, replace tieout.duckdb.

    Closed months are not touched. Where nothing changed since the last run, nothing is done.

    Examples:

    - `tieout run`
    - `tieout run --as-of 2026-10-31 --workspace /data/acme`
    - `tieout run --full-refresh`
    - `tieout run --log-format json` (for a log that programs read)
    """
    from orchestration import pipeline
    from orchestration.cli.blocked import explained
    from orchestration.progress import shown
    from warehouse.workspace import RunContext, today

    opened = open_workspace(workspace)
    context = RunContext(opened, as_of=as_of or today(opened.settings), full_refresh=full_refresh)
    with explained(log_format), shown(log_format) as progress:
        outcome = pipeline.run(context, progress)
    if log_format is LogFormat.json:
        return
    if outcome.is_unchanged:
        typer.echo(f"Nothing changed since the last run as of {context.as_of.isoformat()}: nothing was done.")
        return
    typer.echo(f"Ran as of {context.as_of.isoformat()} in {sum(outcome.seconds.values()):.1f} s.")
    tell(outcome)
    typer.echo(f"Readers find the result in {opened.tieout_db}; `tieout show bbb` prints it.")


def tell(outcome: "Outcome") -> None:
    """What the gate held back in the last build, in a line or two."""
    words = {
        "quarantine": "quarantined",
        "held": "held with their published figures",
        "warn": "used with a warning",
        "excluded": "left out by a rule of business",
        "later": "dated after this day, used once it is reached",
    }
    for severity, word in words.items():
        rules: Counter[str] = Counter()
        for found, rule, records in outcome.held:
            rules.update({rule: records} if found == severity else {})
        if rules:
            detail = ", ".join(f"{rule} {records:,}" for rule, records in rules.items())
            typer.echo(f"  {rules.total():,} {word} ({detail})")
    if outcome.found is not None and outcome.found.appeared:
        faults = outcome.found.appeared
        typer.echo(f"  {faults:,} fault{' is' if faults == 1 else 's are'} new since the run before")
    if outcome.found is not None and outcome.found.released:
        released = outcome.found.released
        detail = ", ".join(f"{how} {records:,}" for how, records in released.items())
        typer.echo(f"  {sum(released.values()):,} released by themselves ({detail})")
    if any(severity in ("quarantine", "held") for severity, _, _ in outcome.held):
        typer.echo("  `tieout show quarantine` names money, file and row of each.")

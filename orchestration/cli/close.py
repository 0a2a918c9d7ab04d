"""`tieout close`: publishes a month, once and for good. What it does is orchestration.pipeline's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.options import AsOfOption, LogFormatOption, WorkspaceOption, open_workspace
from orchestration.progress import LogFormat

if TYPE_CHECKING:
    from orchestration.waivers import Coverage
    from warehouse.publish.manifest import Month
    from warehouse.workspace import Waiver, Workspace


def register(app: typer.Typer) -> None:
    """Adds `close` to the command line."""
    app.command("close")(close)


def close(
    period: Annotated[str, typer.Argument(help="The month to close, such as 2026-10.", metavar="PERIOD")],
    through: Annotated[
        bool, typer.Option("--through", help="Close all open months up to this one, one by one.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_of: AsOfOption = None,
    waive: Annotated[
        list[str] | None,
        typer.Option(
            "--waive", metavar="RULE", help="A rule that shall not block this close. May be repeated."
        ),
    ] = None,
    reason: Annotated[
        list[str] | None,
        typer.Option(
            "--reason", metavar="TEXT", help="Why; one for all waivers, or one each. It is published."
        ),
    ] = None,
    prepared_by: Annotated[str, typer.Option("--prepared-by", metavar="NAME", help="Who prepared it.")] = "",
    approved_by: Annotated[str, typer.Option("--approved-by", metavar="NAME", help="Who approved it.")] = "",
    log_format: LogFormatOption = LogFormat.text,
) -> None:
    """Check again, tie out and publish a month. Its figures never change after that.

    The first close publishes all months up to PERIOD. A month that is blocked changes nothing; months that `--through`
    closed before it stay published.

    Examples:

    - `tieout close 2026-10 --prepared-by "R. Meyer" --approved-by "S. Chen"`
    - `tieout close 2026-10 --through`
    - `tieout close 2026-10 --waive unknown_customer --reason "mended in the CRM" --approved-by "S. Chen"`

    Waivers for more than one close stand in tieout.toml, under [[waivers]].
    """
    from orchestration import pipeline
    from orchestration.cli.blocked import explained
    from orchestration.cli.run import tell
    from orchestration.progress import shown
    from warehouse.workspace import RunContext, today

    opened = open_workspace(workspace)
    context = RunContext(
        opened,
        as_of=as_of or today(opened.settings),
        waivers=given(opened, waive or [], reason or [], approved_by),
        prepared_by=prepared_by,
        approved_by=approved_by,
    )
    closed: list[tuple[Month, Sequence[Coverage]]] = []
    with explained(log_format):
        try:
            with shown(log_format) as progress:
                outcome = pipeline.close(
                    context, period, progress, through=through, on_closed=lambda *one: closed.append(one)
                )
        finally:
            for month, covered in closed if log_format is LogFormat.text else ():
                _tell_closed(month, covered)
    if log_format is LogFormat.json:
        return
    tell(outcome)
    typer.echo(f"tieout.duckdb shows it; took {sum(outcome.seconds.values()):.1f} s.")


def _tell_closed(month: "Month", covered: "Sequence[Coverage]") -> None:
    before = [entry["period"] for entry in month.document["covers"]]
    first = f" with all months from {before[0]} on" if before else ""
    typer.echo(f"Closed {month.period}{first}: {month.path}")
    typer.echo(f"  manifest {month.sha256}")
    for one in covered:
        typer.echo(f"  {one.described()}")


def given(
    workspace: "Workspace", rules: list[str], reasons: list[str], approved_by: str
) -> "tuple[Waiver, ...]":
    """The waivers for this close; each needs a reason, and someone who answers for it."""
    from orchestration.waivers import require_waivable
    from warehouse.workspace import Waiver

    if not rules and not reasons:
        return ()
    if not rules:
        raise typer.BadParameter("a reason needs the rule it is for: --waive RULE --reason TEXT")
    if any(not text.strip() for text in reasons) or len(reasons) not in (1, len(rules)):
        raise typer.BadParameter("every waiver needs a reason: --waive RULE --reason TEXT")
    if not approved_by.strip():
        raise typer.BadParameter("a waiver needs someone who answers for it: --approved-by NAME")
    shared = reasons * len(rules) if len(reasons) == 1 else reasons
    waivers = tuple(Waiver(rule, text.strip(), approved_by) for rule, text in zip(rules, shared, strict=True))
    require_waivable(workspace, waivers)
    return waivers

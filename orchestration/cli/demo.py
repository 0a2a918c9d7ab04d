"""`tieout demo`: a small company from its exports to closed months, in one command. Its data is warehouse.demo's."""

import shutil
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli import output
from orchestration.cli.options import DEMO_FOLDER, Format
from orchestration.cli.output import Column, Table

if TYPE_CHECKING:
    from orchestration.pipeline import Outcome
    from warehouse.workspace import Workspace

WAIVER_REASON = "Harbor Point: end date mistyped in the CRM, sales operations asked to mend it"


def register(app: typer.Typer) -> None:
    """Adds `demo` to the command line."""
    app.command("demo")(demo)


def demo(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to make the demo's workspace.")
    ] = Path(DEMO_FOLDER),
) -> None:
    """Make a small company's exports, run, close its past months, deliver late data, show what happens.

    Examples:

    - `tieout demo`
    - `tieout demo /tmp/brightwater`
    """
    from orchestration.cli.blocked import explained
    from warehouse.demo import company, write

    workspace = write.prepare(directory)
    typer.echo("Brightwater Telemetry sells temperature loggers and a monitoring platform.")
    typer.echo(f"Its workspace is {workspace.root}\n")
    with explained():
        write.deliver(workspace, company.delivery(1))
        _announce(
            f"Its systems export what they hold on {company.FIRST_EXPORT}", "tieout run", company.FIRST_AS_OF
        )
        _tell(_run(workspace, company.FIRST_AS_OF))
        _announce(
            f"The books up to {company.FIRST_CLOSE} are closed: published, frozen",
            f'tieout close {company.FIRST_CLOSE} --waive ... --reason "{WAIVER_REASON}"',
            company.FIRST_AS_OF,
        )
        _tell_closed(_close(workspace))
        write.deliver(workspace, company.delivery(2))
        _announce(
            f"On {company.SECOND_EXPORT} sales enter a June contract late, and a July service report is corrected",
            "tieout run",
            company.SECOND_AS_OF,
        )
        _tell(_run(workspace, company.SECOND_AS_OF))
    show_result(workspace)


def _announce(what: str, command: str, as_of: object) -> None:
    typer.echo(f"{what}.\n$ {command} --as-of {as_of}")


def _run(workspace: "Workspace", as_of: date) -> "Outcome":
    from orchestration import pipeline
    from orchestration.progress import shown
    from warehouse.workspace import RunContext

    with shown() as progress:
        return pipeline.run(RunContext(workspace, as_of=as_of), progress)


def _close(workspace: "Workspace") -> "Outcome":
    """The mistyped contract is above the policy of half a percent, so someone has to answer for it."""
    from orchestration import pipeline
    from orchestration.progress import shown
    from warehouse.demo import company
    from warehouse.explain import show
    from warehouse.workspace import RunContext, Waiver

    with show.reader(workspace) as connection:
        rules = sorted({str(row[1]) for row in show.held_by_rule(connection)})
    context = RunContext(
        workspace,
        as_of=company.FIRST_AS_OF,
        waivers=tuple(Waiver(rule, WAIVER_REASON, "Ines Halvorsen, controller") for rule in rules),
        prepared_by="Tomás Reyes",
        approved_by="Ines Halvorsen",
    )
    with shown() as progress:
        return pipeline.close(context, company.FIRST_CLOSE, progress)


def _tell(outcome: "Outcome") -> None:
    from orchestration.cli.run import tell

    typer.echo(f"  done in {sum(outcome.seconds.values()):.1f} s")
    tell(outcome)
    typer.echo()


def _tell_closed(outcome: "Outcome") -> None:
    for month in outcome.closed:
        count = len(month.document["covers"]) + 1
        typer.echo(f"  {count} months published; chain head {month.sha256[:16]}…")
    typer.echo()


def show_result(workspace: "Workspace") -> None:
    """The table everything is about, what was held back, and where to go from here."""
    from orchestration.cli.show import bbb_for_people, quarantine_for_people
    from warehouse.demo import company
    from warehouse.explain import show

    with show.reader(workspace) as connection:
        answer = show.bbb(connection)
        statuses = show.statuses(connection)
        adjustments = show.posted_adjustments(connection)
        quarantine = show.quarantine(connection)
        held = show.held_money(connection)
        excluded = show.excluded_count(connection)
    output.show(bbb_for_people(answer, statuses), Format.table)
    output.show(
        Table(
            [
                Column("measure", "measure"),
                Column("contract_id", "contract"),
                Column("period", "posted in"),
                Column("original_period", "belongs to"),
                Column("cause", "cause"),
                Column("currency", "currency"),
                Column("amount", "amount", "amount"),
            ],
            adjustments,
            title="What came late or was corrected: closed months stand, the open month carries the difference",
        ),
        Format.table,
    )
    typer.echo("What was held back")
    output.show(quarantine_for_people(quarantine, held, excluded)[:1], Format.table)
    _next_steps(workspace, company.MISTYPED_CONTRACT, company.SECOND_AS_OF.isoformat())


def _where_it_is() -> str:
    """`make demo` starts a command that the shell of the reader does not find."""
    if shutil.which("tieout"):
        return ""
    return f""" (first: export PATH="{Path(sys.executable).parent}:$PATH")"""


def _next_steps(workspace: "Workspace", contract: str, as_of: str) -> None:
    root, database = workspace.root, workspace.tieout_db
    query = "select * from marts.rpt_bbb order by currency, period"
    typer.echo(
        f"""Open the result (read-only, with any DuckDB client or BI tool):
  {database}
  duckdb -readonly {database} "{query}"
  python -c "import duckdb; print(duckdb.connect('{database}', read_only=True).sql('{query}'))"

Try next, in {root}{_where_it_is()}:
  tieout show quarantine -w {root}
      {contract} has an end date that does not exist. Mend it in exports/files/contracts-2026-09-03.csv ...
  tieout run -w {root} --as-of {as_of}
      ... and it comes back by itself.
  tieout close 2026-08 -w {root} --as-of {as_of}
      publishes August with the late contract in it.
  tieout verify -w {root}
      proves that no published file was touched since.
  tieout ui -w {root}
      shows assets, checks and runs in Dagster."""
    )

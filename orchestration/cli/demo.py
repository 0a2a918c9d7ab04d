"""`tieout demo`: a generated company, from its exports to closed months. The company is warehouse.demo's."""

import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli import output
from orchestration.cli.options import DEMO_FOLDER, Format
from orchestration.cli.output import Cell, Column, Table

if TYPE_CHECKING:
    from orchestration.pipeline import Outcome
    from warehouse.demo.company import Wave
    from warehouse.demo.found import Comparison, Planted
    from warehouse.engine import Connection
    from warehouse.workspace import Workspace

WAIVER_REASON = "known faults of the demo, its systems are asked to mend them"
# What is held back stands in the ledger, and what of a write-off was earned the ledger learns from the closed month.
LEDGER_RULE = "ledger_tolerance"
PREPARER, APPROVER = "Tomás Reyes", "Ines Halvorsen, controller"
# Where most of the company's business is; the other tables are `tieout show bbb`'s.
SHOWN_ENTITY, SHOWN_CURRENCY, SHOWN_PERIODS = "BW-US", "USD", 6


def register(app: typer.Typer) -> None:
    """Adds `demo` to the command line."""
    app.command("demo")(demo)


def as_share(given: str | Decimal) -> Decimal:
    """A share as people type it: 0.05 or 5%."""
    text = str(given)
    try:
        return Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is not a share like 0.05 or 5%") from error


def demo(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to make the demo's workspace.")
    ] = Path(DEMO_FOLDER),
    contracts: Annotated[
        int, typer.Option(metavar="N", help="How many contracts, 200 to 1,000,000.")
    ] = 1_000,
    months: Annotated[int, typer.Option(metavar="M", help="Months of history, 18 to 120.")] = 30,
    seed: Annotated[int, typer.Option(metavar="S", help="Another number makes another company.")] = 1,
    dirt: Annotated[
        Decimal,
        typer.Option(
            metavar="R", parser=as_share, help="Share of contracts and journals with a fault, 0 to 0.5."
        ),
    ] = Decimal("0.01"),
) -> None:
    """Make a company's exports, close its past months, deliver late and corrected data, show what happens.

    Examples:

    - `tieout demo`
    - `tieout demo /tmp/brightwater --contracts 200 --seed 7`
    - `tieout demo --dirt 10%`
    """
    from orchestration.cli.blocked import explained
    from warehouse.demo import company, write
    from warehouse.demo import dirt as faults

    size = company.Size(contracts, months, seed, dirt)
    workspace = write.prepare(directory)
    typer.echo(
        "Brightwater Telemetry sells temperature loggers, a monitoring platform and services, in four companies.\n"
        f"{contracts:,} contracts over {months} months, {dirt:.1%} of them and of the journals faulty; seed {seed}.\n"
        f"Its workspace is {workspace.root}\n"
    )
    start = time.monotonic()
    with explained(), company.generated(size, write.database(workspace)) as generated:
        faults.plant(generated, size)
        faults.write_manifest(generated, write.manifest(workspace))
        typer.echo(f"Its whole history is made up: {time.monotonic() - start:.1f} s")
        for number in company.WAVES:
            wave = company.wave(number)
            files = write.deliver(generated, workspace.exports, wave)
            typer.echo(f"\n{_delivered(wave, len(files), company.news(generated, wave))}")
            _tell_closed(_close(workspace, wave))
            typer.echo(_post(workspace, generated, wave))
    show_result(workspace)


def _delivered(wave: "Wave", files: int, news: Sequence[tuple[str, int]]) -> str:
    what = ", ".join(f"{count:,} {name}" for name, count in news if count)
    return f"{wave.exported}: atlas (CRM), fakturo (billing) and saldo (accounting) deliver {files} files with {what}."


def _close(workspace: "Workspace", wave: "Wave") -> "Outcome":
    """What is held back is above the policy of half a percent, so someone has to answer for it, rule by rule."""
    from orchestration import pipeline
    from orchestration.progress import shown
    from warehouse.demo import found, write
    from warehouse.workspace import RunContext, Waiver

    rules = [*found.rules_to_waive(write.manifest(workspace), wave.number), LEDGER_RULE]
    plural = "s" if len(rules) > 1 else ""
    waived = f' --waive … ({len(rules)} rule{plural}) --reason "{WAIVER_REASON}"'
    typer.echo(f"$ tieout close {wave.closes}{waived} --as-of {wave.as_of}")
    context = RunContext(
        workspace,
        as_of=wave.as_of,
        waivers=tuple(Waiver(rule, WAIVER_REASON, APPROVER) for rule in rules),
        prepared_by=PREPARER,
        approved_by=APPROVER,
    )
    with shown() as progress:
        return pipeline.close(context, wave.closes, progress)


def _post(workspace: "Workspace", generated: "Connection", wave: "Wave") -> str:
    """The ledger posts invoices and payments itself; revenue, and what goes with it, comes from the closed months."""
    from warehouse.demo import write
    from warehouse.explain import show
    from warehouse.journal import Journal
    from warehouse.lock import workspace_lock
    from warehouse.publish import journal_export

    with workspace_lock(workspace):
        journal = Journal(workspace.journal_dir)
        with show.reader(workspace) as connection:
            scope = journal_export.scope_of(connection, None, None, write.POSTED_FROM_TIEOUT)
            lines = journal_export.not_yet_exported(
                journal_export.published(connection, scope), journal, scope
            )
        write.post(generated, lines, wave)
        corrected = write.correct(generated, workspace.tieout_db, wave)
        journal_export.record(journal, lines, "plain")
    documents = len({line.document for line in lines})
    return (
        f"$ tieout export journals {' '.join(f'--only {kind}' for kind in write.POSTED_FROM_TIEOUT)}\n"
        f"  {documents:,} journal entries in {len(lines):,} lines; saldo posts them"
        + (f", and corrects {corrected} entries that the reconciliation lists" if corrected else "")
    )


def _tell_closed(outcome: "Outcome") -> None:
    from orchestration.cli.run import tell

    for month in outcome.closed:
        count = len(month.document["covers"]) + 1
        what = f"{count} months are" if count > 1 else f"{month.period} is"
        typer.echo(
            f"  {what} published; chain head {month.sha256[:16]}… ({sum(outcome.seconds.values()):.1f} s)"
        )
    tell(outcome)


def show_result(workspace: "Workspace") -> None:
    """The table everything is about, what came late, what was held back and whether rightly, and where to go on."""
    from orchestration.cli.show import bbb_for_people, quarantine_for_people
    from warehouse.demo import company, found, write
    from warehouse.explain import show

    last = company.wave(company.WAVES[-1])
    with show.reader(workspace) as connection:
        answer = show.bbb(connection)
        statuses = show.statuses(connection)
        adjustments = show.posted_adjustments(connection)
        quarantine = show.quarantine(connection)
        held = show.held_money(connection)
        excluded = show.excluded_count(connection)
    at = {name: i for i, name in enumerate(answer.columns)}
    own = [
        row
        for row in answer.rows
        if (row[at["entity_id"]], row[at["currency"]]) == (SHOWN_ENTITY, SHOWN_CURRENCY)
    ]
    others = {(row[at["entity_id"]], row[at["currency"]]) for row in answer.rows} - {
        (SHOWN_ENTITY, SHOWN_CURRENCY)
    }
    typer.echo()
    output.show(bbb_for_people(show.Answer(answer.columns, own[-SHOWN_PERIODS:]), statuses), Format.table)
    typer.echo(
        f"The last {SHOWN_PERIODS} of {len(own)} months; `tieout show bbb` has all of them, "
        f"and {', '.join(f'{entity} {currency}' for entity, currency in sorted(others))}.\n"
    )
    output.show(_adjustments(adjustments), Format.table)
    typer.echo("What was held back or warned of")
    output.show(quarantine_for_people(quarantine, held, excluded)[:1], Format.table)
    for line in verdict(found.compared(workspace.tieout_db, write.manifest(workspace), last.number)):
        typer.echo(line)
    typer.echo()
    _next_steps(workspace, found.easily_mended(write.manifest(workspace), last.number), last)


def _adjustments(rows: Sequence[Sequence[Cell]]) -> Table:
    """By cause, in the currency of most business: a company of this size has hundreds."""
    sums: dict[tuple[Cell, ...], Decimal] = defaultdict(Decimal)
    contracts: dict[tuple[Cell, ...], set[Cell]] = defaultdict(set)
    for measure, contract, period, _, cause, currency, amount in rows:
        if currency == SHOWN_CURRENCY:
            key = (period, cause, measure)
            sums[key] += Decimal(str(amount))
            contracts[key].add(contract)
    return Table(
        [
            Column("period", "posted in"),
            Column("cause", "cause"),
            Column("measure", "measure"),
            Column("contracts", "contracts", "number"),
            Column("example", "one of them"),
            Column("amount", f"amount, {SHOWN_CURRENCY}", "amount"),
        ],
        [
            [*key, len(contracts[key]), min(map(str, contracts[key])), sums[key]]
            for key in sorted(sums, key=str)
        ],
        title="What came late or was corrected: closed months stand, the open month carries the difference",
    )


def verdict(comparison: "Comparison") -> list[str]:
    """Whether all that was planted was found, and nothing else was held back or warned of."""
    records, contracts = comparison.total, comparison.contracts
    recall = [_share(one.found, one.planted) for one in (records, contracts)]
    precision = [_share(one.found, one.found + one.unplanted) for one in (records, contracts)]
    return [
        f"Planted faults that were found (recall): records {recall[0]}; contracts held {recall[1]}.",
        f"Found faults that were planted (precision): records {precision[0]}; contracts held {precision[1]}.",
    ]


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}, {Decimal(part) / whole:.1%}" if whole else "none"


def _where_it_is() -> str:
    """`make demo` starts a command that the shell of the reader does not find."""
    if shutil.which("tieout"):
        return ""
    return f""" (first: export PATH="{Path(sys.executable).parent}:$PATH")"""


def _next_steps(workspace: "Workspace", fault: "Planted | None", last: "Wave") -> None:
    from warehouse.publish.manifest import REPORT

    root, database = workspace.root, workspace.tieout_db
    query = "select * from marts.rpt_bbb order by entity_id, currency, period"
    mend = ""
    if fault is not None:
        system, _, name = fault.object.partition("__")
        mend = f"""
  tieout show quarantine --contract {fault.contract_id} -w {root}
      {fault.contract_id}: {fault.kind}. Mend it in exports/{system}/{name}-{last.exported}.csv ...
  tieout run -w {root} --as-of {last.as_of}
      ... and it comes back by itself."""
    typer.echo(
        f"""Read the last closed month in a browser (one file, which asks nobody for anything):
  {workspace.published / last.closes / "v1" / REPORT}

Open the result (read-only, with any DuckDB client or BI tool):
  {database}
  duckdb -readonly {database} "{query}"
  python -c "import duckdb; print(duckdb.connect('{database}', read_only=True).sql('{query}'))"

Try next, in {root}{_where_it_is()}:{mend}
  tieout show rollforward -w {root}
      opening + movements = closing of every balance, by company and currency.
  tieout show reconciliation --period {last.closes} -w {root}
      the general ledger beside what is published, and why they differ.
  tieout show completeness -w {root}
      what became of every row of the exports, and of its money.
  tieout verify -w {root}
      proves that no published file was touched since.
  tieout ui -w {root}
      shows assets, checks and runs in Dagster."""
    )

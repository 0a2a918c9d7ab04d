"""`tieout status`: last runs, open months, freshness, what is held back. It reads; it starts nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import typer

from orchestration.cli import output
from orchestration.cli.options import Format, FormatOption, WorkspaceOption, open_workspace
from orchestration.cli.output import Cell, Column, Table

if TYPE_CHECKING:
    from warehouse.workspace import Workspace

SHOWN_RUNS = 5
RUN_COLUMNS = (
    Column("run_id", "run"),
    Column("command", "command"),
    Column("as_of", "as of"),
    Column("started", "started (UTC)"),
    Column("outcome", "outcome"),
    Column("seconds", "seconds", "ratio"),
    Column("message", "what happened"),
)


def register(app: typer.Typer) -> None:
    """Adds `status` to the command line."""
    app.command("status")(status)


def status(workspace: WorkspaceOption = None, form: FormatOption = Format.table) -> None:
    """Last runs, closed and open months, age of the exports, and what is held back.

    Examples:

    - `tieout status`
    - `tieout status --workspace tieout-demo`
    - `tieout status --format json` (the last runs)
    """
    from warehouse.journal import Journal

    opened = open_workspace(workspace)
    journal = Journal(opened.journal_dir)
    runs = runs_of(journal.read("runs"))
    table = Table(
        RUN_COLUMNS,
        runs[-SHOWN_RUNS:][::-1],
        title="Last runs",
        empty="No run yet: put exports in exports/ and start `tieout run`.",
    )
    if form is not Format.table:
        output.show(table, form)
        return
    typer.echo(f"Workspace {opened.root}")
    for line in [
        *freshness(journal.read("deliveries"), datetime.now(UTC)),
        *months(opened),
        *held_back(opened),
        *deliveries_told_of(opened),
    ]:
        typer.echo(line)
    typer.echo()
    output.show(table, form)
    for line in what_blocked(journal.read("runs")):
        typer.echo(line)


def runs_of(events: Sequence[Mapping[str, Any]]) -> list[list[Cell]]:
    """One row a command, oldest first; one without an end was interrupted, or is still going on."""
    ends = {event["run_id"]: event for event in events if event["event"] == "end"}
    rows: list[list[Cell]] = []
    for start in (event for event in events if event["event"] == "start"):
        end = ends.get(start["run_id"], {})
        seconds = end.get("seconds", {})
        command = " ".join(str(start[name]) for name in ("command", "period") if name in start)
        rows.append(
            [
                start["run_id"],
                command,
                start["as_of"],
                str(start["at"])[:19].replace("T", " "),
                end.get("outcome", "no end: running or interrupted"),
                f"{sum(seconds.values()):.2f}" if end else None,
                _happened(end),
            ]
        )
    return rows


def _happened(end: Mapping[str, Any]) -> str:
    """A block says itself what was published before it; any other error doesn't know."""
    closed = f"closed {', '.join(end['closed'])}" if end.get("closed") else ""
    message = str(end.get("message") or "")
    return f"{closed}, then {message}" if closed and end["outcome"] == "failed" else message or closed


def freshness(deliveries: Sequence[Mapping[str, Any]], now: datetime) -> list[str]:
    """When each system last delivered something new."""
    last: dict[str, str] = {}
    for event in deliveries:
        last[str(event["system"])] = max(last.get(str(event["system"]), ""), str(event["at"]))
    lines = []
    for system, at in sorted(last.items()):
        hours = (now - datetime.fromisoformat(at)).total_seconds() / 3600
        lines.append(f"  {system} last delivered {at[:16].replace('T', ' ')} UTC, {hours:,.1f} hours ago")
    return lines or ["  no export was ever delivered"]


def months(workspace: "Workspace") -> list[str]:
    """Closed months, and which ones wait to be closed."""
    from warehouse.explain import show
    from warehouse.publish.manifest import inspect_chain

    chain, problems = inspect_chain(workspace.published)
    lines = [f"  PUBLISHED MONTHS DO NOT FORM ONE CHAIN: {problem}" for problem in problems]
    if chain.head is None:
        lines.append("  nothing is published yet; the first close publishes all months before it too")
    else:
        first, last = chain.months[0].period, chain.months[-1].period
        lines.append(f"  closed from {first} to {last}, chain head {chain.head_sha256}")
    if workspace.tieout_db.exists():
        with show.reader(workspace) as connection:
            by_status: dict[str, list[str]] = {}
            for period, state in show.statuses(connection).items():
                by_status.setdefault(state, []).append(period)
            as_of = show.as_of(connection)
        ended, running = sorted(by_status.get("ended", [])), by_status.get("running", [])
        lines.append(f"  tieout.duckdb stands on {as_of}; running: {', '.join(running) or 'none'}")
        if ended:
            span = ended[0] if len(ended) == 1 else f"{ended[0]} to {ended[-1]}"
            through = "" if len(ended) == 1 or chain.head is None else " --through"
            lines.append(f"  ended, not closed: {span} (`tieout close {ended[-1]}{through}`)")
    return lines


def held_back(workspace: "Workspace") -> list[str]:
    """Records that are quarantined or held, by rule."""
    from warehouse.explain import show

    if not workspace.tieout_db.exists():
        return []
    with show.reader(workspace) as connection:
        rows = show.held_by_rule(connection)
    if not rows:
        return ["  nothing is quarantined or held"]
    return [
        *held_lines(rows),
        "  `tieout show quarantine` names file and row; above the policy they block a close",
    ]


def deliveries_told_of(workspace: "Workspace") -> list[str]:
    """What is odd about the deliveries in force, and what did not come: as the last run found it."""
    from orchestration.findings import Said, notes
    from warehouse.explain import show

    if not workspace.tieout_db.exists():
        return []
    with show.reader(workspace) as connection:
        rows = show.file_warnings(connection)
    return [f"  {line}" for line in notes(Said(str(rule), "warn", str(detail)) for rule, detail in rows)]


def held_lines(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """One line a rule, with its records and its money of each currency."""
    by_rule: dict[tuple[Cell, Cell], list[Sequence[Cell]]] = {}
    for row in rows:
        by_rule.setdefault((row[0], row[1]), []).append(row)
    lines = []
    for (severity, rule), found in by_rule.items():
        records = sum(int(str(row[3])) for row in found)
        money = [f"{row[2]} {Decimal(str(row[4])):,.2f}" for row in found if row[2] and row[4] is not None]
        lines.append(f"  {severity}: {', '.join([f'{records:,} by {rule}', *money])}")
    return lines


def what_blocked(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """The reasons of the last command that did not end well."""
    ends = [event for event in events if event["event"] == "end"]
    if not ends or ends[-1]["outcome"] not in {"blocked", "failed"}:
        return []
    last = ends[-1]
    rules = f" (rules: {', '.join(last['rules'])})" if last.get("rules") else ""
    return [f"The last command did not end well: {_happened(last)}{rules}"]

"""`tieout status`: last runs, open months, freshness, disk, what blocks the next close. It starts nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli import output
from orchestration.cli.options import Format, FormatOption, WorkspaceOption, open_workspace
from orchestration.cli.output import Cell, Column, Table
from warehouse.printing import amount_text, printable

if TYPE_CHECKING:
    from warehouse.extract.overdue import Age
    from warehouse.workspace import RunContext, Workspace

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
AGE_COLUMNS = (
    Column("system", "system"),
    Column("object", "object"),
    Column("file", "newest file", is_optional=True),
    Column("modified", "of (UTC)"),
    Column("hours", "hours old", "number"),
    Column("limit_hours", "limit", "number"),
    Column("is_overdue", "overdue"),
)
GIGABYTE = 10**9


def register(app: typer.Typer) -> None:
    """Adds `status` to the command line."""
    app.command("status")(status)


def status(
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.table,
    notify: Annotated[
        bool,
        typer.Option("--notify", help="Tell those who want to know of `stale` where exports are overdue."),
    ] = False,
) -> None:
    """Age of the exports, closed and open months, what blocks the next close, disk, last runs.

    Examples:

    - `tieout status`
    - `tieout status --workspace tieout-demo`
    - `tieout status --format json` (all of it; csv: the last runs)
    - `tieout status --notify` (some time after the exports are due, also where no run started)
    """
    from warehouse.journal import Journal
    from warehouse.workspace import RunContext, today

    opened = open_workspace(workspace)
    context = RunContext(opened, today(opened.settings))
    events = Journal(opened.journal_dir).read("runs")
    runs = Table(
        RUN_COLUMNS,
        runs_of(events)[-SHOWN_RUNS:][::-1],
        title="Last runs",
        empty="No run yet: put exports in exports/ and start `tieout run`.",
    )
    if form is Format.csv:
        output.show(runs, form)
    else:
        found = state(context, events)
        if form is Format.json:
            typer.echo(json.dumps({**found, "runs": json.loads(output.as_json(runs))}, indent=2))
        else:
            _show(opened, found, runs, events)
    if notify:
        _notify(context)


def _notify(context: "RunContext") -> None:
    from orchestration.hold import new_run_id
    from orchestration.progress import Lines
    from orchestration.watch import Teller, tell

    tell(context.workspace, Lines(), Teller(context, "status", new_run_id()).stale())


def state(context: "RunContext", events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything there is to say but the runs, as JSON has it."""
    from orchestration.reopening import pending
    from warehouse import disk
    from warehouse.explain import freshness
    from warehouse.extract import overdue
    from warehouse.journal import Journal
    from warehouse.publish.manifest import inspect_chain

    workspace = context.workspace
    fresh = freshness.look(context)
    groups = [one for one in overdue.newest_of_groups(fresh.ages) if one.is_overdue]
    chain, problems = inspect_chain(workspace.published)
    reopened = pending(Journal(workspace.journal_dir), chain)
    free = disk.free(workspace)
    growth = disk.forecast(events, free)
    return {
        "workspace": str(workspace.root),
        "chain": {
            "first": chain.months[0].period if chain.head else None,
            "last": chain.months[-1].period if chain.head else None,
            "head": chain.head_sha256,
            "problems": problems,
            "reopened": asdict(reopened) if reopened else None,
        },
        **_readers_state(workspace),
        "freshness": [_age(one, groups) for one in fresh.ages],
        "overdue": [{"rule": one.rule, "message": one.message} for one in fresh.findings],
        "blocks_close": blocks_close(events, problems),
        "disk": {
            "used": disk.used(workspace),
            "free": free,
            "bytes_a_day": growth.bytes_a_day,
            "days_until_full": growth.days_until_full,
        },
    }


def _age(one: "Age", overdue_groups: "Sequence[Age]") -> dict[str, Any]:
    """An object that is judged with its system is overdue where the whole system is."""
    group = (one.system, one.object if one.is_own else None)
    return {
        "system": one.system,
        "object": one.object,
        "file": one.file,
        "modified": one.modified.isoformat(timespec="seconds"),
        "hours": one.age // timedelta(hours=1),
        "limit_hours": one.limit_hours or None,
        "is_overdue": group
        in {(late.system, late.object if late.is_own else None) for late in overdue_groups},
    }


def _readers_state(workspace: "Workspace") -> dict[str, Any]:
    """What tieout.duckdb says."""
    from orchestration.findings import Said, notes
    from warehouse.explain import show

    found: dict[str, Any] = {
        "as_of": None,
        "ended": [],
        "running": [],
        "held": [],
        "unmapped": [],
        "told": [],
    }
    if not workspace.tieout_db.exists():
        return found
    with show.reader(workspace) as connection:
        for period, kind in show.statuses(connection).items():
            if kind in found:
                found[kind].append(period)
        found["as_of"] = str(show.as_of(connection))
        held = show.held_by_rule(connection)
        fates = show.completeness(connection)
        warnings = show.file_warnings(connection)
    names = ("severity", "rule", "currency", "records", "amount")
    found["held"] = [
        {**dict(zip(names, row, strict=True)), "amount": None if row[4] is None else str(row[4])}
        for row in held
    ]
    for row in fates.rows:
        one = dict(zip(fates.columns, row, strict=True))
        if one["rows_unmapped"]:
            found["unmapped"].append(
                {"object": f"{one['source_system']}.{one['source_object']}", "rows": one["rows_unmapped"]}
            )
    found["told"] = list(notes(Said(str(rule), "warn", str(detail)) for rule, detail in warnings))
    return found


def blocks_close(
    events: Sequence[Mapping[str, Any]], chain_problems: Sequence[str] = ()
) -> list[dict[str, Any]] | None:
    """What the next close would meet, as far as it is known: None where no run has looked yet."""
    broken = [{"rule": "published_chain", "message": one, "remedy": None} for one in chain_problems]
    ends = [event for event in events if event["event"] == "end"]
    looked = [event["blocks_close"] for event in ends if "blocks_close" in event]
    if ends and ends[-1]["outcome"] in {"blocked", "failed"}:
        broken.append(
            {"rule": ", ".join(ends[-1].get("rules", ())), "message": _happened(ends[-1]), "remedy": None}
        )
    return [*broken, *looked[-1]] if looked else broken or None


# --- for people -------------------------------------------------------------------------------------


def _show(
    workspace: "Workspace", found: Mapping[str, Any], runs: Table, events: Sequence[Mapping[str, Any]]
) -> None:
    typer.echo(f"Workspace {workspace.root}")
    for line in [*months(found), *held_back(found), *(f"  {note}" for note in found["told"])]:
        typer.echo(line)
    typer.echo("\nWhat blocks the next close")
    for line in blocking_lines(found):
        typer.echo(line)
    typer.echo()
    output.show(
        Table(
            AGE_COLUMNS,
            [
                [*one.values()]
                for age in found["freshness"]
                for one in [{**age, "modified": age["modified"][:16].replace("T", " ")}]
            ],
            title="Exports",
            remarks=[f"overdue: {one['message']}" for one in found["overdue"]],
            empty="No file of any object lies in exports/.",
        ),
        Format.table,
    )
    for line in disk_lines(found["disk"]):
        typer.echo(line)
    typer.echo()
    output.show(runs, Format.table)
    for line in what_blocked(events):
        typer.echo(line)


def blocking_lines(found: Mapping[str, Any]) -> list[str]:
    """Every reason with what to do; rows that became nothing don't block, and nobody should learn of them late."""
    reasons = found["blocks_close"]
    lines = (
        [] if reasons else ["  nothing that is known" if reasons is not None else "  no run has looked yet"]
    )
    # one threshold may be passed in several currencies, and what to do about it is long
    for remedy, same in groupby(reasons or (), key=itemgetter("remedy")):
        lines += [
            f"  {one['rule']}: {one['message']}" if one["rule"] else f"  {one['message']}" for one in same
        ]
        lines += [f"    What to do: {remedy}"] if remedy else []
    for one in found["unmapped"]:
        lines.append(
            f"  note: {one['rows']:,} rows of {one['object']} became nothing (`tieout show completeness`)"
        )
    return [printable(line) for line in lines]


def disk_lines(use: Mapping[str, Any]) -> list[str]:
    """What it takes, and for how long there is room."""
    used = use["used"]
    parts = ", ".join(f"{name} {_size(number)}" for name, number in used.items())
    lines = [f"Disk: {_size(sum(used.values()))} used ({parts}), {_size(use['free'])} free"]
    if use["bytes_a_day"] is None:
        return [*lines, "  its growth is known once runs lie a day apart"]
    if use["days_until_full"] is None:
        return [*lines, "  it does not grow"]
    return [*lines, f"  grows by {_size(use['bytes_a_day'])} a day: full in {use['days_until_full']:,} days"]


def _size(number: int) -> str:
    return f"{Decimal(number) / GIGABYTE:,.2f} GB" if number >= GIGABYTE // 10 else f"{number / 1000:,.0f} kB"


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


def months(found: Mapping[str, Any]) -> list[str]:
    """Closed months, and which ones wait to be closed."""
    chain, ended = found["chain"], sorted(found["ended"])
    lines = [f"  PUBLISHED MONTHS DO NOT FORM ONE CHAIN: {problem}" for problem in chain["problems"]]
    if chain["head"] is None:
        lines.append("  nothing is published yet; the first close publishes all months before it too")
    else:
        lines.append(f"  closed from {chain['first']} to {chain['last']}, chain head {chain['head']}")
    if (reopened := chain["reopened"]) is not None:
        lines.append(
            f"  {reopened['period']} v{reopened['version']} is reopened: {reopened['reason']} "
            f"({reopened['approved_by'] or 'nobody was named'}); `tieout close {reopened['period']}` publishes it again"
        )
    if found["as_of"] is not None:
        running = ", ".join(found["running"]) or "none"
        lines.append(f"  tieout.duckdb stands on {found['as_of']}; running: {running}")
    if ended:
        span = ended[0] if len(ended) == 1 else f"{ended[0]} to {ended[-1]}"
        through = "" if len(ended) == 1 or chain["head"] is None else " --through"
        lines.append(f"  ended, not closed: {span} (`tieout close {ended[-1]}{through}`)")
    return lines


def held_back(found: Mapping[str, Any]) -> list[str]:
    """Records that are quarantined or held, by rule."""
    if found["as_of"] is None:
        return []
    if not found["held"]:
        return ["  nothing is quarantined or held"]
    return [
        *held_lines([tuple(one.values()) for one in found["held"]]),
        "  `tieout show quarantine` names file and row; above the policy they block a close",
    ]


def held_lines(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """One line a rule, with its records and its money of each currency."""
    by_rule: dict[tuple[Cell, Cell], list[Sequence[Cell]]] = {}
    for row in rows:
        by_rule.setdefault((row[0], row[1]), []).append(row)
    lines = []
    for (severity, rule), found in by_rule.items():
        records = sum(int(str(row[3])) for row in found)
        money = [
            f"{row[2]} {amount_text(Decimal(str(row[4])), str(row[2]))}"
            for row in found
            if row[2] and row[4] is not None
        ]
        stated = f" (stated in them: {', '.join(money)})" if money else ""
        lines.append(f"  {severity}: {records:,} by {rule}{stated}")
    return lines


def what_blocked(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """The reasons of the last command that did not end well."""
    ends = [event for event in events if event["event"] == "end"]
    if not ends or ends[-1]["outcome"] not in {"blocked", "failed"}:
        return []
    last = ends[-1]
    rules = f" (rules: {', '.join(last['rules'])})" if last.get("rules") else ""
    return [f"The last command did not end well: {_happened(last)}{rules}"]

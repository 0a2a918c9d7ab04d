"""`run` and `close`: which builds happen in which order, what is published, what is journaled. The stages of a
build are in orchestration.build; whether a month may be closed is said by orchestration.close_gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from orchestration import reopening, waivers
from orchestration.build import Build, journal_rows, read_calendar
from orchestration.calendar import Calendar, Period
from orchestration.context_tables import policies_of, write_waivers
from orchestration.fingerprint import fingerprint
from orchestration.hold import Hold, chain_of, hold, new_run_id
from orchestration.progress import Progress
from orchestration.waivers import Coverage
from orchestration.watch import watched
from warehouse import disk
from warehouse import fingerprint as rules
from warehouse.engine import Connection
from warehouse.errors import BlockedError, ConfigurationError, TieoutError
from warehouse.journal import Journal
from warehouse.publish import commit, release
from warehouse.publish.manifest import Chain, Month
from warehouse.quarantine import Found
from warehouse.workspace import RunContext, Workspace, shipped

RUNS = "runs"
CLOSES = "closes"
WAIVERS = "waivers"
BLOCKS_CLOSE = "blocks_close"
"""What the end of a build says would block the next close."""


@dataclass
class Outcome:
    """What a command did, for people and for the journal."""

    run_id: str
    as_of: date
    is_unchanged: bool = False
    closed: list[Month] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    held: list[tuple[str, str, int]] = field(default_factory=list)
    """(severity, rule, records) of what the gate found in the last build."""
    found: Found | None = None
    """What appeared in the quarantine since the run before, and what was released."""
    waived: dict[str, list[Coverage]] = field(default_factory=dict)
    """What each waiver covered, by closed month."""

    def add(self, build: Build) -> None:
        """Takes over what a build measured."""
        for stage, spent in build.watch.seconds.items():
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + spent, 3)
        self.rows = journal_rows(build.rows)
        self.found = build.found
        if build.gate_report is not None:
            self.held = [
                (one.severity, one.rule, one.records) for one in build.gate_report.outcomes if one.records
            ]


def run(context: RunContext, progress: Progress) -> Outcome:
    """The nightly job: exports to tieout.duckdb. Does nothing where nothing changed since the last one."""
    outcome = Outcome(new_run_id(), context.as_of)
    with watched(context, progress, "run", outcome):
        waivers.require_waivable(context.workspace, waivers.standing(context.workspace))
        with (
            hold(context.workspace, progress, afresh=context.full_refresh) as held,
            journaled(held.journal, "run", outcome) as ending,
        ):
            extraction = held.extract(context)
            ending["fingerprint"] = fingerprint(context, extraction, chain_of(context.workspace).head_sha256)
            if not context.full_refresh and is_current(
                context.workspace, held.journal, outcome.run_id, ending["fingerprint"]
            ):
                outcome.is_unchanged = True
            else:
                _execute(held, context, outcome)
                ending[BLOCKS_CLOSE] = _blocks_close(held, context)
            ending[disk.USED] = sum(disk.used(context.workspace).values())
    return outcome


def close(
    context: RunContext,
    period: str,
    progress: Progress,
    *,
    through: bool = False,
    on_closed: Callable[[Month, Sequence[Coverage]], None] | None = None,
) -> Outcome:
    """Gate again, tie out and publish a month; then bring the open months up to date.

    `on_closed` hears of each month that is published and of what its waivers covered, also where a later one blocks.
    """
    outcome = Outcome(new_run_id(), context.as_of)
    with watched(context, progress, "close", outcome, period):
        context = waivers.in_force(context)
        with hold(context.workspace, progress) as held:
            for sentence in waivers.expired(context.workspace, context.as_of):
                progress.say(f"note: {sentence}")
            with journaled(held.journal, "close", outcome, period=period) as ending:
                _close_all(held, context, period, outcome, ending, through=through, on_closed=on_closed)
    return outcome


def _close_all(
    held: Hold,
    context: RunContext,
    period: str,
    outcome: Outcome,
    ending: dict[str, Any],
    *,
    through: bool,
    on_closed: Callable[[Month, Sequence[Coverage]], None] | None,
) -> None:
    reopened = reopening.pending(held.journal, chain_of(context.workspace))
    may_again = reopened.period if reopened else None
    periods = periods_to_close(held, context, period, through=through, reopened=may_again)
    if reopened is not None and may_again not in {one.period for one in periods}:
        held.progress.say(
            f"note: {may_again} was reopened and is not published again: this close ends the permission"
        )
    try:
        for one in periods:
            why = reopened.document() if reopened and one.period == may_again else None
            _close_one(held, replace(context, close_period=one.period, reopening=why), outcome)
            if on_closed is not None:
                on_closed(outcome.closed[-1], outcome.waived[one.period])
    except BaseException as error:
        if not outcome.closed:
            raise
        # Why the later month is not closed is the end of the command, whatever becomes of the open ones.
        with suppress(TieoutError):
            _open_months(held, context, outcome, ending)
        if isinstance(error, BlockedError):
            raise error.with_consequence(f"{_published(outcome)} before it.") from error
        raise
    _open_months(held, context, outcome, ending)


def _blocks_close(held: Hold, context: RunContext) -> list[dict[str, Any]]:
    """What the close gate would say of the open months as they are now, with the waivers that count."""
    from orchestration.close_gate import close_findings

    findings, _ = close_findings(held.connection, waivers.in_force(context))
    return [{"rule": one.rule, "message": one.message, "remedy": one.remedy} for one in findings]


def _close_one(held: Hold, context: RunContext, outcome: Outcome) -> None:
    """One month: a build cut at its end, the close gate, and the commit."""
    from orchestration.close_gate import close_findings

    build = _execute(held, context, outcome, is_close=True)
    held.progress.stage("close", str(context.close_period))
    findings, passed = close_findings(held.connection, context)
    if findings:
        raise BlockedError(
            f"{context.close_period} can't be closed.", findings, consequence="Nothing was published."
        )
    covered = waivers.coverage(held.connection, context.waivers, passed)
    write_waivers(held.connection, covered)
    held.progress.stage("publish", str(context.close_period))
    with build.watch.measure("publish"):
        month = commit.publish(held.connection, context.workspace, publication_of(held, context, covered))
    outcome.seconds["publish"] = round(outcome.seconds.get("publish", 0) + build.watch.seconds["publish"], 3)
    outcome.closed.append(month)
    outcome.waived[month.period] = covered
    _journal_close(held.journal, context, month, outcome.run_id, covered)


def _open_months(held: Hold, context: RunContext, outcome: Outcome, ending: dict[str, Any]) -> None:
    """What a close leaves behind for readers: the new closed months, and the open ones after them."""
    now = replace(context, close_period=None, reopening=None, waivers=())
    try:
        _execute(held, now, outcome)
    except TieoutError as error:
        release.roll_forward(context.workspace)
        consequence = f"{_published(outcome)}; the months after could not be computed."
        cause = error.cause if isinstance(error, BlockedError) else str(error)
        held.progress.say(f"{consequence[:-1]}: {cause}")
        if isinstance(error, BlockedError):
            raise error.with_consequence(consequence) from error
        raise
    head = chain_of(context.workspace).head_sha256
    ending["fingerprint"] = fingerprint(now, held.extract(now), head)
    ending[BLOCKS_CLOSE] = _blocks_close(held, now)
    ending[disk.USED] = sum(disk.used(context.workspace).values())


def _published(outcome: Outcome) -> str:
    names = [month.period for month in outcome.closed]
    return f"{', '.join(names)} {'was' if len(names) == 1 else 'were'} published"


def _execute(held: Hold, context: RunContext, outcome: Outcome, *, is_close: bool = False) -> Build:
    """One build as a Dagster job in this process."""
    held.progress.stage("starting")
    from orchestration.job import execute

    build = Build(held, context, outcome.run_id)
    try:
        execute(build, is_close=is_close)
    finally:
        outcome.add(build)
    return build


@contextmanager
def interface_build(context: RunContext, progress: Progress) -> Iterator[Build]:
    """A build whose stages someone else starts: Dagster's web interface, asset by asset."""
    outcome = Outcome(new_run_id(), context.as_of)
    with (
        watched(context, progress, "interface", outcome),
        hold(context.workspace, progress) as held,
        journaled(held.journal, "interface", outcome) as ending,
    ):
        build = Build(held, context, outcome.run_id)
        yield build
        outcome.add(build)
        if build.is_released:
            head = chain_of(context.workspace).head_sha256
            ending["fingerprint"] = fingerprint(context, held.extract(context), head)
        elif build.error is not None:
            raise build.error
        else:
            # Dagster stops behind a failed blocking check by itself, so no stage has raised it.
            if build.gate_report is not None:
                build.require_gate()
            ending["outcome"] = "partial"


# --- which months -----------------------------------------------------------------------------------


def periods_to_close(
    held: Hold, context: RunContext, name: str, *, through: bool, reopened: str | None
) -> list[Period]:
    """The months a close commits one by one, or the sentence why it can't."""
    calendar = read_calendar(held, context)
    return closable(calendar, chain_of(context.workspace), name, context.as_of, through, reopened)


def closable(
    calendar: Calendar, chain: Chain, name: str, as_of: date, through: bool, reopened: str | None = None
) -> list[Period]:
    """The month asked for, and with `through` the open ones before it. The first close covers all before it.

    `reopened` is the closed month that may be published once more.
    """
    wanted = calendar.named(name)
    published = chain.find(name)
    if published is not None and name == reopened:
        return [wanted]
    if published is not None:
        raise ConfigurationError(
            f"{name} is closed already ({published.name})",
            "Later source data posts in the open months by itself; nothing has to be done. For an error that must not "
            "wait there is `tieout reopen`, of the last closed month.",
        )
    if as_of <= wanted.end_date:
        raise BlockedError(
            f"{name} is not over: it ends on {wanted.end_date.isoformat()}, and this close stands on "
            f"{as_of.isoformat()}",
            remedy=f"Close it from {calendar.after(wanted).start_date.isoformat()} on.",
        )
    last = chain.last_closed
    if last is None:
        return [wanted]
    following = calendar.of_day(date.fromisoformat(last.document["period_end"]) + timedelta(days=1))
    if following.start_date > wanted.start_date:
        raise ConfigurationError(
            f"{name} lies before the first published month",
            f"The next month to close is {following.period}.",
        )
    if following == wanted:
        return [wanted]
    if not through:
        raise BlockedError(
            f"{name} can't be closed before {following.period}: months are closed in order",
            remedy=f"`tieout close {following.period}`, or all of them: `tieout close {name} --through`.",
        )
    return calendar.between(following, wanted)


def publication_of(held: Hold, context: RunContext, covered: Sequence[Coverage]) -> commit.Publication:
    """What the manifest of a month says beyond its tables."""
    from warehouse.explain.report.page import report

    workspace, connection = context.workspace, held.connection
    chain = chain_of(workspace)
    if context.reopening is not None:
        chain = chain.before(str(context.close_period))
    judgements = connection.execute(
        "select contract_id || ': ' || judgements from accepted.contracts where judgements is not null order by 1"
    ).fetchall()
    return commit.Publication(
        periods=periods_to_publish(connection, chain, str(context.close_period)),
        as_of=context.as_of,
        policies=policies_of(workspace.settings),
        code_sha256=rules.code_hash(workspace),
        prepared_by=context.prepared_by,
        approved_by=context.approved_by,
        waivers=tuple(one.document() for one in covered),
        judgements=tuple(str(row[0]) for row in judgements),
        equations=commit.equations_of(connection),
        make_report=report,
        inputs=commit.inputs_of(connection),
        reopening=context.reopening,
        archive=commit.small_inputs(
            workspace,
            {
                "suites": shipped("expectations/suites"),
                "expectations": workspace.expectations,
                "connectors": workspace.connectors,
            },
        ),
    )


def periods_to_publish(
    connection: Connection, chain: Chain, period: str
) -> tuple[commit.PublishedPeriod, ...]:
    """The periods a close writes. The calendar begins long before the company: the first close leaves that out."""
    row = connection.execute("select min(start_date) from marts.dim_period").fetchone()
    first_used = row[0] if row else None
    found = commit.periods_to_publish(connection, chain, period)
    used = [one for one in found if first_used is not None and one.start_date >= first_used]
    return tuple(used) or found[-1:]


# --- journal ----------------------------------------------------------------------------------------


@contextmanager
def journaled(journal: Journal, command: str, outcome: Outcome, **what: str) -> Iterator[dict[str, Any]]:
    """Start and end of a command in journal/runs.jsonl; the dictionary goes into the end."""
    common = {"run_id": outcome.run_id, "command": command, "as_of": outcome.as_of.isoformat(), **what}
    journal.append(RUNS, {"event": "start", **common})
    ending: dict[str, Any] = {"outcome": "done"}
    try:
        yield ending
    except BlockedError as error:
        ending |= {
            "outcome": "blocked",
            "message": str(error),
            "rules": sorted({f.rule for f in error.findings}),
        }
        raise
    except BaseException as error:
        ending |= {"outcome": "failed", "message": f"{type(error).__name__}: {error}"}
        raise
    finally:
        if ending["outcome"] != "done":
            ending.pop("fingerprint", None)
        if outcome.is_unchanged:
            ending["outcome"] = "unchanged"
        closed = [month.period for month in outcome.closed]
        journal.append(
            RUNS,
            {
                "event": "end",
                **common,
                **ending,
                "closed": closed,
                "seconds": outcome.seconds,
                "rows": outcome.rows,
            },
        )


def _journal_close(
    journal: Journal, context: RunContext, month: Month, run_id: str, covered: Sequence[Coverage]
) -> None:
    journal.append(
        CLOSES,
        {
            "run_id": run_id,
            "period": month.period,
            "version": month.version,
            "manifest_sha256": month.sha256,
            "as_of": context.as_of.isoformat(),
            "prepared_by": context.prepared_by,
            "approved_by": context.approved_by,
        },
    )
    if covered:
        journal.append_all(
            WAIVERS, [{"run_id": run_id, "period": month.period, **one.document()} for one in covered]
        )


def is_current(workspace: Workspace, journal: Journal, run_id: str, wanted: str) -> bool:
    """Whether the last build stands on exactly these inputs and its results are still there."""
    events = journal.read(RUNS)
    built_nothing = {event["run_id"] for event in events if event.get("outcome") == "unchanged"} | {run_id}
    built = [event for event in events if event["run_id"] not in built_nothing]
    if not built or built[-1].get("fingerprint") != wanted or not workspace.warehouse_db.exists():
        return False
    stamp = release.read_stamp(workspace.tieout_db)
    return stamp is not None and stamp.chain_head == chain_of(workspace).head_sha256

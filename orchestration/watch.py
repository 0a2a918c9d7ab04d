"""How a command that works unattended is watched: where it begins and ends, in the log and for those who are told.

It changes nothing about how the command ends: what can't be told is said in the log.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestration import notify
from orchestration.notify import NOTIFICATIONS, Event, Sent
from orchestration.progress import Progress
from warehouse.errors import EXIT_INTERRUPTED, BlockedError, TieoutError, WorkspaceBusyError
from warehouse.explain import freshness, show
from warehouse.journal import Journal
from warehouse.lock import workspace_lock
from warehouse.printing import printable
from warehouse.publish.manifest import inspect_chain
from warehouse.settings import EventName
from warehouse.workspace import RunContext, Workspace

if TYPE_CHECKING:
    from orchestration.pipeline import Outcome

UNEXPECTED = (
    "Readers still see the last good state. The traceback is in .tieout/logs of the workspace; start the command "
    "again (nothing needs repair), and report it if it stays."
)
BLOCKED = "Mend what is named at its source; `tieout status` and `tieout show quarantine` say more."


@contextmanager
def watched(
    context: RunContext, progress: Progress, command: str, outcome: "Outcome", period: str | None = None
) -> Iterator[None]:
    """Logs the start and the end of a command, and tells what came of it once the workspace is free again."""
    common = {
        "run_id": outcome.run_id, "command": command, "as_of": context.as_of.isoformat(), "period": period,
    }  # fmt: skip
    progress.record({"event": "start", **common, "workspace": str(context.workspace.root)})
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        progress.record({"event": "end", **common, **_ending(outcome, error)})
        _tell_all(context, progress, command, outcome, period, error)


def exit_code_of(error: BaseException | None) -> int:
    """The exit code of the command that ends with it."""
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    return error.exit_code if isinstance(error, TieoutError) else TieoutError.exit_code


def _ending(outcome: "Outcome", error: BaseException | None) -> dict[str, Any]:
    ended = {
        "outcome": "unchanged" if outcome.is_unchanged else "done",
        "exit_code": exit_code_of(error),
        "seconds": round(sum(outcome.seconds.values()), 3),
        "stages": outcome.seconds,
        "rows": outcome.rows,
        "closed": [month.period for month in outcome.closed],
        "found": [{"severity": s, "rule": rule, "records": n} for s, rule, n in outcome.held],
    }
    if error is None:
        return ended
    word = "blocked" if isinstance(error, BlockedError) else "failed"
    return {
        **ended,
        "outcome": "interrupted" if isinstance(error, KeyboardInterrupt) else word,
        "message": _sentence(error),
        "what_to_do": _remedy(error),
        "findings": _findings(error),
    }


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, TieoutError) else f"{type(error).__name__}: {error}"


def _remedy(error: BaseException) -> str:
    if isinstance(error, TieoutError) and error.remedy:
        return error.remedy
    if isinstance(error, BlockedError):
        return next((one.remedy for one in error.findings if one.remedy), BLOCKED)
    return UNEXPECTED


def _findings(error: BaseException) -> list[dict[str, Any]]:
    found = error.findings if isinstance(error, BlockedError) else ()
    return [
        {"rule": one.rule, "message": one.message, "remedy": one.remedy}
        for one in found[: notify.MAX_FINDINGS]
    ]


# --- what is told -----------------------------------------------------------------------------------


def _tell_all(
    context: RunContext,
    progress: Progress,
    command: str,
    outcome: "Outcome",
    period: str | None,
    error: BaseException | None,
) -> None:
    channels = context.settings.notifications
    if not channels or isinstance(error, KeyboardInterrupt | GeneratorExit):
        return
    try:
        teller = Teller(context, command, outcome.run_id)
        events = [teller.closed(outcome)] if outcome.closed else []
        if error is not None:
            events.append(teller.went_wrong(error, period))
        if notify.wanted(channels, "stale"):
            events += teller.stale()
        tell(context.workspace, progress, events)
    except Exception as untold:  # telling must not change how the command ends
        progress.say(printable(f"note: nobody could be told: {type(untold).__name__}: {untold}"))


class Teller:
    """Makes the events of one command."""

    def __init__(self, context: RunContext, command: str, run_id: str) -> None:
        self.context = context
        self.command = command
        self.run_id = run_id

    def closed(self, outcome: "Outcome") -> Event:
        """Months were published, also where the command went wrong after that."""
        periods = [month.period for month in outcome.closed]
        covered = [str(entry["period"]) for entry in outcome.closed[0].document["covers"]]
        first = f" with all months from {covered[0]} on" if covered else ""
        return self._event(
            "closed",
            f"{', '.join(periods)} {'is' if len(periods) == 1 else 'are'} published{first}.",
            "Keep the chain head: `tieout verify` must say the same for as long as nothing else is closed.",
            period=periods[-1],
        )

    def went_wrong(self, error: BaseException, period: str | None) -> Event:
        """The command is blocked or has failed."""
        name: EventName = "blocked" if isinstance(error, BlockedError) else "failed"
        return self._event(
            name, _sentence(error), _remedy(error), period=period, exit_code=exit_code_of(error),
            findings=tuple(_findings(error)),
        )  # fmt: skip

    def stale(self) -> list[Event]:
        """Exports are overdue, whatever the policy does about it; none where all are in time."""
        overdue = freshness.look(self.context).findings
        if not overdue:
            return []
        findings = [{"rule": o.rule, "message": o.message, "remedy": o.remedy} for o in overdue]
        number = f"{len(overdue):,} delivery is" if len(overdue) == 1 else f"{len(overdue):,} deliveries are"
        return [
            self._event(
                "stale", f"{number} overdue.", "Ask the owners of these systems for their exports.",
                findings=tuple(findings[: notify.MAX_FINDINGS]),
            )
        ]  # fmt: skip

    def test(self, name: EventName) -> Event:
        """Nothing happened: whether a message arrives is asked."""
        return self._event(name, "This is a test: nothing happened.", "Nothing.", is_test=True)

    def _event(self, name: EventName, what: str, what_to_do: str, **more: Any) -> Event:
        workspace = self.context.workspace
        return Event(
            event=name,
            workspace=str(workspace.root),
            company=workspace.settings.company.name or workspace.root.name,
            command=self.command,
            run_id=self.run_id,
            as_of=self.context.as_of.isoformat(),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            what=what,
            what_to_do=what_to_do,
            held=_held(workspace),
            chain_head=inspect_chain(workspace.published)[0].head_sha256,
            **more,
        )


def _held(workspace: Workspace) -> dict[str, str]:
    """Contracted money that is held back, as readers of tieout.duckdb see it."""
    if not workspace.tieout_db.exists():
        return {}
    with show.reader(workspace) as connection:
        rows = show.held_money(connection).rows
    return {str(row[1]): str(row[3]) for row in rows if row[0] is None and row[3] is not None}


def tell(workspace: Workspace, progress: Progress, events: list[Event]) -> list[Sent]:
    """Sends events to whoever asked for them, says what did not go out, and journals both."""
    sent = [one for event in events for one in notify.send(workspace.settings.notifications, event)]
    for one in sent:
        if one.error:
            progress.say(f"note: {one.channel} could not be told of {one.event}: {one.error}")
    if not sent:
        return sent
    try:
        with workspace_lock(workspace):
            journal = Journal(workspace.journal_dir)
            journal.append_all(NOTIFICATIONS, [one.record(events[0].run_id) for one in sent])
    except WorkspaceBusyError as busy:
        progress.say(f"note: what was told is not in the journal. {busy}")
    return sent

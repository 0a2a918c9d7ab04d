"""`tieout notify`: do messages arrive? Real events are told by run, close and `status --notify` themselves."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.options import WorkspaceOption, open_workspace

if TYPE_CHECKING:
    from warehouse.settings import EventName


class TestEvent(StrEnum):
    """What a test looks like."""

    blocked = "blocked"
    failed = "failed"
    stale = "stale"
    closed = "closed"

    @property
    def event(self) -> "EventName":
        """The same as settings and messages call it."""
        return self.value


def register(app: typer.Typer) -> None:
    """Adds `notify` to the command line."""
    app.command("notify")(notify)


def notify(
    workspace: WorkspaceOption = None,
    event: Annotated[
        TestEvent | None, typer.Option("--event", help="Only this one, to those who asked for it.")
    ] = None,
) -> None:
    """Send a test message to every channel of `[[notifications]]`, and say whether it went out.

    It ends with exit code 2 where one did not.

    Examples:

    - `tieout notify`
    - `tieout notify --event blocked --workspace /data/acme`
    """
    from orchestration.hold import new_run_id
    from orchestration.progress import Silent
    from orchestration.watch import Teller, tell
    from warehouse.errors import ConfigurationError
    from warehouse.workspace import RunContext, today

    opened = open_workspace(workspace)
    channels = opened.settings.notifications
    if not channels:
        raise ConfigurationError(
            "Nobody is told of anything: tieout.toml has no [[notifications]].",
            "docs/operate/README.md shows a command, a webhook and e-mail.",
        )
    teller = Teller(RunContext(opened, today(opened.settings)), "notify", new_run_id())
    names = [event.event] if event else list(dict.fromkeys(one.events[0] for one in channels))
    sent = [one for name in names for one in tell(opened, Silent(), [teller.test(name)])]
    for one in sent:
        typer.echo(f"{one.channel}, {one.event}: {one.error or 'sent'}")
    failed = [one for one in sent if one.error]
    if failed:
        raise ConfigurationError(f"{len(failed):,} of {len(sent):,} messages did not go out.")

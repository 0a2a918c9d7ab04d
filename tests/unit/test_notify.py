"""Who is told of what happens unattended, in which words, and what never happens because of it."""

from __future__ import annotations

import email
import email.policy
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration import notify, watch
from orchestration.notify import Event, send
from orchestration.pipeline import Outcome
from orchestration.progress import Silent
from orchestration.watch import watched
from tests.receivers import mailbox, webhook
from tests.unit.workspaces import drop, new_workspace
from warehouse.errors import BlockedError, TieoutError
from warehouse.extract.findings import FileFinding
from warehouse.journal import Journal
from warehouse.lock import workspace_lock
from warehouse.settings import Channel
from warehouse.workspace import RunContext, Workspace

# What a file name or a record may hold; it comes into messages by the sentences of rules.
HOSTILE = 'x"; touch pwned; $(touch pwned) `touch pwned`\r\nBcc: evil@example.com\r\n\r\n<script>\x1b[2J'
EVENT = Event(
    event="blocked",
    workspace="/data/acme",
    company="Acme",
    command="run",
    run_id="20260805T020000Z-abc123",
    as_of="2026-08-05",
    at="2026-08-05T02:00:09+00:00",
    what="the gate stopped the run.",
    what_to_do="Mend it.",
    exit_code=3,
    findings=({"rule": "duplicate_key", "message": "two of them", "remedy": "Keep one."},),
    held={"USD": "2400.000"},
    chain_head="c0ffee",
)
COLLECT = "import sys; open('told.json', 'w').write(sys.stdin.read())"


def channel(**said: Any) -> Channel:
    return Channel.model_validate(said)


def test_a_message_says_what_an_engineer_asks_at_night() -> None:
    assert EVENT.subject() == "tieout Acme: blocked (run, as of 2026-08-05)"
    assert EVENT.text().splitlines() == [
        "tieout Acme: blocked (run, as of 2026-08-05)",
        "",
        "the gate stopped the run.",
        "What to do: Mend it.",
        "",
        "duplicate_key: two of them",
        "  What to do: Keep one.",
        "",
        "Held back: USD 2,400.00",
        "Chain head: c0ffee",
        "Workspace: /data/acme",
        "Run: 20260805T020000Z-abc123, exit code 3, 2026-08-05T02:00:09+00:00",
    ]


def test_a_command_gets_the_event_on_its_input_and_no_shell_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hostile = replace(EVENT, what=HOSTILE, company=HOSTILE)
    (sent,) = send([channel(command=[sys.executable, "-c", COLLECT, "; touch pwned"])], hostile)
    assert sent.error is None
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["event"] == "blocked"
    assert told["held"] == {"USD": "2400.000"}
    assert told["what"].startswith('x"; touch pwned; $(touch pwned) `touch pwned`  Bcc:')
    assert [path.name for path in tmp_path.iterdir()] == ["told.json"]


def test_a_command_that_fails_or_hangs_is_a_result_and_its_children_end_with_it(tmp_path: Path) -> None:
    fails = channel(command=[sys.executable, "-c", "import sys; sys.exit('no pager')"])
    hangs = channel(command=["/bin/sh", "-c", f"sleep 3 && touch {tmp_path}/alive & wait"], timeout_seconds=1)
    absent = channel(command=["/nowhere/page"])
    started = time.monotonic()
    errors = [one.error or "" for one in send([fails, hangs, absent], EVENT)]
    assert time.monotonic() - started < 3
    assert errors[0] == "exit code 1: no pager"
    assert errors[1] == "no answer within 1 s"
    assert errors[2].startswith("FileNotFoundError")
    time.sleep(3)
    assert not (tmp_path / "alive").exists()


def test_a_webhook_gets_json_and_its_url_stands_in_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as received:
        monkeypatch.setenv("HOOK", received.url)
        monkeypatch.setenv("FILE", "file:///etc/s3cret")
        monkeypatch.setenv("BROKEN", "https://exa mple/s3cret")
        channels = [channel(webhook_env=name) for name in ("HOOK", "UNSET", "FILE", "BROKEN")]
        fine, unset, no_url, broken = send(channels, EVENT)
        assert (fine.channel, fine.error) == ("notifications[1] (webhook)", None)
        assert received.posted == [{**json.loads(json.dumps(EVENT.document()))}]
        assert received.posted[0]["text"] == EVENT.text()
        assert unset.error == "the environment variable UNSET is not set"
        assert no_url.error == "the environment variable FILE holds no http(s) URL"
        received.status = 500
        (refused,) = send(channels[:1], EVENT)
        assert refused.error == "HTTPError: HTTP Error 500: Internal Server Error"
        assert not [one for one in (broken, refused, no_url) if not one.error or "s3cret" in one.error]


def test_a_webhook_that_redirects_is_told_of_and_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as received:
        received.status = 302
        monkeypatch.setenv("HOOK", received.url)
        (sent,) = send([channel(webhook_env="HOOK")], EVENT)
        assert sent.error
        assert "302" in sent.error
        assert received.methods == ["POST"]


def test_text_of_an_export_begins_no_header_of_an_email() -> None:
    with mailbox() as received:
        one = channel(
            email_to=["a@example.com", "b@example.com"], email_from="tieout@example.com",
            smtp_host="127.0.0.1", smtp_port=received.port, smtp_security="none",
        )  # fmt: skip
        (sent,) = send([one], replace(EVENT, company=HOSTILE, what=HOSTILE))
        assert sent.error is None
    recipients = [line[8:] for line in received.commands if line.upper().startswith("RCPT TO:")]
    assert recipients == ["<a@example.com>", "<b@example.com>"]
    message = email.message_from_bytes(received.messages[0], policy=email.policy.default)
    assert message["Bcc"] is None
    assert message["To"] == "a@example.com, b@example.com"
    assert message["Subject"].startswith('tieout x"; touch pwned;')
    assert message.get_content_type() == "text/plain"
    assert "\x1b" not in message.get_content()


def test_a_password_is_taken_from_the_environment_and_only_over_an_encrypted_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mailbox() as received:
        one = channel(
            email_to=["a@example.com"], smtp_host="127.0.0.1", smtp_port=received.port,
            smtp_user="tieout", smtp_password_env="MAIL_PASSWORD",
        )  # fmt: skip
        (unset,) = send([one], EVENT)
        assert unset.error == "the environment variable MAIL_PASSWORD is not set"
        assert received.commands == []
        monkeypatch.setenv("MAIL_PASSWORD", "s3cret")
        (plain,) = send([one], EVENT)  # this server has no STARTTLS
        assert plain.error
        assert "STARTTLS" in plain.error
        assert not any("AUTH" in line.upper() for line in received.commands)


def test_a_channel_that_cannot_be_interrupted_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(notify._SENDERS, "command", lambda *_: time.sleep(30))
    monkeypatch.setattr(notify, "_GRACE_SECONDS", 0)
    started = time.monotonic()
    slow = channel(command=["x"], timeout_seconds=1)
    assert [one.error for one in send([slow, slow], EVENT)] == ["no answer within 1 s"] * 2
    assert time.monotonic() - started < 2


# --- what a command tells ---------------------------------------------------------------------------

FAILING = '[[notifications]]\ncommand = ["/nowhere/page"]\n'


class Told(Silent):
    """What a command says, and what was sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        self.events: list[Event] = []
        self.log: list[dict[str, Any]] = []
        monkeypatch.setattr(notify, "send", self._send)

    def _send(self, channels: Any, event: Event) -> list[Any]:
        self.events.append(event)
        return []

    def say(self, text: str) -> None:
        self.said.append(text)

    def record(self, event: Any) -> None:
        self.log.append(event)


def context_of(workspace: Workspace, as_of: date = date(2026, 3, 31)) -> RunContext:
    return RunContext(Workspace.open(workspace.root), as_of)


def ends_with(workspace: Workspace, progress: Any, error: BaseException | None) -> None:
    """A command that does nothing but end."""
    outcome = Outcome("run-1", date(2026, 3, 31))
    with watched(context_of(workspace), progress, "run", outcome):
        if error is not None:
            raise error


def test_a_notification_that_fails_changes_nothing_is_said_and_journaled(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path, FAILING)
    said: list[str] = []
    progress = SimpleNamespace(say=said.append, record=lambda _: None)
    with pytest.raises(BlockedError, match="stopped"):
        ends_with(workspace, progress, BlockedError("stopped"))
    (line,) = said
    assert line.startswith("note: notifications[1] (command) could not be told of blocked: FileNotFoundError")
    (kept,) = Journal(workspace.journal_dir).read("notifications")
    assert (kept["run_id"], kept["event"], kept["outcome"]) == ("run-1", "blocked", "failed")
    assert kept["error"].startswith("FileNotFoundError")


def test_even_an_unexpected_error_while_telling_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = new_workspace(tmp_path, FAILING)
    told = Told(monkeypatch)
    monkeypatch.setattr(watch, "Teller", lambda *_: 1 // 0)
    with pytest.raises(BlockedError, match="stopped"):
        ends_with(workspace, told, BlockedError("stopped"))
    assert told.said == ["note: nobody could be told: ZeroDivisionError: integer division or modulo by zero"]


@pytest.mark.parametrize(
    ("error", "event", "exit_code", "outcome"),
    [
        (BlockedError("stopped", [FileFinding("r", "block", "f", "m", "mend f")]), "blocked", 3, "blocked"),
        (TieoutError("it broke", "mend it"), "failed", 1, "failed"),
        (ZeroDivisionError("boom"), "failed", 1, "failed"),
        (KeyboardInterrupt(), None, 130, "interrupted"),
        (None, None, 0, "done"),
    ],
)
def test_every_way_a_command_ends_is_logged_and_told_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException | None, event: str | None,
    exit_code: int, outcome: str,
) -> None:  # fmt: skip
    told = Told(monkeypatch)
    workspace = new_workspace(tmp_path, FAILING)
    if error is None:
        ends_with(workspace, told, error)
    else:
        with pytest.raises(type(error)):
            ends_with(workspace, told, error)
    assert [one.event for one in told.events] == ([event] if event else [])
    start, end = told.log
    assert (start["event"], start["run_id"]) == ("start", "run-1")
    assert (end["event"], end["exit_code"], end["outcome"]) == ("end", exit_code, outcome)
    if isinstance(error, BlockedError):
        assert told.events[0].what_to_do == "mend f"
        assert end["findings"] == [{"rule": "r", "message": "m", "remedy": "mend f"}]


def test_a_workspace_that_another_run_holds_is_told_of_as_failed_and_exits_5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration import pipeline
    from warehouse.errors import WorkspaceBusyError

    workspace = new_workspace(tmp_path, FAILING)
    told = Told(monkeypatch)
    with workspace_lock(workspace), pytest.raises(WorkspaceBusyError):
        pipeline.run(context_of(workspace), told)
    assert [(one.event, one.exit_code) for one in told.events] == [("failed", 5)]


def test_overdue_exports_are_told_whatever_the_policy_does_about_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = '[policies]\nfreshness_hours = 24\nstale_exports = "warn"\n'
    workspace = new_workspace(tmp_path, toml + FAILING)
    at = datetime(2026, 3, 31, tzinfo=UTC)
    drop(workspace, "deals.csv", "id,amount\n1,1\n", modified=at)
    told = Told(monkeypatch)
    outcome = Outcome("run-1", date(2026, 3, 31))
    with watched(context_of(workspace), told, "run", outcome):
        """In time on its day."""
    assert told.events == []
    with watched(context_of(workspace, date(2026, 4, 2)), told, "run", outcome):
        """Two days later nothing newer has come."""
    (stale,) = told.events
    assert (stale.event, stale.what) == ("stale", "1 delivery is overdue.")
    assert "deals.csv, is of 2026-03-31 00:00 UTC: 72 hours old" in stale.findings[0]["message"]


def test_nobody_is_told_of_what_nobody_asked_for() -> None:
    only_closed = channel(events=["closed"], command=["/nowhere/page"])
    assert send([only_closed], EVENT) == []
    assert not notify.wanted([only_closed], "stale")

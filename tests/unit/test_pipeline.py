"""The journal of runs, and when a run may do nothing."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from expectations.gate import GateReport, RuleOutcome
from orchestration import pipeline, reopening
from orchestration.cli.status import runs_of, what_blocked
from orchestration.findings import Finding
from orchestration.pipeline import Outcome, is_current, journaled
from orchestration.progress import Silent
from orchestration.waivers import Coverage
from warehouse.errors import BlockedError
from warehouse.journal import Journal
from warehouse.publish import release
from warehouse.publish.manifest import Month
from warehouse.publish.release import Stamp
from warehouse.workspace import RunContext, Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose files of the last build are there."""
    made = Workspace.init(tmp_path / "acme")
    made.warehouse_db.touch()
    monkeypatch.setattr(release, "read_stamp", lambda path: Stamp(None, ()))
    return made


def end(
    journal: Journal, run_id: str, fingerprint: str | None = "inputs", *, unchanged: bool = False
) -> None:
    outcome = Outcome(run_id, date(2026, 8, 5), is_unchanged=unchanged)
    with journaled(journal, "run", outcome) as ending:
        ending["fingerprint"] = fingerprint


def blocked_run(journal: Journal) -> None:
    with journaled(journal, "run", Outcome("blocked", date(2026, 8, 5))) as ending:
        ending["fingerprint"] = "inputs"
        raise BlockedError("stopped", [Finding("missing_rate", "a rate is missing")])


def test_the_same_inputs_are_current(workspace: Workspace) -> None:
    journal = Journal(workspace.journal_dir)
    end(journal, "first")
    assert is_current(workspace, journal, "now", "inputs")
    assert not is_current(workspace, journal, "now", "other inputs")


def test_an_unchanged_run_does_not_hide_the_build_before_it(workspace: Workspace) -> None:
    journal = Journal(workspace.journal_dir)
    end(journal, "first")
    end(journal, "second", unchanged=True)
    assert is_current(workspace, journal, "now", "inputs")


def test_after_an_interrupted_run_everything_is_built_again(workspace: Workspace) -> None:
    journal = Journal(workspace.journal_dir)
    end(journal, "first")
    journal.append(
        pipeline.RUNS, {"event": "start", "run_id": "killed", "command": "run", "as_of": "2026-08-05"}
    )
    assert not is_current(workspace, journal, "now", "inputs")


def test_after_a_blocked_run_everything_is_built_again(workspace: Workspace) -> None:
    journal = Journal(workspace.journal_dir)
    end(journal, "first")
    with pytest.raises(BlockedError):
        blocked_run(journal)
    assert not is_current(workspace, journal, "now", "inputs")
    assert what_blocked(journal.read("runs")) == [
        "The last command did not end well: stopped (rules: missing_rate)"
    ]


def test_a_lost_warehouse_is_built_again(workspace: Workspace) -> None:
    journal = Journal(workspace.journal_dir)
    end(journal, "first")
    workspace.warehouse_db.unlink()
    assert not is_current(workspace, journal, "now", "inputs")


def test_status_shows_an_interrupted_run_as_one_without_an_end(workspace: Workspace) -> None:
    journal = Journal(workspace.journal_dir)
    end(journal, "first")
    journal.append(
        pipeline.RUNS, {"event": "start", "run_id": "killed", "command": "run", "as_of": "2026-08-05"}
    )
    done, killed = runs_of(journal.read("runs"))
    assert done[4] == "done"
    assert killed[4] == "no end: running or interrupted"


class CloseOfThree:
    """A close whose third month is blocked, without builds."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, workspace: Workspace, *, open_months: str = ""
    ) -> None:
        self.journal = Journal(workspace.journal_dir)
        self.context = RunContext(workspace, date(2026, 8, 5))
        self.told: list[str] = []
        held = SimpleNamespace(journal=self.journal, progress=SimpleNamespace(say=self.told.append))
        periods = [SimpleNamespace(period=f"2026-0{month}") for month in (1, 2, 3)]
        monkeypatch.setattr(pipeline, "hold", lambda *_: nullcontext(held))
        monkeypatch.setattr(pipeline, "periods_to_close", lambda *_, **__: periods)
        monkeypatch.setattr(pipeline, "_close_one", self.close_one)
        monkeypatch.setattr(pipeline, "_execute", self.build_open_months)
        monkeypatch.setattr(pipeline, "fingerprint", lambda *_: "inputs")
        monkeypatch.setattr(pipeline, "chain_of", lambda _: SimpleNamespace(head_sha256=None))
        monkeypatch.setattr(pipeline, "_blocks_close", lambda *_: [])
        monkeypatch.setattr(release, "roll_forward", lambda _: True)
        held.extract = lambda _: None
        self.open_months = open_months
        self.blocked = "2026-03"

    def close_one(self, _held: Any, context: RunContext, outcome: Outcome) -> None:
        if context.close_period == self.blocked:
            raise BlockedError(
                "the gate stopped it.", [Finding("r", "m")], consequence="Nothing has changed."
            )
        outcome.closed.append(SimpleNamespace(period=context.close_period))  # type: ignore[arg-type]
        outcome.waived[str(context.close_period)] = []

    def build_open_months(self, *_: Any) -> None:
        if self.open_months:
            raise BlockedError(self.open_months, consequence="Nothing has changed.")

    def close(self) -> list[str]:
        published: list[str] = []

        def publish(month: Month, _: Sequence[Coverage]) -> None:
            published.append(month.period)

        with pytest.raises(BlockedError) as raised:
            pipeline.close(self.context, "2026-03", Silent(), through=True, on_closed=publish)
        self.error = raised.value
        return published


def test_a_close_that_is_blocked_later_says_what_it_published(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = CloseOfThree(monkeypatch, workspace)
    assert close.close() == ["2026-01", "2026-02"]
    sentence = "the gate stopped it. 2026-01, 2026-02 were published before it."
    assert str(close.error) == sentence
    assert [finding.rule for finding in close.error.findings] == ["r"]
    assert what_blocked(close.journal.read("runs")) == [
        f"The last command did not end well: {sentence} (rules: r)"
    ]


def test_why_a_later_month_is_blocked_is_said_also_where_the_open_months_fail(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = CloseOfThree(monkeypatch, workspace, open_months="E6 does not hold.")
    close.close()
    assert str(close.error) == "the gate stopped it. 2026-01, 2026-02 were published before it."
    assert close.told == [
        "2026-01, 2026-02 were published; the months after could not be computed: E6 does not hold."
    ]


def test_open_months_that_fail_after_a_close_are_not_said_to_have_changed_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = CloseOfThree(monkeypatch, workspace, open_months="E6 does not hold.")
    close.blocked = ""
    close.close()
    assert str(close.error) == (
        "E6 does not hold. 2026-01, 2026-02, 2026-03 were published; the months after could not be computed."
    )
    assert runs_of(close.journal.read("runs"))[-1][6] == str(close.error)


def test_a_run_of_the_interface_that_the_gate_blocks_is_blocked_not_partial(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster stops behind a failed blocking check by itself: no stage raises, and still somebody must be told."""
    journal = Journal(workspace.journal_dir)
    held = SimpleNamespace(journal=journal, progress=Silent())
    monkeypatch.setattr(pipeline, "hold", lambda *_: nullcontext(held))
    context = RunContext(workspace, date(2026, 8, 5))
    refused = RuleOutcome("fx_rates", "missing_rate", "block", "a rate is missing", "deliver it", records=1)
    with (
        pytest.raises(BlockedError, match="the gate stopped the run"),
        pipeline.interface_build(context, Silent()) as build,
    ):
        build.gate_report = GateReport((refused,))
    assert journal.read("runs")[-1]["outcome"] == "blocked"
    assert journal.read("runs")[-1]["rules"] == ["missing_rate"]


def test_status_says_what_was_closed_before_an_error(workspace: Workspace) -> None:
    journal = Journal(workspace.journal_dir)
    outcome = Outcome("broken", date(2026, 8, 5))
    outcome.closed.append(SimpleNamespace(period="2026-01"))  # type: ignore[arg-type]
    with pytest.raises(OSError, match="no space"), journaled(journal, "close", outcome):
        raise OSError("no space")
    assert runs_of(journal.read("runs"))[-1][6] == "closed 2026-01, then OSError: no space"


def test_a_close_past_a_reopened_month_says_that_it_ends_the_permission(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = CloseOfThree(monkeypatch, workspace)
    published = SimpleNamespace(head_sha256="h", last_closed=SimpleNamespace(sha256="h"))
    monkeypatch.setattr(pipeline, "chain_of", lambda _: published)
    close.journal.append(
        reopening.REOPENINGS,
        {"period": "2025-12", "version": 1, "manifest_sha256": "h", "reason": "late", "approved_by": ""},
    )
    close.close()
    assert close.told == [
        "note: 2025-12 was reopened and is not published again: this close ends the permission"
    ]

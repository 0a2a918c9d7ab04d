"""The journal of runs, and when a run may do nothing."""

from datetime import date
from pathlib import Path

import pytest

from orchestration import pipeline
from orchestration.cli.status import runs_of, what_blocked
from orchestration.findings import Finding
from orchestration.pipeline import Outcome, is_current, journaled
from warehouse.errors import BlockedError
from warehouse.journal import Journal
from warehouse.publish import release
from warehouse.publish.release import Stamp
from warehouse.workspace import Workspace


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

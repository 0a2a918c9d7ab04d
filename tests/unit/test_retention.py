"""What of the lake may go: nothing that anything stands on, and nothing at all unless tieout.toml says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.workspaces import drop, extracted, new_workspace
from warehouse import retention
from warehouse.extract.deliver import KIND
from warehouse.journal import Journal
from warehouse.publish.manifest import ChainError
from warehouse.workspace import Workspace

KEEP = "[policies]\nfreshness_hours = 0\n[lake]\nkeep_days = 30\n"
LATER = datetime.now(UTC) + timedelta(days=31)


def deals(number: int) -> str:
    return f"id,amount\n{number},1\n"


def delivered(tmp_path: Path, toml: str = KEEP, name: str = "deals.csv") -> Workspace:
    """Three exports one after the other, each in the place of the one before."""
    workspace = new_workspace(tmp_path, toml)
    for number in (1, 2, 3):
        drop(workspace, name.format(number), deals(number))
        extracted(workspace)
    return workspace


def contents(workspace: Workspace) -> list[str]:
    """sha256 of the deliveries, oldest first."""
    return [str(event["sha256"]) for event in Journal(workspace.journal_dir).read(KIND)]


def may_go(workspace: Workspace, now: datetime = LATER) -> list[str]:
    return [one.sha256 for one in retention.prunable(Workspace.open(workspace.root), now)]


def test_what_was_replaced_long_ago_may_go_and_what_is_in_force_stays(tmp_path: Path) -> None:
    workspace = delivered(tmp_path)
    first, second, _ = contents(workspace)
    assert may_go(workspace) == [first, second]
    assert may_go(workspace, datetime.now(UTC) + timedelta(days=29)) == []


def test_without_a_time_in_tieout_toml_nothing_ever_goes(tmp_path: Path) -> None:
    workspace = delivered(tmp_path, "[policies]\nfreshness_hours = 0\n")
    assert may_go(workspace, datetime.now(UTC) + timedelta(days=10_000)) == []


def test_what_still_lies_in_exports_stays_because_a_run_would_only_read_it_again(tmp_path: Path) -> None:
    workspace = delivered(tmp_path, name="deals-2026-03-0{}.csv")
    first, second, _ = contents(workspace)
    assert may_go(workspace) == []
    (workspace.exports / "crm" / "deals-2026-03-01.csv").unlink()
    assert may_go(workspace) == [first]
    assert second not in may_go(workspace)


def test_content_that_came_again_counts_from_when_it_was_replaced_last(tmp_path: Path) -> None:
    workspace = delivered(tmp_path)
    drop(workspace, "deals.csv", deals(1))
    extracted(workspace)
    first, second, third, again = contents(workspace)
    assert again == first
    assert may_go(workspace) == [second, third]


def test_increments_stand_on_all_of_their_files(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path, KEEP)
    for day in ("20260301", "20260302"):
        path = drop(workspace, f"evt_{day}_export.csv", f"id,kind,updated_at\n{day},a,b\n")
        extracted(workspace)
        path.unlink()
    assert may_go(workspace) == []


def test_what_a_system_that_is_switched_off_delivered_stays(tmp_path: Path) -> None:
    workspace = delivered(tmp_path)
    workspace.configuration.write_text(f"{KEEP}[sources.crm]\nenabled = false\n", encoding="utf-8")
    assert may_go(workspace) == []


def test_what_published_months_and_lineage_lead_back_to_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = delivered(tmp_path)
    first, second, _ = contents(workspace)
    monkeypatch.setattr(retention, "published_sources", lambda *_: {first})
    assert may_go(workspace) == [second]


def test_nothing_goes_while_the_published_months_contradict_each_other(tmp_path: Path) -> None:
    workspace = delivered(tmp_path)
    month = workspace.published / "2026-01" / "v1"
    month.mkdir(parents=True)
    (month / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ChainError):
        may_go(workspace)


def test_pruning_deletes_just_that_and_the_journal_says_so(tmp_path: Path) -> None:
    workspace = delivered(tmp_path)
    unknown = workspace.lake / f"{'0' * 64}.parquet"
    unknown.write_bytes(b"of a journal that was lost")
    found = retention.prunable(workspace, LATER)
    size = sum(one.file.stat().st_size for one in found)
    assert retention.prune(workspace, found) == size
    left = {path.name.split(".")[0] for path in workspace.lake.iterdir()}
    assert left == {contents(workspace)[2], unknown.stem}
    kept = Journal(workspace.journal_dir).read(retention.PRUNES)
    assert [event["sha256"] for event in kept] == contents(workspace)[:2]
    assert may_go(workspace) == []
    # What is delivered again is read again, and a run has all it needs.
    drop(workspace, "deals.csv", deals(1))
    assert extracted(workspace).blocks == ()

"""`tieout status`: is everything in time, is there room, and what would block the next close?"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.cli import main
from orchestration.cli.status import blocking_lines, blocks_close, disk_lines, state
from tests.unit.workspaces import drop, new_workspace
from warehouse import disk
from warehouse.workspace import RunContext, Workspace

START = datetime(2026, 3, 1, tzinfo=UTC)
GIGABYTE = 10**9


def end(days: float, **more: Any) -> dict[str, Any]:
    return {
        "event": "end", "run_id": f"r{days}", "outcome": "done", "at": (START + timedelta(days=days)).isoformat(),
        **more,
    }  # fmt: skip


def test_each_object_is_judged_as_a_run_judges_it(tmp_path: Path) -> None:
    toml = "[policies]\nfreshness_hours = 36\n[sources.crm.events]\nfreshness_hours = 6\n"
    workspace = new_workspace(tmp_path, toml)
    late, in_time = datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 3, 31, 12, tzinfo=UTC)
    drop(workspace, "deals.csv", "id,amount\n1,1\n", modified=in_time)
    # As old as it may be: its system has delivered. Events are judged by themselves.
    drop(workspace, "deal_lines.csv", "id\n1\n", modified=late)
    drop(workspace, "evt_20260331_export.csv", "id\n1\n", modified=in_time)
    found = state(RunContext(workspace, date(2026, 3, 31)), [])
    assert [(one["object"], one["limit_hours"], one["is_overdue"]) for one in found["freshness"]] == [
        ("deal_lines", 36, False),
        ("deals", 36, False),
        ("events", 6, True),
    ]
    assert [one["rule"] for one in found["overdue"]] == ["stale_exports"]


def test_the_next_close_is_blocked_by_what_the_last_build_found_and_by_how_the_last_command_ended() -> None:
    reason = {"rule": "equation E6", "message": "E6 does not hold.", "remedy": "Mend the connector."}
    looked = end(1, blocks_close=[reason])
    stopped = end(2, outcome="blocked", message="the gate stopped the run.", rules=["missing_rate"])
    assert blocks_close([]) is None
    assert blocks_close([end(1, blocks_close=[])]) == []
    assert blocks_close([looked, end(2, outcome="unchanged")]) == [reason]
    gate = {"rule": "missing_rate", "message": "the gate stopped the run.", "remedy": None}
    assert blocks_close([looked, stopped]) == [gate, reason]
    assert blocking_lines(
        {"blocks_close": [reason], "unmapped": [{"object": "crm.deals", "rows": 1200}]}
    ) == [
        "  equation E6: E6 does not hold.",
        "    What to do: Mend the connector.",
        "  note: 1,200 rows of crm.deals became nothing (`tieout show completeness`)",
    ]
    assert blocking_lines({"blocks_close": None, "unmapped": []}) == ["  no run has looked yet"]
    assert blocking_lines({"blocks_close": [], "unmapped": []}) == ["  nothing that is known"]


def test_the_disk_is_full_when_it_grows_as_in_the_last_thirty_days() -> None:
    runs = [
        end(-60, disk_bytes=9 * GIGABYTE),  # pruned since
        end(0, disk_bytes=2 * GIGABYTE),
        end(1),  # blocked: says nothing
        end(10, disk_bytes=3 * GIGABYTE),
    ]
    assert disk.forecast(runs, 5 * GIGABYTE) == disk.Forecast(GIGABYTE // 10, 50)
    assert disk.forecast(runs[:3], GIGABYTE) == disk.Forecast()
    assert disk.forecast([end(0, disk_bytes=1), end(0.5, disk_bytes=2)], 1) == disk.Forecast()
    shrinks = [end(0, disk_bytes=2), end(2, disk_bytes=0)]
    assert disk.forecast(shrinks, GIGABYTE) == disk.Forecast(-1, None)


@pytest.mark.parametrize(
    ("bytes_a_day", "days", "said"),
    [
        (None, None, "its growth is known once runs lie a day apart"),
        (-5, None, "it does not grow"),
        (2 * GIGABYTE, 1200, "grows by 2.00 GB a day: full in 1,200 days"),
    ],
)
def test_room_is_said_in_days(bytes_a_day: int | None, days: int | None, said: str) -> None:
    use = {"used": {"lake": GIGABYTE, "journal": 5000}, "free": 2400 * GIGABYTE,
           "bytes_a_day": bytes_a_day, "days_until_full": days}  # fmt: skip
    first, second = disk_lines(use)
    assert first == "Disk: 1.00 GB used (lake 1.00 GB, journal 5 kB), 2,400.00 GB free"
    assert second.strip() == said


def test_every_part_of_a_workspace_counts(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "acme")
    before = disk.used(workspace)
    for number, folder in enumerate((workspace.lake, workspace.journal_dir, workspace.published), start=1):
        folder.mkdir()
        (folder / "file").write_bytes(b"x" * number)
    workspace.warehouse_db.write_bytes(b"1234")
    assert disk.used(workspace) == {
        **before, "lake": 1, "journal": 2, "published": 3, "rebuildable": 4,
    }  # fmt: skip


def test_programs_get_all_of_it_as_one_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", "id,amount\n1,1\n")
    monkeypatch.setattr("sys.argv", ["tieout", "status", "-w", str(workspace.root), "--format", "json"])
    assert main.run_command_line() == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["object"] for one in found["freshness"]] == ["deals"]
    assert found["blocks_close"] is None
    assert found["disk"]["free"] > 0
    assert found["runs"] == []

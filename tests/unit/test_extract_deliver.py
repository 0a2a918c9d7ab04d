"""From exports to lake and journal: once, whole, and never after a fault."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.workspaces import context, drop, extracted, new_workspace
from warehouse.engine import EngineError
from warehouse.extract import deliver
from warehouse.extract.deliver import Extraction, extract, inspect, lake_file
from warehouse.journal import Journal
from warehouse.workspace import Workspace

ROWS = "id,amount,currency\n" + "".join(f"D{n},10.00,USD\n" for n in range(10))
FEWER = "id,amount,currency\n" + "".join(f"D{n},20.00,USD\n" for n in range(5))


def rules(extraction: Extraction, severity: str = "block") -> list[str]:
    return [finding.rule for finding in extraction.findings if finding.severity == severity]


def events(workspace: Workspace) -> list[dict[str, object]]:
    return Journal(workspace.journal_dir).read("deliveries")


def reads(workspace: Workspace) -> list[str]:
    said: list[str] = []
    extract(context(workspace), Journal(workspace.journal_dir), said.append)
    return said


def test_a_new_file_is_read_once_and_journalled_once(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", ROWS)
    assert reads(workspace) == ["reading exports/crm/deals.csv"]
    assert reads(workspace) == []
    (event,) = events(workspace)
    assert (event["file_id"], event["rows"], event["money"]) == (1, 10, {"USD": "100"})
    assert lake_file(workspace, str(event["sha256"])).is_file()


def test_an_unchanged_file_that_has_settled_is_not_even_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "_SETTLED_NS", -(10**18))
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", ROWS)
    extracted(workspace)
    monkeypatch.setattr(deliver, "stage", lambda *_: pytest.fail("opened"))
    assert len(extracted(workspace).current) == 1


def test_a_file_changed_within_the_same_time_stamp_is_noticed(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    path = drop(workspace, "deals.csv", ROWS)
    extracted(workspace)
    stamp = path.stat()
    path.write_text(ROWS.replace("10.00", "11.00"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert [one.profile.money["USD"] for one in extracted(workspace).current] == ["110"]


def test_a_renamed_or_touched_file_keeps_its_identity(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    path = drop(workspace, "deals-2026-01-31.csv", ROWS)
    extracted(workspace)
    path.touch()
    path.rename(path.with_name("deals-2026-02-28.csv"))
    extraction = extracted(workspace)
    assert [(one.file_id, one.file_name) for one in extraction.current] == [(1, "deals-2026-02-28.csv")]
    assert extraction.blocks == ()


def test_a_process_killed_between_lake_and_journal_needs_no_repair(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", ROWS + "last,1,USD,\n")
    first = extracted(workspace).current
    (workspace.journal_dir / "deliveries.jsonl").unlink()
    (workspace.lake / ".half.parquet.writing").write_text("torn")
    second = extracted(workspace).current
    assert [(one.sha256, one.rows, one.columns) for one in second] == [
        (one.sha256, one.rows, one.columns) for one in first
    ]
    assert [path.name for path in workspace.lake.iterdir()] == [f"{first[0].sha256}.parquet"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "empty_file"),
        ("id,note\n1,x\n", "required_column_missing"),
        ("id,amount,id\n1,2,3\n", "duplicate_column"),
        ("id,amount\n1\n", "malformed_row"),
        (b"id,amount\n1,\xff\n", "wrong_encoding"),
    ],
)
def test_an_unusable_file_blocks_leaves_no_trace_and_is_mended_by_removing_it(
    tmp_path: Path, content: str | bytes, rule: str
) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals-1.csv", ROWS)
    bad = drop(workspace, "deals-2.csv", content)
    extraction = extracted(workspace)
    assert rules(extraction) == [rule]
    (finding,) = extraction.blocks
    assert finding.message.startswith("exports/crm/deals-2.csv: ")
    assert finding.remedy
    assert [event["path"] for event in events(workspace)] == ["exports/crm/deals-1.csv"]
    bad.unlink()
    assert rules(extracted(workspace)) == []


def test_a_file_that_the_system_refuses_to_open_is_a_finding(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    path = drop(workspace, "deals.csv", ROWS)
    path.unlink()
    path.symlink_to(path)
    assert rules(extracted(workspace)) == ["unreadable_file"]


def test_an_engine_failure_while_reading_a_broken_parquet_is_a_finding(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.parquet", b"PAR1" + b"\0" * 100 + b"PAR1")
    assert rules(extracted(workspace)) == ["unreadable_file"]
    assert issubclass(EngineError, Exception)


def test_no_rows_after_rows_block_and_are_forgotten_when_mended(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", ROWS)
    extracted(workspace)
    drop(workspace, "deals.csv", "id,amount\n")
    assert rules(extracted(workspace)) == ["zero_rows"]
    drop(workspace, "deals.csv", ROWS)
    extraction = extracted(workspace)
    assert (rules(extraction), len(events(workspace))) == ([], 1)


def test_the_first_delivery_may_be_empty(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", "id,amount\n")
    assert extracted(workspace).findings == ()


@pytest.mark.parametrize(
    ("kept", "amount", "expected"),
    [(8, "12.50", []), (7, "14.29", ["rows_fell"]), (10, "8.00", []), (10, "7.99", ["money_fell"])],
)
def test_rows_or_money_that_fall_by_more_than_the_policy_block(
    tmp_path: Path, kept: int, amount: str, expected: list[str]
) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals-1.csv", ROWS)
    extracted(workspace)
    lines = "".join(f"D{n},{amount},USD\n" for n in range(kept))
    drop(workspace, "deals-2.csv", "id,amount,currency\n" + lines)
    assert rules(extracted(workspace)) == expected


def test_a_fall_is_accepted_once_by_policy_or_waiver_and_not_asked_about_again(tmp_path: Path) -> None:
    for name, toml, waivers in (
        ("policy", '[sources.crm.deals]\nmax_fall_percent = "50"', ()),
        ("waiver", "", ("rows_fell",)),
    ):
        workspace = new_workspace(tmp_path / name)
        drop(workspace, "deals.csv", ROWS)
        extracted(workspace)
        drop(workspace, "deals.csv", FEWER)
        assert rules(extracted(workspace)) == ["rows_fell"]
        assert rules(extracted(new_workspace(tmp_path / name, toml), *waivers)) == []
        assert rules(extracted(new_workspace(tmp_path / name))) == []


def test_a_refused_delivery_does_not_hold_up_the_others(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals-1.csv", ROWS)
    extracted(workspace)
    drop(workspace, "deals-2.csv", FEWER)
    drop(workspace, "deal_lines.csv", "id,deal\n1,D1\n")
    extraction = extracted(workspace)
    assert rules(extraction) == ["rows_fell"]
    assert [one.file_name for one in extraction.current] == ["deals-1.csv", "deal_lines.csv"]


def test_older_exports_of_a_backfill_are_not_judged(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals-1.csv", ROWS)
    drop(workspace, "deals-2.csv", FEWER)
    drop(workspace, "deals-3.csv", ROWS.replace("10.00", "30.00"))
    assert rules(extracted(workspace)) == []


def test_a_small_or_empty_increment_is_normal(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "events-1.csv", "id,kind\n1,a\n2,b\n")
    extracted(workspace)
    drop(workspace, "events-2.csv", "id,kind\n")
    extraction = extracted(workspace)
    assert (rules(extraction), rules(extraction, "warn")) == ([], ["zero_rows"])


def test_exports_older_than_the_limit_block_but_not_a_run_for_a_past_date(tmp_path: Path) -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", ROWS, modified=now - timedelta(hours=37))
    drop(workspace, "deal_lines.csv", "id\n", modified=now - timedelta(days=90))
    journal = Journal(workspace.journal_dir)
    assert rules(extract(context(workspace, started_at=now), journal)) == ["stale_exports"]
    assert rules(extract(context(workspace, started_at=now - timedelta(hours=2)), journal)) == []
    drop(workspace, "events.csv", "id\n", modified=now + timedelta(days=100))
    assert rules(extract(context(workspace, started_at=now + timedelta(days=200)), journal)) == []


def test_an_object_can_have_a_freshness_limit_of_its_own_or_none(tmp_path: Path) -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    toml = "[policies]\nfreshness_hours = 0\n[sources.crm.deals]\nfreshness_hours = 2"
    workspace = new_workspace(tmp_path, toml)
    drop(workspace, "deals.csv", ROWS, modified=now - timedelta(hours=3))
    drop(workspace, "deal_lines.csv", "id\n", modified=now - timedelta(days=90))
    (finding,) = extract(context(workspace, started_at=now), Journal(workspace.journal_dir)).findings
    assert "crm.deals" in finding.message


def test_extra_columns_are_kept_and_reported(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", "id,amount,Owner Name,,\n1,2,Ann,,\n")
    extraction = extracted(workspace)
    assert rules(extraction, "warn") == ["extra_columns"]
    assert "Owner Name." in extraction.findings[0].message
    assert extraction.current[0].columns == ("id", "amount", "Owner Name")


def test_of_many_extra_columns_the_first_are_named_and_the_others_counted(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    names = [f"Extra {number}" for number in range(1, 13)]
    drop(workspace, "deals.csv", f"id,amount,{','.join(names)}\n1,2{',x' * 12}\n")
    (finding,) = extracted(workspace).findings
    assert "Extra 10 and 2 more." in finding.message


def test_a_newest_full_export_that_is_removed_stays_in_force_and_is_told(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals-1.csv", ROWS)
    newest = drop(workspace, "deals-2.csv", ROWS.replace("10.00", "11.00"))
    extracted(workspace)
    newest.unlink()
    extraction = extracted(workspace)
    assert rules(extraction, "warn") == ["delivery_gone"]
    assert [one.file_name for one in extraction.current] == ["deals-2.csv"]
    withdrawn = new_workspace(tmp_path, '[sources.crm.deals]\nignore = ["deals-2.csv"]')
    extraction = extracted(withdrawn)
    assert ([one.file_name for one in extraction.current], extraction.findings) == (["deals-1.csv"], ())


def test_a_lost_lake_file_is_read_again_or_blocks(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    path = drop(workspace, "deals.csv", ROWS)
    (one,) = extracted(workspace).current
    lake_file(workspace, one.sha256).unlink()
    assert (rules(extracted(workspace)), len(events(workspace))) == ([], 1)
    lake_file(workspace, one.sha256).unlink()
    path.unlink()
    assert rules(extracted(workspace)) == ["lake_file_missing"]


def test_a_look_leaves_no_trace(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals-1.csv", ROWS)
    drop(workspace, "deals-2.csv", "id\n1\n")
    with inspect(context(workspace), Journal(workspace.journal_dir)) as (seen, place):
        assert rules(seen) == ["required_column_missing"]
        assert [one.rows for one in seen.current] == [10]
        assert all(place(workspace, one.sha256, one.reading).is_file() for one in seen.current)
    assert events(workspace) == []
    assert not workspace.lake.exists()
    assert not [path for path in (workspace.state / "extract").rglob("*") if path.is_file()]


def test_the_same_content_in_two_objects_has_two_identities(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "events.csv", "id\n1\n")
    drop(workspace, "deal_lines.csv", "id\n1\n")
    assert sorted(one.file_id for one in extracted(workspace).current) == [1, 2]


def test_a_workspace_that_is_moved_keeps_its_deliveries(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path / "old")
    drop(workspace, "deals.csv", ROWS)
    extracted(workspace)
    (tmp_path / "old").rename(tmp_path / "new")
    moved = Workspace.open(tmp_path / "new")
    assert reads(moved) == []
    assert extracted(moved).blocks == ()

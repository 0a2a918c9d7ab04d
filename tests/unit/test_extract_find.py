"""Which file is which object, and what a name says about order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.workspaces import CONNECTOR, drop, new_workspace
from warehouse.connectors import SourceObject, load_connectors
from warehouse.extract.find import Found, find_files, name_order
from warehouse.workspace import Workspace


def found(workspace: Workspace) -> Found:
    return find_files(workspace, load_connectors(workspace))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("deals.csv", "deals"),
        ("deals.CSV", "deals"),
        ("deals-2026-01-31.csv", "deals"),
        ("deals_20260131.csv.gz", "deals"),
        ("deals.2026-01.tsv", "deals"),
        ("deals-2026-01-31T06:00.csv", "deals"),
        ("deals_20260131T060000Z.parquet", "deals"),
        ("deals-17.csv", "deals"),
        ("deal_lines-17.csv", "deal_lines"),
        ("evt_20260131_export.csv", "events"),
        ("evt_20260131_export.csv.gz", "events"),
        ("deals_final.csv", None),
        ("deals2.csv", None),
        ("old_deals.csv", None),
        ("Deals.csv", None),
        ("deals-v2.csv", None),
        ("deals.txt", None),
        ("evt_2026_export.csv", None),
    ],
)
def test_a_file_is_an_object_by_its_exact_name_or_a_declared_pattern(
    tmp_path: Path, name: str, expected: str | None
) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, name, "id,amount\n")
    result = found(workspace)
    assert [file.object for file in result.files] == ([expected] if expected else [])
    if expected is None:
        assert [(finding.rule, finding.severity) for finding in result.findings] == [
            ("unmatched_file", "warn")
        ]
        assert name in result.findings[0].message


def test_an_unmatched_file_is_told_the_nearest_object(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deal-2026-01-31.csv", "")
    assert "did you mean deals?" in found(workspace).findings[0].message


def test_what_lies_elsewhere_is_told_and_not_used(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    (workspace.exports / "loose.csv").write_text("")
    (workspace.exports / "cmr").mkdir()
    (workspace.exports / "crm" / "folder").mkdir()
    (workspace.exports / "crm" / ".DS_Store").write_text("")
    (workspace.exports / "crm" / "deals.csv.example").write_text("")
    result = found(workspace)
    assert [finding.rule for finding in result.findings] == [
        "unknown_system",
        "folder_not_read",
        "unmatched_file",
    ]
    assert "did you mean crm?" in result.findings[0].message
    assert result.files == ()


def test_a_format_that_is_not_read_blocks_where_a_pattern_means_the_file(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path, connector=CONNECTOR.replace("_export[.]csv", "_export[.][a-z]+"))
    drop(workspace, "evt_20260131_export.xls", b"PK")
    assert [(one.rule, one.severity) for one in found(workspace).findings] == [
        ("unsupported_format", "block")
    ]


def test_a_file_of_two_patterns_blocks(tmp_path: Path) -> None:
    both = (
        "system: crm\nobjects: {a: {columns: [x], patterns: ['z.*']}, b: {columns: [x], patterns: ['z.*']}}"
    )
    workspace = new_workspace(tmp_path, connector=both)
    drop(workspace, "z.csv", "x\n")
    assert [(one.rule, one.severity) for one in found(workspace).findings] == [("ambiguous_file", "block")]


def test_an_ignored_file_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path, '[sources.crm.deals]\nignore = ["deals-2099*"]')
    drop(workspace, "deals-2099-01-01.csv", "id,amount\n")
    assert found(workspace) == Found((), ())


@pytest.mark.parametrize(
    ("name", "moment", "number"),
    [
        ("deals-2026-01-31.csv", datetime(2026, 1, 31, tzinfo=UTC), None),
        ("deals.20260131.csv.gz", datetime(2026, 1, 31, tzinfo=UTC), None),
        ("deals_2026_01_31.csv", datetime(2026, 1, 31, tzinfo=UTC), None),
        ("deals-2026-01.csv", datetime(2026, 1, 1, tzinfo=UTC), None),
        ("deals-2026-01-31T06:30.csv", datetime(2026, 1, 31, 6, 30, tzinfo=UTC), None),
        ("deals-20260131T063000Z.csv", datetime(2026, 1, 31, 6, 30, tzinfo=UTC), None),
        ("deals-17.csv", None, 17),
        ("deals-202601.csv", datetime(2026, 1, 1, tzinfo=UTC), 202601),
        ("deals-202613.csv", None, 202613),
        ("deals-300101.csv", None, 300101),
        ("deals-99999999.csv", None, 99999999),
        ("deals-2026-13-01.csv", None, None),
        ("deals.csv", None, None),
        ("evt_20260131_export.csv", datetime(2026, 1, 31, tzinfo=UTC), None),
        ("evt_20260131_export.csv.gz", datetime(2026, 1, 31, tzinfo=UTC), None),
        ("part 7 of 2026-02-01.csv", datetime(2026, 2, 1, tzinfo=UTC), None),
        ("part 7.csv", None, 7),
        ("part of 2026-02.csv", datetime(2026, 2, 1, tzinfo=UTC), None),
        ("part 2026-13 of 7.csv", None, 7),
        ("lines 202602.csv", datetime(2026, 2, 1, tzinfo=UTC), 202602),
        ("lines 2026-02.csv", datetime(2026, 2, 1, tzinfo=UTC), None),
    ],
)
def test_a_name_says_a_date_or_a_number_or_nothing(
    name: str, moment: datetime | None, number: int | None
) -> None:
    patterns = (
        r"evt_(?P<date>\d{8})_export[.]csv",
        r"part .*[.]csv",
        r"lines (?P<date>[0-9]{4}-?[0-9]{2})[.]csv",
    )
    declared = SourceObject(columns=("id",), patterns=patterns)
    order = name_order(declared, "deals", name)
    assert (order.moment, order.number) == (moment, number)

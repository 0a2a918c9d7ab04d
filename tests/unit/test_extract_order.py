"""Which delivery is in force, in what order, and when nothing can say so."""

from __future__ import annotations

import pytest

from warehouse.connectors import SourceObject
from warehouse.extract.order import Delivery, Ordered, ordered
from warehouse.settings import Mode, Order


def delivery(seq: int, name: str, content: str, batch: int = 1) -> Delivery:
    return Delivery(
        seq=seq, batch=batch, first_seen="2026-01-01", file_id=seq, system="crm", object="deals",
        path=f"exports/crm/{name}", sha256=content, rows=1, size_bytes=1, columns=("id",),
    )  # fmt: skip


def order_of(
    *deliveries: Delivery, mode: Mode = "full", order: Order = "auto", ignore: tuple[str, ...] = ()
) -> Ordered:
    version_column = "id" if order == "version" else None
    declared = SourceObject(columns=("id",), mode=mode, order=order, version_column=version_column)
    return ordered(declared, "deals", deliveries, ignore)


def current(result: Ordered) -> list[tuple[str, int]]:
    return [(one.file_name, one.rank) for one in result.current]


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["deals-2026-02-01.csv", "deals-2026-01-31.csv"], "deals-2026-02-01.csv"),
        (["deals_20260201.csv", "deals-2026-01-31.csv.gz"], "deals_20260201.csv"),
        (["deals-9.csv", "deals-10.csv"], "deals-10.csv"),
        (["deals-202602.csv", "deals-2026-01-31.csv"], "deals-202602.csv"),
        (["deals-202613.csv", "deals-202612.csv"], "deals-202613.csv"),
    ],
)
def test_of_full_exports_the_newest_by_date_or_number_is_in_force(names: list[str], newest: str) -> None:
    for arrangement in (names, names[::-1]):
        files = [delivery(seq, name, name) for seq, name in enumerate(arrangement, 1)]
        assert current(order_of(*files)) == [(newest, 1)]


def test_without_dates_the_one_first_seen_last_is_in_force() -> None:
    files = [delivery(1, "deals.parquet", "a", batch=1), delivery(2, "deals.csv", "b", batch=2)]
    assert current(order_of(*files)) == [("deals.csv", 1)]


def test_the_same_path_overwritten_supersedes_itself() -> None:
    files = [
        delivery(1, "deals.csv", "a"),
        delivery(2, "deals.csv", "b"),
        delivery(3, "deals.csv", "a", batch=3),
    ]
    result = order_of(*files)
    assert [one.seq for one in result.current] == [3]
    assert [one.seq for one in order_of(*files, mode="incremental").current] == [3]
    before = result.before(result.current[0])
    assert before is not None
    assert before.sha256 == "b"


@pytest.mark.parametrize("order", ["auto", "first_seen"])
def test_full_exports_that_nothing_can_order_block_unless_first_seen_is_declared(order: Order) -> None:
    files = [delivery(1, "deals.csv", "a"), delivery(2, "deals-2026-01-31.csv", "b")]
    findings = order_of(*files, order=order).findings
    assert [one.rule for one in findings] == (["undecidable_order"] if order == "auto" else [])
    if findings:
        assert 'order = "first_seen"' in str(findings[0].remedy)
        assert findings[0].severity == "block"


def test_the_same_content_twice_is_no_question_of_order() -> None:
    assert order_of(delivery(1, "deals.csv", "a"), delivery(2, "deals.tsv", "a")).findings == ()
    same_date = order_of(delivery(1, "deals-2026-01-31.csv", "a"), delivery(2, "deals_20260131.csv", "a"))
    assert same_date.findings == ()


def test_two_full_exports_of_one_date_block() -> None:
    result = order_of(delivery(1, "deals-2026-01-31.csv", "a"), delivery(2, "deals_20260131.csv", "b"))
    assert [one.rule for one in result.findings] == ["undecidable_order"]


@pytest.mark.parametrize(("order", "what"), [("date", "date in its name"), ("number", "number in its name")])
def test_a_declared_order_that_a_file_cannot_follow_blocks(order: Order, what: str) -> None:
    result = order_of(delivery(1, "deals.csv", "a"), delivery(2, "deals-2026-01-31.csv", "b"), order=order)
    assert what in result.findings[0].message


def test_incremental_files_add_up_in_order_and_those_of_one_date_share_a_rank() -> None:
    files = [
        delivery(1, "deals-2026-02-01.csv", "c"),
        delivery(2, "deals-2026-01-31.csv", "a"),
        delivery(3, "deals_20260131.csv", "b"),
    ]
    expected = [("deals-2026-01-31.csv", 1), ("deals_20260131.csv", 1), ("deals-2026-02-01.csv", 2)]
    assert current(order_of(*files, mode="incremental")) == expected


def test_incremental_content_that_comes_again_right_after_itself_changes_nothing() -> None:
    files = [
        delivery(1, "deals-1.csv", "a"),
        delivery(2, "deals-3.csv", "b"),
        delivery(3, "deals-2.csv", "a"),
        delivery(4, "deals-4.csv", "b"),
    ]
    assert current(order_of(*files, mode="incremental")) == [("deals-1.csv", 1), ("deals-3.csv", 2)]


def test_incremental_content_that_comes_again_after_other_content_counts_where_it_came_last() -> None:
    """K1 = 100, K1 = 150, K1 = 100 again: the last word is 100."""
    files = [
        delivery(1, "deals-1.csv", "a"),
        delivery(2, "deals-2.csv", "b"),
        delivery(3, "deals-3.csv", "a"),
    ]
    assert current(order_of(*files, mode="incremental")) == [("deals-2.csv", 1), ("deals-3.csv", 2)]


def test_incremental_files_of_one_arrival_without_comparable_names_block() -> None:
    files = [delivery(1, "deals.csv", "a"), delivery(2, "deals-2026-01-31.csv", "b")]
    assert [one.rule for one in order_of(*files, mode="incremental").findings] == ["undecidable_order"]
    later = [files[0], delivery(2, "deals-2026-01-31.csv", "b", batch=2)]
    result = order_of(*later, mode="incremental")
    assert (result.findings, current(result)) == ((), [("deals.csv", 1), ("deals-2026-01-31.csv", 2)])


def test_an_ignored_delivery_is_withdrawn() -> None:
    files = [delivery(1, "deals-2026-01-31.csv", "a"), delivery(2, "deals-2099-01-01.csv", "b")]
    assert current(order_of(*files, ignore=("deals-2099-*",))) == [("deals-2026-01-31.csv", 1)]
    assert order_of(*files, ignore=("*",)) == Ordered(())

"""The journal never loses what it has confirmed and never invents anything."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from warehouse.errors import TieoutError
from warehouse.journal import Journal


def journal(directory: Path) -> Journal:
    return Journal(directory, clock=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def test_events_come_back_in_order_with_number_and_time(tmp_path: Path) -> None:
    book = journal(tmp_path / "journal")
    assert book.read("runs") == []
    book.append("runs", {"text": "line\nbreak ü"})
    book.append_all("runs", [{"n": 2}, {"n": 3}])
    at = "2026-01-02T03:04:05.000000+00:00"
    assert book.read("runs") == [
        {"seq": 1, "at": at, "text": "line\nbreak ü"},
        {"seq": 2, "at": at, "n": 2},
        {"seq": 3, "at": at, "n": 3},
    ]


def test_a_torn_last_line_is_dropped_and_the_next_event_takes_its_place(tmp_path: Path) -> None:
    book = journal(tmp_path)
    book.append("runs", {"n": 1})
    with (tmp_path / "runs.jsonl").open("ab") as file:
        file.write(b'{"seq":2,"at":"20')
    assert [event["n"] for event in book.read("runs")] == [1]
    assert book.append("runs", {"n": 2})["seq"] == 2
    assert [event["n"] for event in journal(tmp_path).read("runs")] == [1, 2]


@pytest.mark.parametrize("damage", [b"not json\n", b"[1]\n", b'{"no":"seq"}\n', b"\n"])
def test_damage_anywhere_else_is_an_error_that_names_file_and_line(tmp_path: Path, damage: bytes) -> None:
    book = journal(tmp_path)
    book.append("runs", {"n": 1})
    with (tmp_path / "runs.jsonl").open("ab") as file:
        file.write(damage)
    with pytest.raises(TieoutError, match=r"runs.jsonl, line 2 is damaged"):
        book.read("runs")


def test_a_kind_is_never_a_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not an event kind"):
        journal(tmp_path).append("../runs", {})


def test_lines_that_the_engine_wrote_follow_the_last_whole_one(tmp_path: Path) -> None:
    book = journal(tmp_path / "journal")
    written = tmp_path / "lines.jsonl"
    written.write_bytes(b'{"seq":1,"n":1}\n')
    book.append_written("looks", written)
    with (tmp_path / "journal" / "looks.jsonl").open("ab") as file:
        file.write(b'{"seq":2,"n"')
    written.write_bytes(b'{"seq":2,"n":2}\n{"seq":3,"n":3}\n')
    book.append_written("looks", written)
    assert [event["n"] for event in book.read("looks")] == [1, 2, 3]


def test_a_file_for_the_engine_has_no_torn_line(tmp_path: Path) -> None:
    book = journal(tmp_path)
    assert book.whole("looks") is None
    (tmp_path / "looks.jsonl").write_bytes(b'{"seq":1')
    assert book.whole("looks") is None
    (tmp_path / "looks.jsonl").write_bytes(b'{"seq":1}\n{"seq"')
    path = book.whole("looks")
    assert path is not None
    assert path.read_bytes() == b'{"seq":1}\n'

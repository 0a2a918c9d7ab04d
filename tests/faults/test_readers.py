"""A DuckDB client in another process reads tieout.duckdb while commands write: no error, never half a state."""

from __future__ import annotations

import time
from datetime import date
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

from tests.faults.commands import FORKS, Command, Seen, exports, look, look_with
from tests.harness import Company
from warehouse import engine

# Readers that never rest take the processor away from the commands: this was most of the test's time.
PAUSE = 0.05


def _turn(path: Path, answer: Connection) -> None:
    """A reader that opens the file, looks once, and goes."""
    answer.send(look(path))


def _stay(path: Path, has_ended: Event, answer: Connection) -> None:
    """A reader that keeps its connection open and looks as often as it can."""
    connection = engine.connect(path, read_only=True)
    seen = [look_with(connection)]
    while not has_ended.is_set():
        seen.append(look_with(connection))
        time.sleep(PAUSE)
    answer.send((len(seen), set(seen)))


def look_in_a_new_process(path: Path) -> Seen:
    mine, its = FORKS.Pipe()
    process = FORKS.Process(target=_turn, args=(path, its))
    process.start()
    its.close()
    found: Seen = mine.recv()
    process.join()
    return found


def test_readers_always_see_a_whole_state(tmp_path: Path) -> None:
    company = Company(tmp_path / "workspace")
    company.deliver(exports())
    root, database = company.workspace.root, company.workspace.tieout_db
    Command(date(2026, 2, 2)).complete(root)
    first = look(database)

    has_ended = FORKS.Event()
    mine, its = FORKS.Pipe()
    staying = FORKS.Process(target=_stay, args=(database, has_ended, its))
    staying.start()
    states, turns = [first], 0
    for command in (Command(date(2026, 2, 4), "2026-01"), Command(date(2026, 2, 5))):
        process = command.start(root)
        while process.is_alive():
            seen = look_in_a_new_process(database)
            turns += 1
            time.sleep(4 * PAUSE)
            if seen != states[-1]:
                states.append(seen)
        assert process.exitcode == 0, command
        after = look(database)
        if after != states[-1]:
            states.append(after)
    has_ended.set()
    looks, seen_by_the_staying = mine.recv()
    staying.join()

    assert [seen.state for seen in states] == [
        (None, date(2026, 2, 2), False),
        ("2026-01", date(2026, 2, 4), False),
        ("2026-01", date(2026, 2, 5), False),
    ]
    assert not any(seen.broken for seen in states)
    assert seen_by_the_staying == {first}, "the open connection keeps the state it opened"
    assert turns > len(states)
    assert looks > turns

"""A command killed at any instant leaves the last good state for readers, and the next one needs no repair.

TIEOUT_KILLS says how many commands are killed (`make prove-kills`: 50), TIEOUT_KILL_SEED when.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from tests.faults.commands import FORKS, Command, Seen, State, exports, look
from tests.harness import Company
from warehouse.publish.manifest import read_chain
from warehouse.publish.verify import verify
from warehouse.workspace import Workspace

KILLS = int(os.environ.get("TIEOUT_KILLS", "2"))
SEED = int(os.environ.get("TIEOUT_KILL_SEED", "1"))
# How often a command is killed before it may end: in between, the next one starts from what a killed one left.
IN_A_ROW = 3


def commands() -> Iterator[Command]:
    """Months are closed one after the other, with runs between them."""
    for month in range(1, 13):
        following = date(2026 + month // 12, month % 12 + 1, 1)
        yield Command(following.replace(day=2))
        yield Command(following.replace(day=3), f"2026-{month:02d}")
        yield Command(following.replace(day=9))


def require_same(known: dict[State, Seen], seen: Seen) -> None:
    """A state has one content, however often commands were killed on the way to it."""
    assert seen.broken == 0, seen
    assert known.setdefault(seen.state, seen) == seen


def is_published(root: Path, period: str | None) -> bool:
    return period is not None and read_chain(Workspace.open(root).published).find(period) is not None


def test_readers_see_the_last_good_state_and_the_next_command_needs_no_repair(tmp_path: Path) -> None:
    company = Company(tmp_path / "workspace")
    company.deliver(exports())
    root, database = company.workspace.root, company.workspace.tieout_db
    instants = random.Random(SEED)
    todo = commands()
    # The server of the processes imports everything first, which is no part of a command: killed at an instant
    # within that time, most commands were done already.
    warm = FORKS.Process(target=int)
    warm.start()
    warm.join()
    started = time.monotonic()
    next(todo).complete(root)
    longest = time.monotonic() - started
    before = look(database)
    known = {before.state: before}
    killed = 0
    while killed < KILLS:
        command = next(todo)
        for _ in range(min(IN_A_ROW, KILLS - killed)):
            process = command.start(root)
            process.join(timeout=instants.uniform(0, longest))
            is_killed = process.is_alive()
            process.kill()
            process.join()
            killed += is_killed
            seen = look(database)
            require_same(known, seen)
            assert seen.last_closed in {before.last_closed, command.period}, command
            assert seen.as_of in {before.as_of, command.as_of}, command
            assert verify(Workspace.open(root)) == []
            if not is_killed:
                assert process.exitcode == 0, command
            if is_published(root, command.period):
                break
        # A close that has committed is not asked for again: a run brings the open months up to date.
        command = Command(command.as_of) if is_published(root, command.period) else command
        started = time.monotonic()
        command.complete(root)
        longest = time.monotonic() - started
        before = look(database)
        require_same(known, before)
        assert before.as_of == command.as_of
    print(f"{killed} commands killed, {len(known)} states seen, chain verified after each")

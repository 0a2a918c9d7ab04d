"""The same exports give the same bytes of every published file, whatever threads and memory the engine has, and whether
Dagster starts the stages or not.

TIEOUT_BYTES_LINES: contract lines, over three years and with every engine (`make prove-bytes`: 20,000, so that tables
span row groups); without it, a few lines over half a year.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from tests.benchmarks import company as large
from tests.harness import Company
from warehouse.publish.manifest import read_chain

LINES = int(os.environ.get("TIEOUT_BYTES_LINES", "0"))
FIRST_DAY = large.FIRST_DAY if LINES else date(2026, 1, 1)
ENGINES = {"two threads": "threads = 2", "one thread, 512 MB": 'threads = 1\nmemory_limit = "512MB"'}
if LINES:
    ENGINES = {
        "two threads": "threads = 2",
        "two threads again": "threads = 2",
        "one thread": "threads = 1",
        "512 MB": 'threads = 2\nmemory_limit = "512MB"',
    }


def published(
    root: Path, engine: str, *, through_dagster: bool = False
) -> tuple[dict[str, bytes], str | None]:
    """All months closed at once; in the proof, one more with corrections of a percent of the contracts."""
    toml = f"[policies]\nfreshness_hours = 0\n\n[engine]\n{engine}\n"
    company = Company(root, toml, through_dagster=through_dagster)
    exports = company.workspace.exports / "files"
    large.write(exports, LINES or 200, first_day=FIRST_DAY)
    company.commit(large.LAST_MONTH, large.AS_OF)
    if LINES:
        large.write(exports, LINES, changed_percent=1, first_day=FIRST_DAY)
        company.commit("2026-07", "2026-08-02")
    return company.published_files(), read_chain(company.workspace.published).head_sha256


def test_every_published_file_has_the_same_bytes(tmp_path: Path) -> None:
    first, *others = ENGINES
    expected, head = published(tmp_path / first, ENGINES[first], through_dagster=True)
    assert len(expected) > 50
    for name in others:
        found, other_head = published(tmp_path / name, ENGINES[name])
        differing = sorted(path for path in {*expected, *found} if expected.get(path) != found.get(path))
        assert not differing, f"{name}: {differing}"
        # A month archives its tieout.toml, which says another engine for the others.
        assert (other_head == head) == (ENGINES[name] == ENGINES[first]), name

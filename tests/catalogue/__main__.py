"""`python -m tests.catalogue`: every faulty input with what is expected and what came out; fails where they differ."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.catalogue.run import Result, coverage, run_files, run_records, run_stopped

WIDTH = 34


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="tieout-catalogue-") as name:
        folder = Path(name)
        results = [*run_records(folder).results, *run_stopped(folder), *run_files(folder)]
    for result in results:
        _show(result)
    fired = coverage(result.actual for result in results)
    print("\nRules, and how many cases fire each:")
    for rule, count in fired.items():
        print(f"  {count:5}  {rule}{'' if count else '   <-- no case fires it'}")
    faults = [result for result in results if not result.is_as_expected]
    silent = [rule for rule, count in fired.items() if not count]
    print(
        f"\n{len(results):,} cases, {len(results) - len(faults):,} as expected, {len(faults):,} not; "
        f"{len(fired):,} rules, {len(silent):,} without a case."
    )
    return 1 if faults or silent else 0


def _show(result: Result) -> None:
    """One line where all is as it should be; what is missing and what is too much where it is not."""
    said = "; ".join(sorted(map(_plain, result.expected))) or "nothing is said"
    print(
        f"{'ok ' if result.is_as_expected else 'NOT'}  {_plain(result.name)[:WIDTH]:{WIDTH}}  {_plain(result.wrong)}"
    )
    print(f"       expected  {said}")
    if result.is_as_expected:
        print("       actual    the same")
        return
    for one in sorted(result.expected - result.actual):
        print(f"       actual    MISSING  {_plain(one)}")
    for one in sorted(result.actual - result.expected):
        print(f"       actual    TOO MUCH {_plain(one)}")


def _plain(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown if len(shown) <= 160 else f"{shown[:150]}… ({len(shown)} characters)"


if __name__ == "__main__":
    sys.exit(main())

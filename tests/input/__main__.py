"""`make prove-input`: 20,000 mutated exports of every format through readers and gate, hundreds a run.

python -m tests.input [--files N] [--batch N] [--seed S] [--file NUMBER ...] [--workers N]

Prints what became of them by mutation. For a failure: the file alone that brings it about, and how to make it again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.input import batch
from tests.input.batch import OUTCOMES, Result
from tests.input.mutations import MUTATIONS

# A batch in a process of its own: a crash of the engine is a result, too. Imported once by what they are forked from.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["orchestration.job", "expectations.row_condition", "tests.input.batch"])
_BATCH_SECONDS = 1_200


def main() -> int:
    arguments = _arguments()
    numbers = arguments.file or list(range(arguments.first, arguments.first + arguments.files))
    batches = [numbers[n : n + arguments.batch] for n in range(0, len(numbers), arguments.batch)]
    print(f"{len(numbers):,} files in {len(batches):,} runs, seed {arguments.seed}", flush=True)
    total = Result()
    with ThreadPoolExecutor(arguments.workers) as threads:
        for done, result in enumerate(
            threads.map(lambda part: prove(arguments.seed, part), batches), start=1
        ):
            total.outcomes |= result.outcomes
            total.failures += result.failures
            counts = Counter(result.outcomes.values())
            print(f"run {done}: " + ", ".join(f"{counts[one]} {one}" for one in OUTCOMES), flush=True)
            for sentence, number in result.failures:
                print(f"  FAILED, file {number}: {sentence}", flush=True)
    Console(width=100).print(_table(total))
    print(f"{len(total.outcomes):,} outcomes, {len(total.failures):,} failures, seed {arguments.seed}")
    return int(bool(total.failures) or len(total.outcomes) != len(numbers))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.input")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--batch", type=int, default=500, help="files a run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    parser.add_argument("--file", type=int, nargs="+", help="these files alone")
    return parser.parse_args()


def prove(seed: int, numbers: Sequence[int]) -> Result:
    """One batch; where it fails and does not know by which file, it is halved until it does."""
    result = _in_a_process(seed, numbers)
    unknown = [sentence for sentence, number in result.failures if number is None]
    if unknown and len(numbers) > 1:
        half = len(numbers) // 2
        parts = [prove(seed, part) for part in (numbers[:half], numbers[half:])]
        found = [failure for part in parts for failure in part.failures]
        kept = [failure for failure in result.failures if failure[1] is not None]
        outcomes = {number: outcome for part in parts for number, outcome in part.outcomes.items()}
        # None of the halves fails: it takes several files together.
        return Result(outcomes, list(dict.fromkeys([*kept, *found])) or result.failures)
    return Result(
        result.outcomes, [(sentence, _known(number, numbers)) for sentence, number in result.failures]
    )


def _known(number: int | None, numbers: Sequence[int]) -> int | None:
    return numbers[0] if number is None and len(numbers) == 1 else number


def _in_a_process(seed: int, numbers: Sequence[int]) -> Result:
    folder = Path(tempfile.mkdtemp(prefix="tieout-input-"))
    mine, its = _FORKS.Pipe()
    process = _FORKS.Process(target=batch.answer, args=(its, folder / "workspace", seed, numbers))
    process.start()
    its.close()
    try:
        if not mine.poll(_BATCH_SECONDS):
            process.kill()
            return Result({}, [(f"no end within {_BATCH_SECONDS} s", None)])
        result: Result = mine.recv()
        return result
    except EOFError:
        process.join()
        return Result({}, [(f"the process died with exit code {process.exitcode}", None)])
    finally:
        process.join()
        shutil.rmtree(folder, ignore_errors=True)


def _table(total: Result) -> Table:
    table = Table(title="what became of mutated exports")
    for heading in ("mutation", "files", *OUTCOMES):
        table.add_column(heading, justify="left" if heading == "mutation" else "right")

    def add(title: str, numbers: Iterable[int]) -> None:
        counts = Counter(total.outcomes[number] for number in numbers)
        table.add_row(title, f"{counts.total():,}", *[f"{counts[one]:,}" for one in OUTCOMES])

    for place, name in enumerate(MUTATIONS):
        add(name.replace("_", " "), [one for one in total.outcomes if one % len(MUTATIONS) == place])
    table.add_section()
    add("all", total.outcomes)
    return table


if __name__ == "__main__":
    sys.exit(main())

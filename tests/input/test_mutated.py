"""A few of the mutated exports of `make prove-input`, and all that was ever found, in one run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.input import batch
from tests.input.batch import OUTCOMES, Result, Sample, case, sample
from tests.input.cases import CASES
from tests.input.exports import ENTITIES, FORMATS, Table, rendered, slice_of
from tests.input.mutations import MUTATIONS
from tests.input.reference import records_of

FILES = 2 * len(MUTATIONS)
SEED = 7
CASE_NUMBERS = range(900_000, 900_000 + len(CASES))
CLEAN_NUMBERS = range(800_000, 800_000 + max(len(ENTITIES), len(FORMATS)))


def clean(number: int, scratch: Path) -> Sample:
    """A file that nothing happened to, of every entity and format in turn."""
    entity, form = ENTITIES[number % len(ENTITIES)], FORMATS[number % len(FORMATS)]
    return Sample(
        0, number, entity, form, "none", rendered(Table.of(slice_of(number)[entity]), form, scratch)
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("input")
    more = [case(name, number) for number, name in zip(CASE_NUMBERS, CASES, strict=True)]
    more += [clean(number, folder / "scratch.parquet") for number in CLEAN_NUMBERS]
    return batch.run(folder / "workspace", SEED, range(FILES), more)


def test_every_mutated_export_is_blocked_held_told_or_used_and_totals_add_up(result: Result) -> None:
    assert result.failures == []
    outcomes = [result.outcomes[number] for number in range(FILES)]
    assert set(outcomes) == set(OUTCOMES), "each outcome is seen at least once"


def test_what_was_found_before_stops_no_run(result: Result) -> None:
    assert result.outcomes.keys() >= set(CASE_NUMBERS)


def test_exports_that_nothing_happened_to_are_used_in_every_format(result: Result) -> None:
    """Else what is held would say nothing of the mutation."""
    assert {result.outcomes[number] for number in CLEAN_NUMBERS} == {"use"}


def test_a_seed_and_a_number_always_make_the_same_file(tmp_path: Path) -> None:
    for number in range(len(MUTATIONS)):
        first, again = (sample(SEED, number, tmp_path / "scratch.parquet") for _ in range(2))
        assert first == again or first.form.startswith(("xlsx", "parquet")), first


@pytest.mark.parametrize(
    ("data", "records"),
    [
        (b"a,b\n1,2\n", [(2, ["1", "2"])]),
        (b'\xef\xbb\xbfa,b\r\n1,"x\r\n""y"""\r\n\r\n,""', [(2, ["1", 'x\r\n"y"']), (4, [None, None])]),
        (b"a,b\n1\n", None),
        (b'a,b\n1,"x"y\n', None),
        (b'a,b\n1,"x\n', None),
        (b"a,b\n1,\xff\n", None),
    ],
)
def test_the_second_reader_reads_what_is_well_formed_alone(data: bytes, records: object) -> None:
    assert records_of(data, ",") == records

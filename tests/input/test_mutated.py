"""A few of the mutated exports of `make prove-input`, and all that was ever found, in one run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.input import batch
from tests.input.batch import OUTCOMES, Result, case, sample
from tests.input.cases import CASES
from tests.input.exports import ENTITIES, FORMATS, Table, rendered, slice_of
from tests.input.mutations import MUTATIONS
from tests.input.reference import records_of

FILES = 5 * len(MUTATIONS)
SEED = 7
FIRST_CASE = 900_000


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    cases = [case(name, number) for number, name in enumerate(CASES, start=FIRST_CASE)]
    return batch.run(tmp_path_factory.mktemp("input") / "workspace", SEED, range(FILES), cases)


def test_every_mutated_export_is_blocked_held_told_or_used_and_totals_add_up(result: Result) -> None:
    assert result.failures == []
    assert len(result.outcomes) == FILES + len(CASES)
    assert set(result.outcomes.values()) == set(OUTCOMES), "each outcome is seen at least once"


def test_what_was_found_before_stops_no_run(result: Result) -> None:
    assert all(number in result.outcomes for number in range(FIRST_CASE, FIRST_CASE + len(CASES)))


def test_exports_that_nothing_happened_to_are_used_in_every_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what is held would say nothing of the mutation."""

    def clean(_seed: int, number: int, scratch: Path) -> batch.Sample:
        entity, form = ENTITIES[number % len(ENTITIES)], FORMATS[number % len(FORMATS)]
        data = rendered(Table.of(slice_of(number)[entity]), form, scratch)
        return batch.Sample(0, number, entity, form, "none", data)

    monkeypatch.setattr(batch, "sample", clean)
    found = batch.run(tmp_path / "workspace", 0, range(len(ENTITIES) * len(FORMATS)))
    assert found.failures == []
    assert set(found.outcomes.values()) == {"use"}


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

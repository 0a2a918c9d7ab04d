"""The list of mutations is sound, and two of them are really run; all of them are `make prove-mutations`."""

from __future__ import annotations

import pytest

from tests.golden.cases import load_cases
from tests.mutations.mutations import MUTATIONS, Mutation
from tests.mutations.proof import SCENARIOS, Proof, faults_of, project_texts
from warehouse import engine

CASES = {case.case_id: case for case in load_cases()}
BY_NAME = {mutation.name: mutation for mutation in MUTATIONS}
RUN = ("a pool is shared by stated amounts", "goods that come back stay earned")
TREATED = {
    "added-at-its-price": "distinct, at its stand-alone selling price",
    "added-below-its-price": "not distinct, or not at its stand-alone selling price",
    "catch-up-on-construction": "touches a line over progress",
    "ex07": "stated",
}


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    named = {case_id for name in RUN for case_id in BY_NAME[name].cases} | set(TREATED)
    return Proof(tmp_path_factory.mktemp("mutations") / "workspace", [CASES[name] for name in sorted(named)])


def test_every_mutated_text_stands_once_and_every_case_exists() -> None:
    texts = project_texts()
    assert [fault for mutation in MUTATIONS for fault in faults_of(mutation, texts, CASES)] == []
    for mutation in MUTATIONS:
        (scenario,) = {CASES[case_id].scenario for case_id in mutation.cases}
        assert scenario in SCENARIOS, mutation.name
    assert len(BY_NAME) == len(MUTATIONS)


def test_the_cases_hold_as_the_product_is(proof: Proof) -> None:
    assert proof.failures() == {}


@pytest.mark.parametrize("name", RUN)
def test_a_mutation_is_caught_and_leaves_no_trace(proof: Proof, name: str) -> None:
    result = proof.run(BY_NAME[name])
    assert result.is_caught, (result.invalid, result.missed_by)
    assert proof.failures() == {}


def test_what_changes_no_figure_and_what_is_no_sql_are_not_caught(proof: Proof) -> None:
    known = BY_NAME[RUN[0]]
    same = Mutation("same", "", known.file, known.text, f"{known.text} -- the same", known.cases)
    broken = Mutation("broken", "", known.file, known.text, f"{known.text} oops(", known.cases)
    assert proof.run(same).missed_by == list(known.cases)
    found = proof.run(broken)
    assert not found.is_caught
    assert "Parser Error" in found.invalid


def test_the_deciding_rule_of_a_modification_is_kept(proof: Proof) -> None:
    with engine.session(proof.workspace) as connection:
        rows = connection.execute("select amendment_id, treatment_rule from engine.treatments").fetchall()
    assert {amendment.rsplit("-", 1)[0]: rule for amendment, rule in rows} == TREATED

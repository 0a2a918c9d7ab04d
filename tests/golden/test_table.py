"""docs/accounting/proof.md names only what is there, leaves no golden case out, and has a place for every mutation."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.golden.cases import load_cases
from tests.mutations.mutations import MUTATIONS
from warehouse.workspace import shipped

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "accounting" / "proof.md"
CASES = {case.case_id for case in load_cases()}
NOT_BUILT = "Not built"


@dataclass(frozen=True)
class Row:
    place: str
    rule: str
    models: tuple[str, ...]
    held_by: tuple[str, ...]
    is_built: bool


def names_in(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| §"):
            place, rule, models, held_by = (cell.strip() for cell in line.strip("|").split(" |"))
            is_built = NOT_BUILT not in held_by
            # of what is not built only a test is a proof: other names there are settings and kinds
            held = [name for name in names_in(held_by) if is_built or name.startswith("tests/")]
            found.append(Row(place, rule, names_in(models), tuple(held), is_built))
    return found


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def exists(name: str) -> bool:
    """A golden case, or `file::test`."""
    file, _, test = name.partition("::")
    return test in functions_in(file) if test and (ROOT / file).is_file() else name in CASES


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.place}: {row.rule}")
def test_a_row_names_models_and_tests_that_are_there(row: Row) -> None:
    models = {path.stem for path in shipped("dbt_project").rglob("*.sql")}
    assert [model for model in row.models if model not in models] == []
    assert [name for name in row.held_by if not exists(name)] == []
    if row.is_built:
        assert row.models
        assert row.held_by


def test_every_golden_case_stands_in_the_table() -> None:
    assert CASES - {name for row in rows() for name in row.held_by} == set()


def test_the_sections_of_the_rule_book_are_there() -> None:
    found = [row.place for row in rows()]
    for section in ("§3.1", "§3.2", "§3.3", "§3.4", "§4 ", "§5 ", "§6 "):
        assert any(place.startswith(section) for place in found), section
    assert len({(row.place, row.rule) for row in rows()}) == len(rows())


def test_every_mutation_breaks_a_sentence_of_the_table_by_cases_of_its_rows() -> None:
    for mutation in MUTATIONS:
        places = [row for row in rows() if re.split(r",| \d", row.place)[0] == mutation.sentence]
        assert places, mutation
        assert set(mutation.cases) & {name for row in places for name in row.held_by}, mutation

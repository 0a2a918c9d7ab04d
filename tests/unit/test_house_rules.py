"""The check of imports and divisions catches what it is for."""

from __future__ import annotations

import pytest

from tests.checks.imports import ROOT, Import, fault_of, import_faults, without_comments


def test_nothing_in_the_house_walks_back() -> None:
    assert import_faults(ROOT) == []


@pytest.mark.parametrize(
    ("file", "module", "is_allowed"),
    [
        ("orchestration/assets.py", "warehouse.lake.register", True),
        ("orchestration/assets.py", "expectations.gate.run", True),
        ("warehouse/lake.py", "expectations.gate.run", False),
        ("warehouse/lake.py", "orchestration.assets", False),
        ("expectations/gate.py", "warehouse.engine.connect", True),
        ("expectations/gate.py", "warehouse.lake.register", False),
        ("warehouse/lake.py", "duckdb", False),
        ("warehouse/engine.py", "duckdb", True),
        ("warehouse/lake.py", "duckdb_engine.Dialect", False),
        ("warehouse/lake.py", "dagster.asset", False),
        ("orchestration/cli/run.py", "typer", True),
        ("orchestration/assets.py", "typer", False),
        ("warehouse/lake.py", "tests.oracle.x", False),
        ("warehouse/lake.py", ".settings", False),
        ("warehouse/lake.py", "json", True),
    ],
)
def test_an_import_is_judged_by_its_direction(file: str, module: str, is_allowed: bool) -> None:
    assert (fault_of(Import(file, 1, module)) is None) == is_allowed


def test_comments_and_text_do_not_divide() -> None:
    assert without_comments("a -- b / c\n{# d / e #}'f / g' / h").count("/") == 1

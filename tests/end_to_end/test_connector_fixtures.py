"""`tieout connector test`: what a fixture says when the connector gives something else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness import Company
from warehouse import fixtures
from warehouse.connectors import load_connectors
from warehouse.errors import ConfigurationError, VerificationError
from warehouse.transform import compiled

LINES = "contract_line_id,quantity,amount\n"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    company = Company(tmp_path_factory.mktemp("fixtures") / "company", connectors=["northwind"])
    compiled(company.workspace)
    return company


@pytest.fixture
def expect(company: Company) -> Callable[[str, str], list[str]]:
    """Sets what a file of the case expects, runs it, and gives what is said of that entity."""
    cases = company.workspace.connectors / "northwind" / "fixtures"
    shutil.rmtree(cases)
    shutil.copytree(Path(__file__).parents[1] / "connectors" / "northwind" / "fixtures", cases)

    def run(name: str, content: str) -> list[str]:
        (cases / "orders" / "expected" / name).write_text(content, encoding="utf-8")
        found = fixtures.cases_of(load_connectors(company.workspace), ["northwind"])
        results = {one.entity: one for one in fixtures.run(company.workspace, found)}
        assert all(one.passed for entity, one in results.items() if f"{entity}.csv" != name)
        result = results[Path(name).stem]
        return [result.fault] if result.fault else [
            f"{one.key} {one.column}: {one.expected} / {one.found}" for one in result.differences
        ]  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (LINES + "1-7,3,27.50\n2-7,1,9.650\n", []),
        (
            LINES + "1-7,3,27.51\n2-7,,9.65\n",
            ["1-7 amount: 27.510 / 27.500", "2-7 quantity: None / 1.000000"],
        ),
        (LINES + "1-7,3,27.50\n", ["2-7 None: None / this record"]),
        (LINES + "1-7,3,27.50\n2-7,1,9.65\n3-7,1,1\n", ["3-7 None: this record / None"]),
    ],
)
def test_every_difference_is_named(
    expect: Callable[[str, str], list[str]], content: str, said: list[str]
) -> None:
    assert expect("contract_lines.csv", content) == said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("contract_lines.csv", "contract_line_id,amnt\n1-7,1\n", "has no column amnt, did you mean amount?"),
        ("contract_lines.csv", "amount\n1\n", "lacks contract_line_id, by which its records are found"),
        ("contract_lines.csv", LINES + "1-7,3,much\n", "row 2: amount 'much' is no decimal(18,3)"),
        ("contract_lines.csv", LINES + "1-7,3\n", "row 2 has 2 values for 3 columns"),
        ("contract_line.csv", LINES, "bears the name of no exchange entity, did you mean contract_lines?"),
    ],
)
def test_an_expectation_that_says_nothing_is_named(
    expect: Callable[[str, str], list[str]], name: str, content: str, said: str
) -> None:
    [fault] = expect(name, content)
    assert said in fault


def test_the_command_fails_and_says_where(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    from orchestration.cli.connector import run_fixtures

    expected = company.workspace.connectors / "northwind" / "fixtures" / "orders" / "expected"
    (expected / "contract_lines.csv").write_text(LINES + "1-7,3,27.51\n2-7,1,9.65\n", encoding="utf-8")
    with pytest.raises(VerificationError) as ended:
        run_fixtures(["northwind"], company.workspace.root)
    assert ended.value.exit_code == 4
    printed = capsys.readouterr().out
    assert (
        "FAILED  northwind orders contract_lines\n        1-7 amount: expected 27.510, found 27.500\n"
        in printed
    )


def test_a_run_sees_nothing_of_it(company: Company) -> None:
    workspace = company.workspace
    assert not workspace.lake.exists()
    assert not workspace.warehouse_db.exists()
    assert list(workspace.exports.rglob("*.csv")) == []


def test_the_fixtures_of_the_shipped_connectors_pass(company: Company) -> None:
    shipped = {name: one for name, one in load_connectors(company.workspace).items() if one.is_shipped}
    results = list(fixtures.run(company.workspace, fixtures.cases_of(shipped)))
    assert results
    assert [one for one in results if not one.passed] == []


def test_without_fixtures_it_says_how_to_write_them(tmp_path: Path) -> None:
    connectors = load_connectors(Company(tmp_path / "company", connectors=["uci"]).workspace)
    with pytest.raises(ConfigurationError, match="uci has no fixtures") as caught:
        fixtures.cases_of(connectors, ["uci"])
    assert "expected/<entity>.csv" in str(caught.value.remedy)
    with pytest.raises(ConfigurationError, match="no connector uc, did you mean uci"):
        fixtures.cases_of(connectors, ["uc"])

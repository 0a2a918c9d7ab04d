"""The yardstick of the benchmark computes what the pipeline computes, in SQL that shares nothing with it."""

from pathlib import Path

from tests.benchmarks import by_hand, company
from tests.harness import Company
from warehouse import engine


def test_headline_figures_are_those_written_by_hand_in_every_month(tmp_path: Path) -> None:
    """Three ratable conventions, goods, allocation by stand-alone prices: 37 months of 600 lines, to the cent."""
    built = Company(tmp_path / "workspace")
    exports = built.workspace.exports / "files"
    company.write(exports, 600, bills_a_year=4)
    by_hand.compute(exports, tmp_path / "by_hand.duckdb")
    built.run(company.AS_OF)
    with engine.connect(built.workspace.tieout_db, read_only=True) as connection:
        assert by_hand.differences(connection, tmp_path / "by_hand.duckdb") == []
        [(months, revenue)] = connection.execute(
            "select count(*), sum(revenue) from by_hand.rpt_bbb"
        ).fetchall()
    assert months == 37
    assert revenue > 1_000_000

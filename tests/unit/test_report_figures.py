"""What a report adds up itself: all entities in the reporting currency, and only where all money is translated."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from warehouse.engine import connect, literal
from warehouse.explain.report.figures import FIGURES, MonthFiles, Pair, Series
from warehouse.explain.report.page import _change, _order

Rows = Sequence[tuple[str, str, str, str | None]]
"""Entity, currency, each figure in it, and in the reporting currency."""


def month(published: Path, period: str, rows: Rows) -> Path:
    folder = published / period / "v1"
    folder.mkdir(parents=True)
    selects = " union all ".join(
        f"select '{entity}' as entity_id, '{currency}' as currency, '{period}' as period, "
        + ", ".join(
            f"cast({own} as decimal(18, 3)) as {name},"
            f" cast({reporting or 'null'} as decimal(18, 3)) as {name}_reporting"
            for name in FIGURES
        )
        for entity, currency, own, reporting in rows
    )
    with closing(connect()) as con:
        con.execute(f"copy ({selects}) to {literal(str(folder / 'rpt_bbb.parquet'))} (format parquet)")
    return folder


def test_all_entities_are_added_up_where_all_their_money_is_translated(tmp_path: Path) -> None:
    # the order of months is the chain's: these names do not sort as text
    folders = [
        month(tmp_path, "2025-P12", [("us", "USD", "1", "1")]),
        month(tmp_path, "2025-12", [("us", "USD", "10.01", "10.01"), ("jp", "JPY", "500", None)]),
        month(tmp_path, "2026-01", [("us", "USD", "20.02", "20.02"), ("jp", "JPY", "700", "4.99")]),
    ]
    with closing(connect()) as con:
        files = MonthFiles(con, folders)
        series = files.series()
        assert series[Pair("us", "USD")].periods == ["2025-P12", "2025-12", "2026-01"]
        assert series[Pair("jp", "JPY")].figures["revenue"] == (Decimal(500), Decimal(700))
        assert all(one.is_translated for one in series.values())
        total = files.reporting_series("USD")
        assert total.figures["revenue"] == (Decimal(1), None, Decimal("25.01"))
        before = MonthFiles(con, folders[:2]).series()
    assert not before[Pair("jp", "JPY")].is_translated


def test_sections_are_in_the_order_of_revenue_that_can_be_compared() -> None:
    revenue = {
        Pair("a", "USD"): "5",
        Pair("b", "USD"): "9",
        Pair("c", "JPY"): "1000",
        Pair("d", "CAD"): "1",
    }
    series = {pair: Series(["2026-01"], {"revenue": [Decimal(amount)]}) for pair, amount in revenue.items()}
    ordered = sorted(series, key=lambda pair: _order(pair, series[pair], "USD"))
    assert [pair.entity_id for pair in ordered] == ["b", "a", "d", "c"]


def test_a_change_is_told_where_a_percentage_says_something() -> None:
    assert _change([Decimal(8), Decimal(10)]) == "+25.0 %"
    assert _change([Decimal(-8), Decimal(-10)]) == "-25.0 %"
    assert [_change(values) for values in ([Decimal(1)], [None, Decimal(1)], [Decimal(0), Decimal(1)])] == [
        None
    ] * 3
    assert _change([Decimal(-1), Decimal(1)]) is None

"""Charts of the report: lengths follow money, also below zero, and numbers lose no digit."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from warehouse.explain.report.charts import bars, heat_map, round_number, short, spark
from warehouse.explain.report.figures import Cell
from warehouse.printing import amount_text, exact_text, printable


@pytest.mark.parametrize(
    ("most", "number", "text"),
    [
        ("1209925.96", "1000000", "1M"),
        ("7.9", "5", "5"),
        ("29968158", "20000000", "20M"),
        ("0.3", "0.2", "0.2"),
    ],
)
def test_a_grid_line_stands_at_a_round_number(most: str, number: str, text: str) -> None:
    assert round_number(Decimal(most)) == Decimal(number)
    assert short(Decimal(number)) == text


def drawn(svg: str, name: str) -> list[list[float]]:
    """Numbers of each bar: left, top, width, height."""
    path = re.search(f'class="{name}" d="([^"]*)"', svg)
    return (
        [[float(n) for n in re.findall(r"[\d.]+", bar)][:4] for bar in path[1].split("z") if bar]
        if path
        else []
    )


def test_a_bar_is_as_long_as_its_money_and_hangs_where_that_is_below_zero() -> None:
    svg = bars([Decimal(100), Decimal(-50), None, Decimal(50)], ["a", "b", "c", "d"], "x")
    [up, down], [now] = drawn(svg, "bar"), drawn(svg, "now")
    assert up[3] == pytest.approx(2 * down[3])
    assert down[3] == pytest.approx(now[3])
    assert up[1] + up[3] == pytest.approx(down[1])
    assert now[0] > down[0] > up[0]


def test_nothing_at_all_is_a_line_at_the_foot() -> None:
    svg = bars([Decimal(0), None], ["a", "b"], "x")
    assert drawn(svg, "now") == []
    assert 'class="axis" d="M0 110H' in svg
    assert spark([Decimal(5)], "x") == ""


def test_squares_say_what_is_earned_to_come_and_below_zero() -> None:
    cells = [
        Cell(0, 0, False, Decimal(100)), Cell(0, 1, True, Decimal(25)), Cell(1, 0, False, Decimal(-1)),
    ]  # fmt: skip
    svg = heat_map(cells, ["<a>", "b"], ["c", "d"], 0, "x")
    assert re.findall(r'class="(\w+ l\d)"', svg) == ["ahead l4", "below l1", "earned l6"]
    assert "&lt;a&gt;" in svg


def test_no_digit_of_an_amount_is_lost() -> None:
    assert amount_text(Decimal("1234567.500"), "USD") == "1,234,567.50"
    assert amount_text(Decimal("1234567.000"), "JPY") == "1,234,567"
    assert amount_text(Decimal("1.500"), "JPY") == "1.5"
    assert amount_text(Decimal("-0.125"), "KWD") == "-0.125"
    assert exact_text(Decimal("12345678901234567890123456789.123456789"), 2) == (
        "12,345,678,901,234,567,890,123,456,789.123456789"
    )
    assert printable("a\x1bb\u202ec") == "a b c"

"""Text becomes a value strictly, or an error that keeps the text: the macros of parse.sql, run by the engine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse import engine
from warehouse.workspace import shipped

MONEY = "decimal(18,3)"


class _Adapter:
    """dbt's dispatch, for DuckDB."""

    def __init__(self, environment: jinja2.Environment) -> None:
        self.environment = environment

    def dispatch(self, name: str, _package: str) -> Any:
        return getattr(self.environment.globals["macros"], f"default__{name}")


def _macros() -> Any:
    """parse.sql as dbt would see it, without dbt."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)
    environment.globals["return"] = lambda value: value
    environment.globals["adapter"] = _Adapter(environment)
    source = (shipped("dbt_project") / "macros" / "parse.sql").read_text(encoding="utf-8")
    environment.globals["macros"] = environment.from_string(source).module
    return environment.globals["macros"]


PARSED = _macros().parsed


def values(texts: Sequence[str], data_type: str) -> list[Any]:
    """What the exchange makes of each text: trimmed, empty is null, then parsed."""
    connection = engine.connect()
    try:
        connection.execute("create table given (place integer, text varchar)")
        connection.executemany("insert into given values (?, ?)", list(enumerate(texts)))
        rows = connection.execute(
            f"select {PARSED('text', data_type)} from"
            " (select place, nullif(trim(text), '') as text from given) order by place"
        ).fetchall()
    finally:
        connection.close()
    return [row[0] for row in rows]


def value(text: str, data_type: str) -> Any:
    return values([text], data_type)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", "12"),
        (" 12 ", "12"),
        ("\u00a012", "12"),
        ("+12.5", "12.5"),
        ("-0.01", "-0.01"),
        (".5", "0.5"),
        ("007", "7"),
        ("12.3400000", "12.34"),
        ("999999999999999.999", "999999999999999.999"),
        ("0000000000000000000000000001", "1"),
    ],
)
def test_decimal_text_is_exact(text: str, expected: str) -> None:
    assert value(text, MONEY) == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    [
        "1e5", "1E-2", "1e400", "1_000", "1,000.00", "1.234,56", "12,5", "NaN", "inf", "-Infinity", "$5", "5 USD",
        "5-", "--5", "(5)", "0x1F", "12.", ".", "-", "1 000", "12.3456", "1000000000000000", "\uff11\uff12",
        "12\n", "12\t3",
        "null", "true",
    ],
)  # fmt: skip
def test_other_text_is_no_decimal(text: str) -> None:
    assert value(text, MONEY) is None


def test_finer_types_take_more_decimals() -> None:
    assert value("0.123456789", "decimal(24,9)") == Decimal("0.123456789")
    assert value("0.1234567891", "decimal(24,9)") is None
    assert value("33.333333333333", "decimal(15,12)") == Decimal("33.333333333333")


# Many texts a query: opening the engine is what takes time.
MANY = settings(deadline=None, max_examples=25)


@MANY
@given(st.lists(st.decimals(min_value=Decimal("-1e14"), max_value=Decimal("1e14"), places=3), min_size=1))
def test_any_money_in_range_comes_back(amounts: list[Decimal]) -> None:
    assert values([f"{amount:f}" for amount in amounts], MONEY) == amounts


@MANY
@given(st.lists(st.text(alphabet="0123456789+-.,eE_ xNa", max_size=12), min_size=1))
def test_decimals_are_what_a_plain_pattern_says(texts: list[str]) -> None:
    pattern = re.compile(r"[-+]?(0*[0-9]{1,15}(\.[0-9]{1,3}0*)?|\.[0-9]{1,3}0*)")
    expected = [pattern.fullmatch(text.strip(" ")) is not None for text in texts]
    assert [found is not None for found in values(texts, MONEY)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-28", date(2026, 2, 28)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2026-02-28 23:59:59", date(2026, 2, 28)),
        ("2026-02-28T00:00", date(2026, 2, 28)),
        ("2026-02-28T12:30:15.123456", date(2026, 2, 28)),
        (" 2026-02-28 ", date(2026, 2, 28)),
    ],
)
def test_dates_are_iso(text: str, expected: date) -> None:
    assert value(text, "date") == expected


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2026", "02/28/2026", "2026-02-30", "2025-02-29", "2026-2-8", "20260228", "2026-13-01", "0000-00-00",
        "infinity", "today", "epoch", "2026-02-28 24:00", "2026-02-28T12:00Z", "2026-02-28T12:00+02:00", "2026-02",
        "2026-02-28 noon", "46081", "12026-01-01", "2026-01-01 (BC)",
    ],
)  # fmt: skip
def test_other_text_is_no_date(text: str) -> None:
    assert value(text, "date") is None


def test_booleans_and_integers_have_few_forms() -> None:
    assert values(["true", "TRUE", "yes", "1"], "boolean") == [True] * 4
    assert values(["false", "No", "0"], "boolean") == [False] * 3
    assert values(["t", "on", "2", "wahr"], "boolean") == [None] * 4
    assert values(["30", "-5", "30.0", "+7"], "integer") == [30, -5, 30, 7]
    assert values(["30.5", "1e2", "10000000000", "thirty"], "integer") == [None] * 4


@pytest.mark.parametrize("data_type", [MONEY, "date", "boolean", "integer"])
def test_empty_text_is_nothing_not_an_error(data_type: str) -> None:
    assert values(["", "   "], data_type) == [None, None]


@pytest.mark.parametrize("data_type", [MONEY, "date", "boolean", "integer", "decimal(28,12)"])
@MANY
@given(texts=st.lists(st.text(max_size=30), min_size=1))
def test_no_text_stops_the_engine(data_type: str, texts: list[str]) -> None:
    assert len(values(texts, data_type)) == len(texts)

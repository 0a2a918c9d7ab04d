"""Which period a day is in, and which months a close may commit."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.calendar import Calendar, Period, calendar_of, month_of
from orchestration.pipeline import closable
from warehouse.errors import BlockedError, ConfigurationError
from warehouse.publish.manifest import Chain, Month

# A quarter of 4, 4 and 5 weeks.
FOUR_FOUR_FIVE = calendar_of(
    [
        ("2026-P03", date(2026, 3, 2), date(2026, 4, 5)),
        ("2026-P01", date(2026, 1, 5), date(2026, 2, 1)),
        ("2026-P02", date(2026, 2, 2), date(2026, 3, 1)),
    ]
)


def chain(*periods: str, calendar: Calendar | None = None) -> Chain:
    months = []
    for name in periods:
        period = (calendar or Calendar()).named(name)
        document: dict[str, Any] = {"period": name, "version": 1, "kind": "close"}
        document["period_end"] = period.end_date.isoformat()
        months.append(Month(Path(name), document, f"sha of {name}"))
    return Chain(tuple(months))


def names(periods: Sequence[Period]) -> list[str]:
    return [period.period for period in periods]


@pytest.mark.parametrize(
    ("day", "name", "last"),
    [
        (date(2026, 2, 14), "2026-02", date(2026, 2, 28)),
        (date(2028, 2, 29), "2028-02", date(2028, 2, 29)),
        (date(2026, 12, 31), "2026-12", date(2026, 12, 31)),
    ],
)
def test_a_day_is_in_its_calendar_month(day: date, name: str, last: date) -> None:
    assert (month_of(day).period, month_of(day).end_date) == (name, last)


def test_declared_periods_cut_instead_of_months() -> None:
    assert FOUR_FOUR_FIVE.of_day(date(2026, 2, 1)).period == "2026-P01"
    assert FOUR_FOUR_FIVE.of_day(date(2026, 2, 2)).period == "2026-P02"
    assert FOUR_FOUR_FIVE.after(FOUR_FOUR_FIVE.named("2026-P02")).period == "2026-P03"


def test_a_day_without_a_declared_period_names_the_range() -> None:
    with pytest.raises(ConfigurationError, match="it runs from 2026-01-05 to 2026-04-05"):
        FOUR_FOUR_FIVE.of_day(date(2026, 5, 1))


@pytest.mark.parametrize("name", ["2026-13", "October", "2026-1", "../..", "2026-P01"])
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        Calendar().named(name)


def test_the_first_close_takes_any_month_that_is_over() -> None:
    assert names(closable(Calendar(), chain(), "2026-07", date(2026, 8, 1), through=False)) == ["2026-07"]


def test_a_month_that_is_not_over_cannot_be_closed() -> None:
    with pytest.raises(BlockedError, match="2026-07 is not over: it ends on 2026-07-31"):
        closable(Calendar(), chain(), "2026-07", date(2026, 7, 31), through=False)


def test_months_are_closed_in_order() -> None:
    with pytest.raises(BlockedError, match="can't be closed before 2026-06") as blocked:
        closable(Calendar(), chain("2026-05"), "2026-07", date(2026, 8, 5), through=False)
    assert blocked.value.remedy is not None
    assert "tieout close 2026-07 --through" in blocked.value.remedy


def test_through_closes_month_by_month_across_a_year_end() -> None:
    found = closable(Calendar(), chain("2025-11"), "2026-02", date(2026, 3, 1), through=True)
    assert names(found) == ["2025-12", "2026-01", "2026-02"]


def test_through_follows_declared_periods() -> None:
    published = chain("2026-P01", calendar=FOUR_FOUR_FIVE)
    found = closable(FOUR_FOUR_FIVE, published, "2026-P03", date(2026, 4, 6), through=True)
    assert names(found) == ["2026-P02", "2026-P03"]


def test_a_closed_month_is_not_closed_again() -> None:
    with pytest.raises(ConfigurationError, match="2026-05 is closed already"):
        closable(Calendar(), chain("2026-05"), "2026-05", date(2026, 8, 5), through=True)


def test_a_month_before_the_first_publication_stays_out() -> None:
    with pytest.raises(ConfigurationError, match="before the first published month"):
        closable(Calendar(), chain("2026-05"), "2026-01", date(2026, 8, 5), through=True)

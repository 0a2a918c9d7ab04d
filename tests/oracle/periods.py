"""Periods: a calendar month `YYYY-MM` unless the company's accounting_periods say otherwise (section 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tests.oracle.conventions import ONE_DAY, days_in_month


@dataclass(frozen=True, order=True)
class Period:
    start: date
    end: date
    key: str


def calendar_month(d: date) -> Period:
    """The calendar month of d."""
    first = d.replace(day=1)
    return Period(first, d.replace(day=days_in_month(d)), f"{d:%Y-%m}")


class Calendar:
    """Calendar months, or the periods given."""

    def __init__(self, periods: Sequence[Period] = ()) -> None:
        self._periods = sorted(periods)
        for before, after in zip(self._periods, self._periods[1:], strict=False):
            if after.start != before.end + ONE_DAY:
                raise ValueError(f"gap or overlap between periods {before.key} and {after.key}")

    def containing(self, d: date) -> Period:
        """The period of d."""
        if not self._periods:
            return calendar_month(d)
        for period in self._periods:
            if period.start <= d <= period.end:
                return period
        raise ValueError(f"{d} lies outside the accounting periods")

    def named(self, key: str) -> Period:
        """The period with this key."""
        if not self._periods:
            return calendar_month(date.fromisoformat(f"{key}-01"))
        return next(period for period in self._periods if period.key == key)

    def following(self, period: Period) -> Period:
        """The next period."""
        return self.containing(period.end + ONE_DAY)

    def between(self, first: Period, last: Period) -> list[Period]:
        """All periods from first to last, both included; none where last lies before first."""
        found = []
        period = first
        while period.start <= last.start:
            found.append(period)
            if period == last:
                break
            period = self.following(period)
        return found

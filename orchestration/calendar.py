"""Which period a day is in: the company's accounting_periods, else calendar months. Posting itself is SQL's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from warehouse.errors import ConfigurationError

PERIOD = re.compile(r"[0-9]{4}-[A-Z]?[0-9]{2}")


@dataclass(frozen=True)
class Period:
    """A period with its first and last day."""

    period: str
    start_date: date
    end_date: date


@dataclass(frozen=True)
class Calendar:
    """All declared periods in order of time; none declared means calendar months."""

    declared: tuple[Period, ...] = ()

    def of_day(self, day: date) -> Period:
        """The period that a day is in."""
        if not self.declared:
            return month_of(day)
        for period in self.declared:
            if period.start_date <= day <= period.end_date:
                return period
        first, last = self.declared[0], self.declared[-1]
        raise ConfigurationError(
            f"accounting_periods has no period for {day.isoformat()}: "
            f"it runs from {first.start_date.isoformat()} to {last.end_date.isoformat()}",
            remedy="Add the missing periods to the accounting_periods export and start again.",
        )

    def named(self, name: str) -> Period:
        """The period of a name; a name that is none is the user's error."""
        if not PERIOD.fullmatch(name):
            raise ConfigurationError(f"{name!r} is not a period", remedy="Write it like 2026-10.")
        for period in self.declared:
            if period.period == name:
                return period
        if self.declared:
            raise ConfigurationError(
                f"accounting_periods has no period {name}: "
                f"it runs from {self.declared[0].period} to {self.declared[-1].period}",
                remedy="Choose one of its periods.",
            )
        year, month = name.split("-")
        if not month.isdigit() or not 1 <= int(month) <= 12:
            raise ConfigurationError(
                f"{name} is not a calendar month, and no accounting_periods are delivered",
                remedy="Write a month like 2026-10, or deliver accounting_periods.",
            )
        return month_of(date(int(year), int(month), 1))

    def after(self, period: Period) -> Period:
        """The period that follows."""
        return self.of_day(period.end_date + timedelta(days=1))

    def between(self, first: Period, last: Period) -> list[Period]:
        """All periods from one to another, both included."""
        found = [first]
        while found[-1].end_date < last.end_date:
            found.append(self.after(found[-1]))
        return found


def month_of(day: date) -> Period:
    """The calendar month of a day."""
    start = day.replace(day=1)
    end = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Period(f"{start:%Y-%m}", start, end)


def calendar_of(rows: Sequence[tuple[str, date, date]]) -> Calendar:
    """The calendar that rows of accounting_periods make."""
    periods = [Period(name, start, end) for name, start, end in rows if name and start and end]
    return Calendar(tuple(sorted(periods, key=lambda period: period.start_date)))

"""The six conventions of `ratable` (accounting.md section 4).

"In all of them a month's weight accrues evenly over the line's days of service in that month", so a
convention is no more than the weight of each calendar month that the line touches.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache

ONE_DAY = timedelta(days=1)
HALF = Fraction(1, 2)

# The months a line touches, in order, each as (first day of service, last day of service).
Months = list[tuple[date, date]]


def days_in_month(d: date) -> int:
    """28 to 31."""
    following = date(d.year + d.month // 12, d.month % 12 + 1, 1)
    return (following - date(d.year, d.month, 1)).days


def add_months(d: date, months: int) -> date:
    """d + whole months; a day the month lacks is its last day."""
    index = d.year * 12 + d.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    return first.replace(day=min(d.day, days_in_month(first)))


def months_of_service(start: date, end: date) -> Months:
    """Days of service from start to end by calendar month."""
    months: Months = []
    first = start
    while first <= end:
        last = min(first.replace(day=days_in_month(first)), end)
        months.append((first, last))
        first = last + ONE_DAY
    return months


def days(first: date, last: date) -> int:
    """Days from first to last, both inclusive."""
    return (last - first).days + 1


def is_whole(first: date, last: date) -> bool:
    """Whether every day of the calendar month is one of service."""
    return days(first, last) == days_in_month(first)


def whole_months(start: date, end: date) -> int | None:
    """n where end + 1 day is start + n whole months, else None."""
    after = end + ONE_DAY
    n = (after.year - start.year) * 12 + after.month - start.month
    return n if n > 0 and add_months(start, n) == after else None


def monthly(start: date, end: date) -> list[Fraction]:
    """A full month weighs 1, a partial one its share of days; whole months in total where they are whole."""
    months = months_of_service(start, end)
    weights = [Fraction(days(a, b), days_in_month(a)) for a, b in months]
    n = whole_months(start, end)
    if n is not None and not is_whole(*months[-1]):
        weights[-1] = n - sum(weights[:-1], Fraction(0))
    return weights


def daily(start: date, end: date) -> list[Fraction]:
    """Days, leap days included."""
    return [Fraction(days(a, b)) for a, b in months_of_service(start, end)]


def half_month(start: date, end: date) -> list[Fraction]:
    """A partial first or last month weighs a half, a whole one 1."""
    return [Fraction(1) if is_whole(a, b) else HALF for a, b in months_of_service(start, end)]


def smallest_months_beyond(start: date, end: date) -> int:
    """The smallest number of months n with start + n months > end."""
    n = 1
    while add_months(start, n) <= end:
        n += 1
    return n


def full_month(start: date, end: date) -> list[Fraction]:
    """The starting month and the n - 1 after it weigh 1."""
    n = smallest_months_beyond(start, end)
    return [Fraction(1 if i < n else 0) for i in range(len(months_of_service(start, end)))]


def mid_month(start: date, end: date) -> list[Fraction]:
    """As full_month; a start after the 15th is first moved to the first of the next month."""
    moved = add_months(start.replace(day=1), 1)
    if start.day <= 15 or moved > end:
        # Not moved, or moved behind the end: then all the weight falls in the starting month.
        return full_month(start, end)
    return [Fraction(0), *full_month(moved, end)]


def even_period(start: date, end: date) -> list[Fraction]:
    """Every month touched weighs 1."""
    return [Fraction(1)] * len(months_of_service(start, end))


CONVENTIONS: dict[str, Callable[[date, date], list[Fraction]]] = {
    "monthly": monthly,
    "daily": daily,
    "half_month": half_month,
    "full_month": full_month,
    "mid_month": mid_month,
    "even_period": even_period,
}


@lru_cache(maxsize=100_000)
def _cumulative(start: date, end: date, convention: str) -> tuple[tuple[date, date, Fraction, Fraction], ...]:
    """(first, last, weight before the month, weight of the month) for each month of service."""
    rows = []
    before = Fraction(0)
    weights = CONVENTIONS[convention](start, end)
    for (first, last), weight in zip(months_of_service(start, end), weights, strict=True):
        rows.append((first, last, before, weight))
        before += weight
    return tuple(rows)


def total(start: date, end: date, convention: str) -> Fraction:
    """The weight of the whole term."""
    _, _, before, weight = _cumulative(start, end, convention)[-1]
    return before + weight


def elapsed(start: date, end: date, convention: str, d: date) -> Fraction:
    """The weight of the term through d."""
    if d < start:
        return Fraction(0)
    if d >= end:
        return total(start, end, convention)
    months = _cumulative(start, end, convention)
    first, last, before, weight = months[(d.year - start.year) * 12 + d.month - start.month]
    return before + weight * Fraction(days(first, d), days(first, last))


def months_of_term(start: date, end: date) -> Fraction:
    """Months of term by the `monthly` convention, for per-month SSPs (section 3)."""
    return total(start, end, "monthly")

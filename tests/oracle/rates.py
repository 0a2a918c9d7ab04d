"""The rate of two currencies on a date: direct, else inverse, else cross over one common currency (section 7).

A weekend takes the last rate; one older than 7 days is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle.entities import FxRate
from tests.oracle.money import QuarantinedError

OLDEST = 7


@dataclass
class Rates:
    rows: Iterable[FxRate]

    def __post_init__(self) -> None:
        self._by_pair: dict[tuple[str, str], list[FxRate]] = {}
        for row in sorted(self.rows, key=lambda row: row.rate_date):
            self._by_pair.setdefault((row.from_currency, row.to_currency), []).append(row)
        self._currencies = sorted({currency for pair in self._by_pair for currency in pair})

    def direct(self, source: str, target: str, on: date) -> Fraction | None:
        """Of the date, else the last one before it."""
        known = [row for row in self._by_pair.get((source, target), ()) if row.rate_date <= on]
        return known[-1].rate if known and (on - known[-1].rate_date).days <= OLDEST else None

    def either(self, source: str, target: str, on: date) -> Fraction | None:
        """Direct, else inverse."""
        found = self.direct(source, target, on)
        if found is not None:
            return found
        inverse = self.direct(target, source, on)
        return 1 / inverse if inverse else None

    def rate(self, source: str, target: str, on: date) -> Fraction:
        if source == target:
            return Fraction(1)
        found = self.either(source, target, on)
        for common in self._currencies:
            if found is not None:
                return found
            first, second = self.either(source, common, on), self.either(common, target, on)
            if first is not None and second is not None:
                found = first * second
        if found is None:
            raise QuarantinedError(f"no rate from {source} to {target} on {on}")
        return found

"""Layers: how a line's money is earned (accounting.md sections 4 and 5; CHOICES.md "layers").

A layer gives, from one date until another, base + round(remainder x (u(d) - u0) / (U - u0)), where u(d) is what
the line's method measures. Below u0 (goods came back, a percentage fell) the base goes back in proportion;
of a drawdown, whose measure is the money itself, one for one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from tests.oracle.conventions import ONE_DAY, elapsed, total
from tests.oracle.money import half_away

Stretch = tuple[date, date]

EVER = date.min
FOREVER = date.max
ALL = Fraction(10**40)  # a measure that has reached its end, whatever its total


@dataclass(frozen=True)
class Curve:
    """Weights of time: stretches of service, each weighed alone by the convention (section 4)."""

    stretches: tuple[Stretch, ...]
    convention: str

    def weight(self, d: date) -> Fraction:
        """The weight through d."""
        parts = (elapsed(start, end, self.convention, d) for start, end in self.stretches)
        return sum(parts, Fraction(0))

    def total(self) -> Fraction:
        return sum((total(start, end, self.convention) for start, end in self.stretches), Fraction(0))


def service_from(stretches: tuple[Stretch, ...], m: date) -> tuple[Stretch, ...]:
    """The stretches from m on: max(m, line start) to the end."""
    return tuple((max(start, m), end) for start, end in stretches if end >= m)


def without(term: Stretch, gaps: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    """The days of a term that are in none of the gaps, as stretches in order."""
    first, end = term
    kept = []
    for gap_start, gap_end in sorted(gaps):
        if first < gap_start:
            kept.append((first, min(gap_start - ONE_DAY, end)))
        first = max(first, gap_end + ONE_DAY)
        if first > end:
            break
    if first <= end:
        kept.append((first, end))
    return tuple((start, last) for start, last in kept if start <= last)


@dataclass(frozen=True)
class Layer:
    """Money of a line, earned over one measure. `allocation`: whose share the remainder is, None: its own."""

    base: int
    remainder: int
    u0: Fraction
    whole: Fraction
    curve: Curve | None = None
    allocation: int | None = None
    from_date: date = EVER
    until: date = FOREVER
    follows_share: bool = False  # drawdown: U = u0 + remainder
    drawn_until: date = FOREVER  # drawdown: its last day, by the terms that made the layer
    carried: int = 0  # drawdown: what was used beyond earlier layers by the day this one begins
    stands_alone: bool = False  # an extension at its SSP

    def is_active(self, d: date) -> bool:
        return self.from_date <= d < self.until

    @property
    def lives(self) -> bool:
        return self.until == FOREVER

    @property
    def end_of_measure(self) -> Fraction:
        """U."""
        return self.u0 + self.remainder if self.follows_share else self.whole

    def value(self, u: Fraction) -> int:
        """What is earned where the measure has come to u."""
        if u >= self.end_of_measure:
            return self.base + self.remainder
        if u < self.u0 and self.follows_share:
            return min(self.base, 0) + max(max(self.base, 0) - half_away(self.u0 - u), 0)
        if u < self.u0:
            return half_away(self.base * max(u, Fraction(0)) / self.u0) if self.u0 > 0 else self.base
        return self.base + half_away(self.remainder * (u - self.u0) / (self.end_of_measure - self.u0))

    def truncated(self, m: date) -> Layer | None:
        """Ended by a new one from m on; None where nothing of it is left."""
        return None if self.from_date >= m else replace(self, until=min(self.until, m))

"""What is known of a line and of an accounting contract after the events of a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tests.oracle.allocation import Allocation
from tests.oracle.layers import Layer, Stretch, without


@dataclass(frozen=True)
class Cancellation:
    """x = first day without service, s = signed (section 5)."""

    x: date
    s: date
    amount_delta: int | None
    event_id: str

    @property
    def recognized_on(self) -> date:
        """Recognized takes the final amount on max(s, x)."""
        return max(self.s, self.x)


@dataclass(frozen=True)
class Event:
    """A change of a cumulative figure on a date."""

    event_id: str
    kind: str
    event_date: date
    amount: int


@dataclass(frozen=True)
class LineState:
    """The terms of a line that are in force.

    start_date, end_date, gaps   the term, and the days of it that suspensions take
    signed_end  the end that the latest signed amendment says
    group       allocation group, or the modification that added it as `separate`
    pending     money of signed amendments that have not taken effect
    cancel      once the cancellation is signed; `final` once contracted has taken the final amount
    """

    layers: tuple[Layer, ...] = ()
    gaps: tuple[Stretch, ...] = ()
    quantity: Fraction | None = None
    stated: int = 0
    group: str | None = None
    amended_ssp: Fraction | None = None
    signed_end: date | None = None
    pending: int = 0
    pct: Fraction = Fraction(0)
    variable: int = 0
    constrained: int = 0
    variable_used: int = 0
    return_credits: int = 0
    return_conceded: int = 0
    debooked: int = 0
    debooked_units: Fraction = Fraction(0)
    first_weight: int = 0
    cancel: Cancellation | None = None
    final: int | None = None
    is_ended: bool = False
    end_date: date | None = None
    start_date: date | None = None

    @property
    def shared(self) -> list[Layer]:
        """Living layers whose money is the share of an allocation."""
        return [layer for layer in self.layers if layer.lives and layer.allocation is not None]

    def shared_on(self, d: date) -> list[Layer]:
        """Layers of that kind in force on a day; before there are any, those to come."""
        active = [layer for layer in self.layers if layer.is_active(d) and layer.allocation is not None]
        return active or self.shared

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """Days of service."""
        if self.start_date is None or self.end_date is None:
            return ()
        return without((self.start_date, self.end_date), self.gaps)

    @property
    def start(self) -> date:
        if self.stretches:
            return self.stretches[0][0]
        return self.start_date or date.min

    @property
    def end(self) -> date:
        if self.stretches:
            return self.stretches[-1][1]
        return self.end_date or date.max

    @property
    def estimated(self) -> int:
        """variable - constrained; what credit notes have used of a negative one stays (CHOICES.md row 76)."""
        return (
            min(self.variable, -self.variable_used) - self.constrained
            if self.variable_used
            else (self.variable - self.constrained)
        )


Lines = Mapping[str, LineState]


@dataclass
class Snapshot:
    """Everything after the events of a day."""

    on: date
    lines: dict[str, LineState] = field(default_factory=dict)
    allocations: dict[int, Allocation] = field(default_factory=dict)
    billed: dict[str, int] = field(default_factory=dict)

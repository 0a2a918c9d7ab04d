"""By when what is contracted is earned: bands of backlog, RPO, current deferred revenue (accounting.md section 7).

A schedule is read off the terms known at the last day counted (CHOICES.md rows 90 to 98).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from tests.oracle.books import cut
from tests.oracle.conventions import ONE_DAY, add_months
from tests.oracle.entities import Contract, ContractLine
from tests.oracle.positions import Positions

HORIZONS = (12, 24, 36)
FAR = date(2200, 1, 1)  # after every date of a contract (quality.md)


@dataclass(frozen=True)
class Bands:
    """Of a line at a period end, minor units.

    through    earned through 12, 24 and 36 months after the period
    kept       what of the backlog the customer cannot walk away from, without what is billed
    remainder  stated and not earned of what is recognized as invoiced
    is_short   left out of reported RPO by the one-year expedient
    """

    through: tuple[int, int, int]
    kept: int | None = None
    remainder: int = 0
    is_short: bool = False


def months_after(end: date, months: int) -> date:
    """A month's end is followed by months' ends."""
    later = add_months(end, months)
    if (end + ONE_DAY).day == 1:
        return add_months(later.replace(day=1), 1) - ONE_DAY
    return later


def clamped(amount: int, limit: int) -> int:
    """The amount as far as it lies between 0 and the limit."""
    return max(min(amount, limit), 0) if limit >= 0 else min(max(amount, limit), 0)


class Obligations:
    """Schedules of a step whose last day counted is `last_day`."""

    def __init__(self, positions: Positions, last_day: date) -> None:
        self.known = Positions(cut(positions.books, last_day), positions.policy)
        self.last_day = last_day

    def _earned(self, line: ContractLine, d: date) -> int:
        return self.known.recognized(line, d)

    def expected(self, line: ContractLine) -> date | None:
        """The line's own end, else the day promised, else the contract's end."""
        contract, state = self.known.contract(line), self.known.state(line, self.last_day)
        first = line.end_date or contract.end_date
        amended = state.end_date if state is not None else first
        own = amended if amended != first else line.end_date
        return own or line.promised_date or contract.end_date

    def bands(self, line: ContractLine, d: date, period_end: date, backlog: int) -> Bands:
        """Of a line with this backlog on the last day counted of a period."""
        found = self.known.books.lines[line.contract_line_id]
        contract = self.known.contract(found)
        if self.known.method(found) == "as_invoiced" and backlog == 0:
            later = self._invoiced(found, d, months_after(period_end, 12))
            return Bands((later, later, later), 0, self._remainder(found, d))
        rest = backlog - clamped(self._earned(found, FAR) - self._earned(found, d), backlog)
        expected = max(self.expected(found) or d, d + ONE_DAY)

        def by(horizon: date) -> int:
            scheduled = clamped(self._earned(found, horizon) - self._earned(found, d), backlog)
            return scheduled + (rest if expected <= horizon else 0)

        kept = by(d + timedelta(days=contract.notice_days or 0)) if contract.is_cancellable else None
        first, second, third = (by(months_after(period_end, n)) for n in HORIZONS)
        return Bands((first, second, third), kept, 0, self._is_short(contract))

    def _invoiced(self, line: ContractLine, d: date, horizon: date) -> int:
        """What documents that count by d earn after it, by the days of their service."""
        measures, cancelled = self.known.measures, self.known.cancellation(line)
        if d < self.known.counts_from(line) or (cancelled is not None and cancelled.recognized_on <= d):
            return 0
        found = 0
        for row in measures.documents_of.get(line.contract_line_id, ()):
            document = self.known.books.document(row)
            is_void = document.voided_on is not None and document.voided_on <= d
            if document.has_counted and document.issue_date <= d and not is_void:
                last = measures.until(line, horizon)
                found += measures.served(row, last) - measures.served(row, measures.until(line, d))
        return found

    def unbilled(self, lines: Sequence[ContractLine], d: date, contract_asset: int) -> int:
        """Of a contract asset, what only time stands in the way of: usage, and lines that are billed in arrears."""
        known = [self.known.books.lines[line.contract_line_id] for line in lines]
        parts = [
            max(self.known.recognized(line, d) - self.known.billed(line, d), 0)
            for line in known
            if self.known.method(line) in ("usage", "drawdown") or self._is_in_arrears(line, d)
        ]
        return min(sum(parts), contract_asset)

    def _is_in_arrears(self, line: ContractLine, d: date) -> bool:
        """By the last invoice line with a service that was issued by d."""
        said = [row for row in self._services.get(line.contract_line_id, ()) if row[0] <= d]
        return bool(said) and max(said)[1] <= max(said)[0]

    @cached_property
    def _services(self) -> dict[str, list[tuple[date, date, str]]]:
        """Line -> issue and end of the service of each invoice line that states one.

        What names a contract that has one line only belongs to that line.
        """
        books = self.known.books
        found: dict[str, list[tuple[date, date, str]]] = {}
        for row in books.document_lines:
            document = books.document(row)
            if row.document_type != "invoice" or row.service_end is None:
                continue
            own = books.lines_of.get(books.contract_of(row) or "", ())
            key = row.contract_line_id or (own[0].contract_line_id if len(own) == 1 else None)
            if key is not None and document.status not in ("void", "draft"):
                found.setdefault(key, []).append((document.issue_date, row.service_end, row.document_line_id))
        return found

    def _remainder(self, line: ContractLine, d: date) -> int:
        """Of what is recognized as invoiced, while its term runs."""
        state, contract = self.known.state(line, self.last_day), self.known.contract(line)
        cancelled = self.known.cancellation(line)
        end = (state.end_date if state else None) or line.end_date or contract.end_date or date.max
        if cancelled is not None:
            end = min(end, cancelled.recognized_on - ONE_DAY)
        if state is None or end <= d:
            return 0
        return max(state.stated - self._earned(line, d), 0)

    def _is_short(self, contract: Contract) -> bool:
        """An original term of one year or less, by the header, else by the lines as first signed."""
        if not self.known.policy.rpo_one_year_expedient:
            return False
        start, end = self._term(contract)
        return start is not None and end is not None and end < add_months(start, 12)

    def _term(self, contract: Contract) -> tuple[date | None, date | None]:
        lines = [
            line
            for line in self.known.books.lines_of.get(contract.contract_id, ())
            if line.amendment_id is None
        ]
        starts = [start for line in lines if (start := line.start_date or contract.start_date)]
        ends = [end for line in lines if (end := line.end_date or contract.end_date)]
        return contract.start_date or min(starts, default=None), contract.end_date or max(ends, default=None)

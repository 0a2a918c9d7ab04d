"""What must hold over any life, however many events it has: the equations of accounting.md section 9."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date

import pytest

from tests.oracle.conventions import ONE_DAY, add_months
from tests.oracle.eventful import eventful_life
from tests.oracle.ledger import Ledger
from tests.oracle.money import QuarantinedError
from tests.oracle.positions import Positions
from tests.oracle.records import Books, cut, read_books

MONTH_ENDS = [add_months(date(2026, 1, 1), n) - ONE_DAY for n in range(20)]
LATER = date(2032, 1, 1)
LIVES = 100


def dates_of(books: Books) -> list[date]:
    found = set(MONTH_ENDS)
    for row in books.amendments:
        found |= {row.effective_date, row.signed_date, max(row.effective_date, row.signed_date)}
    found |= {row.estimate_date for row in books.estimates}
    found |= {row.event_date for row in books.fulfillments}
    found |= {row.issue_date for row in books.documents.values()}
    found |= {row.payment_date for row in books.payments}
    return sorted(found)


def check_equations(books: Books, p: Positions, dates: list[date]) -> None:
    lines = list(books.lines.values())
    events = {line.contract_line_id: p.bookings(line) for line in lines}
    for d in dates:
        for line in lines:
            booked = sum(event.amount for event in events[line.contract_line_id] if event.event_date <= d)
            assert booked == p.contracted(line, d), (line.contract_line_id, d)
            if d < p.counts_from(line):
                assert p.contracted(line, d) == p.recognized(line, d) == 0
        found = p.balance_of(lines, d)
        unbilled = found.contracted - found.billed
        backlog = found.contracted - found.recognized
        assert backlog == found.deferred_revenue + found.refund_liability + unbilled - found.contract_asset
    moved: dict[date, int] = {}
    for line_events in events.values():
        for event in line_events:
            if event.kind == "reallocation":
                moved[event.event_date] = moved.get(event.event_date, 0) + event.amount
    assert not [on for on, amount in moved.items() if amount]


def check_cut(books: Books, p: Positions, dates: list[date]) -> None:
    """Positions at d need nothing that is dated after d."""
    for d in dates[:: max(len(dates) // 4, 1)]:
        known = Positions(cut(books, d))
        for key, line in books.lines.items():
            if key in known.books.lines:
                same = known.books.lines[key]
                assert known.contracted(same, d) == p.contracted(line, d), (key, d)
                assert known.recognized(same, d) == p.recognized(line, d), (key, d)
                assert known.billed(same, d) == p.billed(line, d), (key, d)


def check_end(books: Books, p: Positions) -> None:
    """E1: what is earned by dates is earned whole in the end."""
    for line in books.lines.values():
        if p.method(line) in ("ratable", "on_start", "usage", "as_invoiced"):
            if p.method(line) == "on_start" and line.contract_line_id in {
                a.contract_line_id for a in books.amendments
            }:
                continue
            if p.method(line) in ("usage", "as_invoiced") and p.terms.has_price(line):
                continue
            assert p.recognized(line, LATER) == p.contracted(line, LATER), line.contract_line_id


def check_order(seed: int, p: Positions) -> None:
    """The order of rows in an export means nothing."""
    rng = random.Random(seed)
    data = {entity: rng.sample(rows, len(rows)) for entity, rows in eventful_life(seed).items()}
    other = Positions(read_books(data))
    for key, line in p.books.lines.items():
        same = other.books.lines[key]
        assert other.bookings(same) == p.bookings(line), key
        for d in MONTH_ENDS:
            assert other.recognized(same, d) == p.recognized(line, d), (key, d)
            assert other.billed(same, d) == p.billed(line, d), (key, d)


def check(seed: int, books: Books, p: Positions) -> None:
    dates = dates_of(books)
    try:
        check_equations(books, p, dates)
        check_cut(books, p, dates)
        check_end(books, p)
        check_order(seed, p)
    except AssertionError as error:
        raise AssertionError(f"life {seed}: {error}") from error


def test_what_is_posted_over_two_closes_is_what_is_known() -> None:
    """Section 2: "posted = cumulative known now - cumulative frozen", for lives with events of every kind."""
    as_of, told = date(2027, 3, 31), 0
    for seed in range(LIVES):
        books = read_books(eventful_life(seed))
        ledger = Ledger()
        ledger.close("2026-03", cut(books, date(2026, 3, 31)))
        if ledger.quarantined:
            continue
        ledger.close("2026-08", cut(books, date(2026, 8, 31)), through=True)
        facts = ledger.run(books, as_of)
        if ledger.quarantined:
            continue
        told += 1
        p = Positions(books)
        posted: Counter[tuple[str, str]] = Counter()
        for row in (ledger.published + facts).postings:
            posted[row.key.measure, row.key.contract_line_id] += row.amount
        for key, line in books.lines.items():
            assert posted["revenue", key] == p.recognized(line, as_of), (seed, key)
            assert posted["bookings", key] == p.contracted(line, as_of), (seed, key)
    assert told > LIVES / 4


@pytest.mark.parametrize("first", range(0, 5 * LIVES, LIVES))
def test_the_equations_hold_over_eventful_lives(first: int) -> None:
    told = 0
    for seed in range(first, first + LIVES):
        books = read_books(eventful_life(seed))
        p = Positions(books)
        try:
            for line in books.lines.values():
                p.bookings(line)
        except QuarantinedError:
            continue
        told += 1
        check(seed, books, p)
    assert told > LIVES / 4

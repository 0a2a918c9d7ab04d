"""What is generated is valid and varied, and the oracle's own equations hold over it.

TIEOUT_TIMES: how many times as many lives (`make prove-engine`: 4).
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.oracle.ledger import Facts, Ledger, Posting
from tests.oracle.periods import Period
from tests.oracle.positions import Positions
from tests.oracle.records import Books, ContractLine, cut, read_books, read_calendar
from tests.property.gate import violations
from tests.property.lives import COLUMNS, TIMELINES, Options, Script, Wave, generate_lives, scripts

TIMES = int(os.environ.get("TIEOUT_TIMES", "1"))

quickly = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a life is small enough to read as it is
)


def books_of(script: Script) -> list[Books]:
    return [read_books(wave.rows, leave_out=wave.broken) for wave in script.waves]


def period_ends(script: Script, facts: Facts) -> list[Period]:
    calendar = read_calendar(script.waves[0].rows)
    return sorted({calendar.named(row.period) for row in facts.backlog} | _posted(script, facts))


def _posted(script: Script, facts: Facts) -> set[Period]:
    calendar = read_calendar(script.waves[0].rows)
    return {calendar.named(row.period) for row in facts.postings}


# --- the generator ------------------------------------------------------------------------------------


def test_the_same_seed_tells_the_same_lives() -> None:
    assert [wave.rows for wave in generate_lives(5, 8).waves] == [
        wave.rows for wave in generate_lives(5, 8).waves
    ]
    assert generate_lives(5, 8).waves[0].rows != generate_lives(6, 8).waves[0].rows


@pytest.mark.parametrize("seed", range(len(TIMELINES)))
def test_every_wave_of_many_lives_passes_a_strict_gate(seed: int) -> None:
    for wave in generate_lives(seed, 25 * TIMES).waves:
        assert violations(wave.rows) == []
        for entity, rows in wave.rows.items():
            assert all(tuple(row) == COLUMNS[entity] for row in rows)


def test_lives_are_alone_what_they_are_together() -> None:
    script = generate_lives(3, 12)
    together, alone = script.expected(), script.only({"L0007"}).expected()
    ours = [row for row in together.postings if row.key.contract_line_id.startswith("L0007-")]
    first = {row.period for row in alone.backlog}
    assert sorted(map(repr, ours)) == sorted(map(repr, alone.postings))
    backlog = [
        row for row in together.backlog if row.contract_id.startswith("L0007-") and row.period in first
    ]
    assert backlog == alone.backlog


def test_lives_are_varied() -> None:
    """Each of these happens in a few hundred lives, most of them often."""
    seen: Counter[str] = Counter()
    for seed in range(len(TIMELINES)):
        script = generate_lives(seed, 45, options=Options(held=seed % 2 == 1))
        _count_features(script, seen)
        for row in script.expected().postings:
            seen[f"posted {row.key.measure}"] += 1
            seen[f"booked {row.key.kind}"] += row.key.measure == "bookings"
            seen[f"cause {row.cause}"] += 1
    expected = """
        method ratable, method point_in_time, method on_start, method discount, source line, source price_list,
        source product, source stated, source residual, SSP 0, negative line with method, group, combined,
        convention monthly, convention daily, convention half_month, convention full_month, convention mid_month,
        convention even_period, currency JPY, currency USD, currency EUR, currency KWD, from the 31st, leap day,
        single day, mid-month, signed before start, signed after start, cancelled before start, cancelled at start,
        cancelled mid-term, cancelled after end, back-signed, by header, by amendment, with amount_delta,
        delivery, return, late delivery, draft contract, renewal, invoice void with date, invoice void without date,
        invoice draft, invoice uncollectible, credit note, broken, vanished, posted bookings, posted billings,
        posted revenue, booked new, booked renewal, booked reallocation, booked cancellation, cause None,
        cause late, cause correction, cause void
    """
    missing = [feature for feature in map(str.strip, expected.split(",")) if seen[feature] < 3]
    assert not missing, (missing, seen)


def _count_features(script: Script, seen: Counter[str]) -> None:
    waves = script.waves
    books = read_books(waves[-1].rows, leave_out=waves[-1].broken)
    positions = Positions(books)
    for contract in books.contracts.values():
        seen[f"currency {contract.currency}"] += 1
        seen["combined"] += contract.combined_with is not None
        seen["renewal"] += contract.booking_type == "renewal"
        seen["by header"] += contract.cancelled_date is not None
    for line in books.lines.values():
        method, ssp = positions.method(line), positions.ssp(line)
        seen[f"method {method}"] += 1
        seen[f"source {ssp.source}"] += 1
        seen["SSP 0"] += ssp.amount == 0
        seen["group"] += line.allocation_group is not None
        seen["negative line with method"] += line.amount < 0 and method == "ratable"
        if method == "ratable":
            _count_dates(positions, line, seen)
    _count_documents(books, seen)
    _count_deliveries(waves, books, seen)


def _count_dates(positions: Positions, line: ContractLine, seen: Counter[str]) -> None:
    start, end, signed = positions.start(line), positions.end(line), positions.contract(line).signed_date
    seen[f"convention {positions.convention(line)}"] += 1
    seen["from the 31st"] += start.day == 31
    seen["mid-month"] += 1 < start.day < 28
    seen["leap day"] += (start.month, start.day) == (2, 29)
    seen["single day"] += start == end
    seen["signed before start"] += signed < start
    seen["signed after start"] += signed > start
    cancelled = positions.cancellation(line)
    if cancelled is not None:
        seen["by amendment"] += line.contract_line_id in positions.books.cancel_of
        seen["with amount_delta"] += cancelled.amount_delta is not None
        seen["cancelled before start"] += cancelled.x < start
        seen["cancelled at start"] += cancelled.x == start
        seen["cancelled mid-term"] += start < cancelled.x <= end
        seen["cancelled after end"] += cancelled.x > end
        seen["back-signed"] += cancelled.s > cancelled.x


def _count_documents(books: Books, seen: Counter[str]) -> None:
    for document in books.documents.values():
        if document.document_type == "credit_note":
            seen["credit note"] += 1
        elif document.status == "void":
            seen["invoice void with date" if document.status_date else "invoice void without date"] += 1
        else:
            seen[f"invoice {document.status}"] += 1


def _count_deliveries(waves: list[Wave], books: Books, seen: Counter[str]) -> None:
    first_seen: dict[str, date] = {}
    for wave in waves:
        for row in wave.rows.get("fulfillments", ()):
            first_seen.setdefault(row["fulfillment_id"], wave.as_of)
        contracts = wave.rows.get("contracts", ())
        seen["draft contract"] += sum(row["status"] in ("draft", "proposal") for row in contracts)
        seen["broken"] += len(wave.broken)
    for event in books.fulfillments:
        seen[event.kind] += 1
        seen["late delivery"] += (first_seen[event.fulfillment_id] - event.event_date).days > 40
    for before, after in pairwise(waves):
        gone = {row["contract_id"] for row in before.rows.get("contracts", ())}
        gone -= {row["contract_id"] for row in after.rows.get("contracts", ())}
        seen["vanished"] += len(gone)


# --- equations of accounting.md over generated lives --------------------------------------------------


def check_equations(script: Script) -> None:
    """E1, E2, E4, E7 and the sums of bookings, at every period end that the script publishes or shows."""
    books = books_of(script)[-1]
    positions = Positions(books)
    last = script.timeline.last
    ends = {min(period.end, last) for period in period_ends(script, script.expected())}
    for accounting_contract_id, contracts in books.contracts_of.items():
        signed = frozenset(row.contract_id for row in contracts)
        lines = [line for row in contracts for line in books.lines_of.get(row.contract_id, ())]
        # E4: allocated = transaction price.
        allocation = positions.allocate(accounting_contract_id, signed)
        assert sum(allocation.values()) == sum(line.amount for line in lines)
        for line in lines:
            events = positions.bookings(line)
            for d in sorted(ends):
                booked = sum(event.amount for event in events if event.event_date <= d)
                assert booked == positions.contracted(line, d), (line, d)
                assert positions.contracted(line, d) == positions.recognized(line, d) + positions.backlog(
                    line, d
                )
        for d in ends:
            # E7: backlog = deferred revenue + refund liability + unbilled amount - contract asset.
            found = positions.balance(accounting_contract_id, d)
            unbilled = found.contracted - found.billed
            backlog = sum(positions.backlog(line, d) for line in lines)
            assert (
                backlog == found.deferred_revenue + found.refund_liability + unbilled - found.contract_asset
            )
    # Reallocation rows only move money between lines.
    for contracts in books.contracts_of.values():
        lines = [line for row in contracts for line in books.lines_of.get(row.contract_id, ())]
        moved = [e.amount for line in lines for e in positions.bookings(line) if e.kind == "reallocation"]
        assert sum(moved) == 0


def check_schedule(script: Script) -> None:
    """E1: past + scheduled = allocated for the lines that are earned by dates, on the terms valid at as_of."""
    as_of = script.timeline.last
    books = cut(books_of(script)[-1], as_of)
    positions = Positions(books)
    for line in books.lines.values():
        if positions.method(line) in ("ratable", "on_start"):
            forever = date(2060, 1, 1)
            past, scheduled = (
                positions.recognized(line, as_of),
                positions.scheduled(line, as_of, as_of, forever),
            )
            assert past + scheduled == positions.contracted(line, forever)


def check_postings(script: Script) -> None:
    """What was posted adds up to what is known now (nothing held)."""
    facts = script.expected()
    books = books_of(script)[-1]
    positions = Positions(books)
    last = script.timeline.last
    revenue: Counter[str] = Counter()
    bookings: Counter[str] = Counter()
    billings: Counter[str] = Counter()
    for row in facts.postings:
        {"revenue": revenue, "bookings": bookings, "billings": billings}[row.key.measure][
            row.key.contract_line_id
        ] += row.amount
    for key, line in books.lines.items():
        assert revenue[key] == positions.recognized(line, last), key
        assert bookings[key] == positions.contracted(line, last), key
        assert billings[key] == positions.invoiced(line, last), key


def check_cut(script: Script) -> None:
    """Positions at d need nothing that is dated after d."""
    books = books_of(script)[-1]
    positions = Positions(books)
    for delivery in script.timeline.deliveries:
        d = delivery.as_of
        known = Positions(cut(books, d))
        for key, line in books.lines.items():
            if key in known.books.lines:
                same = known.books.lines[key]
                assert known.contracted(same, d) == positions.contracted(line, d), (key, d)
                assert known.recognized(same, d) == positions.recognized(line, d), (key, d)
                assert known.billed(same, d) == positions.billed(line, d), (key, d)
            else:
                assert positions.contracted(line, d) == positions.recognized(line, d) == 0


def check_closed_months(script: Script) -> None:
    """What a close published is what stands at the end, whatever came later."""
    waves = script.waves
    ledger = Ledger(read_calendar(waves[0].rows))
    for wave in waves:
        before = ledger.published
        books = read_books(wave.rows, leave_out=wave.broken)
        for period in wave.closes:
            ledger.close(period, books, quarantined=wave.broken, through=wave.through)
        now = ledger.published
        assert now.postings[: len(before.postings)] == before.postings
        assert now.backlog[: len(before.backlog)] == before.backlog
        assert not {row.period for row in before.postings} & {
            row.period for row in now.postings[len(before.postings) :]
        }


CHECKS = (check_equations, check_schedule, check_postings, check_cut, check_closed_months)


@pytest.mark.parametrize("seed", range(10, 10 + len(TIMELINES)))
def test_equations_hold_over_many_lives(seed: int) -> None:
    script = generate_lives(seed, 6 * TIMES)
    for check in CHECKS:
        check(script)


@pytest.mark.parametrize("seed", range(40, 40 + len(TIMELINES)))
def test_equations_hold_where_invoice_lines_name_no_contract_line(seed: int) -> None:
    script = generate_lives(seed, 6 * TIMES, options=Options(without_line=True))
    books = books_of(script)[-1]
    assert any(row.contract_line_id is None for row in books.document_lines)
    positions = Positions(books)
    for check in (check_equations, check_cut, check_closed_months):
        check(script)
    invoiced = sum(positions.invoiced(line, script.timeline.last) for line in books.lines.values())
    posted = sum(row.amount for row in script.expected().of("billings"))
    assert invoiced == posted


@quickly
@given(scripts(max_lives=1))
def test_equations_hold_over_any_life(script: Script) -> None:
    for check in CHECKS:
        check(script)


def late_rows(script: Script) -> list[Posting]:
    """Prior-period rows, without invoices dated before the signature: they are delivered with the contract."""
    rows = script.expected().postings
    return [row for row in rows if row.is_prior_period and row.key.measure != "billings"]


@quickly
@given(scripts(max_lives=2, options=Options(changes=False)))
def test_data_that_is_right_and_in_time_is_never_a_prior_period(script: Script) -> None:
    assert late_rows(script) == []


@pytest.mark.parametrize("seed", range(20, 20 + len(TIMELINES)))
def test_in_time_over_many_lives(seed: int) -> None:
    script = generate_lives(seed, 12 * TIMES, options=Options(changes=False))
    assert late_rows(script) == []


@pytest.mark.parametrize("seed", range(30, 30 + len(TIMELINES)))
def test_nothing_posts_for_what_is_held(seed: int) -> None:
    script = generate_lives(seed, 16 * TIMES, options=Options(held=True))
    facts = script.expected()
    rows = [(row.period, row.key.contract_id) for row in facts.postings]
    assert any(facts.held.values())
    assert not [row for row in rows if row[1] in facts.held[row[0]]]

"""Signature, cancellation, documents and closes by hand: accounting.md sections 2, 5 and 6."""

from __future__ import annotations

import copy

import pytest

from tests.oracle.conventions import add_months
from tests.oracle.exports import GOODS, YEAR, D, Export, Rows, events, export, invoices, line, positions, the
from tests.oracle.ledger import Facts, Ledger
from tests.oracle.money import QuarantinedError
from tests.oracle.periods import Calendar, Period, calendar_month
from tests.oracle.positions import Balance, Positions
from tests.oracle.records import ContractLine, cut, read_books

# --- section 2: the signature -------------------------------------------------------------------------


def test_nothing_is_earned_contracted_or_billed_before_the_signature() -> None:
    header = YEAR | {"signed_date": "2026-02-15"}
    p = positions(export([line("L", "12000")], header, **invoices(("2026-01-05", "L", "12000"))))
    row = the(p, "L")
    before, on = D("2026-02-14"), D("2026-02-15")
    assert (p.contracted(row, before), p.recognized(row, before), p.billed(row, before)) == (0, 0, 0)
    # January whole and 15 of 28 days of February.
    expected = (12_000_00, 1_535_71, 12_000_00)
    assert (p.contracted(row, on), p.recognized(row, on), p.billed(row, on)) == expected
    assert p.invoiced(row, before) == 12_000_00


# --- section 5: cancellation --------------------------------------------------------------------------


def cancelled(x: str, s: str = "", method: str = "ratable", **others: str) -> tuple[Positions, ContractLine]:
    header = YEAR | {"status": "cancelled", "cancelled_date": x, "cancellation_signed_date": s} | others
    p = positions(export([line("L", "12000", recognition_method=method)], header))
    return p, the(p, "L")


def test_cancelled_mid_term_signed_before() -> None:
    p, row = cancelled("2026-07-01", "2026-04-20")
    assert p.contracted(row, D("2026-04-19")) == 12_000_00
    assert p.contracted(row, D("2026-04-20")) == 6_000_00
    assert p.recognized(row, D("2026-04-30")) == 4_000_00
    assert p.recognized(row, D("2026-06-30")) == 6_000_00
    assert p.recognized(row, D("2026-12-31")) == 6_000_00
    expected = [("new", D("2026-01-01"), 12_000_00), ("cancellation", D("2026-04-20"), -6_000_00)]
    assert [(e.kind, e.event_date, e.amount) for e in p.bookings(row)] == expected


def test_cancelled_back_signed() -> None:
    p, row = cancelled("2026-03-01", "2026-05-10")
    assert p.recognized(row, D("2026-04-30")) == 4_000_00
    # 9 of 31 days of May, then back to what the terms gave at the end of February.
    assert p.recognized(row, D("2026-05-09")) == 4_290_32
    assert p.recognized(row, D("2026-05-10")) == 2_000_00
    assert p.contracted(row, D("2026-05-09")) == 12_000_00
    assert p.contracted(row, D("2026-05-10")) == 2_000_00


def test_cancelled_before_the_start_is_de_booked_whole() -> None:
    p, row = cancelled("2026-01-01", "2025-12-20", signed_date="2025-12-01")
    assert p.contracted(row, D("2025-12-19")) == 12_000_00
    assert p.contracted(row, D("2025-12-20")) == 0
    assert p.recognized(row, D("2026-06-30")) == 0


def test_on_start_cancelled_at_start_has_no_revenue() -> None:
    p, row = cancelled("2026-01-01", method="on_start")
    assert p.recognized(row, D("2026-01-01")) == 0
    p, row = cancelled("2026-01-02", method="on_start")
    assert p.recognized(row, D("2026-01-02")) == 12_000_00


def test_on_start_cancelled_at_start_signed_later_reverses() -> None:
    p, row = cancelled("2026-01-01", "2026-02-10", method="on_start")
    assert [p.recognized(row, D(d)) for d in ("2026-02-09", "2026-02-10")] == [12_000_00, 0]


def test_cancelled_before_the_contract_was_signed() -> None:
    p, row = cancelled("2026-02-01", "2026-04-10", signed_date="2026-03-15")
    assert p.recognized(row, D("2026-03-14")) == 0
    assert p.recognized(row, D("2026-03-31")) == 3_000_00
    assert p.recognized(row, D("2026-04-10")) == 1_000_00


def test_goods_are_cancelled_on_the_later_of_signature_and_end_of_service() -> None:
    header = {"status": "cancelled", "cancelled_date": "2026-03-01", "cancellation_signed_date": "2026-02-01"}
    delivered = events("L", "delivery", ("2026-01-10", "1"), ("2026-02-20", "1"))
    p = positions(export([line("L", "100", quantity="3", **GOODS)], header, fulfillments=delivered))
    row = the(p, "L")
    assert p.contracted(row, D("2026-02-28")) == 100_00
    assert p.contracted(row, D("2026-03-01")) == 66_67
    assert p.recognized(row, D("2026-03-01")) == 66_67


def test_a_cancel_amendment_with_money_kept() -> None:
    amendment = {"amendment_id": "M", "contract_id": "K", "contract_line_id": "L", "action": "cancel"}
    amendment |= {"effective_date": "2026-07-01", "signed_date": "2026-04-20", "amount_delta": "-5000"}
    p = positions(export([line("L", "12000")], YEAR, amendments=[amendment]))
    row = the(p, "L")
    assert p.contracted(row, D("2026-04-20")) == 7_000_00
    assert p.recognized(row, D("2026-06-30")) == 6_000_00
    assert p.recognized(row, D("2026-07-01")) == 7_000_00


def test_an_amendment_wins_over_the_header() -> None:
    amendment = {"amendment_id": "M", "contract_id": "K", "contract_line_id": "A", "action": "cancel"}
    amendment |= {"effective_date": "2026-07-01", "signed_date": "2026-07-01", "amount_delta": "0"}
    header = YEAR | {"status": "cancelled", "cancelled_date": "2026-07-01"}
    data = export([line("A", "12000"), line("B", "12000")], header, amendments=[amendment])
    p = positions(data)
    assert p.recognized(the(p, "A"), D("2026-07-01")) == 12_000_00
    assert p.recognized(the(p, "B"), D("2026-07-01")) == 6_000_00
    amendment["effective_date"] = "2026-07-02"
    with pytest.raises(QuarantinedError, match="differ"):
        positions(data).recognized(the(p, "A"), D("2026-07-01"))


# --- section 6: documents -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "status_date", "billed"),
    [
        ("draft", "", (0, 0)),
        ("open", "", (500_00, 500_00)),
        ("paid", "2026-03-01", (500_00, 500_00)),
        ("uncollectible", "2026-03-01", (500_00, 500_00)),
        ("void", "2026-03-01", (500_00, 0)),
        ("void", "", (0, 0)),
    ],
)
def test_what_an_invoice_counts(status: str, status_date: str, billed: tuple[int, int]) -> None:
    documents = invoices(("2026-01-10", "L", "500"), status=status, status_date=status_date)
    p = positions(export([line("L", "12000")], YEAR, **documents))
    assert tuple(p.billed(the(p, "L"), D(d)) for d in ("2026-02-28", "2026-03-01")) == billed


def billing_error(**others: str) -> dict[str, Rows]:
    note = {"credit_note_id": "CN", "customer_id": "C", "issue_date": "2026-02-10", "currency": "USD"}
    row = {"credit_note_line_id": "CNL", "credit_note_id": "CN", "invoice_line_id": "IL0", "amount": "200"}
    return {"credit_notes": [note], "credit_note_lines": [row | {"reason": "billing_error"} | others]}


def test_a_billing_error_lowers_billed_only() -> None:
    documents = invoices(("2026-01-10", "L", "500")) | billing_error()
    p = positions(export([line("L", "12000")], YEAR, **documents))
    row = the(p, "L")
    assert [p.billed(row, D(d)) for d in ("2026-02-09", "2026-02-10")] == [500_00, 300_00]
    assert p.contracted(row, D("2026-02-10")) == 12_000_00


def test_an_invoice_line_without_a_contract_line_is_spread() -> None:
    documents = invoices(("2026-01-10", "A", "200"), ("2026-01-20", "", "100"))
    p = positions(export([line("A", "300"), line("B", "200")], YEAR, **documents))
    found = [p.billed(the(p, key), D("2026-01-20")) for key in ("A", "B")]
    assert found == [233_33, 66_67]


def test_billed_above_contracted_is_a_refund_liability() -> None:
    found = Balance(contracted=100, billed=130, recognized=90)
    assert (found.refund_liability, found.deferred_revenue, found.contract_asset) == (30, 10, 0)
    found = Balance(contracted=100, billed=130, recognized=110)
    assert (found.refund_liability, found.deferred_revenue, found.contract_asset) == (30, 0, 10)


# --- section 2: posted = now - frozen -----------------------------------------------------------------

Posted = list[tuple[str, str, int]]


def revenue(facts: Facts) -> Posted:
    return sorted((row.period, row.original_period, row.amount) for row in facts.of("revenue"))


def posted(facts: Facts, measure: str = "revenue") -> Posted:
    rows = [row for row in facts.postings if row.key.measure == measure and row.is_prior_period]
    return sorted((row.period, row.original_period, row.amount) for row in rows)


def causes(facts: Facts) -> set[str | None]:
    return {row.cause for row in facts.postings if row.is_prior_period}


def base(signed: str = "2026-01-01") -> Export:
    return export(
        [line("L", "12000")], YEAR | {"signed_date": signed}, **invoices(("2026-01-05", "L", "12000"))
    )


def closed_through_march(data: Export) -> Ledger:
    ledger = Ledger()
    for period in ("2026-01", "2026-02", "2026-03"):
        ledger.close(period, read_books(data))
    return ledger


def test_first_publication_has_no_prior_period_rows() -> None:
    ledger = Ledger()
    facts = ledger.close("2026-03", read_books(base()))
    assert revenue(facts) == [(f"2026-0{m}", f"2026-0{m}", 1_000_00) for m in (1, 2, 3)]
    assert [row.balance.deferred_revenue for row in facts.balances] == [11_000_00, 10_000_00, 9_000_00]


def test_closing_by_month_and_all_at_once_publish_the_same() -> None:
    at_once = Ledger()
    at_once.close("2026-03", read_books(base()))
    through = Ledger()
    through.close("2026-01", read_books(base()))
    through.close("2026-03", read_books(base()), through=True)
    assert sorted(map(repr, at_once.published.postings)) == sorted(map(repr, through.published.postings))
    assert at_once.published.backlog == through.published.backlog


def test_two_open_periods_and_a_running_one_cut_at_as_of() -> None:
    ledger = Ledger()
    ledger.close("2026-01", read_books(base()))
    facts = ledger.run(read_books(base()), D("2026-04-15"))
    expected = [
        ("2026-02", "2026-02", 1_000_00),
        ("2026-03", "2026-03", 1_000_00),
        ("2026-04", "2026-04", 500_00),
    ]
    assert revenue(facts) == expected


def test_a_late_contract_lands_in_the_open_period() -> None:
    data = base()
    ledger = closed_through_march(
        {**data, "contract_lines": [], "contracts": [], "invoices": [], "invoice_lines": []}
    )
    facts = ledger.run(read_books(data), D("2026-04-30"))
    assert posted(facts) == [("2026-04", f"2026-0{m}", 1_000_00) for m in (1, 2, 3)]
    assert posted(facts, "bookings") == [("2026-04", "2026-01", 12_000_00)]
    assert posted(facts, "billings") == [("2026-04", "2026-01", 12_000_00)]
    assert causes(facts) == {"late"}


def test_a_late_signature_is_current_activity() -> None:
    facts = closed_through_march(base(signed="2026-03-15")).published
    assert revenue(facts) == [("2026-03", "2026-03", 3_000_00)]
    assert [row.period for row in facts.of("billings")] == ["2026-01"]
    assert [row.period for row in facts.balances] == ["2026-03"]


def test_a_corrected_amount() -> None:
    data = base()
    ledger = closed_through_march(data)
    data["contract_lines"][0]["amount"] = "12600"
    facts = ledger.run(read_books(data), D("2026-04-30"))
    assert posted(facts) == [("2026-04", f"2026-0{m}", 50_00) for m in (1, 2, 3)]
    assert posted(facts, "bookings") == [("2026-04", "2026-01", 600_00)]
    assert causes(facts) == {"correction"}


def test_a_voided_invoice_with_and_without_a_date() -> None:
    data = base()
    ledger = closed_through_march(data)
    data["invoices"][0]["status"] = "void"
    facts = ledger.run(read_books(data), D("2026-04-30"))
    assert posted(facts, "billings") == [("2026-04", "2026-01", -12_000_00)]
    data["invoices"][0]["status_date"] = "2026-02-20"
    facts = ledger.run(read_books(data), D("2026-04-30"))
    assert posted(facts, "billings") == [("2026-04", "2026-02", -12_000_00)]
    assert causes(facts) == {"void"}
    data["invoices"][0]["status_date"] = "2026-04-02"
    facts = ledger.run(read_books(data), D("2026-04-30"))
    assert posted(facts, "billings") == []
    assert [(row.period, row.amount) for row in facts.of("billings")] == [("2026-04", -12_000_00)]


def test_another_customer_reverses_and_reposts() -> None:
    data = base()
    ledger = closed_through_march(data)
    data["contracts"][0]["customer_id"] = "OTHER"
    facts = ledger.run(read_books(data), D("2026-04-30"))
    rows = [(row.key.customer_id, row.original_period, row.amount) for row in facts.of("revenue")]
    expected = [("C", f"2026-0{m}", -1_000_00) for m in (1, 2, 3)]
    assert sorted(rows) == expected + [("OTHER", f"2026-0{m}", 1_000_00) for m in (1, 2, 3, 4)]
    assert sum(row.amount for row in facts.of("bookings")) == 0


def test_a_shift_between_closed_periods_of_equal_sum() -> None:
    """The cumulative at the last close is the same: nothing to look at, unless every key is expanded."""
    data = export([line("L", "900", "2026-01-01", "2026-03-31")], {"signed_date": "2026-01-01"})
    moved = copy.deepcopy(data)
    moved["contract_lines"][0]["start_date"] = "2026-02-01"
    for expand, expected in (
        ("differs", []),
        (
            "always",
            [("2026-04", "2026-01", -300_00), ("2026-04", "2026-02", 150_00), ("2026-04", "2026-03", 150_00)],
        ),
    ):
        ledger = Ledger(expand=expand)  # type: ignore[arg-type]
        ledger.close("2026-03", read_books(data))
        assert posted(ledger.run(read_books(moved), D("2026-04-30"))) == expected


def test_a_vanished_contract_is_held_and_mended_as_if_never_broken() -> None:
    data = base()
    ledger = closed_through_march(data)
    gone = {**data, "contracts": [], "contract_lines": []}
    facts = ledger.run(read_books(gone), D("2026-04-30"))
    assert facts.postings == []
    assert facts.held["2026-04"] == {"K"}
    assert [row.balance.deferred_revenue for row in facts.balances] == [9_000_00]
    facts = ledger.run(read_books(data), D("2026-04-30"))
    assert revenue(facts) == [("2026-04", "2026-04", 1_000_00)]


def test_a_vanished_row_holds_its_contract() -> None:
    data = base()
    ledger = closed_through_march(data)
    facts = ledger.run(read_books({**data, "invoice_lines": []}), D("2026-04-30"))
    assert facts.postings == []


def test_mended_after_a_close_the_held_month_posts_once_as_late() -> None:
    data = base()
    ledger = closed_through_march(data)
    ledger.close("2026-04", read_books(data, leave_out={"K"}), quarantined={"K"})
    facts = ledger.close("2026-05", read_books(data))
    assert revenue(facts) == [("2026-05", "2026-04", 1_000_00), ("2026-05", "2026-05", 1_000_00)]
    assert causes(facts) == {"late"}
    facts = ledger.close("2026-06", read_books(data))
    assert revenue(facts) == [("2026-06", "2026-06", 1_000_00)]


def test_custom_periods_only_cut() -> None:
    calendar = Calendar(
        [
            Period(D("2025-01-01"), D("2025-12-31"), "2025-P00"),
            Period(D("2026-01-01"), D("2026-01-28"), "2026-P01"),
            Period(D("2026-01-29"), D("2026-02-25"), "2026-P02"),
            Period(D("2026-02-26"), D("2026-04-01"), "2026-P03"),
        ]
    )
    facts = Ledger(calendar).close("2026-P03", read_books(base()))
    # 28/31; 3/31 + 25/28; 3/28 + 1 + 1/30 of 1,000 a month, cumulative.
    assert [row.amount for row in facts.of("revenue")] == [903_23, 989_63, 1_140_47]


def test_a_cut_is_the_same_as_not_knowing_what_is_dated_later() -> None:
    header = {"status": "cancelled", "cancelled_date": "2026-03-01", "cancellation_signed_date": "2026-05-10"}
    books = read_books(export([line("L", "12000")], YEAR | header, **invoices(("2026-04-05", "L", "12000"))))
    for d in map(D, ("2025-12-31", "2026-04-04", "2026-05-09", "2026-05-10")):
        known, later = Positions(cut(books, d)), Positions(books)
        row = books.lines["L"]
        if row.contract_line_id not in known.books.lines:
            assert later.contracted(row, d) == 0
            continue
        assert known.contracted(row, d) == later.contracted(row, d)
        assert known.recognized(row, d) == later.recognized(row, d)
        assert known.billed(row, d) == later.billed(row, d)


def test_past_and_scheduled_are_the_allocated_amount() -> None:
    p = positions(export([line("L", "12000", "2026-01-15", "2027-01-14")], {"signed_date": "2026-01-15"}))
    row, as_of = the(p, "L"), D("2026-05-10")
    scheduled = [
        p.scheduled(row, as_of, month.start, month.end)
        for month in (calendar_month(add_months(D("2026-05-01"), i)) for i in range(9))
    ]
    assert p.recognized(row, as_of) + sum(scheduled) == 12_000_00


def test_a_late_contract_from_before_the_first_published_period_keeps_its_original_periods() -> None:
    ledger = Ledger()
    data = base()
    other = {"contract_id": "O", "customer_id": "C", "status": "signed", "currency": "USD"}
    other_line = line("OL", "100", "2026-03-01", "2026-03-31") | {"contract_id": "O", "line_number": "1"}
    data["contracts"].append(other | {"signed_date": "2026-03-01"})
    data["contract_lines"].append(other_line)
    ledger.close(
        "2026-03",
        read_books(data | {"contracts": data["contracts"][1:], "invoices": [], "invoice_lines": []}),
    )
    facts = ledger.run(read_books(data), D("2026-04-30"))
    rows = [
        (row.original_period, row.amount) for row in facts.of("revenue") if row.key.contract_line_id == "L"
    ]
    assert rows == [(f"2026-0{m}", 1_000_00) for m in (1, 2, 3, 4)]

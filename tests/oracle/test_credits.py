"""Credit notes, refunds, write-offs and other cash by hand: accounting.md section 6."""

from __future__ import annotations

import pytest

from tests.oracle.exports import (
    GOODS,
    YEAR,
    D,
    Export,
    Row,
    amend,
    billed,
    booked,
    by_month,
    contracted,
    credit_notes,
    estimate,
    events,
    export,
    invoices,
    line,
    pay,
    positions,
    recognized,
    the,
)
from tests.oracle.money import QuarantinedError
from tests.oracle.policy import Policy
from tests.oracle.positions import Positions


def year(*notes: tuple[str, str, str, str], **others: str) -> Export:
    """12,000 for 2026, invoiced on 5 January, with credit notes."""
    documents = invoices(("2026-01-05", "L", "12000")) | credit_notes(*notes, **others)
    return export([line("L", "12000")], **documents)


# --- price concessions ------------------------------------------------------------------------------------------


def test_a_concession_falls_on_recognized_in_proportion_and_the_rest_off_the_remainder() -> None:
    """ "`price_concession` C on date c, `applies_to` `all`: recognized falls on c by round(C x recognized(c - 1) /
    allocated), the rest comes off the remainder, which keeps its schedule. Contracted falls by C (`reprice`)."

    A quarter is earned: 300 at once, 900 over nine months.
    """
    p = positions(year(("2026-04-01", "L", "1200", "price_concession")))
    assert by_month(p, "L", "2026-03-01", 3) == [1_000_00, 600_00, 900_00]
    assert contracted(p, "L", "2026-03-31", "2026-04-01") == [12_000_00, 10_800_00]
    assert billed(p, "L", "2026-04-01") == [10_800_00]
    assert recognized(p, "L", "2026-12-31") == [10_800_00]
    assert booked(p, "L")[1:] == [("reprice", "2026-04-01", -1_200_00)]


@pytest.mark.parametrize(
    ("applies_to", "amount", "april", "may"),
    [
        ("performed", "1200", -200_00, 1_000_00),
        ("performed", "3900", -2_100_00, 900_00),  # 3,000 performed, 900 off nine months
        ("remaining", "1800", 800_00, 800_00),
        ("remaining", "9900", -900_00, 0),  # 9,000 remain, 900 off what was earned
    ],
)
def test_performed_first_and_remaining_first(applies_to: str, amount: str, april: int, may: int) -> None:
    """ "`performed`: off recognized first; `remaining`: off the remainder first." """
    p = positions(year(("2026-04-01", "L", amount, "price_concession"), applies_to=applies_to))
    assert by_month(p, "L", "2026-04-01", 2) == [april, may]


def test_ex05b_the_credit_for_defects_is_on_performed() -> None:
    """ASC-EX05B: 900 on 60 delivered units, and 30 more for 2,400 pooled: 13,500 in all."""
    row = amend("G", "2026-03-01", quantity_delta="30", amount_delta="2400", treatment="prospective")
    data = export(
        [line("G", "12000", quantity="120", **GOODS)],
        amendments=[row],
        fulfillments=events("G", "delivery", ("2026-02-01", "60"), ("2026-04-01", "90")),
        **invoices(("2026-02-01", "G", "6000")),
        **credit_notes(("2026-03-01", "G", "900", "price_concession"), applies_to="performed"),
    )
    p = positions(data)
    assert recognized(p, "G", "2026-02-28", "2026-03-01", "2026-04-01") == [6_000_00, 5_100_00, 13_500_00]


def test_without_a_contract_line_all_lines_in_proportion_to_allocated() -> None:
    """ "Without a contract line: all lines of the contract in proportion to allocated (allocated 0: quarantined)." """
    data = export([line("A", "200"), line("B", "100")], **invoices(("2026-01-05", "A", "200")))
    data |= credit_notes(("2026-01-10", "", "30", "price_concession"))
    p = positions(data)
    assert [contracted(p, key, "2026-01-10") for key in "AB"] == [[180_00], [90_00]]
    data["contract_lines"] = [line("A", "0", contract_id="K", line_number="1")]
    with pytest.raises(QuarantinedError):
        contracted(positions(data), "A", "2026-01-10")


def test_a_concession_uses_up_a_negative_variable_estimate_first() -> None:
    """ "C first uses up a negative variable estimate still in force on the line: by that part only billed falls." 600
    are expected to go back, 400 do: price stays at 11,400; then 300: 200 of it were expected."""
    data = year(
        ("2026-04-01", "L", "400", "price_concession"), ("2026-07-01", "L", "300", "price_concession")
    )
    data["contract_lines"][0]["variable_amount"] = "-600"
    p = positions(data)
    dates = ("2026-01-05", "2026-04-01", "2026-07-01")
    assert contracted(p, "L", *dates) == [11_400_00, 11_400_00, 11_300_00]
    assert billed(p, "L", *dates) == [12_000_00, 11_600_00, 11_300_00]
    assert [p.balance("K", D(d)).refund_liability for d in dates] == [600_00, 200_00, 0]


def test_what_was_used_up_stays_when_the_estimate_is_lifted() -> None:
    """CHOICES.md row 76: of 600 expected 400 went back; lifted to 0 the price rises by 200."""
    data = year(("2026-04-01", "L", "400", "price_concession"))
    data["contract_lines"][0]["variable_amount"] = "-600"
    data["estimates"] = [estimate("2026-07-01", "L", variable_amount="0")]
    assert contracted(positions(data), "L", "2026-06-30", "2026-07-01") == [11_400_00, 11_600_00]


def test_a_concession_melts_into_a_later_pool() -> None:
    """CHOICES.md row 75: 5,400 are earned of 10,800 on 30 June; 600 more: 6,000 over six months."""
    data = year(("2026-04-01", "L", "1200", "price_concession"))
    data["amendments"] = [amend("L", "2026-07-01", amount_delta="600")]
    p = positions(data)
    assert recognized(p, "L", "2026-06-30") == [5_400_00]
    assert by_month(p, "L", "2026-07-01", 6) == [1_000_00] * 6


def test_a_concession_before_the_start_lowers_every_month() -> None:
    """CHOICES.md row 72: nothing is earned, all comes off the remainder."""
    data = year(("2025-12-10", "L", "1200", "price_concession"))
    data["contracts"][0]["signed_date"] = "2025-12-01"
    assert by_month(positions(data), "L", "2026-01-01", 12) == [900_00] * 12


def test_a_voided_concession_comes_back() -> None:
    """Section 6: "a void with a `status_date` is an event of that date"."""
    data = year(("2026-04-01", "L", "1200", "price_concession"))
    data["credit_notes"][0] |= {"status": "void", "status_date": "2026-07-01"}
    p = positions(data)
    assert contracted(p, "L", "2026-06-30", "2026-07-01") == [10_800_00, 12_000_00]
    assert billed(p, "L", "2026-06-30", "2026-07-01") == [10_800_00, 12_000_00]
    assert recognized(p, "L", "2026-12-31") == [12_000_00]


def test_after_a_cancellation_a_concession_lowers_the_final_amount() -> None:
    """CHOICES.md row 59."""
    data = year(("2026-08-01", "L", "500", "price_concession"))
    data["amendments"] = [amend("L", "2026-07-01", action="cancel")]
    p = positions(data)
    assert recognized(p, "L", "2026-07-31", "2026-08-01") == [6_000_00, 5_500_00]
    assert contracted(p, "L", "2026-07-31", "2026-08-01") == [6_000_00, 5_500_00]


# --- other reasons ----------------------------------------------------------------------------------------------


def test_a_cancellation_credit_is_billing_only_up_to_what_was_not_earned() -> None:
    """ "`cancellation`: up to billed - recognized(x - 1) it is billing only, above it a concession on performed"."""
    data = year(("2026-07-01", "L", "6500", "cancellation"))
    data["amendments"] = [amend("L", "2026-07-01", action="cancel")]
    p = positions(data)
    assert billed(p, "L", "2026-07-01") == [5_500_00]
    assert recognized(p, "L", "2026-07-01") == contracted(p, "L", "2026-07-01") == [5_500_00]
    data["amendments"][0]["amount_delta"] = "-5000"
    p = positions(data)
    assert recognized(p, "L", "2026-07-01") == contracted(p, "L", "2026-07-01") == [7_000_00]


def test_paid_to_customer_lowers_price_and_billed() -> None:
    """ "`paid_to_customer`: lowers price and billed." """
    p = positions(year(("2026-07-01", "L", "1200", "paid_to_customer")))
    assert (contracted(p, "L", "2026-07-01"), billed(p, "L", "2026-07-01")) == ([10_800_00], [10_800_00])


def goods(*rows: Row, pct: str = "", notes: tuple[tuple[str, str, str, str], ...] = ()) -> Positions:
    row = line("L", "10000", quantity="100", expected_return_pct=pct, **GOODS)
    documents = invoices(("2026-02-01", "L", "10000")) | credit_notes(*notes)
    delivered = events("L", "delivery", ("2026-02-01", "100"))
    return positions(export([row], fulfillments=[*delivered, *rows], **documents))


def test_a_return_credit_de_books_what_the_return_re_opened() -> None:
    """ "A return takes goods back into the pipeline: delivered falls, revenue reverses, backlog rises; a `return`
    credit note in turn de-books what the return re-opened (refunded, not exchanged)"."""
    p = goods(*events("L", "return", ("2026-03-01", "10")), notes=(("2026-03-05", "L", "1000", "return"),))
    dates = ("2026-02-28", "2026-03-01", "2026-03-05")
    assert recognized(p, "L", *dates) == [10_000_00, 9_000_00, 9_000_00]
    assert contracted(p, "L", *dates) == [10_000_00, 10_000_00, 9_000_00]
    assert billed(p, "L", *dates) == [10_000_00, 10_000_00, 9_000_00]
    assert booked(p, "L")[1:] == [("reprice", "2026-03-05", -1_000_00)]


def test_exchanged_goods_are_earned_again() -> None:
    """ "(refunded, not exchanged)": delivered again without a credit."""
    p = goods(
        *events("L", "return", ("2026-03-01", "10")),
        *events("L", "delivery", ("2026-03-09", "10"), prefix="X"),
    )
    assert recognized(p, "L", "2026-03-08", "2026-03-09") == [9_000_00, 10_000_00]


def test_a_return_credit_without_a_return_is_a_concession_on_performed() -> None:
    """ "A return credit without a return event is a concession on performed service." """
    p = goods(notes=(("2026-03-05", "L", "1000", "return"),))
    assert recognized(p, "L", "2026-03-04", "2026-03-05") == [10_000_00, 9_000_00]
    assert contracted(p, "L", "2026-03-05") == [9_000_00]


def test_return_credits_use_the_refund_liability_up() -> None:
    """ "Refund liability = max(sum of billed - sum of contracted, sum per line of max(round(billed before return
    credits x expected returns / stated amount) - return credits so far, 0), 0)": 300, 200 credited, then 300."""
    p = goods(
        *events("L", "return", ("2026-03-01", "2"), ("2026-04-01", "3")),
        pct="3",
        notes=(("2026-03-05", "L", "200", "return"), ("2026-04-05", "L", "300", "return")),
    )
    dates = ("2026-02-28", "2026-03-05", "2026-04-01", "2026-04-05")
    assert [p.balance("K", D(d)).refund_liability for d in dates] == [300_00, 100_00, 100_00, 0]
    assert recognized(p, "L", *dates) == [9_700_00, 9_700_00, 9_500_00, 9_500_00]
    # The third unit of the estimate is credited, two more that came back are de-booked.
    assert contracted(p, "L", *dates) == [9_700_00, 9_700_00, 9_700_00, 9_500_00]


def test_refunded_units_are_not_delivered_again_by_a_pool() -> None:
    """CHOICES.md row 77: 50 of 100 delivered, 10 back and refunded, 20 more for 2,000: 70 units are left at 100."""
    row = line("L", "10000", quantity="100", **GOODS)
    documents = invoices(("2026-02-01", "L", "5000")) | credit_notes(("2026-03-05", "L", "1000", "return"))
    rows = [
        *events("L", "delivery", ("2026-02-01", "50"), ("2026-05-01", "1")),
        *events("L", "return", ("2026-03-01", "10")),
    ]
    change = amend("L", "2026-04-01", quantity_delta="20", amount_delta="2000")
    p = positions(export([row], fulfillments=rows, amendments=[change], **documents))
    assert contracted(p, "L", "2026-03-05", "2026-04-01") == [9_000_00, 11_000_00]
    assert recognized(p, "L", "2026-04-30", "2026-05-01") == [4_000_00, 4_100_00]


# --- cash -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["refund", "dispute_lost"])
def test_a_refund_without_a_credit_note_is_a_concession(kind: str) -> None:
    """ "A refund or a lost dispute without a credit note of that amount is a price concession (`all`) on its payment
    date and lowers billed and the receivable by the same amount, as a credit note would." """
    data = year()
    data["payments"] = [pay("2026-01-20", "12000"), pay("2026-04-01", "1200", kind)]
    p = positions(data)
    assert by_month(p, "L", "2026-04-01", 2) == [600_00, 900_00]
    assert (contracted(p, "L", "2026-04-01"), billed(p, "L", "2026-04-01")) == ([10_800_00], [10_800_00])
    assert [(e.kind, e.amount) for events in p.payments("K").values() for e in events] == [(kind, -1_200_00)]


@pytest.mark.parametrize("refunded", ["2026-04-01", "2026-04-20"])
def test_a_refund_and_a_credit_note_of_that_amount_count_once(refunded: str) -> None:
    """ "without a credit note of that amount"; CHOICES.md row 81: the first of the two counts."""
    data = year(("2026-04-10", "L", "1200", "price_concession"))
    data["payments"] = [pay("2026-01-20", "12000"), pay(refunded, "1200", "refund")]
    p = positions(data)
    assert billed(p, "L", "2026-03-31", "2026-04-30") == [12_000_00, 10_800_00]
    assert contracted(p, "L", "2026-03-31", "2026-04-30") == [12_000_00, 10_800_00]
    assert contracted(p, "L", "2026-04-05") == [10_800_00 if refunded < "2026-04-10" else 12_000_00]


def test_an_open_dispute_is_cash_only() -> None:
    """ "An open dispute is cash only." """
    data = year()
    data["payments"] = [pay("2026-01-20", "12000"), pay("2026-04-01", "1200", "dispute")]
    p = positions(data)
    assert (contracted(p, "L", "2026-04-01"), billed(p, "L", "2026-04-01")) == ([12_000_00], [12_000_00])


def test_a_write_off_lowers_billed_by_what_was_never_earned() -> None:
    """ "Write-off: bad-debt expense = max(0, min(written off, recognized - paid)), without tax and per contract; the
    rest reduces billed": 12,000 written off on 31 March, 3,000 are earned, 1,000 paid."""
    data = year()
    data["payments"] = [pay("2026-01-20", "1000"), pay("2026-03-31", "11000", "write_off")]
    p = positions(data)
    # 3,000 earned - 1,000 paid = 2,000 expense; 9,000 of 11,000 were never earned.
    assert billed(p, "L", "2026-03-30", "2026-03-31") == [12_000_00, 3_000_00]
    assert contracted(p, "L", "2026-03-31") == [12_000_00]
    assert [p.bad_debt("K", D(d)) for d in ("2026-03-30", "2026-03-31")] == [0, 2_000_00]


def test_a_bad_debt_credit_note_is_no_concession() -> None:
    """ "`bad_debt`: no concession": all is earned, nothing paid: all is expense."""
    p = positions(year(("2026-12-31", "L", "12000", "bad_debt")))
    assert p.bad_debt("K", D("2026-12-31")) == 12_000_00
    assert (contracted(p, "L", "2026-12-31"), billed(p, "L", "2026-12-31")) == ([12_000_00], [12_000_00])


def test_payments_are_without_tax() -> None:
    """ "without tax": 13,200 with tax are 12,000."""
    data = year()
    data["invoices"][0]["total_amount"] = "13200"
    data["payments"] = [pay("2026-04-01", "1320", "refund")]
    assert billed(positions(data), "L", "2026-04-01") == [10_800_00]


def test_defer_on_due_date() -> None:
    """ "When billing counts, policy `defer_on`: `due_date`"; "fct_billings is always at the issue date"."""
    documents = invoices(("2026-01-05", "L", "12000"), due_date="2026-02-04")
    data = export([line("L", "12000")], **documents)
    p = positions(data, Policy(defer_on="due_date"))
    assert billed(p, "L", "2026-02-03", "2026-02-04") == [0, 12_000_00]
    row = p.books.document_lines[0]
    assert [event.event_date for event in p.billings(row)] == [D("2026-01-05")]


def test_ex38a_cancellable_counts_when_paid_or_delivered() -> None:
    """ "`cash_if_cancellable` (for contracts under termination for convenience an invoice for undelivered service
    counts only as far as paid or delivered)": ASC-EX38A."""
    data = export(
        [line("P1", "1000", quantity="1", **GOODS)],
        YEAR | {"signed_date": "2029-01-01", "termination_for_convenience": "true"},
        fulfillments=events("P1", "delivery", ("2029-03-31", "1")),
        payments=[pay("2029-03-01", "1000")],
        **invoices(("2029-01-31", "P1", "1000")),
    )
    p = positions(data, Policy(defer_on="cash_if_cancellable"))
    found = [p.balance("K", D(d)) for d in ("2029-01-31", "2029-03-01", "2029-03-31")]
    assert [(row.deferred_revenue, row.recognized, row.billed) for row in found] == [
        (0, 0, 0), (1_000_00, 0, 1_000_00), (0, 1_000_00, 1_000_00),
    ]  # fmt: skip


def test_deposits_are_money_before_or_without_an_invoice() -> None:
    """ "Money received before an invoice, or not applied to one, is customer deposits, a liability." """
    data = export([line("L", "12000")], **invoices(("2026-02-05", "L", "12000")))
    data["payments"] = [
        pay("2026-01-20", "500"),
        pay("2026-01-21", "70", invoice_id="", contract_id="K"),
        pay("2026-03-01", "30", "credit_applied", invoice_id="", contract_id="K"),
    ]
    p = positions(data)
    dates = ("2026-01-20", "2026-01-21", "2026-02-05", "2026-03-01")
    assert [p.deposits("C", "K", D(d)) for d in dates] == [500_00, 570_00, 70_00, 40_00]


def test_no_contract_is_an_unlinked_billing() -> None:
    """ "No contract, or an excluded one: an *unlinked billing*": in billings, in no position."""
    data = export([line("L", "12000")], **invoices(("2026-02-05", "", "100")))
    data["invoices"][0]["contract_id"] = ""
    p = positions(data)
    assert billed(p, "L", "2026-02-05") == [0]
    assert [event.amount for event in p.billings(p.books.document_lines[0])] == [100_00]


def test_a_concession_on_goods_goes_back_with_them() -> None:
    """CHOICES.md "layers": 10,000 delivered, 1,000 conceded, half comes back: 4,500 stay earned."""
    p = goods(
        *events("L", "return", ("2026-04-01", "50")), notes=(("2026-03-05", "L", "1000", "price_concession"),)
    )
    assert recognized(p, "L", "2026-03-05", "2026-04-01") == [9_000_00, 4_500_00]
    assert p.backlog(the(p, "L"), D("2026-04-01")) == 4_500_00

"""Catch-ups, suspensions, cancellations, booking types and groups by hand: accounting.md section 5."""

from __future__ import annotations

import pytest

from tests.oracle.exports import (
    YEAR,
    D,
    Export,
    Row,
    amend,
    booked,
    by_month,
    contracted,
    estimate,
    events,
    export,
    line,
    positions,
    recognized,
    the,
    two_lines,
)
from tests.oracle.ledger import Facts, Ledger
from tests.oracle.money import QuarantinedError
from tests.oracle.records import read_books

# --- catch-up ---------------------------------------------------------------------------------------------


def test_construction_catches_up_91_200() -> None:
    """ "Construction, price 1,000,000, 60 % complete; the price rises to 1,350,000 and progress is restated to
    51.2 % -> 691,200 to date, catch-up 91,200." "`cumulative_catch_up` when it touches a percent_complete line"."""
    data = export(
        [line("L", "1000000", recognition_method="percent_complete")],
        amendments=[amend("L", "2026-07-01", amount_delta="350000")],
    )
    data["fulfillments"] = events("L", "progress", ("2026-06-30", "60"), ("2026-07-01", "51.2"))
    p = positions(data)
    assert p.treatment("M", the(p, "L")) == ("cumulative_catch_up", "touches a percent_complete line")
    assert recognized(p, "L", "2026-06-30", "2026-07-01") == [600_000_00, 691_200_00]


def test_percent_complete_is_pooled_only_when_the_row_says_prospective() -> None:
    """ "percent_complete lines only when the row itself says `prospective`"; "(p - p0)/(100 - p0)": 400 remain at
    60 %, 200 more: at 80 % half of 600."""
    lines = [line("L", "1000", recognition_method="percent_complete"), line("A", "1200")]
    data = export(lines, amendments=[amend("A", "2026-07-01", amount_delta="600")])
    data["fulfillments"] = events("L", "progress", ("2026-06-30", "60"), ("2026-08-01", "80"))
    p = positions(data)
    assert contracted(p, "L", "2026-07-01") == [1_000_00]
    assert contracted(p, "A", "2026-07-01") == [1_800_00]
    data = export(
        [line("L", "1000", recognition_method="percent_complete")],
        amendments=[amend("L", "2026-07-01", amount_delta="200", treatment="prospective")],
        fulfillments=data["fulfillments"],
    )
    assert recognized(positions(data), "L", "2026-07-01", "2026-08-01") == [600_00, 900_00]


def test_catch_up_re_runs_the_group_with_the_original_ssps_as_from_the_start() -> None:
    """ "the group's allocation is re-run with the original SSPs and the new amounts and term, as from the start;
    recognized jumps on m": 1,800 + 900 by 2 : 1; A over 24 months from the start, 6 of them on 30 June."""
    row = amend("A", "2026-07-01", amount_delta="900", new_end_date="2027-12-31")
    p = two_lines(row | {"treatment": "cumulative_catch_up"}, a="1200", b="600")
    assert contracted(p, "A", "2026-07-01") == [1_800_00]
    assert contracted(p, "B", "2026-07-01") == [900_00]
    # A: 1,800 x (6 + 1/31) / 24; B: 900 x (6 + 1/31) / 12.
    assert recognized(p, "A", "2026-06-30", "2026-07-01") == [600_00, 452_42]
    assert recognized(p, "B", "2026-06-30", "2026-07-01") == [300_00, 452_42]


def test_a_catch_up_after_a_pool_reaches_back_to_that_pool() -> None:
    """CHOICES.md row 48: 6,000 earned, 6,600 from July; + 660 from October catches up July to September."""
    rows = [
        amend("L", "2026-07-01", amount_delta="600", amendment_id="M1"),
        amend("L", "2026-10-01", amount_delta="660", amendment_id="M2", treatment="cumulative_catch_up"),
    ]
    p = positions(export([line("L", "12000")], amendments=rows))
    assert recognized(p, "L", "2026-09-30", "2026-10-31") == [9_300_00, 6_000_00 + 4 * 1_210_00]


# --- suspend ------------------------------------------------------------------------------------------------


def test_suspended_days_weigh_0_and_the_end_moves_by_as_many_days() -> None:
    """ "Suspend on m: `new_start_date` is the first day of service again; days between weigh 0; the end moves by
    as many days unless `new_end_date` says otherwise." March and April are 61 days: to 2 March 2027."""
    row = amend("L", "2026-03-01", action="suspend", new_start_date="2026-05-01")
    p = positions(export([line("L", "12000", recognition_convention="daily")], amendments=[row]))
    daily = [31, 28, 0, 0, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 2]
    assert sum(daily) == 365
    found = by_month(p, "L", "2026-01-01", 15)
    assert found[2:4] == [0, 0]
    assert recognized(p, "L", "2027-03-01", "2027-03-02") == [11_967_12, 12_000_00]


def test_a_suspension_with_its_own_end() -> None:
    """ "unless `new_end_date` says otherwise": 10,000 over May to December."""
    row = amend("L", "2026-03-01", action="suspend", new_start_date="2026-05-01", new_end_date="2026-12-31")
    p = positions(export([line("L", "12000")], amendments=[row]))
    assert by_month(p, "L", "2026-02-01", 4) == [1_000_00, 0, 0, 1_250_00]


def test_a_suspension_under_a_catch_up_has_a_gap_from_the_start() -> None:
    """CHOICES.md row 50: 2 months and 10 are weighed each alone; two are done: nothing moves."""
    row = amend("L", "2026-03-01", action="suspend", new_start_date="2026-05-01", new_end_date="2027-02-28")
    p = positions(export([line("L", "12000")], amendments=[row | {"treatment": "cumulative_catch_up"}]))
    assert by_month(p, "L", "2026-01-01", 6) == [1_000_00, 1_000_00, 0, 0, 1_000_00, 1_000_00]


def test_a_pool_in_a_suspension_starts_where_service_starts_again() -> None:
    """ "the fraction runs from max(m, line start)": 10,000 + 800 over 8 months from May."""
    rows = [
        amend("L", "2026-03-01", action="suspend", new_start_date="2026-05-01", new_end_date="2026-12-31"),
        amend("L", "2026-04-01", amount_delta="800", amendment_id="N"),
    ]
    p = positions(export([line("L", "12000")], amendments=rows))
    assert by_month(p, "L", "2026-03-01", 3) == [0, 0, 1_350_00]


# --- cancel -------------------------------------------------------------------------------------------------


def test_cancelled_after_a_pool_keeps_what_the_new_terms_earned() -> None:
    """ "Contracted takes the final amount on s ...: recognized(x - 1)": 6,000 and three months of 1,100."""
    rows = [
        amend("L", "2026-07-01", amount_delta="600"),
        amend("L", "2026-10-01", action="cancel", amendment_id="N"),
    ]
    p = positions(export([line("L", "12000")], amendments=rows))
    assert recognized(p, "L", "2026-09-30", "2026-10-01", "2026-12-31") == [9_300_00] * 3
    assert booked(p, "L")[-1] == ("cancellation", "2026-10-01", -3_300_00)


def test_a_signed_cancellation_keeps_its_line_out_of_pools() -> None:
    """CHOICES.md rows 38, 58: B goes on 1 October, signed 1 June; A's change on 1 July is A's alone."""
    rows = [
        amend("B", "2026-10-01", "2026-06-01", action="cancel", amendment_id="N"),
        amend("A", "2026-07-01", amount_delta="600"),
    ]
    p = two_lines(*rows)
    assert contracted(p, "B", "2026-05-31", "2026-06-01", "2026-12-31") == [6_000_00, 4_500_00, 4_500_00]
    assert contracted(p, "A", "2026-07-01") == [12_600_00]


def test_pending_money_of_a_cancelled_line_is_de_booked_with_it() -> None:
    """CHOICES.md row 58: an extension for 2027 signed in March is gone when the line is cancelled in June."""
    rows = [
        amend("L", "2027-01-01", "2026-03-01", "extend", new_end_date="2027-12-31", amount_delta="9000"),
        amend("L", "2026-06-01", action="cancel", amendment_id="N"),
    ]
    p = positions(export([line("L", "12000")], amendments=rows))
    assert contracted(p, "L", "2026-03-01", "2026-06-01", "2027-12-31") == [21_000_00, 5_000_00, 5_000_00]


# --- booking types, order, quarantine -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"new_end_date": "2027-06-30"}, "extension"),
        ({"new_end_date": "2026-10-31"}, "contraction"),
        ({"new_end_date": "2027-06-30", "quantity_delta": "-1"}, "extension"),
        ({"quantity_delta": "1"}, "expansion"),
        ({"quantity_delta": "-1", "amount_delta": "-100"}, "contraction"),
        ({}, "reprice"),
    ],
)
def test_booking_type_is_the_first_that_applies(row: Row, kind: str) -> None:
    """ "later end -> extension; earlier end -> contraction; quantity change -> expansion / contraction by the sign
    of the money; else reprice"."""
    change = amend("L", "2026-07-01", **({"amount_delta": "100"} | row))
    p = positions(export([line("L", "12000", quantity="10")], amendments=[change]))
    assert booked(p, "L")[1][0] == kind


@pytest.mark.parametrize(
    "row",
    [
        amend("L", "2026-07-01", treatment="separate"),
        amend("L", "2027-02-01", amount_delta="1"),
        amend("L", "2026-07-01", action="suspend"),
        amend("L", "2026-07-01", quantity_delta="1"),
        amend("L", "2026-07-01", action="add"),
    ],
)
def test_what_cannot_be_is_quarantined(row: Row) -> None:
    """quality.md: "effective after the end unless it extends or adds; treatment `separate` on an existing line"."""
    with pytest.raises(QuarantinedError):
        contracted(positions(export([line("L", "12000")], amendments=[row])), "L", "2026-12-31")


def test_a_change_after_a_cancellation_is_quarantined() -> None:
    """quality.md: "a change or suspension after a cancellation"."""
    rows = [amend("L", "2026-06-01", action="cancel"), amend("L", "2026-07-01", amendment_id="N")]
    with pytest.raises(QuarantinedError, match="after the cancellation"):
        contracted(positions(export([line("L", "12000")], amendments=rows)), "L", "2026-12-31")


# --- groups, contracts, closes --------------------------------------------------------------------------------


def test_a_discount_that_is_added_lowers_the_pool() -> None:
    """ "A negative line whose own and whose product's method are both empty is a discount of its group: SSP 0,
    allocated 0, its amount in the pool": 6,000 + 3,000 less 900 by 2 : 1."""
    discount = line("X", "-900", amendment_id="M") | {"product_id": "DISCOUNT"}
    data = export(
        [line("A", "12000"), line("B", "6000"), discount], amendments=[amend("X", "2026-07-01", action="add")]
    )
    p = positions(data)
    assert [contracted(p, key, "2026-07-01")[0] for key in "ABX"] == [11_400_00, 5_700_00, 0]
    assert booked(p, "X") == [("expansion", "2026-07-01", -900_00), ("reallocation", "2026-07-01", 900_00)]


def test_a_suspension_before_the_start_moves_start_and_end() -> None:
    """CHOICES.md row 56: from 1 January to 1 February: 31 days lost, to 31 January 2027."""
    header = YEAR | {"signed_date": "2025-11-01"}
    row = amend("L", "2025-12-15", action="suspend", new_start_date="2026-02-01")
    p = positions(export([line("L", "12000")], header, amendments=[row]))
    assert by_month(p, "L", "2026-01-01", 3) == [0, 1_000_00, 1_000_00]
    assert recognized(p, "L", "2027-01-30", "2027-01-31") == [11_967_74, 12_000_00]


def test_combined_contracts_are_one_pool() -> None:
    """ "Contracts with the same `combined_with` are one contract for allocation": a change of K pools L2 of K2."""
    data = export(
        [line("A", "12000")],
        {"combined_with": "K"},
        amendments=[amend("A", "2026-07-01", amount_delta="900")],
    )
    data["contracts"].append(data["contracts"][0] | {"contract_id": "K2"})
    data["contract_lines"].append(line("B", "6000", contract_id="K2", line_number="2"))
    p = positions(data)
    assert contracted(p, "A", "2026-07-01") == [12_600_00]
    assert contracted(p, "B", "2026-07-01") == [6_300_00]


def test_a_contract_combined_later_shares_with_what_was_pooled() -> None:
    """CHOICES.md row 86: K2 for 6,000 joins on 1 October by 1 : 1 of the first SSPs: K's share falls by 3,000 in
    its pool, whose 6,600 become 3,600 from July on."""
    data = export(
        [line("A", "12000", quantity="1", ssp_unit="12000")],
        {"combined_with": "K"},
        amendments=[amend("A", "2026-07-01", amount_delta="600")],
    )
    data["contracts"].append(data["contracts"][0] | {"contract_id": "K2", "signed_date": "2026-10-01"})
    data["contract_lines"].append(
        line("B", "6000", contract_id="K2", line_number="2", quantity="1", ssp_unit="12000")
    )
    p = positions(data)
    assert contracted(p, "A", "2026-09-30", "2026-10-01") == [12_600_00, 9_600_00]
    assert contracted(p, "B", "2026-09-30", "2026-10-01") == [0, 9_000_00]
    assert recognized(p, "A", "2026-09-30", "2026-10-31") == [9_300_00, 8_400_00]


def closed(data: Export, later: Export) -> Facts:
    ledger = Ledger()
    ledger.close("2026-03", read_books(data))
    return ledger.run(read_books(later), D("2026-04-30"))


def test_an_amendment_delivered_late_posts_by_the_months_of_its_own_dates() -> None:
    """Section 2: "late source data lands in the open period as a separate, visible adjustment with its original
    period and its cause": + 1,100 from February, signed then, delivered after the close of March."""
    data = export([line("L", "12000")])
    late = {**data, "amendments": [amend("L", "2026-02-01", amount_delta="1100")]}
    rows = [row for row in closed(data, late).postings if row.is_prior_period]
    assert sorted((row.key.measure, row.key.kind, row.original_period, row.amount) for row in rows) == [
        ("bookings", "reprice", "2026-02", 1_100_00),
        ("revenue", "", "2026-02", 100_00),
        ("revenue", "", "2026-03", 100_00),
    ]
    assert {row.cause for row in rows} == {"late"}


def test_a_changed_estimate_of_a_closed_month_has_its_own_cause() -> None:
    """Section 2: "One cause a row, the first that applies: void, estimate, late, else correction." """
    data = export([line("L", "12000")], estimates=[estimate("2026-02-01", "L", variable_amount="120")])
    later = {**data, "estimates": [estimate("2026-02-01", "L", variable_amount="240")]}
    rows = [row for row in closed(data, later).postings if row.is_prior_period]
    assert [(row.original_period, row.amount) for row in rows if row.key.measure == "revenue"] == [
        ("2026-02", 20_00),
        ("2026-03", 10_00),
    ]
    assert {row.cause for row in rows} == {"estimate"}

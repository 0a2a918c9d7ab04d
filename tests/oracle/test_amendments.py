"""Amendments by hand: the sentences of accounting.md section 5, one test or more each."""

from __future__ import annotations

import pytest

from tests.oracle.exports import (
    GOODS,
    YEAR,
    D,
    Export,
    amend,
    booked,
    by_month,
    contracted,
    events,
    export,
    line,
    positions,
    recognized,
    the,
    two_lines,
)

# --- prospective --------------------------------------------------------------------------------------


def test_ex07_a_cut_and_three_more_years_are_70_000_a_year() -> None:
    """ "3 years at 100,000; after year 2 the third is cut to 80,000 and three more years are added for 200,000
    -> 70,000 a year for 4 years.\""""
    row = amend("L", "2023-01-01", action="extend", new_end_date="2026-12-31", amount_delta="180000")
    data = export(
        [line("L", "300000", start_date="2021-01-01", end_date="2023-12-31")],
        {"signed_date": "2021-01-01"},
        amendments=[row | {"treatment": "prospective"}],
    )
    p = positions(data)
    years = [f"{year}-12-31" for year in range(2020, 2027)]
    assert recognized(p, "L", *years) == [
        0, 100_000_00, 200_000_00, 270_000_00, 340_000_00, 410_000_00, 480_000_00,
    ]  # fmt: skip
    assert booked(p, "L") == [("new", "2021-01-01", 300_000_00), ("extension", "2023-01-01", 180_000_00)]


def test_the_pool_is_the_remainder_of_the_group_plus_the_amendments_amounts() -> None:
    """ "the pool is the unrecognized remainder of all lines not fully satisfied of every allocation group the
    amendment touches, plus the amendment's amounts"; "re-allocated by remaining SSP = SSP valid on m x remaining
    fraction of the term".

    After six months 6,000 + 3,000 remain, 900 come on top: 9,900 by 6,000 : 3,000 (stated SSPs, half a term).
    """
    p = two_lines(amend("A", "2026-07-01", amount_delta="900"))
    assert contracted(p, "A", "2026-06-30", "2026-07-01") == [12_000_00, 12_600_00]
    assert contracted(p, "B", "2026-06-30", "2026-07-01") == [6_000_00, 6_300_00]
    assert recognized(p, "A", "2026-06-30", "2026-07-31", "2026-12-31") == [6_000_00, 7_100_00, 12_600_00]
    assert recognized(p, "B", "2026-06-30", "2026-07-31", "2026-12-31") == [3_000_00, 3_550_00, 6_300_00]
    assert booked(p, "A")[1:] == [("reprice", "2026-07-01", 900_00), ("reallocation", "2026-07-01", -300_00)]
    assert booked(p, "B")[1:] == [("reallocation", "2026-07-01", 300_00)]


def test_signed_before_it_takes_effect_the_money_is_contracted_and_the_old_terms_earn() -> None:
    """ "An amendment takes effect on m (signed on s); recognized through max(m, s) - 1 is on the old terms."
    Section 1: "booking: the change of contracted value of a signed contract or amendment"."""
    p = two_lines(amend("A", "2026-07-01", "2026-05-10", amount_delta="900"))
    assert contracted(p, "A", "2026-05-09", "2026-05-10", "2026-06-30", "2026-07-01") == [
        12_000_00, 12_900_00, 12_900_00, 12_600_00,
    ]  # fmt: skip
    assert recognized(p, "A", "2026-06-30", "2026-07-31") == [6_000_00, 7_100_00]
    assert booked(p, "A")[1:] == [("reprice", "2026-05-10", 900_00), ("reallocation", "2026-07-01", -300_00)]


def test_signed_after_it_takes_effect_the_difference_posts_on_s() -> None:
    """ "When signed after m, the segment still starts on m with the remainder of m - 1, and the difference posts
    on s."

    11,000 remain on 31 January, 13,200 with the new money: 1,200 a month from February, known from 1 April.
    """
    row = amend("L", "2026-02-01", "2026-04-01", amount_delta="2200")
    p = positions(export([line("L", "12000")], amendments=[row]))
    assert by_month(p, "L", "2026-01-01", 3) == [1_000_00] * 3
    # On 1 April: 1,000 + 2 x 1,200 and a day of April at 1,200 / 30.
    assert recognized(p, "L", "2026-03-31", "2026-04-01", "2026-04-30") == [3_000_00, 3_440_00, 4_600_00]
    assert recognized(p, "L", "2026-12-31") == [14_200_00]
    assert contracted(p, "L", "2026-03-31", "2026-04-01") == [12_000_00, 14_200_00]


def test_effective_in_a_month_that_an_earlier_change_has_passed() -> None:
    """ "Any number of amendments may follow one another, in a closed period": the second finds the first's money,
    and its own m is earlier. On 31 January 1,000 are earned, 11,000 + 1,100 + 1,100 remain for 11 months."""
    first = amend("L", "2026-03-01", amount_delta="1100")
    second = amend("L", "2026-02-01", "2026-04-01", amount_delta="1100", amendment_id="N")
    p = positions(export([line("L", "12000")], amendments=[first, second]))
    # From March 10,000 + 1,100 over 10 months.
    assert by_month(p, "L", "2026-01-01", 3) == [1_000_00, 1_000_00, 1_110_00]
    assert recognized(p, "L", "2026-04-30", "2026-12-31") == [4_600_00, 14_200_00]


def test_a_chain_of_changes_each_on_the_remainder_of_the_one_before() -> None:
    """ "Any number of amendments may follow one another." 1,000 a month; + 1,100 for 11 months; + 1,000 for 10."""
    rows = [
        amend("L", "2026-02-01", amount_delta="1100", amendment_id="M1"),
        amend("L", "2026-03-01", amount_delta="1000", amendment_id="M2"),
        amend("L", "2026-12-01", amount_delta="-200", amendment_id="M3"),
    ]
    p = positions(export([line("L", "12000")], amendments=rows))
    assert by_month(p, "L", "2026-01-01", 12) == [1_000_00, 1_100_00, *[1_200_00] * 9, 1_000_00]


def test_before_the_start_nothing_is_earned_and_the_whole_is_pooled() -> None:
    """ "Any number of amendments may follow one another, before the start"; "the fraction runs from max(m, line
    start)"."""
    header = YEAR | {"signed_date": "2025-11-01"}
    row = amend("L", "2025-12-01", amount_delta="1200")
    p = positions(export([line("L", "12000")], header, amendments=[row]))
    assert contracted(p, "L", "2025-11-30", "2025-12-01") == [12_000_00, 13_200_00]
    assert by_month(p, "L", "2026-01-01", 12) == [1_100_00] * 12


def test_several_lines_at_once_share_one_pool() -> None:
    """ "on several lines at once": 900 more on A and 300 less on B are one pool of 9,000 + 600 by 2 : 1."""
    rows = [amend("A", "2026-07-01", amount_delta="900"), amend("B", "2026-07-01", amount_delta="-300")]
    p = two_lines(*rows)
    assert contracted(p, "A", "2026-07-01") == [12_400_00]
    assert contracted(p, "B", "2026-07-01") == [6_200_00]
    moved = [row for key in "AB" for row in booked(p, key) if row[0] == "reallocation"]
    assert sum(row[2] for row in moved) == 0


def test_every_group_that_is_touched_and_no_other() -> None:
    """ "of every allocation group the amendment touches": A in G, B in H are touched, C in I is not."""
    lines = [line(key, "12000", allocation_group=group) for key, group in zip("ABC", "GHI", strict=True)]
    rows = [amend("A", "2026-07-01", amount_delta="1200"), amend("B", "2026-07-01")]
    p = positions(export(lines, amendments=rows))
    assert [contracted(p, key, "2026-07-01") for key in "ABC"] == [[12_600_00], [12_600_00], [12_000_00]]


def test_lines_fully_satisfied_stay_as_they_are() -> None:
    """ "all lines not fully satisfied": goods delivered keep what they earned."""
    goods = line("G", "500", quantity="5", **GOODS)
    row = amend("L", "2026-07-01", amount_delta="600")
    data = export([line("L", "12000"), goods], amendments=[row])
    data["fulfillments"] = events("G", "delivery", ("2026-02-01", "5"))
    p = positions(data)
    assert contracted(p, "G", "2026-07-01") == [500_00]
    assert contracted(p, "L", "2026-07-01") == [12_600_00]


def test_ex05b_added_goods_below_their_price_are_blended() -> None:
    """ "over the units still to deliver": ASC-EX05B, 60 of 120 delivered at 100, 30 added at 80: 8,400 for 90."""
    row = amend("G", "2026-03-01", quantity_delta="30", amount_delta="2400", treatment="prospective")
    data = export([line("G", "12000", quantity="120", **GOODS)], amendments=[row])
    data["fulfillments"] = events(
        "G", "delivery", ("2026-02-01", "60"), ("2026-03-10", "1"), ("2026-04-01", "89")
    )
    p = positions(data)
    assert recognized(p, "G", "2026-02-28", "2026-03-10", "2026-04-01") == [6_000_00, 6_093_33, 14_400_00]
    assert ("expansion", "2026-03-01", 2_400_00) in booked(p, "G")


def test_remaining_ssp_of_goods_is_by_remaining_quantity() -> None:
    """ "SSP valid on m x remaining quantity": G has 5 of 10 left at 100, L half a term of 1,000: 500 : 500.

    500 + 500 remain and 100 come: 550 each.
    """
    lines = [
        line("G", "1000", quantity="10", ssp_unit="100", **GOODS),
        line("L", "1000", quantity="1", ssp_unit="1000"),
    ]
    data = export(lines, amendments=[amend("L", "2026-07-01", amount_delta="100")])
    data["fulfillments"] = events("G", "delivery", ("2026-03-01", "5"))
    p = positions(data)
    assert [contracted(p, key, "2026-07-01") for key in "GL"] == [[1_050_00], [1_050_00]]


def test_the_ssp_is_the_one_valid_on_m() -> None:
    """ "SSP valid on m (amendment row, line, price list)": A's list price doubles on 1 June, B's row says 500."""
    prices = [
        {"product_id": "P", "currency": "USD", "valid_from": on, "ssp_unit": unit}
        for on, unit in (("2025-01-01", "1000"), ("2026-06-01", "2000"))
    ]
    lines = [line("A", "1000", quantity="1"), line("B", "1000", quantity="1")]
    row = amend("B", "2026-07-01", ssp_unit="500", treatment="prospective")
    p = positions(export(lines, amendments=[row], ssp_prices=prices))
    # 500 + 500 by 1,000 : 250 (half a term each).
    assert [contracted(p, key, "2026-07-01") for key in "AB"] == [[1_300_00], [700_00]]


def test_per_month_ssp_counts_the_months_that_are_left() -> None:
    """ "remaining fraction of the term" of a per-month SSP: A 6 months at 100, B extended to 18 at 100."""
    lines = [line(key, "1200", quantity="1", ssp_unit="100", ssp_per="month") for key in "AB"]
    row = amend("B", "2026-07-01", action="extend", new_end_date="2027-12-31", amount_delta="600")
    p = positions(export(lines, amendments=[row | {"treatment": "prospective"}]))
    # 600 + 600 + 600 by 6 : 18.
    assert [contracted(p, key, "2026-07-01") for key in "AB"] == [[1_050_00], [1_950_00]]
    assert by_month(p, "B", "2026-07-01", 3) == [75_00] * 3


def test_a_pool_is_rounded_cumulatively_in_line_order_added_lines_last() -> None:
    """ "Every spread over lines: cumulative rounding in line order"; "added lines last, by effective date". Three
    equal remainders of 0.33 or 0.34 and one new line: 1.00 + 0.00 over four gives 25 cents each."""
    lines = [line(key, "1", quantity="1", ssp_unit="1") for key in "ABC"]
    added = line("D", "0.01", quantity="1", ssp_unit="1", amendment_id="M", line_number="0")
    rows = [amend("D", "2026-01-01", action="add", treatment="prospective")]
    p = positions(export([*lines, added], amendments=rows))
    assert [contracted(p, key, "2026-01-01")[0] for key in "ABCD"] == [75, 76, 75, 75]


def test_no_units_left_goes_to_what_is_unfinished() -> None:
    """CHOICES.md row 39: a price change of delivered goods is in the pool, the goods are not."""
    data = export(
        [line("L", "12000"), line("G", "500", quantity="5", **GOODS)],
        amendments=[amend("G", "2026-07-01", amount_delta="-60")],
    )
    data["fulfillments"] = events("G", "delivery", ("2026-02-01", "5"))
    p = positions(data)
    assert contracted(p, "G", "2026-06-30", "2026-07-01") == [500_00, 500_00]
    assert by_month(p, "L", "2026-07-01", 2) == [990_00] * 2


def test_nothing_unfinished_in_the_pool_is_a_catch_up() -> None:
    """ "Nothing unfinished in the pool: a catch-up." """
    data = export(
        [line("G", "500", quantity="5", **GOODS)], amendments=[amend("G", "2026-07-01", amount_delta="-60")]
    )
    data["fulfillments"] = events("G", "delivery", ("2026-02-01", "5"))
    p = positions(data)
    assert recognized(p, "G", "2026-06-30", "2026-07-01") == [500_00, 440_00]


def test_no_days_left_all_on_m() -> None:
    """ "No days or units left: all on m." The end is cut to the day before m."""
    row = amend("L", "2026-07-01", new_end_date="2026-06-30", amount_delta="-4000")
    p = positions(export([line("L", "12000")], amendments=[row]))
    assert recognized(p, "L", "2026-06-30", "2026-07-01", "2026-12-31") == [6_000_00, 8_000_00, 8_000_00]
    assert booked(p, "L")[1] == ("contraction", "2026-07-01", -4_000_00)


# --- terms: extend, shorten, quantity, add ----------------------------------------------------------------


def test_a_shorter_term_earns_the_rest_faster() -> None:
    """ "Booking type: earlier end -> contraction"; null money is no money: 9,000 over April to June."""
    row = amend("L", "2026-04-01", new_end_date="2026-06-30", action="extend")
    p = positions(export([line("L", "12000")], amendments=[row]))
    assert by_month(p, "L", "2026-01-01", 7) == [*[1_000_00] * 3, *[3_000_00] * 3, 0]


def test_partial_cancellation_by_quantity_is_a_change() -> None:
    """ "Partial cancellation by quantity is a `change`": 10 seats to 6, the price of 4 for half a year off."""
    row = amend("L", "2026-07-01", quantity_delta="-4", amount_delta="-2400")
    p = positions(export([line("L", "12000", quantity="10")], amendments=[row]))
    assert booked(p, "L")[1] == ("contraction", "2026-07-01", -2_400_00)
    assert by_month(p, "L", "2026-06-01", 2) == [1_000_00, 600_00]


def test_after_the_end_where_it_extends() -> None:
    """CHOICES.md row 57: m after the end is legal where the end moves behind it. 600 over July to December 2027."""
    row = amend("L", "2027-07-01", action="extend", new_end_date="2027-12-31", amount_delta="600")
    p = positions(export([line("L", "12000")], amendments=[row]))
    assert recognized(p, "L", "2026-12-31", "2027-06-30") == [12_000_00, 12_000_00]
    assert by_month(p, "L", "2027-07-01", 6) == [100_00] * 6


def added(ssp: str = "100", amount: str = "100", **others: str) -> Export:
    new = line("N", amount, quantity="1", amendment_id="M", start_date="2026-07-01") | others
    if ssp:
        new["ssp_unit"] = ssp
    row = amend("N", "2026-07-01", "2026-06-10", action="add", amount_delta=amount)
    return export([line("L", "12000"), new], amendments=[row])


def test_an_added_line_counts_nothing_before_its_amendment() -> None:
    """ "An added line stands in contract_lines with amendment_id; it counts nothing before its amendment." """
    p = positions(added())
    assert contracted(p, "N", "2026-06-09", "2026-06-10") == [0, 100_00]
    assert contracted(p, "L", "2026-01-01", "2026-07-01") == [12_000_00, 12_000_00]
    assert recognized(p, "N", "2026-06-30", "2026-12-31") == [0, 100_00]
    assert booked(p, "N") == [("expansion", "2026-06-10", 100_00)]


@pytest.mark.parametrize(
    ("amount", "treatment"),
    [("95", "separate"), ("105", "separate"), ("94.99", "prospective"), ("105.01", "prospective")],
)
def test_auto_is_separate_within_5_percent_of_a_real_ssp(amount: str, treatment: str) -> None:
    """ "`separate` when it only adds distinct lines, each priced within tolerance (policy, +-5 %) of a real SSP"."""
    p = positions(added(amount=amount))
    assert p.treatment("M", the(p, "N"))[0] == treatment
    # Separate: nothing else changes. Else the pool of 6,000 + N is shared by 6,000 : 100.
    assert (contracted(p, "L", "2026-07-01") == [12_000_00]) is (treatment == "separate")


def test_a_stated_ssp_never_passes_the_tolerance_test() -> None:
    """ "A `stated` SSP never passes the tolerance test." """
    p = positions(added(ssp=""))
    assert p.treatment("M", the(p, "N")) == ("prospective", "any other change")


def test_rows_of_one_modification_are_judged_together() -> None:
    """ "Rows with the same contract, m and s are one modification and are judged together": N alone would pass."""
    data = added()
    data["amendments"].append(amend("L", "2026-07-01", "2026-06-10", amount_delta="10", amendment_id="M2"))
    p = positions(data)
    assert p.treatment("M", the(p, "N"))[0] == p.treatment("M2", the(p, "L"))[0] == "prospective"


def test_separate_lines_have_their_own_pool_and_position() -> None:
    """ "the added lines stand alone, with their own pool; nothing else changes": 180 by 100 : 100; "never of lines
    added as `separate`": a later change of L leaves them."""
    rows = [
        line(key, amount, quantity="1", amendment_id="M", ssp_unit="100", start_date="2026-07-01")
        for key, amount in (("N", "120"), ("O", "60"))
    ]
    amendments = [amend(key, "2026-07-01", action="add", treatment="separate") for key in "NO"]
    amendments.append(amend("L", "2026-10-01", amount_delta="300", amendment_id="M2"))
    p = positions(export([line("L", "12000"), *rows], amendments=amendments))
    assert [contracted(p, key, "2026-07-01", "2026-10-01") for key in "NO"] == [[90_00] * 2, [90_00] * 2]
    assert booked(p, "N") == [("expansion", "2026-07-01", 120_00), ("reallocation", "2026-07-01", -30_00)]
    assert contracted(p, "L", "2026-10-01") == [12_300_00]
    assert p.balance_group(the(p, "N")) == "K/M"
    assert p.balance("K", D("2026-12-31")).contracted == 12_300_00


def test_a_longer_term_at_its_ssp_is_separate() -> None:
    """ "or extends the term within tolerance of the SSP of the added term": 12 months at 100 for 1,170."""
    data = export(
        [line("L", "900", quantity="1", ssp_unit="100", ssp_per="month")],
        amendments=[
            amend("L", "2026-07-01", action="extend", new_end_date="2027-12-31", amount_delta="1170")
        ],
    )
    p = positions(data)
    assert p.treatment("M", the(p, "L")) == ("separate", "within tolerance of the SSP")
    assert by_month(p, "L", "2026-01-01", 24) == [*[75_00] * 12, *[97_50] * 12]
    data["amendments"][0]["amount_delta"] = "1139.99"
    assert positions(data).treatment("M", the(p, "L"))[0] == "prospective"


def test_a_pool_after_a_separate_extension_takes_the_whole_line() -> None:
    """CHOICES.md row 53: 6,000 + 12,000 remain on 30 June 2026, 900 less over 18 months."""
    extension = amend("L", "2026-03-01", action="extend", new_end_date="2027-12-31", amount_delta="12000")
    cut = amend("L", "2026-07-01", amount_delta="-900", amendment_id="N")
    p = positions(export([line("L", "12000", quantity="1", ssp_unit="12000")], amendments=[extension, cut]))
    assert p.treatment("M", the(p, "L"))[0] == "separate"
    assert by_month(p, "L", "2026-06-01", 3) == [1_000_00, 950_00, 950_00]
    assert recognized(p, "L", "2027-12-31") == [23_100_00]


def test_a_pool_that_changes_nothing_moves_nothing() -> None:
    """Section 5: remaining SSP is the same fraction that is left to earn, whatever the method, so a modification
    without money, terms or prices moves no more than roundings."""
    lines = [
        line("R", "1000", quantity="2", ssp_unit="600", start_date="2026-02-11", end_date="2027-03-19"),
        line("G", "1000", quantity="7", ssp_unit="90", **GOODS),
        line("M", "900", quantity="1", ssp_unit="500", recognition_method="milestone"),
        line("D", "1000", quantity="1", ssp_unit="1100", recognition_method="drawdown"),
        line("S", "50", quantity="1", ssp_unit="40", recognition_method="on_start", start_date="2026-09-01"),
    ]
    data = export(lines, amendments=[amend("R", "2026-06-17")])
    data["fulfillments"] = [
        *events("G", "delivery", ("2026-03-01", "3")),
        *events("M", "milestone", ("2026-03-01", "400")),
        *events("D", "usage", ("2026-03-01", "111.11")),
    ]
    p = positions(data)
    for key in "RGMDS":
        before, after = contracted(p, key, "2026-06-16", "2026-06-17")
        assert abs(after - before) <= 1, (key, before, after)
    assert sum(contracted(p, key, "2026-06-17")[0] for key in "RGMDS") == 3_950_00


def test_a_pool_that_does_not_touch_an_extended_line_takes_it_whole_too() -> None:
    """CHOICES.md row 53: A has 6,000 and 12,000 for 2027, B 3,000; 2,100 more by 18,000 : 3,000 of SSP."""
    extension = amend("A", "2026-03-01", action="extend", new_end_date="2027-12-31", amount_delta="12000")
    more = amend("B", "2026-07-01", amount_delta="2100", amendment_id="N")
    lines = [
        line("A", "12000", quantity="1", ssp_unit="12000"),
        line("B", "6000", quantity="1", ssp_unit="6000"),
    ]
    p = positions(export(lines, amendments=[extension, more]))
    assert p.treatment("M", the(p, "A"))[0] == "separate"
    assert contracted(p, "A", "2026-06-30", "2026-07-01") == [24_000_00, 25_800_00]
    assert by_month(p, "A", "2026-06-01", 2) == [1_000_00, 1_100_00]
    assert recognized(p, "A", "2027-12-31") == [25_800_00]

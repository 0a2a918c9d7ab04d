"""Methods and estimates by hand: accounting.md sections 4 and 5."""

from __future__ import annotations

import pytest

from tests.oracle.exports import (
    GOODS,
    YEAR,
    D,
    Row,
    amend,
    booked,
    by_month,
    contracted,
    estimate,
    events,
    export,
    invoices,
    line,
    positions,
    recognized,
    the,
)
from tests.oracle.money import QuarantinedError
from tests.oracle.positions import Positions

# --- SSP in another currency ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rates", "a"),
    [
        ([("2026-01-01", "EUR", "USD", "2")], 200_00),  # direct: 200 : 100
        ([("2025-12-25", "USD", "EUR", "0.5")], 200_00),  # inverse, 7 days old
        ([("2026-01-01", "EUR", "GBP", "1"), ("2026-01-01", "USD", "GBP", "0.5")], 200_00),  # cross
        ([("2025-12-24", "EUR", "USD", "2")], None),  # older than 7 days
        ([("2026-01-02", "EUR", "USD", "2")], None),  # not yet
    ],
)
def test_an_ssp_in_another_currency_is_taken_at_the_signed_dates_rate(
    rates: list[tuple[str, str, str, str]], a: int | None
) -> None:
    """Section 3.3: "Other currency: at the signed date's rate"; section 7: "Rate = direct, else inverse, else cross
    over one common currency; a weekend takes the last rate; older than 7 days is missing"."""
    columns = ("rate_date", "from_currency", "to_currency", "rate")
    data = export(
        [
            {**line("A", "150", quantity="1"), "product_id": "E"},
            line("B", "150", quantity="1", ssp_unit="100"),
        ],
        None,
        [{"product_id": "E", "recognition_method": "ratable", "ssp_unit": "100", "ssp_currency": "EUR"}],
        fx_rates=[dict(zip(columns, row, strict=True)) for row in rates],
    )
    if a is None:
        with pytest.raises(QuarantinedError, match="no rate"):
            contracted(positions(data), "A", "2026-01-01")
    else:
        assert contracted(positions(data), "A", "2026-01-01") == [a]


# --- percent_complete, milestone ----------------------------------------------------------------------------


def one(method: str, amount: str, *rows: tuple[str, str], kind: str, **others: str) -> Positions:
    row = line("L", amount, recognition_method=method, **others)
    return positions(export([row], fulfillments=events("L", kind, *rows)))


def test_percent_complete_is_the_latest_cumulative_percentage() -> None:
    """ "allocated x latest cumulative percentage on or before d"; a falling one is a changed estimate."""
    p = one("percent_complete", "1000", ("2026-02-01", "40"), ("2026-05-01", "33.3333"), kind="progress")
    assert recognized(p, "L", "2026-01-31", "2026-02-01", "2026-05-01") == [0, 400_00, 333_33]


def test_percent_complete_by_costs_to_12_decimals() -> None:
    """ "(12 decimals; or cost_to_date / cost_at_completion)": 1/3 of 10**11 is 33,333,333,333.33 cents short."""
    row = {"fulfillment_id": "F", "contract_line_id": "L", "event_date": "2026-02-01", "kind": "progress"}
    row |= {"cost_to_date": "1", "cost_at_completion": "3"}
    p = positions(
        export([line("L", "30000000000.00", recognition_method="percent_complete")], fulfillments=[row])
    )
    # 0.333333333333 x 3,000,000,000,000 cents = 999,999,999,999 cents.
    assert recognized(p, "L", "2026-02-01") == [999_999_999_999]


@pytest.mark.parametrize("percent", ["-1", "100.1"])
def test_a_percentage_outside_0_to_100_is_quarantined(percent: str) -> None:
    """quality.md: "percentage below 0 or above 100"."""
    with pytest.raises(QuarantinedError, match="percentage"):
        one("percent_complete", "1000", ("2026-02-01", percent), kind="progress")


def test_milestones_reach_at_most_the_stated_amount() -> None:
    """ "allocated x min(sum of reached amounts, stated amount) / stated amount": allocated 600 of stated 500."""
    lines = [
        line("L", "500", quantity="1", ssp_unit="600", recognition_method="milestone"),
        line("A", "500", quantity="1", ssp_unit="400"),
    ]
    data = export(lines, fulfillments=events("L", "milestone", ("2026-02-01", "200"), ("2026-03-01", "400")))
    assert recognized(positions(data), "L", "2026-01-31", "2026-02-01", "2026-03-01") == [0, 240_00, 600_00]


def test_milestones_after_a_pool_run_over_what_is_still_to_reach() -> None:
    """Section 5 and CHOICES.md row 44: 200 of 500 reached; 100 more: 400 over the 400 that are left of 600."""
    data = export(
        [line("L", "500", recognition_method="milestone")],
        amendments=[amend("L", "2026-03-01", amount_delta="100")],
        fulfillments=events("L", "milestone", ("2026-02-01", "200"), ("2026-04-01", "100")),
    )
    assert recognized(positions(data), "L", "2026-03-31", "2026-04-01") == [200_00, 300_00]


# --- usage, drawdown, as_invoiced ---------------------------------------------------------------------------


def test_usage_is_contracted_as_it_is_earned() -> None:
    """ "sum of usage event amounts through d (cumulative never below 0); contracted grows with it, so usage never
    sits in backlog"; booking type `usage`."""
    p = one("usage", "0", ("2026-02-01", "70"), ("2026-03-01", "-100"), ("2026-04-01", "50"), kind="usage")
    dates = ("2026-01-31", "2026-02-01", "2026-03-01", "2026-04-01")
    assert recognized(p, "L", *dates) == contracted(p, "L", *dates) == [0, 70_00, 0, 20_00]
    assert booked(p, "L") == [
        ("usage", "2026-02-01", 70_00),
        ("usage", "2026-03-01", -70_00),
        ("usage", "2026-04-01", 20_00),
    ]


def test_usage_has_no_fixed_amount_unless_it_names_a_group() -> None:
    """Section 3.1: "`usage` and `as_invoiced` lines have no fixed amount in it unless they name a group". A stated
    100 in group G is a share of 150, used 40 of 100: 30 of 75; the 20 above 100 are usage (CHOICES.md row 60)."""
    lines = [line("U", "100", recognition_method="usage"), line("A", "1200")]
    p = positions(export(lines))
    assert contracted(p, "U", "2026-01-01") == [0]
    assert contracted(p, "A", "2026-01-01") == [1_200_00]
    lines = [
        line("U", "100", quantity="1", ssp_unit="100", recognition_method="usage", allocation_group="G"),
        line("A", "50", quantity="1", ssp_unit="100", allocation_group="G"),
    ]
    p = positions(
        export(lines, fulfillments=events("U", "usage", ("2026-02-01", "40"), ("2026-03-01", "80")))
    )
    assert contracted(p, "U", "2026-01-01", "2026-03-01") == [75_00, 95_00]
    assert recognized(p, "U", "2026-02-01", "2026-03-01") == [30_00, 95_00]


def test_drawdown_shortfall_is_earned_at_the_end() -> None:
    """ "min(sum of usage, allocated), the rest at end_date as shortfall or breakage"."""
    p = one("drawdown", "100", ("2026-02-01", "60"), kind="usage")
    dates = ("2026-01-31", "2026-02-01", "2026-12-30", "2026-12-31")
    assert recognized(p, "L", *dates) == [0, 60_00, 60_00, 100_00]
    assert contracted(p, "L", *dates) == [100_00] * 4


def test_drawdown_above_its_amount_is_usage() -> None:
    """ "usage above it is `usage`": 100 committed, 130 used, and 10 after the end."""
    p = one("drawdown", "100", ("2026-02-01", "60"), ("2026-03-01", "70"), ("2027-01-10", "10"), kind="usage")
    dates = ("2026-02-01", "2026-03-01", "2026-12-31", "2027-01-10")
    assert recognized(p, "L", *dates) == [60_00, 130_00, 130_00, 140_00]
    assert contracted(p, "L", *dates) == [100_00, 130_00, 130_00, 140_00]
    assert booked(p, "L") == [
        ("new", "2026-01-01", 100_00),
        ("usage", "2026-03-01", 30_00),
        ("usage", "2027-01-10", 10_00),
    ]


def test_breakage_is_earlier_only_by_an_estimate() -> None:
    """ "(earlier only by an estimate)": 20 % are expected never to be used: 40 used are 50 (CHOICES.md row 62)."""
    data = export(
        [line("L", "100", recognition_method="drawdown")],
        estimates=[estimate("2026-03-01", "L", expected_return_pct="20")],
        fulfillments=events("L", "usage", ("2026-02-01", "40")),
    )
    p = positions(data)
    assert recognized(p, "L", "2026-02-28", "2026-03-01") == [40_00, 50_00]
    assert contracted(p, "L", "2026-03-01") == [100_00]


def test_drawdown_in_a_pool() -> None:
    """Section 5: 60 of 100 used, 50 more credit: 90 remain, used one for one."""
    data = export(
        [line("L", "100", recognition_method="drawdown")],
        amendments=[amend("L", "2026-03-01", amount_delta="50")],
        fulfillments=events("L", "usage", ("2026-02-01", "60"), ("2026-04-01", "70"), ("2026-05-01", "40")),
    )
    p = positions(data)
    assert recognized(p, "L", "2026-03-01", "2026-04-01", "2026-05-01") == [60_00, 130_00, 170_00]
    assert contracted(p, "L", "2026-03-01", "2026-05-01") == [150_00, 170_00]


def test_as_invoiced_is_earned_over_each_service_period() -> None:
    """ "each invoice line earned over its service period (daily), without one at its issue date; contracted =
    recognized, so advance billing of it is deferred revenue, never refund liability or backlog"."""
    data = export(
        [line("L", "1200", recognition_method="as_invoiced")],
        **invoices(("2026-01-20", "L", "310"), ("2026-02-05", "L", "50")),
    )
    data["invoice_lines"][0] |= {"service_start": "2026-01-16", "service_end": "2026-02-15"}
    p = positions(data)
    dates = ("2026-01-19", "2026-01-20", "2026-01-31", "2026-02-05", "2026-02-15")
    assert recognized(p, "L", *dates) == contracted(p, "L", *dates) == [0, 50_00, 160_00, 260_00, 360_00]
    found = p.balance("K", D("2026-01-31"))
    assert (found.deferred_revenue, found.refund_liability) == (150_00, 0)
    assert sum(amount for _, _, amount in booked(p, "L")) == 360_00


# --- estimates ----------------------------------------------------------------------------------------------


def test_ex42_the_constrained_estimate_is_in_the_price() -> None:
    """ "Transaction price = sum of amount + variable - constrained": ASC-EX42 C, 2,400 + 1,000 - 250 = 3,150."""
    row = line("L", "2400", start_date="2027-07-01", end_date="2029-06-30")
    row |= {"variable_amount": "1000", "constrained_amount": "250"}
    p = positions(export([row], {"signed_date": "2027-06-30"}))
    assert contracted(p, "L", "2027-06-30") == [3_150_00]
    assert recognized(p, "L", "2027-12-31") == [787_50]
    assert p.backlog(the(p, "L"), D("2027-12-31")) == 2_362_50
    assert booked(p, "L") == [("new", "2027-06-30", 3_150_00)]


def test_a_change_of_an_estimate_catches_up_on_its_date_over_the_first_allocation() -> None:
    """ "the latest on or before d holds; a change is shared over the lines and SSPs of the allocation that first
    contained it and catches up on its date": 600 by 2 : 1, half a term is gone."""
    lines = [line("A", "1200", variable_amount="0"), line("B", "600")]
    p = positions(export(lines, estimates=[estimate("2026-07-01", "A", variable_amount="600")]))
    assert contracted(p, "A", "2026-06-30", "2026-07-01") == [1_200_00, 1_600_00]
    assert contracted(p, "B", "2026-06-30", "2026-07-01") == [600_00, 800_00]
    # July of A: 6 x 33.33 caught up and a month of 133.33.
    assert by_month(p, "A", "2026-06-01", 3) == [100_00, 333_33, 133_34]
    assert booked(p, "A")[1:] == [("reprice", "2026-07-01", 400_00)]


def test_figures_that_are_not_stated_stay() -> None:
    """Section 5 "dated versions"; CHOICES.md row 66: the constraint is lifted, the variable amount stays."""
    row = line("L", "1000", variable_amount="300", constrained_amount="100")
    p = positions(export([row], estimates=[estimate("2026-07-01", "L", constrained_amount="0")]))
    assert contracted(p, "L", "2026-06-30", "2026-07-01") == [1_200_00, 1_300_00]


def test_an_estimate_of_a_group() -> None:
    """interface.md: "contract_line_id (null: its group, by allocation_group)": 30 less by 2 : 1 in G only."""
    lines = [
        line("A", "200", allocation_group="G"),
        line("B", "100", allocation_group="G"),
        line("C", "100"),
    ]
    rows = [estimate("2026-07-01", allocation_group="G", variable_amount="-30")]
    p = positions(export(lines, estimates=rows))
    assert [contracted(p, key, "2026-07-01") for key in "ABC"] == [[180_00], [90_00], [100_00]]


def test_before_the_signature_an_estimate_holds_from_the_signature() -> None:
    """CHOICES.md row 68."""
    row = estimate("2025-12-01", "L", variable_amount="120")
    p = positions(export([line("L", "1200")], estimates=[row]))
    assert contracted(p, "L", "2025-12-31", "2026-01-01") == [0, 1_320_00]


def test_what_falls_to_a_line_pooled_since_is_shared_over_that_pool() -> None:
    """ "(what falls to a line pooled since is shared over that pool)": 300 by the first SSPs are 200 for A and 100
    for goods G, delivered and never pooled; A's 200 go to the pool of A and B by 1 : 1 and catch up from July."""
    lines = [
        line("A", "1200", quantity="1", ssp_unit="1200"),
        line("G", "600", quantity="1", ssp_unit="600", **GOODS),
        line("B", "600", quantity="1", ssp_unit="1200", amendment_id="M", start_date="2026-07-01"),
    ]
    data = export(
        lines,
        amendments=[amend("B", "2026-07-01", action="add", treatment="prospective", ssp_unit="1200")],
        estimates=[estimate("2026-10-01", "A", variable_amount="300")],
        fulfillments=events("G", "delivery", ("2026-02-01", "1")),
    )
    p = positions(data)
    # 600 + 600 by 600 (half a term) : 1,200 (all of its own).
    assert contracted(p, "A", "2026-07-01") == [1_000_00]
    assert contracted(p, "B", "2026-07-01") == [800_00]
    assert contracted(p, "G", "2026-10-01") == [700_00]
    assert contracted(p, "A", "2026-10-01") == [1_066_67]
    assert contracted(p, "B", "2026-10-01") == [933_33]
    assert recognized(p, "G", "2026-09-30", "2026-10-01") == [600_00, 700_00]
    # A: 600 + 466.67 x 4 / 6 at the end of October.
    assert recognized(p, "A", "2026-10-31") == [911_11]


# --- expected returns -----------------------------------------------------------------------------------------


def returns(pct: str, *rows: Row, **others: list[Row]) -> Positions:
    goods = line("L", "10000", quantity="100", expected_return_pct=pct, **GOODS)
    documents = invoices(("2026-02-01", "L", "10000"))
    return positions(export([goods], fulfillments=list(rows), **documents, **others))


def test_ex22_expected_returns() -> None:
    """ "100 x 100 with 3 % expected back -> 9,700 revenue, 300 refund liability." """
    p = returns("3", *events("L", "delivery", ("2026-02-01", "100")))
    assert contracted(p, "L", "2026-02-01") == recognized(p, "L", "2026-02-01") == [9_700_00]
    found = p.balance("K", D("2026-02-01"))
    assert (found.refund_liability, found.deferred_revenue, found.contract_asset) == (300_00, 0, 0)
    assert booked(p, "L") == [("new", "2026-01-01", 9_700_00)]


def test_actual_returns_first_use_the_estimate_up() -> None:
    """ "recognized units = min(delivered - returned, delivered x (1 - pct)), so actual returns first use the
    estimate up": 2 of 3 came back: nothing moves; 5: two units reverse."""
    p = returns(
        "3",
        *events("L", "delivery", ("2026-02-01", "100")),
        *events("L", "return", ("2026-03-01", "2"), ("2026-04-01", "3")),
    )
    assert recognized(p, "L", "2026-02-28", "2026-03-01", "2026-04-01") == [9_700_00, 9_700_00, 9_500_00]
    assert p.backlog(the(p, "L"), D("2026-04-01")) == 200_00


def test_the_lapse_releases_the_rest() -> None:
    """ "an `estimates` row with expected_return_pct = 0, dated the lapse, releases the rest; nothing lapses by
    itself": one came back, two are released."""
    p = returns(
        "3",
        *events("L", "delivery", ("2026-02-01", "100")),
        *events("L", "return", ("2026-03-01", "1")),
        estimates=[estimate("2026-05-01", "L", expected_return_pct="0")],
    )
    assert recognized(p, "L", "2026-04-30", "2026-05-01", "2027-12-31") == [9_700_00, 9_900_00, 9_900_00]
    assert contracted(p, "L", "2026-04-30", "2026-05-01") == [9_700_00, 10_000_00]


def test_expected_returns_across_a_pool() -> None:
    """CHOICES.md row 71: half is delivered (48.5 units kept, 4,850); 20 more units for 2,000: 100 a unit."""
    goods = line("L", "10000", quantity="100", expected_return_pct="3", **GOODS)
    row = amend("L", "2026-03-01", quantity_delta="20", amount_delta="2000")
    data = export([goods], amendments=[row])
    data["fulfillments"] = events("L", "delivery", ("2026-02-01", "50"), ("2026-04-01", "70"))
    p = positions(data)
    assert recognized(p, "L", "2026-03-01", "2026-04-01") == [4_850_00, 11_640_00]
    assert contracted(p, "L", "2026-02-28", "2026-04-01") == [9_700_00, 11_640_00]


def test_goods_returned_after_a_pool_reverse_at_what_they_earned() -> None:
    """CHOICES.md "layers": 50 units earned 5,000, 50 + 50 more cost 60 each; below 50 a unit reverses 100."""
    row = amend("G", "2026-03-01", quantity_delta="50", amount_delta="1000")
    data = export([line("G", "10000", quantity="100", **GOODS)], amendments=[row])
    data["fulfillments"] = [
        *events("G", "delivery", ("2026-02-01", "50"), ("2026-04-01", "10")),
        *events("G", "return", ("2026-05-01", "20")),
    ]
    p = positions(data)
    assert recognized(p, "G", "2026-03-01", "2026-04-01", "2026-05-01") == [5_000_00, 5_600_00, 4_000_00]


def test_stop_on_uncollectible() -> None:
    """ "Policy `stop_on_uncollectible` (default off) earns nothing further on a contract while its customer's
    invoices are uncollectible; off, that revenue is listed"."""
    from tests.oracle.policy import Policy

    documents = invoices(("2026-01-05", "L", "12000"), status="uncollectible", status_date="2026-05-01")
    data = export([line("L", "12000")], YEAR, **documents)
    assert recognized(positions(data), "L", "2026-06-30") == [6_000_00]
    stopped = positions(data, Policy(stop_on_uncollectible=True))
    assert recognized(stopped, "L", "2026-04-30", "2026-06-30", "2027-06-30") == [4_000_00] * 3

"""The oracle against worked cases of the standards and the examples of accounting.md, with facts by hand.

Amounts are minor units: 12_000_00 is 12,000.00.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from tests.oracle.conventions import CONVENTIONS, elapsed, months_of_term, total
from tests.oracle.exports import YEAR, D, Export, by_month, export, invoices, line, positions, the
from tests.oracle.money import QuarantinedError, half_away, minor_units
from tests.oracle.positions import Positions


def allocation(data: Export) -> dict[str, int]:
    return positions(data).allocate("K", frozenset({"K"}))


def between(p: Positions, line_id: str, first: str, last: str) -> int:
    """Revenue from first to last, both inclusive."""
    row = the(p, line_id)
    return p.recognized(row, D(last)) - p.recognized(row, date.fromordinal(D(first).toordinal() - 1))


def balance(p: Positions, d: str) -> tuple[int, int, int, int]:
    """(contract asset, contract liability, revenue to date, billed to date)"""
    found = p.balance("K", D(d))
    return found.contract_asset, found.deferred_revenue, found.recognized, found.billed


# --- section 1 ----------------------------------------------------------------------------------------


def test_rounding_is_half_away_from_zero() -> None:
    assert [half_away(Fraction(n, 2)) for n in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]
    assert half_away(Fraction(-49, 100)) == 0


def test_minor_units_have_0_2_or_3_decimals() -> None:
    assert minor_units("12", "JPY") == 12
    assert minor_units("12.3", "USD") == 1230
    assert minor_units("-12.345", "KWD") == -12345
    for text, currency in (("12.5", "JPY"), ("0.001", "EUR"), ("1e5", "USD"), ("NaN", "USD")):
        with pytest.raises(QuarantinedError):
            minor_units(text, currency)


# --- section 3: allocation ----------------------------------------------------------------------------


def test_ex33_relative_ssp() -> None:
    data = export(
        [
            line("A", "40", quantity="1", ssp_unit="50"),
            line("B", "30", quantity="1", ssp_unit="25"),
            line("C", "30", quantity="1", ssp_unit="75"),
        ],
        YEAR,
    )
    assert allocation(data) == {"A": 33_33, "B": 16_67, "C": 50_00}


EX34 = [
    line("A", "40", quantity="1", ssp_unit="40"),
    line("B", "55", quantity="1", ssp_unit="55", allocation_group="BC"),
    line("C", "45", quantity="1", ssp_unit="45", allocation_group="BC"),
    {**line("BC-DISCOUNT", "-40", allocation_group="BC"), "product_id": "DISCOUNT"},
]
DISCOUNT = {"product_id": "DISCOUNT", "recognition_method": ""}
RESIDUAL = {"product_id": "D", "recognition_method": "ratable", "ssp_method": "residual"}
RESIDUAL |= {"ssp_low": "15", "ssp_high": "45"}


def test_ex34a_discount_belongs_to_a_bundle() -> None:
    found = allocation(export(EX34, YEAR, [DISCOUNT]))
    assert found == {"A": 40_00, "B": 33_00, "C": 27_00, "BC-DISCOUNT": 0}


def test_ex34b_residual_within_its_range() -> None:
    data = export([*EX34, {**line("D", "30", quantity="1"), "product_id": "D"}], YEAR, [DISCOUNT, RESIDUAL])
    found = allocation(data)
    assert found == {"A": 40_00, "B": 33_00, "C": 27_00, "D": 30_00, "BC-DISCOUNT": 0}


def test_ex34c_residual_outside_its_range_is_quarantined() -> None:
    data = export([*EX34, {**line("D", "5", quantity="1"), "product_id": "D"}], YEAR, [DISCOUNT, RESIDUAL])
    with pytest.raises(QuarantinedError, match="outside its range"):
        allocation(data)


@pytest.mark.parametrize(
    ("amount", "is_let_in"), [("14.99", False), ("15", True), ("45", True), ("45.01", False)]
)
def test_residual_range_includes_its_ends(amount: str, is_let_in: bool) -> None:
    data = export([*EX34, {**line("D", amount, quantity="1"), "product_id": "D"}], YEAR, [DISCOUNT, RESIDUAL])
    if is_let_in:
        assert allocation(data)["D"] == minor_units(amount, "USD")
    else:
        with pytest.raises(QuarantinedError):
            allocation(data)


def test_two_residual_lines_in_one_group_are_quarantined() -> None:
    rows = [line("A", "10", ssp_method="residual"), line("B", "10", ssp_method="residual")]
    with pytest.raises(QuarantinedError, match="two residual"):
        allocation(export(rows, YEAR))


def test_residual_is_not_below_zero() -> None:
    rows = [line("A", "10", quantity="1", ssp_unit="50"), line("B", "10", ssp_method="residual")]
    assert allocation(export(rows, YEAR)) == {"A": 20_00, "B": 0}


def test_upfront_fee_with_ssp_0_joins_the_subscription() -> None:
    """EREV-UPFRONT-A: a set-up fee that is no obligation of its own is a line with SSP 0."""
    data = export(
        [line("SUB", "12000"), line("SETUP", "3000", ssp_unit="0")],
        YEAR,
        **invoices(("2026-01-01", "SUB", "15000")),
    )
    p = positions(data)
    assert allocation(data) == {"SUB": 15_000_00, "SETUP": 0}
    assert by_month(p, "SUB", "2026-01-01", 12) == [1_250_00] * 12
    assert balance(p, "2026-01-31") == (0, 13_750_00, 1_250_00, 15_000_00)
    assert balance(p, "2026-12-31") == (0, 0, 15_000_00, 15_000_00)


def test_ssp_comes_from_line_then_price_list_then_product_then_the_stated_amount() -> None:
    prices = [
        {"product_id": "P", "currency": "USD", "valid_from": valid_from, "ssp_unit": unit}
        for valid_from, unit in (("2025-01-01", "7"), ("2026-01-01", "8"), ("2026-01-02", "9"))
    ]
    prices.append({"product_id": "P", "currency": "EUR", "valid_from": "2026-01-01", "ssp_unit": "99"})
    products = [{"product_id": "Q", "ssp_unit": "5", "ssp_currency": "USD", "recognition_method": "ratable"}]
    products += [{"product_id": "R", "recognition_method": "ratable"}]
    rows = [
        line("line", "10", quantity="3", ssp_unit="6"),
        line("list", "10", quantity="3"),
        {**line("product", "10", quantity="3"), "product_id": "Q"},
        {**line("stated", "10", quantity="3"), "product_id": "R"},
        line("without quantity", "10", ssp_unit="6"),
        line("per month", "10", quantity="2", ssp_unit="1.1", ssp_per="month"),
        line("zero", "10", ssp_unit="0"),
    ]
    p = positions(export(rows, YEAR, products, ssp_prices=prices))
    found = {key: (p.ssp(row).amount, p.ssp(row).source) for key, row in p.books.lines.items()}
    assert found == {
        "line": (18_00, "line"),
        "list": (24_00, "price_list"),
        "product": (15_00, "product"),
        "stated": (10_00, "stated"),
        "without quantity": (10_00, "stated"),
        "per month": (26_40, "line"),
        "zero": (0, "line"),
    }


def test_all_ssps_0_are_shared_by_the_stated_amounts_without_discounts() -> None:
    rows = [line("A", "10", ssp_unit="0"), line("B", "20", ssp_unit="0")]
    rows.append({**line("X", "-3"), "product_id": "DISCOUNT"})
    assert allocation(export(rows, YEAR, [DISCOUNT])) == {"A": 9_00, "B": 18_00, "X": 0}


def test_a_negative_line_with_a_method_is_an_ordinary_line() -> None:
    rows = [line("A", "100"), line("B", "-10")]
    assert allocation(export(rows, YEAR)) == {"A": 100_00, "B": -10_00}


def test_parts_always_add_up_in_line_order_by_number() -> None:
    rows = [line(f"L{i}", "1", quantity="1", ssp_unit="1") for i in range(11)] + [line("Z", "-10.99")]
    rows[-1]["product_id"] = "DISCOUNT"
    found = allocation(export(rows, YEAR, [DISCOUNT]))
    # One cent over eleven equal lines: cumulative 1/11 ... 5/11 round down, 6/11 rounds up: line number 6.
    assert {key for key, part in found.items() if part} == {"L5"}
    assert sum(found.values()) == 1


def test_contracts_combined_share_one_pool() -> None:
    data = export([line("A", "60", quantity="1", ssp_unit="50")], YEAR | {"combined_with": "K"})
    second = export([line("B", "40", quantity="1", ssp_unit="150")], YEAR | {"combined_with": "K"})
    data["contracts"].append(second["contracts"][0] | {"contract_id": "K2"})
    data["contract_lines"].append(second["contract_lines"][0] | {"contract_id": "K2"})
    p = positions(data)
    assert p.allocate("K", frozenset({"K", "K2"})) == {"A": 25_00, "B": 75_00}
    assert [event.amount for event in p.bookings(the(p, "A"))] == [60_00, -35_00]
    assert [event.amount for event in p.bookings(the(p, "B"))] == [40_00, 35_00]


def test_a_combined_contract_signed_later_re_allocates_on_its_signed_date() -> None:
    data = export([line("A", "60", quantity="1", ssp_unit="50")], YEAR | {"combined_with": "K"})
    second = export([line("B", "40", quantity="1", ssp_unit="150")], YEAR | {"combined_with": "K"})
    data["contracts"].append(second["contracts"][0] | {"contract_id": "K2", "signed_date": "2026-03-10"})
    data["contract_lines"].append(second["contract_lines"][0] | {"contract_id": "K2"})
    p = positions(data)
    assert p.contracted(the(p, "A"), D("2026-03-09")) == 60_00
    assert p.contracted(the(p, "A"), D("2026-03-10")) == 25_00
    events = [(e.event_id, e.kind, e.amount) for e in p.bookings(the(p, "A"))]
    assert events == [("K", "new", 60_00), ("K2", "reallocation", -35_00)]


# --- section 4: ratable -------------------------------------------------------------------------------


def ratable(price: str, start: str, end: str, convention: str = "", signed: str = "") -> Positions:
    row = line("L", price, start, end, recognition_convention=convention)
    return positions(export([row], {"signed_date": signed or start}))


def test_12_000_for_a_year_from_the_first_is_1_000_a_month() -> None:
    p = ratable("12000", "2026-01-01", "2026-12-31", signed="2025-12-20")
    assert by_month(p, "L", "2026-01-01", 12) == [1_000_00] * 12
    assert p.backlog(the(p, "L"), D("2025-12-31")) == 12_000_00
    assert p.backlog(the(p, "L"), D("2026-01-31")) == 11_000_00


def test_12_000_from_15_january() -> None:
    p = ratable("12000", "2026-01-15", "2027-01-14")
    assert by_month(p, "L", "2026-01-01", 13) == [548_39, *[1_000_00] * 11, 451_61]


def test_backlog_is_contracted_less_recognized() -> None:
    p = ratable("10000000", "2026-01-01", "2026-10-31")
    assert p.recognized(the(p, "L"), D("2026-04-30")) == 4_000_000_00
    assert p.backlog(the(p, "L"), D("2026-04-30")) == 6_000_000_00


def test_stripe_02_daily() -> None:
    row = line("L", "365", "2019-01-01", "2019-12-31", recognition_convention="daily")
    p = positions(export([row], {"signed_date": "2019-01-01"}, **invoices(("2019-01-01", "L", "365"))))
    assert by_month(p, "L", "2019-01-01", 3) == [31_00, 28_00, 31_00]
    assert balance(p, "2019-01-31") == (0, 334_00, 31_00, 365_00)
    assert balance(p, "2019-03-31") == (0, 275_00, 90_00, 365_00)


def test_chargebee_01_even_months() -> None:
    p = positions(export([line("L", "12000")], YEAR, **invoices(("2026-01-01", "L", "12000"))))
    assert by_month(p, "L", "2026-01-01", 12) == [1_000_00] * 12
    assert balance(p, "2026-01-31") == (0, 11_000_00, 1_000_00, 12_000_00)
    assert balance(p, "2026-02-28") == (0, 10_000_00, 2_000_00, 12_000_00)
    assert balance(p, "2026-12-31") == (0, 0, 12_000_00, 12_000_00)


def test_zuora_03_prorated_partial_months() -> None:
    p = ratable("1600", "2016-11-18", "2017-07-17")
    assert by_month(p, "L", "2016-11-01", 9) == [86_67, *[200_00] * 7, 113_33]


def test_subscript_01_daily_with_cumulative_rounding() -> None:
    p = ratable("12000", "2021-01-16", "2022-01-15", "daily")
    expected = [526_03, 920_55, 1019_17, 986_30, 1019_18, 986_30, 1019_18, 1019_18, 986_30, 1019_18, 986_30]
    assert by_month(p, "L", "2021-01-01", 13) == [*expected, 1019_18, 493_15]


def test_subscript_01_monthly() -> None:
    p = ratable("12000", "2021-01-16", "2022-01-15")
    months = by_month(p, "L", "2021-01-01", 13)
    assert months[1:12] == [1_000_00] * 11
    assert months[0] + months[12] == 1_000_00


def test_d365_01_half_month_convention() -> None:
    p = ratable("12000", "2024-01-13", "2025-01-12", "mid_month")
    assert by_month(p, "L", "2024-01-01", 13) == [*[1_000_00] * 12, 0]
    later = ratable("12000", "2024-01-16", "2025-01-15", "mid_month")
    assert by_month(later, "L", "2024-01-01", 13) == [0, *[1_000_00] * 12]


def test_erev_fs_01_ramp_billed_annually() -> None:
    row = line("L", "450000", "2026-01-01", "2028-12-31")
    billed = [("2026-01-01", "L", "100000"), ("2027-01-01", "L", "150000"), ("2028-01-01", "L", "200000")]
    p = positions(export([row], {"signed_date": "2026-01-01"}, **invoices(*billed)))
    assert by_month(p, "L", "2026-01-01", 36) == [12_500_00] * 36
    assert balance(p, "2026-12-31") == (50_000_00, 0, 150_000_00, 100_000_00)
    assert balance(p, "2027-01-31") == (0, 87_500_00, 162_500_00, 250_000_00)
    assert balance(p, "2027-12-31") == (50_000_00, 0, 300_000_00, 250_000_00)
    assert balance(p, "2028-12-31") == (0, 0, 450_000_00, 450_000_00)
    assert p.backlog(the(p, "L"), D("2026-12-31")) == 300_000_00


def test_der_free_months() -> None:
    billed = [(f"2026-{month:02}-01", "L", "1200") for month in range(3, 13)]
    p = positions(export([line("L", "12000")], YEAR, **invoices(*billed)))
    assert by_month(p, "L", "2026-01-01", 12) == [1_000_00] * 12
    assert balance(p, "2026-01-31") == (1_000_00, 0, 1_000_00, 0)
    assert balance(p, "2026-02-28") == (2_000_00, 0, 2_000_00, 0)
    assert balance(p, "2026-03-31") == (1_800_00, 0, 3_000_00, 1_200_00)
    assert balance(p, "2026-11-30") == (200_00, 0, 11_000_00, 10_800_00)
    assert balance(p, "2026-12-31") == (0, 0, 12_000_00, 12_000_00)


@pytest.mark.parametrize(
    ("billed", "liability"),
    [
        (
            [("2026-07-01", "L", "12000"), ("2027-07-01", "L", "12000"), ("2028-07-01", "L", "12000")],
            6_000_00,
        ),
        ([("2026-07-01", "L", "36000")], 30_000_00),
    ],
)
def test_der_3y_annual_and_prepaid(billed: list[tuple[str, str, str]], liability: int) -> None:
    row = line("L", "36000", "2026-07-01", "2029-06-30")
    p = positions(export([row], {"signed_date": "2026-07-01"}, **invoices(*billed)))
    assert p.recognized(the(p, "L"), D("2026-12-31")) == 6_000_00
    assert p.balance("K", D("2026-12-31")).deferred_revenue == liability
    assert p.backlog(the(p, "L"), D("2026-12-31")) == 30_000_00


# Weights by hand, in 1/31sts and so on: (convention, start, end) -> weight of each calendar month touched.
WEIGHTS = [
    ("monthly", "2026-01-15", "2026-03-14", ["17/31", "1", "14/31"]),
    ("monthly", "2026-01-31", "2026-02-27", ["1/31", "30/31"]),
    ("monthly", "2026-01-31", "2026-03-30", ["1/31", "1", "30/31"]),
    ("monthly", "2026-01-30", "2026-02-27", ["2/31", "29/31"]),
    ("monthly", "2026-01-31", "2026-02-28", ["1/31", "1"]),
    ("monthly", "2024-02-29", "2025-02-27", ["1/29", *["1"] * 11, "28/29"]),
    ("monthly", "2026-01-10", "2026-01-10", ["1/31"]),
    ("monthly", "2026-01-10", "2026-02-20", ["22/31", "20/28"]),
    ("daily", "2024-02-28", "2024-03-01", ["2", "1"]),
    ("half_month", "2026-01-02", "2026-03-01", ["1/2", "1", "1/2"]),
    ("half_month", "2026-01-01", "2026-02-27", ["1", "1/2"]),
    ("half_month", "2026-01-10", "2026-01-10", ["1/2"]),
    ("full_month", "2026-01-15", "2026-03-14", ["1", "1", "0"]),
    ("full_month", "2026-01-15", "2026-03-15", ["1", "1", "1"]),
    ("full_month", "2026-01-31", "2026-02-28", ["1", "1"]),
    ("full_month", "2026-01-31", "2026-02-27", ["1", "0"]),
    ("full_month", "2026-01-10", "2026-01-10", ["1"]),
    ("mid_month", "2026-01-15", "2026-03-14", ["1", "1", "0"]),
    ("mid_month", "2026-01-16", "2026-03-15", ["0", "1", "1"]),
    ("mid_month", "2026-01-16", "2026-01-31", ["1"]),
    ("mid_month", "2026-01-31", "2026-02-01", ["0", "1"]),
    ("mid_month", "2026-12-31", "2027-01-30", ["0", "1"]),
    ("even_period", "2026-01-31", "2026-03-01", ["1", "1", "1"]),
    ("even_period", "2026-01-10", "2026-01-10", ["1"]),
]


@pytest.mark.parametrize(("convention", "start", "end", "weights"), WEIGHTS)
def test_weights_of_the_months(convention: str, start: str, end: str, weights: list[str]) -> None:
    expected = [Fraction(weight) for weight in weights]
    assert CONVENTIONS[convention](D(start), D(end)) == expected
    assert total(D(start), D(end), convention) == sum(expected)


def test_a_months_weight_accrues_evenly_over_its_days_of_service() -> None:
    start, end = D("2026-01-15"), D("2026-03-14")
    assert elapsed(start, end, "half_month", D("2026-01-14")) == 0
    assert elapsed(start, end, "half_month", D("2026-01-15")) == Fraction(1, 2) / 17
    assert elapsed(start, end, "half_month", D("2026-02-07")) == Fraction(1, 2) + Fraction(7, 28)
    assert elapsed(start, end, "half_month", D("2026-03-07")) == Fraction(3, 2) + Fraction(1, 2) * Fraction(
        7, 14
    )
    assert elapsed(start, end, "full_month", D("2026-02-28")) == 2
    assert elapsed(start, end, "full_month", D("2026-03-10")) == 2
    assert elapsed(start, end, "full_month", D("2030-01-01")) == 2


def test_months_of_term() -> None:
    assert months_of_term(D("2026-01-31"), D("2026-02-27")) == 1
    assert months_of_term(D("2026-01-15"), D("2027-01-14")) == 12
    assert months_of_term(D("2026-01-15"), D("2026-01-31")) == Fraction(17, 31)


# --- section 4: on_start and point_in_time -------------------------------------------------------------


def test_on_start_earns_all_on_the_start_date() -> None:
    row = line("L", "900", "2026-02-10", "2026-12-31", recognition_method="on_start")
    p = positions(export([row], {"signed_date": "2026-01-01"}))
    assert [p.recognized(the(p, "L"), D(d)) for d in ("2026-02-09", "2026-02-10")] == [0, 900_00]


def goods(
    *events: tuple[str, str, str], quantity: str = "3", header: dict[str, str] | None = None
) -> Positions:
    row = line("L", "100", quantity=quantity, recognition_method="point_in_time")
    rows = [
        {"fulfillment_id": f"F{i}", "contract_line_id": "L", "event_date": d, "kind": kind, "quantity": units}
        for i, (d, kind, units) in enumerate(events)
    ]
    return positions(export([row], {"signed_date": "2026-01-01"} | (header or {}), fulfillments=rows))


def test_point_in_time_with_a_return() -> None:
    p = goods(
        ("2026-01-10", "delivery", "1"),
        ("2026-02-10", "delivery", "2"),
        ("2026-03-10", "return", "1"),
        ("2026-04-10", "delivery", "1"),
    )
    dates = ("2026-01-09", "2026-01-10", "2026-02-10", "2026-03-10", "2026-04-10")
    assert [p.recognized(the(p, "L"), D(d)) for d in dates] == [0, 33_33, 100_00, 66_67, 100_00]
    assert p.backlog(the(p, "L"), D("2026-03-31")) == 33_33


def test_delivered_above_ordered_counts_to_the_ordered_quantity() -> None:
    p = goods(("2026-01-10", "delivery", "5"), ("2026-02-10", "return", "1"), ("2026-03-10", "return", "2"))
    dates = ("2026-01-10", "2026-02-10", "2026-03-10")
    assert [p.recognized(the(p, "L"), D(d)) for d in dates] == [100_00, 100_00, 66_67]

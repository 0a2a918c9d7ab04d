"""The oracle against worked cases of the standards and the examples of accounting.md, with facts by hand.

Amounts are minor units: 12_000_00 is 12,000.00.
"""

from __future__ import annotations

import copy
from datetime import date
from fractions import Fraction

import pytest

from tests.oracle.conventions import CONVENTIONS, add_months, elapsed, months_of_term, total
from tests.oracle.ledger import Facts, Ledger
from tests.oracle.money import QuarantinedError, half_away, minor_units
from tests.oracle.periods import Calendar, Period, calendar_month
from tests.oracle.positions import Balance, Positions
from tests.oracle.records import ContractLine, cut, read_books

Rows = list[dict[str, str]]
Export = dict[str, Rows]
D = date.fromisoformat


# --- exports in a few words ---------------------------------------------------------------------------


def export(
    lines: Rows,
    header: dict[str, str] | None = None,
    products: Rows | None = None,
    **others: Rows,
) -> Export:
    """One contract K signed with its lines; `P` is a ratable product."""
    contract = {"contract_id": "K", "customer_id": "C", "status": "signed", "currency": "USD"} | (
        header or {}
    )
    numbered = [{"contract_id": "K", "line_number": str(i + 1)} | row for i, row in enumerate(lines)]
    return {
        "contracts": [contract],
        "contract_lines": numbered,
        "products": [{"product_id": "P", "recognition_method": "ratable"}, *(products or [])],
        **others,
    }


def line(line_id: str, amount: str, start: str = "", end: str = "", **others: str) -> dict[str, str]:
    row = {"contract_line_id": line_id, "product_id": "P", "amount": amount}
    return row | {"start_date": start, "end_date": end} | others


def invoices(*rows: tuple[str, str, str], status: str = "open", status_date: str = "") -> dict[str, Rows]:
    """Invoices of one line each: (issue date, line, amount)."""
    headers, lines = [], []
    for i, (issued, line_id, amount) in enumerate(rows):
        headers.append(
            {"invoice_id": f"I{i}", "customer_id": "C", "contract_id": "K", "issue_date": issued}
            | {"currency": "USD", "status": status, "status_date": status_date}
        )
        lines.append(
            {
                "invoice_line_id": f"IL{i}",
                "invoice_id": f"I{i}",
                "contract_line_id": line_id,
                "amount": amount,
            }
        )
    return {"invoices": headers, "invoice_lines": lines}


def positions(data: Export) -> Positions:
    return Positions(read_books(data))


def the(p: Positions, line_id: str) -> ContractLine:
    return p.books.lines[line_id]


def allocation(data: Export) -> dict[str, int]:
    return positions(data).allocate("K", frozenset({"K"}))


def between(p: Positions, line_id: str, first: str, last: str) -> int:
    """Revenue from first to last, both inclusive."""
    row = the(p, line_id)
    return p.recognized(row, D(last)) - p.recognized(row, date.fromordinal(D(first).toordinal() - 1))


def by_month(p: Positions, line_id: str, first: str, months: int) -> list[int]:
    found = []
    for i in range(months):
        month = calendar_month(add_months(D(first), i))
        found.append(between(p, line_id, month.start.isoformat(), month.end.isoformat()))
    return found


def balance(p: Positions, d: str) -> tuple[int, int, int, int]:
    """(contract asset, contract liability, revenue to date, billed to date)"""
    found = p.balance("K", D(d))
    return found.contract_asset, found.deferred_revenue, found.recognized, found.billed


YEAR = {"signed_date": "2026-01-01", "start_date": "2026-01-01", "end_date": "2026-12-31"}


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
    p = goods(("2026-01-10", "delivery", "1"), ("2026-02-20", "delivery", "1"), header=header)
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
    p = ratable("12000", "2026-01-15", "2027-01-14")
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

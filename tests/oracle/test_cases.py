"""The worked cases of the standards and of vendors (asc606.yaml) against the oracle.

Inputs and answers are read from the file beside the project (TIEOUT_SHARED); without it these tests are skipped.
"""

from __future__ import annotations

import os
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.oracle.exports import (
    GOODS,
    D,
    Export,
    Row,
    Rows,
    amend,
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
from tests.oracle.ledger import BacklogRow, BalanceRow, Ledger
from tests.oracle.money import QuarantinedError
from tests.oracle.obligations import clamped
from tests.oracle.policy import DEFAULT, Policy
from tests.oracle.positions import Positions
from tests.oracle.records import read_books

FILE = Path(os.environ.get("TIEOUT_SHARED", "../shared")) / "cases" / "asc606.yaml"

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"the worked cases ({FILE}) are not beside the project"
)


@cache
def _all() -> dict[str, Any]:
    with FILE.open(encoding="utf-8") as file:
        return {row["id"]: row for row in yaml.load(file, Loader=yaml.BaseLoader)["cases"]}


def case(case_id: str) -> tuple[Any, Any]:
    found = _all()[case_id]
    return found["inputs"], found["expected"]


def cents(text: str) -> int:
    return int(Decimal(text) * 100)


def check_balances(p: Positions, rows: list[dict[str, str]]) -> None:
    """Contract asset and liability, revenue and billings to date, where the case gives them."""
    for row in rows:
        found = p.balance("K", D(row["as_of"]))
        assert found.contract_asset == cents(row["contract_asset"]), row
        assert found.deferred_revenue == cents(row["contract_liability"]), row
        assert found.recognized == cents(row["revenue_cum"]), row
        assert found.billed == cents(row["billed_cum"]), row


def check_revenue(p: Positions, line_id: str, rows: list[dict[str, str]]) -> None:
    for row in rows:
        before = p.recognized(the(p, line_id), D(row["from"])) - _on(p, line_id, row["from"])
        assert p.recognized(the(p, line_id), D(row["to"])) - before == cents(row["amount"]), row


def _on(p: Positions, line_id: str, day: str) -> int:
    return p.recognized(the(p, line_id), D(day)) - p.recognized(
        the(p, line_id), D(day).fromordinal(D(day).toordinal() - 1)
    )


def told(data: Export, as_of: str, policy: Policy = DEFAULT) -> tuple[BacklogRow, BalanceRow]:
    """What is told of the one line and contract at the end of the period of a day."""
    facts = Ledger(policy=policy).run(read_books(data), D(as_of))
    return (
        next(row for row in facts.backlog if row.period == as_of[:7]),
        next(row for row in facts.balances if row.period == as_of[:7]),
    )


def bills(rows: list[dict[str, str]], line_id: str = "L") -> dict[str, Rows]:
    return invoices(*((row["date"], line_id, row["amount"]) for row in rows))


def ssp_line(key: str, amount: str, ssp: str, **others: str) -> Row:
    return line(key, amount, quantity="1", ssp_unit=ssp, **others)


def subscription(case_id: str, **others: str) -> tuple[Positions, Any]:
    """A case of one dated line and its invoices."""
    given, expected = case(case_id)
    row = given["lines"][0]
    documents = bills(given["invoices"]) if isinstance(given.get("invoices"), list) else {}
    dated = line("L", row["price"], start_date=row["start"], end_date=row["end"], **others)
    return positions(export([dated], {"signed_date": row["start"]}, **documents)), expected


# --- modifications ------------------------------------------------------------------------------------------


def test_asc_ex05a_added_units_at_their_price_are_separate() -> None:
    given, expected = case("ASC-EX05A")
    first, change = given["lines"][0], given["modification"]
    new = change["lines"][0]
    lines = [
        line("P1", first["price"], quantity=first["qty"], ssp_unit=first["unit_price"], **GOODS),
        line("P2", new["price"], quantity=new["qty"], ssp_unit=new["unit_price"], amendment_id="M", **GOODS),
    ]
    delivered = change["after_delivered_qty"]
    rest = str(int(first["qty"]) - int(delivered))
    data = export(lines, amendments=[amend("P2", "2026-03-01", action="add", amount_delta=new["price"])])
    data["fulfillments"] = [
        *events("P1", "delivery", ("2026-02-01", delivered), ("2026-04-01", rest)),
        *events("P2", "delivery", ("2026-04-01", new["qty"])),
    ]
    p = positions(data)
    assert p.treatment("M", the(p, "P2"))[0] == "separate"
    totals = [recognized(p, key, "2026-04-01")[0] for key in ("P1", "P2")]
    revenue = expected["revenue_total"]
    assert [*totals, sum(totals)] == [cents(revenue[key]) for key in ("P", "P2", "all")]


def test_asc_ex05b_added_units_below_their_price_are_blended() -> None:
    given, expected = case("ASC-EX05B")
    first, change = given["lines"][0], given["modification"]
    added = str(int(change["added_qty"]) * int(change["negotiated_unit_price"]))
    row = amend("P1", "2026-03-01", quantity_delta=change["added_qty"], amount_delta=added)
    data = export(
        [line("P1", first["price"], quantity=first["qty"], **GOODS)],
        amendments=[row | {"treatment": change["treatment"]}],
        fulfillments=events("P1", "delivery", ("2026-02-01", "60"), ("2026-04-01", "90")),
        **credit_notes(
            ("2026-03-01", "P1", change["credit_for_delivered"], "price_concession"), applies_to="performed"
        ),
    )
    p = positions(data)
    before, on, end = recognized(p, "P1", "2026-02-28", "2026-03-01", "2026-04-01")
    assert before == cents(expected["revenue_before_modification"])
    assert on - before == cents(expected["revenue_adjustment_at_modification"])
    assert contracted(p, "P1", "2026-03-01")[0] - on == cents(expected["remaining_consideration"])
    assert end - on == cents(expected["revenue_after_modification"])
    assert end == cents(expected["revenue_total"])


def test_asc_ex07_price_cut_and_extension() -> None:
    given, expected = case("ASC-EX07")
    first, change = given["lines"][0], given["modification"]
    third = Decimal(first["price"]) / 3
    delta = Decimal(change["remaining_original_price"]) - third + Decimal(change["added_price"])
    row = amend("L", change["date"], action="extend", new_end_date=change["new_end"], amount_delta=f"{delta}")
    data = export(
        [line("L", first["price"], start_date=first["start"], end_date=first["end"])],
        {"signed_date": first["start"]},
        amendments=[row | {"treatment": change["treatment"]}],
        **bills(given["invoices_assigned"]),
    )
    p = positions(data)
    check_revenue(p, "L", expected["revenue"])
    check_balances(p, expected["balances_D"])
    assert p.backlog(the(p, "L"), D("2023-12-31")) == cents(expected["rpo_D"][0]["total"])


def test_jkj_mod_sep_added_units_at_current_ssp() -> None:
    given, expected = case("JKJ-MOD-SEP")
    added = str(int(given["added_qty"]) * int(given["added_unit_price"]))
    lines = [
        line("P1", given["price"], quantity=given["qty"], **GOODS),
        line(
            "P2",
            added,
            quantity=given["added_qty"],
            ssp_unit=given["added_unit_price"],
            amendment_id="M",
            **GOODS,
        ),
    ]
    data = export(lines, amendments=[amend("P2", "2026-03-01", action="add")])
    data["fulfillments"] = [
        *events("P1", "delivery", ("2026-02-01", "150"), ("2026-04-01", "50")),
        *events("P2", "delivery", ("2026-04-01", given["added_qty"])),
    ]
    p = positions(data)
    found = [recognized(p, key, "2026-04-01")[0] for key in ("P1", "P2")]
    assert found == [cents(expected["revenue_original"]), cents(expected["revenue_added"])]
    assert sum(found) == cents(expected["revenue_total"])


# --- estimates, returns, cash -------------------------------------------------------------------------------


def test_asc_ex22_right_of_return() -> None:
    given, expected = case("ASC-EX22")
    amount = str(int(given["qty"]) * int(given["unit_price"]))
    pct = str(Decimal(given["expected_returns"]) / Decimal(given["qty"]) * 100)
    row = line("L", amount, quantity=given["qty"], expected_return_pct=pct, **GOODS)
    data = export(
        [row],
        fulfillments=events("L", "delivery", ("2026-02-01", given["qty"])),
        **invoices(("2026-02-01", "L", given["cash"])),
    )
    p = positions(data)
    assert recognized(p, "L", "2026-02-01") == [cents(expected["revenue"])]
    assert p.balance("K", D("2026-02-01")).refund_liability == cents(expected["refund_liability"])
    check_balances(p, [{**expected["balances"][0], "as_of": "2026-02-01"}])


def test_asc_ex38a_cancellable_contract_on_cash() -> None:
    given, expected = case("ASC-EX38A")
    due, cash, delivery = given["events"]
    data = export(
        [line("L", given["price"], quantity="1", **GOODS)],
        {"signed_date": "2029-01-01", "termination_for_convenience": "true"},
        fulfillments=events("L", "delivery", (delivery["date"], "1")),
        payments=[pay(cash["date"], cash["amount"])],
        **invoices((due["date"], "L", due["amount"])),
    )
    p = positions(data, Policy(defer_on="cash_if_cancellable"))
    check_balances(p, expected["balances"])
    assert recognized(p, "L", "2029-03-30", "2029-03-31") == [0, cents(expected["revenue"][0]["amount"])]


def test_asc_ex42_remaining_performance_obligations() -> None:
    given, expected = case("ASC-EX42")
    terms = given["contracts"]
    for key, months in (("B", 24), ("C", 24)):
        row = terms[key]
        amount = str(int(row["monthly"]) * months)
        dated = line("L", amount, start_date=row["start"], end_date=row["end"])
        if key == "C":
            constrained = Decimal(row["vc_maximum"]) - Decimal(row["vc_included"])
            dated |= {"variable_amount": row["vc_maximum"], "constrained_amount": f"{constrained}"}
        billings = [(f"2027-{n:02}-01", "L", row["monthly"]) for n in range(7, 13)]
        data = export([dated], {"signed_date": "2027-06-30"}, **invoices(*billings))
        p = positions(data)
        as_of = given["as_of"]
        assert contracted(p, "L", as_of) == [cents(expected["transaction_price"][key])]
        assert recognized(p, "L", as_of) == [cents(expected["revenue_cum"][key])]
        assert by_month(p, "L", "2027-07-01", 1) == [cents(expected["monthly_revenue"][key])]
        rpo = next(row for row in expected["rpo"] if row["contract"] == key)
        assert p.backlog(the(p, "L"), D(as_of)) == cents(rpo["total"])
        found, _ = told(data, as_of)
        assert found.rpo == cents(rpo["total"])
        first, second, _ = found.bands.through
        assert [first, second - first] == [cents(rpo["bands"][y]) for y in ("2028", "2029")]
        if key == "C":
            check_balances(p, expected["balances_D"])


def test_asc_ex42_c_as_an_estimate_row() -> None:
    """The same bonus as a dated version instead of columns of the line."""
    given, expected = case("ASC-EX42")
    row = given["contracts"]["C"]
    dated = line("L", "2400", start_date=row["start"], end_date=row["end"])
    data = export([dated], {"signed_date": "2027-06-30"})
    data["estimates"] = [estimate("2027-06-30", "L", variable_amount="1000", constrained_amount="250")]
    assert recognized(positions(data), "L", given["as_of"]) == [cents(expected["revenue_cum"]["C"])]


# --- allocation ---------------------------------------------------------------------------------------------


def test_asc_ex33_relative_ssp() -> None:
    given, expected = case("ASC-EX33")
    stated = {"A": given["transaction_price"], "B": "0", "C": "0"}
    p = positions(export([ssp_line(key, stated[key], ssp) for key, ssp in given["ssp"].items()]))
    found = {key: contracted(p, key, "2026-01-01")[0] for key in given["ssp"]}
    assert found == {key: cents(value) for key, value in expected["allocation"].items()}


def bundle(given: Any) -> Rows:
    """A, B and C; the discount of the bundle stands in its group."""
    inside = given["discount_bundle"]["pos"]
    discount = Decimal(given["discount_bundle"]["bundle_price"]) - sum(
        Decimal(given["ssp"][key]) for key in inside
    )
    lines = [
        ssp_line(key, ssp, ssp, allocation_group="BC" if key in inside else "")
        for key, ssp in given["ssp"].items()
    ]
    return [*lines, {**line("X", f"{discount}", allocation_group="BC"), "product_id": "DISCOUNT"}]


@pytest.mark.parametrize("case_id", ["ASC-EX34A", "ASC-EX34B"])
def test_asc_ex34_discount_of_a_bundle(case_id: str) -> None:
    given, expected = case(case_id)
    lines, products = bundle(given), []
    if "residual_po" in given:
        low, high = given["residual_range"]
        rest = Decimal(given["transaction_price"]) - sum(Decimal(row["amount"]) for row in lines)
        lines.append({**line("D", f"{rest}", quantity="1"), "product_id": "D"})
        products = [{"product_id": "D", "recognition_method": "ratable", "ssp_method": "residual"}]
        products[0] |= {"ssp_low": low, "ssp_high": high}
    p = positions(export(lines, None, products))
    found = {key: contracted(p, key, "2026-01-01")[0] for key in expected["allocation"]}
    assert found == {key: cents(value) for key, value in expected["allocation"].items()}


def test_asc_ex34c_residual_outside_its_range() -> None:
    given, expected = case("ASC-EX34C")
    low, high = given["residual_range"]
    products = [{"product_id": "D", "recognition_method": "ratable", "ssp_method": "residual"}]
    products[0] |= {"ssp_low": low, "ssp_high": high}
    lines = [ssp_line("A", given["committed"], given["committed"])]
    lines.append({**line("D", expected["residual"], quantity="1"), "product_id": "D"})
    assert expected["residual_accepted"] == "false"
    with pytest.raises(QuarantinedError, match="range"):
        contracted(positions(export(lines, None, products)), "D", "2026-01-01")


# --- ratable ------------------------------------------------------------------------------------------------


def test_stripe_02() -> None:
    p, expected = subscription("STRIPE-02", recognition_convention="daily")
    check_revenue(p, "L", expected["revenue"])
    check_balances(p, expected["balances"])


def test_chargebee_01() -> None:
    p, expected = subscription("CHARGEBEE-01")
    assert by_month(p, "L", "2026-01-01", 12) == [cents(expected["revenue_per_month"])] * 12
    check_balances(p, expected["balances"])


def test_zuora_03() -> None:
    given, expected = case("ZUORA-03")
    row = line("L", given["price"], start_date=given["start"], end_date=given["end"])
    p = positions(export([row], {"signed_date": given["start"]}))
    exact = expected["exact_half_up_D"]
    found = by_month(p, "L", given["start"], 9)
    assert [found[0], found[-1]] == [cents(exact["first_partial"]), cents(exact["last_partial"])]
    assert found[1:-1] == [cents(amount) for amount in expected["full_months"]]


def test_subscript_01() -> None:
    p, expected = subscription("SUBSCRIPT-01", recognition_convention="daily")
    found = by_month(p, "L", "2021-01-01", 13)
    assert found == [cents(amount) for amount in expected["revenue_cumulative_rounding_D"]]
    for month, amount in expected["revenue_read"].items():
        year, number = map(int, month.split("-"))
        assert found[(year - 2021) * 12 + number - 1] == cents(amount)
    p, expected = subscription("SUBSCRIPT-01")
    assert by_month(p, "L", "2021-02-01", 11) == [cents(expected["monthly_rate"])] * 11


def test_d365_01() -> None:
    given, expected = case("D365-01")
    for day, start in ((0, "deferral_start"), (3, "deferral_start_if_day_16")):
        first, last = (D(given[key]).fromordinal(D(given[key]).toordinal() + day) for key in ("start", "end"))
        row = line("L", given["price_assigned"], recognition_convention="mid_month")
        row |= {"start_date": first.isoformat(), "end_date": last.isoformat()}
        p = positions(export([row], {"signed_date": first.isoformat()}))
        months = int(expected["months_D"])
        assert by_month(p, "L", expected[start], months) == [cents(expected["revenue_per_month_D"])] * months


def test_erev_fs_01() -> None:
    p, expected = subscription("EREV-FS-01")
    assert by_month(p, "L", "2026-01-01", 36) == [cents(expected["revenue_per_month"])] * 36
    check_balances(p, expected["balances"])
    given, _ = case("EREV-FS-01")
    first = given["lines"][0]
    dated = line("L", first["price"], start_date=first["start"], end_date=first["end"])
    data = export([dated], {"signed_date": first["start"]}, **bills(given["invoices"]))
    for row in expected["rpo"]:
        found, _ = told(data, row["as_of"])
        assert found.rpo == cents(row["total"])
        through = [0, *found.bands.through]
        for place, amount in enumerate(row.get("bands_D", {}).values()):
            assert through[place + 1] - through[place] == cents(amount)


def test_erev_upfront_a() -> None:
    given, expected = case("EREV-UPFRONT-A")
    sub, setup = given["lines"]
    dated = line("SUB", sub["price"], start_date=sub["start"], end_date=sub["end"])
    lines = [dated, line("SETUP", setup["price"], ssp_unit="0")]
    p = positions(export(lines, **bills(given["invoices"], "SUB")))
    assert contracted(p, "SUB", "2026-01-01") == [cents(expected["allocation"]["SUB"])]
    assert by_month(p, "SUB", "2026-01-01", 12) == [cents(expected["revenue_per_month"])] * 12
    check_balances(p, expected["balances"])


NOTICES: dict[str, Row] = {
    "noncancellable": {},
    "cancel_90_days_no_penalty": {"termination_for_convenience": "true", "notice_days": "90"},
    "cancel_with_substantive_penalty": {
        "termination_for_convenience": "true",
        "notice_days": "90",
        "termination_penalty": "120000",
    },
}


@pytest.mark.parametrize("variant", list(NOTICES))
def test_der_t4c_rpo(variant: str) -> None:
    given, expected = case("DER-T4C-RPO")
    row, wanted = given["lines"][0], expected["rpo"][variant]
    assert given["variants"][variant].get("penalty") == NOTICES[variant].get("termination_penalty")
    dated = line("L", row["price"], start_date=row["start"], end_date=row["end"])
    billings = [(f"2026-{month:02}-28", "L", row["monthly"]) for month in range(1, 13)]
    data = export([dated], {"signed_date": row["start"]} | NOTICES[variant], **invoices(*billings))
    found, _ = told(data, given["as_of"])
    assert [found.rpo, found.crpo] == [cents(wanted["total"]), cents(wanted["m1_12"])]
    if "m13_24" in wanted:
        assert clamped(found.bands.through[1], found.rpo) - found.crpo == cents(wanted["m13_24"])


def test_der_t4c_rpo_under_the_one_year_expedient() -> None:
    """Of a year the same contract is left out."""
    given, expected = case("DER-T4C-RPO")
    row, wanted = given["lines"][0], expected["rpo"]["cancel_90_days_no_penalty"]
    dated = line("L", "120000", start_date=row["start"], end_date="2026-12-31")
    notice = NOTICES["cancel_90_days_no_penalty"]
    found, _ = told(export([dated], notice), "2026-06-30", Policy(rpo_one_year_expedient=True))
    assert found.rpo == cents(wanted["disclosed_if_original_term_one_year_or_less_expedient"])
    assert found.rpo_exempt > 0


def test_der_free_months() -> None:
    given, expected = case("DER-FREE-MONTHS")
    row = given["lines"][0]
    billings = [(f"2026-{month:02}-01", "L", "1200") for month in range(3, 13)]
    dated = line("L", row["price"], start_date=row["start"], end_date=row["end"])
    p = positions(export([dated], **invoices(*billings)))
    assert by_month(p, "L", "2026-01-01", 12) == [cents(expected["revenue_per_month"])] * 12
    check_balances(p, expected["balances"])


@pytest.mark.parametrize("variant", ["annual", "prepaid"])
def test_der_3y_annual(variant: str) -> None:
    given, expected = case("DER-3Y-ANNUAL")
    row, as_of = given["lines"][0], given["as_of"]
    dated = line("L", row["price"], start_date=row["start"], end_date=row["end"])
    data = export([dated], {"signed_date": row["start"]}, **bills(given["variants"][variant]))
    p = positions(data)
    assert recognized(p, "L", as_of) == [cents(expected["revenue_2026"])]
    found = p.balance("K", D(as_of))
    assert found.deferred_revenue == cents(expected[variant]["contract_liability"])
    backlog = p.backlog(the(p, "L"), D(as_of))
    assert backlog == cents(expected["rpo"]["total"])
    assert backlog - found.deferred_revenue == cents(expected[variant]["unbilled_backlog"])
    row_of_line, balance = told(data, as_of)
    first, second, third = row_of_line.bands.through
    assert [first, second - first, third - second] == [
        cents(expected["rpo"][key]) for key in ("m1_12", "m13_24", "after_24")
    ]
    assert row_of_line.rpo == cents(expected["rpo"]["total"])
    parts = [balance.current, balance.balance.deferred_revenue - balance.current]
    assert parts == [cents(expected[variant][key]) for key in ("current", "noncurrent")]


def test_every_case_is_looked_at() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    names = source.lower().replace("_", "-")
    missing = [key for key in _all() if key.lower() not in names and key[:8].lower() not in names]
    assert not missing

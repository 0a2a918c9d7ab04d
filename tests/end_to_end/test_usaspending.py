"""Real contract actions of US agencies through a connector of their own: firm awards, options that nobody exercised,
vehicles that oblige nobody, and modifications whose award is in no file.

The file has 126 actions: 63 base awards (modification 0, of which 2 set up a blanket purchase agreement) and 63
modifications. No modification has its base award in the file: they were all signed on 8, 9 and 10 September 2016, and
what they modify is older.
"""

from __future__ import annotations

import csv
import shutil
from decimal import Decimal

import pytest

from tests.harness import Company, shared_data

FILE = "usaspending_treasury_contracts.csv"
LAST_DAY = "2016-09-30"
VEHICLES = ("B: IDC", "E: BPA")


def actions() -> list[dict[str, str]]:
    with (shared_data("usaspending_fpds") / FILE).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def firm(action: dict[str, str]) -> Decimal:
    return Decimal(action["baseandexercisedoptionsvalue"] or 0)


def awards() -> list[dict[str, str]]:
    """Base awards that oblige both sides."""
    return [one for one in actions() if one["modnumber"] == "0" and one["contractactiontype"] not in VEHICLES]


def priced_awards() -> list[dict[str, str]]:
    """Awards with a price of their own: not those paid by labour hours."""
    return [one for one in awards() if not one["typeofcontractpricing"].startswith("Z:")]


@pytest.fixture(scope="module")
def order_book(tmp_path_factory: pytest.TempPathFactory) -> Company:
    source = shared_data("usaspending_fpds")
    company = Company(tmp_path_factory.mktemp("usaspending"), connectors=["usaspending"])
    shutil.copy(source / FILE, company.workspace.exports / "usaspending")
    company.run(LAST_DAY)
    return company


def test_every_action_has_a_fate(order_book: Company) -> None:
    """61 awards are used. Out: 2 vehicles, 63 modifications without their award.
    39 of these actions still count as used, because they are the first to name an agency or a product."""
    assert order_book.query(
        "select rows_extracted, rows_used, rows_excluded, rows_quarantined, rows_held, rows_later, rows_unmapped"
        " from audit.completeness where source_system = 'usaspending'"
    ) == [(126, 100, 1, 25, 0, 0, 0)]
    assert order_book.query("select count(*) from audit.tie_outs where not holds") == [(0,)]


def test_every_cent_has_a_fate(order_book: Company) -> None:
    """An agency's name uses no money: what is held of it is that of the 63 actions held."""
    assert order_book.query(
        "select amount_extracted, amount_used, amount_excluded, amount_quarantined, amount_unmapped, amount_rounding"
        " from audit.completeness where source_system = 'usaspending'"
    ) == [tuple(map(Decimal, ("9773539.62", "11241225.10", "0", "-1467685.48", "0", "0")))]
    assert sum(map(firm, actions())) == Decimal("9773539.62")


def test_what_is_held_is_held_for_the_right_reason(order_book: Company) -> None:
    """The awards of the modifications are older than the file. Nothing else is wrong."""
    assert order_book.query(
        "select entity, rule, count(*), sum(amount) from audit.quarantine where severity = 'quarantine'"
        " group by entity, rule order by entity, rule"
    ) == [
        ("amendments", "unknown_contract", 63, Decimal("-1467685.48")),
    ]


def test_modifications_wait_for_their_award(order_book: Company) -> None:
    """By hand: the termination takes 62,512 off an order of headsets, the closing of a landscaping order 6,000, and the
    exercise of an option adds 176,225; funding (1,058,418 paid down on an energy contract) moves no price."""
    held = {
        key.split("|")[0]: (amount, row)
        for key, amount, row in order_book.query(
            "select record_key, amount, source_row from audit.quarantine where entity = 'amendments'"
        )
    }
    assert held["TFSAFSA16K0071_2036_GS02F0023X_4732/1"] == (Decimal(-62512), 9)
    assert held["TEPS111408_2041_GS06F0062S_4730/M0001"] == (Decimal(-6000), 5)
    assert held["TIRMS16C00007_2050/2"] == (Decimal(176225), 71)
    assert held["TIRNE14C00002_2050/3"] == (Decimal(0), 32)


def test_a_vehicle_is_no_contract_before_it_is_ordered_from(order_book: Company) -> None:
    """TEPC1668097 may reach 325,000, TFSAARCBPA16001 names no ceiling."""
    assert order_book.query("select record_key, rule, fate from audit.excluded order by record_key") == [
        ("TEPC1668097_2041", "contract_not_signed", "excluded"),
        ("TFSAARCBPA16001_2036", "contract_not_signed", "excluded"),
    ]


def test_bookings_are_base_and_exercised_options(order_book: Company) -> None:
    """Funded or not: the antenna sites of 37,554.48 are firm for October, and nothing of them is obligated yet. Labour
    hours (TIRMS16P00307, 60,843.20) are contracted as they are invoiced, and the source has no invoices."""
    assert order_book.amounts("select period, sum(amount) from marts.fct_bookings group by period") == {
        "2016-09": sum(map(firm, priced_awards()))
    }
    assert order_book.amounts(
        "select contract_id, amount from marts.fct_bookings where contract_id = 'TIRNE17P00008_2050'"
    ) == {"TIRNE17P00008_2050": Decimal("37554.48")}


def test_options_that_nobody_exercised_are_in_no_backlog(order_book: Company) -> None:
    """Monitors for 22,808 with options up to 330,721.30; software maintenance that is all option is no backlog."""
    contracted = order_book.amounts("select contract_id, contracted from marts.fct_backlog")
    assert contracted["TFSATGT16K0098_2036_NNG15SD23B_8000"] == Decimal(22808)
    assert "TIRMS17P00006_2050" not in contracted
    ((total,),) = order_book.query("select sum(backlog) + (select sum(amount) from marts.fct_recognized_revenue)"
                                   " from marts.fct_backlog")  # fmt: skip
    assert total == sum(map(firm, priced_awards()))


def test_goods_wait_for_their_delivery_and_services_are_earned_over_their_term(order_book: Company) -> None:
    """Silver blanks for 4,600,000 stay in backlog. Investigations for 3,800 run from 8 September for six months:
    3,800 / 6 * 23/30 = 485.56 in September; word processing for 3,300 ended on the 16th."""
    earned = order_book.amounts(
        "select contract_id, sum(amount) from marts.fct_recognized_revenue group by 1"
    )
    assert earned["TFSACFP16K0086_2036_GS02F0164N_4730"] == Decimal("485.56")
    assert earned["TIRNE16D000020018_2050_TIRNE16D00002_2050"] == Decimal(3300)
    assert order_book.amounts(
        "select contract_id, backlog from marts.fct_backlog where contract_id like '0079%'"
    ) == {"0079_2044_TMHQ12C0007_2044": Decimal(4600000)}


def test_agencies_are_the_customers_and_people_are_not_taken_over(order_book: Company) -> None:
    """Telephone numbers, streets and names stay in the lake: no published text has one of them."""
    assert order_book.query("select count(*) from marts.dim_customer where customer_id not like '(%'") == [
        (7,)
    ]
    private = {
        one[column] for one in actions() for column in ("phoneno", "faxno", "streetaddress", "vendorname")
    }
    texts = order_book.query(
        "select customer_name from marts.dim_customer union select product_name from marts.dim_product"
        " union select detail from audit.quarantine union select contract_id from marts.dim_contract"
    )
    assert not private.intersection(text for (text,) in texts)

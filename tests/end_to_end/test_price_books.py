"""Salesforce price books in seven currencies through a connector of their own: first alone, a workspace without a
single contract; then with contracts from another system, which are priced from them.

What the source holds, counted by hand: 548 products in two data sets (314 and 234), of which 175 name no family (171
and 4; `None` is no family); 498 ways to sell them (267 and 231); 2,093 price book entries, of which 7 are derived.
"""

from __future__ import annotations

import csv
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.harness import Company, shared_data

AS_OF = "2026-08-31"
DATA_SETS = {
    "qb/en-US/qb-pcm": ("Product2", "ProductSellingModelOption", "ProductSellingModel"),
    "qb/en-US/qb-pricing": ("Pricebook2", "PricebookEntry", "ProductSellingModel"),
    "qb/en-US/qb-tax": ("LegalEntity",),
    "qb/en-US/qb-billing": ("AccountingPeriod", "GeneralLedgerAccount"),
    "qb/en-US/qb-accounting": ("GeneralLedgerAccount",),
    "mfg/en-US/mfg-multicurrency": (
        "Product2",
        "ProductSellingModelOption",
        "ProductSellingModel",
        "Pricebook2",
        "PricebookEntry",
    ),
}
CONTRACT = {
    "customer_id": "A",
    "entity_id": "Default Legal Entity - US",
    "status": "active",
    "signed_date": "2026-01-01",
    "start_date": "2026-01-01",
    "end_date": "2026-12-31",
}


def entries() -> list[dict[str, str]]:
    found = []
    for name in ("qb/en-US/qb-pricing", "mfg/en-US/mfg-multicurrency"):
        path = shared_data("salesforce_revenue_cloud_base") / name / "PricebookEntry.csv"
        with path.open(encoding="utf-8", newline="") as opened:
            found += list(csv.DictReader(opened))
    return found


def line(contract: str, number: int, product: str, amount: str) -> dict[str, str]:
    return {
        "contract_line_id": f"{contract}-{number}",
        "contract_id": contract,
        "line_number": str(number),
        "product_id": product,
        "quantity": "1",
        "amount": amount,
    }


def revenue_cloud(root: Path) -> Company:
    """A company whose exports are the price lists."""
    source = shared_data("salesforce_revenue_cloud_base")
    company = Company(root, connectors=["salesforce_rlm"])
    exports = company.workspace.exports / "salesforce_rlm"
    for folder, names in DATA_SETS.items():
        for name in names:
            shutil.copy(source / folder / f"{name}.csv", exports / f"{Path(folder).name}.{name}.csv")
    return company


@pytest.fixture(scope="module")
def price_lists(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The price lists alone."""
    company = revenue_cloud(tmp_path_factory.mktemp("price_lists"))
    company.run(AS_OF)
    return company


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The same with four contracts of another system."""
    company = revenue_cloud(tmp_path_factory.mktemp("priced"))
    company.deliver(
        {
            "customers": [{"customer_id": "A", "customer_name": "Ada Ltd"}],
            "contracts": [
                {"contract_id": key, "currency": currency, **CONTRACT}
                for key, currency in (
                    ("bundle", "USD"),
                    ("yen", "JPY"),
                    ("support", "USD"),
                    ("unassigned", "USD"),
                )
            ],
            "contract_lines": [
                line("bundle", 1, "QB-API;Term Annual", "10000"),
                line("bundle", 2, "QB-MSG-STRT;Evergreen Monthly", "30000"),
                line("yen", 1, "QB-MSG-STRT;Term Monthly", "5000000"),
                line("support", 1, "QB-SUPP-2000;Term Annual", "2000"),
                line("unassigned", 1, "QB-LIC-CLOUD;Term Annual", "10"),
            ],
        }
    )
    company.run(AS_OF)
    return company


def test_a_workspace_of_price_lists_alone_has_a_run(price_lists: Company) -> None:
    assert price_lists.query("select count(*) from marts.dim_contract where contract_id not like '(%'") == [
        (0,)
    ]
    assert price_lists.query("select count(*) from audit.tie_outs where not holds") == [(0,)]


def test_every_row_has_a_fate(price_lists: Company) -> None:
    """Selling models and price books are looked up, and no record stands on them. The second delivery of the chart of
    accounts takes the place of the first. A derived price is none."""
    columns = ("extracted", "used", "excluded", "quarantined", "unmapped")
    found = price_lists.query(
        f"select source_object, {', '.join(f'rows_{name}' for name in columns)} from audit.completeness"
        " where source_system = 'salesforce_rlm' order by source_object"
    )
    assert found == [
        ("accounting_period", 84, 84, 0, 0, 0),
        ("general_ledger_account", 102, 51, 51, 0, 0),
        ("legal_entity", 7, 7, 0, 0, 0),
        ("pricebook2", 2, 0, 0, 0, 2),
        ("pricebook_entry", 2093, 2086, 0, 0, 7),
        ("product2", 548, 373, 0, 175, 0),
        ("product_selling_model", 18, 0, 0, 0, 18),
        ("product_selling_model_option", 498, 333, 0, 165, 0),
    ]


def test_a_product_without_a_family_is_held_because_nobody_could_assign_its_revenue(
    price_lists: Company,
) -> None:
    """176 of them: 175 products, one of which (QB-LIC-CLOUD) is sold by two models."""
    assert price_lists.query(
        "select entity, rule, detail, count(*) from audit.quarantine where severity = 'quarantine' group by all"
    ) == [
        (
            "products",
            "required_value_missing",
            "revenue_category: the value is required and missing",
            176,
        )
    ]


def test_a_product_sold_by_several_models_is_several_products_and_no_price_is_doubted(
    price_lists: Company,
) -> None:
    """70 pairs of product and currency have two to four prices: none of them is a conflict."""
    names = price_lists.query(
        "select product_id, recognition_method from marts.dim_product where product_id like 'TEST-SUB%' order by 1"
    )
    assert names == [
        ("TEST-SUB;Evergreen Annual", "ratable"),
        ("TEST-SUB;Evergreen Monthly", "ratable"),
        ("TEST-SUB;Term Annual", "ratable"),
        ("TEST-SUB;Term Monthly", "ratable"),
    ]
    assert price_lists.query(
        "select count(*) from audit.quarantine where rule = 'duplicate_key_conflict'"
    ) == [(0,)]


def test_contracts_of_another_system_are_priced_from_the_books(priced: Company) -> None:
    """bundle: a year of the API is 15,000, twelve months of messaging at 3,500 are 42,000; 40,000 are shared as
    15 : 42. yen: whole yen, at the entry's price a month."""
    messaging = next(
        Decimal(entry["UnitPrice"])
        for entry in entries()
        if entry["Product2.StockKeepingUnit"] == "QB-MSG-STRT"
        and entry["ProductSellingModel.$$Name$SellingModelType"] == "Term Monthly;TermDefined"
        and entry["CurrencyIsoCode"] == "JPY"
    )
    found = {
        key: (ssp, source, allocated)
        for key, ssp, source, allocated in priced.query(
            "select contract_line_id, ssp, ssp_source, allocated_amount from marts.dim_contract_line"
        )
    }
    assert found["bundle-1"] == (Decimal(15000), "price_list", Decimal("10526.32"))
    assert found["bundle-2"] == (Decimal(42000), "price_list", Decimal("29473.68"))
    assert found["yen-1"] == (12 * messaging, "price_list", Decimal(5000000))


def test_a_derived_price_prices_nothing(priced: Company) -> None:
    """The entry of QB-SUPP-2000 says 0, and means a fifth of what it supports: the stated amount is used."""
    assert priced.query(
        "select ssp, ssp_source from marts.dim_contract_line where contract_line_id = 'support-1'"
    ) == [(Decimal(2000), "stated")]


def test_a_contract_over_a_held_product_is_held_with_it(priced: Company) -> None:
    assert priced.query(
        "select record_key, rule, amount from audit.quarantine where entity = 'contracts' and severity = 'quarantine'"
    ) == [("unassigned", "required_value_missing", Decimal(10))]

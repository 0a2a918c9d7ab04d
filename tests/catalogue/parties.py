"""Customers, products, prices, legal entities and keys, and what stands on a faulty one."""

from tests.catalogue.cases import OUT, Case, Row, case, contract, header, line_of, merged, plain, product


def products(name: str, wrong: str, rule: str, **changes: str) -> Case:
    """A faulty product and a contract that sells it."""
    changes = {"recognition_method": "ratable", **changes}
    return case(
        name,
        wrong,
        merged(
            {"products": [product(name, **changes)]},
            {"contracts": [header(name)], "contract_lines": [line_of(name, product_id=name, quantity="1")]},
        ),
        *([f"{rule} {name}"] if rule else []),
        *_of_its_line(name, rule),
        fates={f"products {name}": OUT, f"contracts {name}": OUT}
        if "quarantine" in rule
        else {f"contracts {name}": "used"},
    )


def _of_its_line(name: str, rule: str) -> list[str]:
    """What a line takes from its product, it says too."""
    own = rule.removeprefix("quarantine products.")
    return [f"quarantine contract_lines.{own}"] if own in ("unknown_method", "unknown_convention") else []


def price(product_id: str, **changes: str) -> Row:
    return {
        "product_id": product_id,
        "currency": "USD",
        "valid_from": "2025-01-01",
        "ssp_unit": "10",
        **changes,
    }


def prices(name: str, wrong: str, rule: str, **changes: str) -> Case:
    """A product, a price of it in the price list, and a contract that sells it."""
    row = price(name, **changes)
    failures = [f"{rule} {row['product_id']}|{row['currency']}|{row['valid_from']}"] if rule else []
    return case(
        name,
        wrong,
        merged(
            {"products": [product(name, recognition_method="ratable")], "ssp_prices": [row]},
            {"contracts": [header(name)], "contract_lines": [line_of(name, product_id=name, quantity="1")]},
        ),
        *failures,
        fates={
            f"contracts {name}": OUT
            if "quarantine" in rule and changes.get("currency", "USD") == "USD"
            else "used"
        },
    )


CASES: list[Case] = [
    case(
        "orphan",
        "a customer whose parent nobody knows",
        merged(
            {"customers": [{"customer_id": "orphan", "customer_name": "O", "parent_customer_id": "X"}]},
            plain("orphan-a", customer_id="orphan"),
            plain("orphan-b", customer_id="orphan"),
        ),
        "quarantine customers.orphan_parent orphan",
        fates={
            "customers orphan": OUT,
            "contracts orphan-a": OUT,
            "contract_lines orphan-a-1": OUT,
            "contracts orphan-b": OUT,
        },
    ),
    case(
        "child",
        "nothing: a customer with a parent",
        {"customers": [{"customer_id": "child", "customer_name": "C", "parent_customer_id": "A"}]},
        fates={"customers child": "used"},
    ),
    case(
        "our-customer",
        "a customer under a name of ours",
        {"customers": [{"customer_id": "(not linked)", "customer_name": "U"}]},
        "quarantine customers.reserved_key (not linked)",
        fates={"customers (not linked)": OUT},
    ),
    case(
        "our-product",
        "a product under a name of ours",
        {"products": [product("(not linked)", recognition_method="ratable")]},
        "quarantine products.reserved_key (not linked)",
        fates={"products (not linked)": OUT},
    ),
    products(
        "whenever",
        "a product with a method nobody knows",
        "quarantine products.unknown_method",
        recognition_method="whenever",
    ),
    products(
        "anyhow",
        "a product with a convention nobody knows",
        "quarantine products.unknown_convention",
        recognition_convention="x",
    ),
    products(
        "per-week", "a product priced by the week", "quarantine products.unknown_ssp_per", ssp_per="week"
    ),
    products(
        "sold-in-shells",
        "a product priced in shells",
        "quarantine products.unknown_currency",
        ssp_currency="XXX",
    ),
    products(
        "below-0",
        "a product with a price below 0",
        "quarantine products.negative_ssp",
        ssp_unit="-0.000000001",
        ssp_currency="USD",
    ),
    products("at-0", "nothing: a product with a price of 0", "", ssp_unit="0", ssp_currency="USD"),
    products(
        "turned-round",
        "a product whose range is turned round",
        "quarantine products.negative_ssp",
        ssp_low="5.01",
        ssp_high="5",
        ssp_currency="USD",
    ),
    products("narrow", "nothing: a range of one price", "", ssp_low="5", ssp_high="5", ssp_currency="USD"),
    products("no-currency", "a price without a currency", "warn products.ssp_without_currency", ssp_unit="5"),
    prices("listed", "nothing: a price in the list", ""),
    case(
        "listed-what",
        "a price of a product nobody knows",
        {"ssp_prices": [price("X")]},
        "quarantine ssp_prices.unknown_product X|USD|2025-01-01",
        fates={"ssp_prices X|USD|2025-01-01": OUT},
    ),
    prices("listed-in-shells", "a price in shells", "quarantine ssp_prices.unknown_currency", currency="XXX"),
    prices(
        "listed-per-week",
        "a price by the week in the list",
        "quarantine ssp_prices.unknown_ssp_per",
        ssp_per="week",
    ),
    prices(
        "listed-below-0",
        "a price below 0 in the list",
        "quarantine ssp_prices.negative_ssp",
        ssp_unit="-0.000000001",
    ),
    prices(
        "listed-turned",
        "a range turned round in the list",
        "quarantine ssp_prices.negative_ssp",
        ssp_low="5.01",
        ssp_high="5",
    ),
    case(
        "in-pounds",
        "a legal entity with books in no currency",
        merged(
            {"entities": [{"entity_id": "in-pounds", "functional_currency": "£"}]},
            plain("of-in-pounds", entity_id="in-pounds"),
        ),
        "quarantine entities.unknown_currency in-pounds",
        fates={"entities in-pounds": OUT, "contracts of-in-pounds": OUT},
    ),
    case(
        "odd-map",
        "a key of an entity nobody knows",
        {"key_map": [{"entity": "customer", "system": "files", "source_key": "1", "key": "2"}]},
        "quarantine key_map.unknown_entity customer|files|1",
        fates={"key_map customer|files|1": OUT},
    ),
    case(
        "mapped",
        "nothing: the source's key of a customer is mapped to ours",
        merged(
            {"key_map": [{"entity": "customers", "system": "files", "source_key": "old-A", "key": "A"}]},
            plain("mapped", customer_id="old-A"),
        ),
        fates={"contracts mapped": "used"},
    ),
    contract("whole-a", "combined with a faulty contract", header={"combined_with": "group-2"}, fate=OUT),
    contract(
        "whole-b",
        "faulty, and combined with another",
        "quarantine contracts.unknown_customer",
        header={"combined_with": "group-2", "customer_id": "X"},
        fate=OUT,
    ),
    contract(
        "whole-c",
        "a draft, combined with a faulty contract",
        "excluded contracts.contract_not_signed",
        header={"combined_with": "group-2", "status": "draft"},
        fate="excluded",
    ),
    contract("group-a", "nothing: combined", header={"combined_with": "group-3"}),
    contract("group-b", "nothing: combined", header={"combined_with": "group-3"}),
]

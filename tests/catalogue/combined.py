"""Several faults at once, and text from exports that would be code if anything took it for code."""

from tests.catalogue.cases import (
    OUT,
    Case,
    case,
    contract,
    event,
    goods,
    header,
    invoice,
    line_of,
    merged,
    plain,
)

QUOTED = """'; drop table exchange.contracts; --"""
BRACED = """{currency} {{ 1 + 1 }} {% raw %} %s %(x)s ${HOME}"""
MARKED = """<script>alert("x")</script>&amp;"""
FORMULA = """=HYPERLINK("http://x","y")"""

CASES: list[Case] = [
    contract(
        "two-faults",
        "a header that fails three rules",
        "quarantine contracts.unknown_customer",
        "quarantine contracts.unknown_status",
        "quarantine contracts.control_total_differs",
        header={"customer_id": "X", "status": "live", "total_amount": "1"},
        fate=OUT,
    ),
    contract(
        "three-lines",
        "each of three lines fails another rule",
        "quarantine contract_lines.unknown_product",
        "quarantine contract_lines.unknown_method three-lines-2",
        "quarantine contract_lines.negative_ssp three-lines-3",
        "warn contract_lines.missing_ssp_in_group three-lines-1",
        "warn contract_lines.missing_ssp_in_group three-lines-2",
        header={"total_amount": "3600"},
        line={"product_id": "X"},
        fate=OUT,
        contract_lines=[
            line_of("three-lines", 2, recognition_method="x"),
            line_of("three-lines", 3, ssp_unit="-1", quantity="1"),
        ],
    ),
    contract(
        "faulty-draft",
        "a draft with faults is a draft",
        "excluded contracts.contract_not_signed",
        "quarantine contracts.unknown_customer",
        header={"status": "draft", "customer_id": "X"},
        fate="excluded",
    ),
    contract(
        "faulty-later",
        "what is signed later may still be mended",
        "later contracts.signed_after_as_of",
        "quarantine contracts.control_total_differs",
        header={"signed_date": "2026-07-01", "total_amount": "1"},
        fate="later",
    ),
    contract(
        "later-fault",
        "an invoice that is later holds nothing back",
        "later invoices.issued_after_as_of",
        "quarantine invoices.invoice_total_differs",
        fates={"invoices later-fault-1": "later"},
        **invoice("later-fault", {"issue_date": "2026-07-01", "total_amount": "1"}),
    ),
    contract(
        "warned-and-held",
        "a warning and a fault in one contract",
        "warn contract_lines.outside_contract_term",
        "quarantine invoices.invoice_total_differs",
        line={"end_date": "2027-01-31"},
        **invoice("warned-and-held", {"total_amount": "1"}),
        fate=OUT,
    ),
    contract(
        "unread-and-empty",
        "a text that is no day counts as one fault, not as a missing one",
        "quarantine contracts.unparseable_value",
        header={"signed_date": "soon"},
        fate=OUT,
    ),
    contract(
        "unread-terms",
        "a day that cannot be read makes no second fault of its lines",
        "quarantine contracts.unparseable_value",
        header={"end_date": "2026-13-01"},
        fate=OUT,
    ),
    contract(
        "goods-and-all",
        "a line and an event of it fail",
        "quarantine contract_lines.unknown_convention",
        "quarantine fulfillments.negative_quantity",
        "quarantine fulfillments.returned_above_delivered",
        **(
            goods("goods-and-all", event("2026-02-01", "delivery", "-1"))
            | {"line": {"product_id": "GOODS", "quantity": "1", "recognition_convention": "x"}}
        ),
        fate=OUT,
    ),
    case(
        "paid-of-faulty",
        "a payment goes with the contract of its invoice",
        merged(
            plain("paid-of-faulty", customer_id="X"),
            invoice("paid-of-faulty"),
            {
                "payments": [
                    {
                        "payment_id": "paid-of-faulty-1",
                        "invoice_id": "paid-of-faulty-1",
                        "customer_id": "A",
                        "payment_date": "2026-03-01",
                        "amount": "100",
                        "currency": "USD",
                        "kind": "payment",
                    }
                ]
            },
        ),
        "quarantine contracts.unknown_customer",
        fates={
            "payments paid-of-faulty-1": OUT,
            "invoices paid-of-faulty-1": OUT,
            "invoice_lines paid-of-faulty-1": OUT,
        },
    ),
    contract(
        "quoted",
        "SQL as a status",
        "quarantine contracts.unknown_status",
        header={"status": QUOTED},
        fate=OUT,
    ),
    contract(
        "braced",
        "templates as a status",
        "quarantine contracts.unknown_status",
        header={"status": BRACED},
        fate=OUT,
    ),
    contract(
        "marked",
        "markup as a status",
        "quarantine contracts.unknown_status",
        header={"status": MARKED},
        fate=OUT,
    ),
    contract(
        "formula",
        "a formula as a status",
        "quarantine contracts.unknown_status",
        header={"status": FORMULA},
        fate=OUT,
    ),
    case(
        "quoted-key",
        "SQL, templates and markup as a key",
        {"contracts": [header(f"{QUOTED}{BRACED}{MARKED}")]},
        f"quarantine contracts.contract_without_lines {QUOTED}{BRACED}{MARKED}",
        fates={f"contracts {QUOTED}{BRACED}{MARKED}": OUT},
    ),
    contract(
        "unread-quote",
        "SQL as an amount",
        "quarantine contract_lines.unparseable_value",
        line={"expected_cost": QUOTED},
        fate=OUT,
    ),
]

"""Invoices, credit notes and payments."""

from tests.catalogue.cases import (
    OUT,
    Case,
    Rows,
    amendment,
    case,
    contract,
    credit,
    header,
    invoice,
    line_of,
    merged,
    payment,
)


def unlinked(name: str, **head: str) -> Rows:
    """An invoice of no contract."""
    return invoice(name, {"entity_id": "main", **head}, {"contract_line_id": ""})


INVOICES: list[Case] = [
    contract("invoiced", "nothing: an invoice", **invoice("invoiced")),
    contract(
        "invoice-as-of",
        "nothing: issued on as-of",
        **invoice("invoice-as-of", {"issue_date": "2026-06-30"}),
    ),
    contract(
        "invoice-later",
        "issued the day after as-of",
        "later invoices.issued_after_as_of",
        fates={"invoices invoice-later-1": "later", "invoice_lines invoice-later-1": "later"},
        **invoice("invoice-later", {"issue_date": "2026-07-01"}),
    ),
    contract(
        "invoice-draft",
        "an invoice that is a draft",
        "excluded invoices.invoice_draft",
        fates={"invoices invoice-draft-1": "excluded"},
        **invoice("invoice-draft", {"status": "draft"}),
    ),
    contract(
        "void",
        "void without a date",
        "excluded invoices.invoice_void",
        fates={"invoices void-1": "excluded", "invoice_lines void-1": "excluded"},
        **invoice("void", {"status": "void"}),
    ),
    contract(
        "void-once",
        "nothing: void from a day on",
        **invoice("void-once", {"status": "void", "status_date": "2026-03-01"}),
    ),
    contract("bad-debt", "nothing: uncollectible", **invoice("bad-debt", {"status": "uncollectible"})),
    contract(
        "invoice-status",
        "status sent",
        "quarantine invoices.unknown_status",
        **invoice("invoice-status", {"status": "sent"}),
        fate=OUT,
    ),
    contract(
        "invoice-customer",
        "an invoice to a customer nobody knows",
        "quarantine invoices.unknown_customer",
        **invoice("invoice-customer", {"customer_id": "X"}),
        fate=OUT,
    ),
    contract(
        "invoice-in-euro",
        "an invoice in another currency than its contract",
        "quarantine invoices.invoice_currency_differs",
        **invoice("invoice-in-euro", {"currency": "EUR"}),
        fate=OUT,
    ),
    contract(
        "invoice-currency",
        "an invoice in no currency of ISO 4217",
        "quarantine invoices.unknown_currency",
        "quarantine invoices.invoice_currency_differs",
        **invoice("invoice-currency", {"currency": "US$"}),
        fate=OUT,
    ),
    contract(
        "invoice-entity",
        "an invoice of a legal entity nobody knows",
        "quarantine invoices.unknown_entity",
        **invoice("invoice-entity", {"entity_id": "X"}),
        fate=OUT,
    ),
    case(
        "invoice-of-whom",
        "of no contract and no legal entity, and there are several",
        unlinked("invoice-of-whom", entity_id=""),
        "quarantine invoices.entity_missing",
        "warn invoice_lines.unlinked_billing",
        fates={"invoices invoice-of-whom-1": OUT, "invoice_lines invoice-of-whom-1": OUT},
    ),
    contract(
        "invoice-total",
        "the total is a cent above its lines",
        "quarantine invoices.invoice_total_differs",
        fates={
            "invoices invoice-total-1": OUT,
            "invoice_lines invoice-total-1": OUT,
            "contract_lines invoice-total-1": OUT,
        },
        **invoice("invoice-total", {"total_amount": "100.01"}),
        fate=OUT,
    ),
    contract(
        "invoice-below",
        "the total is a cent below its lines",
        "quarantine invoices.invoice_total_differs",
        **invoice("invoice-below", {"total_amount": "99.99"}),
        fate=OUT,
    ),
    contract(
        "taxed", "nothing: lines and tax", **invoice("taxed", {"total_amount": "119", "tax_amount": "19"})
    ),
    contract(
        "taxed-by-line",
        "nothing: tax by line",
        **invoice("taxed-by-line", {"total_amount": "119"}, {"tax_amount": "19"}),
    ),
    contract(
        "untaxed",
        "the total leaves the tax out",
        "quarantine invoices.invoice_total_differs",
        **invoice("untaxed", {"tax_amount": "19"}),
        fate=OUT,
    ),
    contract(
        "tax-differs",
        "the tax is not that of its lines",
        "quarantine invoices.invoice_tax_differs",
        **invoice("tax-differs", {"total_amount": "119", "tax_amount": "18"}, {"tax_amount": "19"}),
        fate=OUT,
    ),
    contract(
        "invoice-service",
        "service ends the day before it starts",
        "quarantine invoice_lines.service_end_before_start",
        **invoice("invoice-service", line={"service_start": "2026-02-02", "service_end": "2026-02-01"}),
        fate=OUT,
    ),
    contract(
        "half-service",
        "a service period without an end, where revenue follows it",
        "warn invoice_lines.half_a_service_period",
        line={"recognition_method": "as_invoiced"},
        **invoice("half-service", line={"service_start": "2026-02-02"}),
    ),
    contract(
        "half-service-of-time",
        "nothing: a service period without an end, where revenue follows the line's own dates",
        **invoice("half-service-of-time", line={"service_start": "2026-02-02"}),
    ),
    contract(
        "service-day",
        "nothing: service of a day",
        **invoice("service-day", line={"service_start": "2026-02-02", "service_end": "2026-02-02"}),
    ),
    case(
        "line-of-nothing",
        "a line of an invoice nobody knows",
        {"invoice_lines": [{"invoice_line_id": "line-of-nothing-1", "invoice_id": "X", "amount": "5"}]},
        "quarantine invoice_lines.unknown_invoice",
        fates={"invoice_lines line-of-nothing-1": OUT},
    ),
    contract(
        "invoice-line",
        "it bills a contract line nobody knows; its invoice names the contract",
        "warn invoice_lines.unknown_line",
        **invoice("invoice-line", {"contract_id": "invoice-line"}, {"contract_line_id": "X"}),
    ),
    case(
        "unlinked",
        "it bills no contract",
        unlinked("unlinked"),
        "warn invoice_lines.unlinked_billing",
        fates={"invoices unlinked-1": "used", "invoice_lines unlinked-1": "used"},
    ),
    contract(
        "bills-draft",
        "it bills a contract that is a draft",
        "excluded contracts.contract_not_signed",
        "warn invoice_lines.unlinked_billing",
        header={"status": "draft"},
        fate="excluded",
        fates={"invoice_lines bills-draft-1": "used"},
        **invoice("bills-draft", {"entity_id": "main"}),
    ),
    case(
        "names-nothing",
        "it names a contract nobody knows",
        unlinked("names-nothing", contract_id="X"),
        "warn invoices.unknown_contract",
        "warn invoice_lines.unlinked_billing",
        fates={"invoice_lines names-nothing-1": "used"},
    ),
]

CREDITS: list[Case] = [
    contract("credited", "nothing: a credit note", **credit("credited")),
    contract(
        "credit-later",
        "credited the day after as-of",
        "later credit_notes.issued_after_as_of",
        fates={"credit_notes credit-later-1": "later"},
        **credit("credit-later", {"issue_date": "2026-07-01"}),
    ),
    contract(
        "credit-draft",
        "a credit note that is a draft",
        "excluded credit_notes.credit_note_draft",
        fates={"credit_notes credit-draft-1": "excluded"},
        **credit("credit-draft", {"status": "draft"}),
    ),
    contract(
        "credit-void",
        "a credit note void without a date",
        "excluded credit_notes.credit_note_void",
        fates={"credit_notes credit-void-1": "excluded"},
        **credit("credit-void", {"status": "void"}),
    ),
    contract(
        "credit-status",
        "a credit note with status sent",
        "quarantine credit_notes.unknown_status",
        **credit("credit-status", {"status": "sent"}),
        fate=OUT,
    ),
    contract(
        "credit-customer",
        "a credit note to a customer nobody knows",
        "quarantine credit_notes.unknown_customer",
        **credit("credit-customer", {"customer_id": "X"}),
        fate=OUT,
    ),
    contract(
        "credit-currency",
        "a credit note in no currency of ISO 4217",
        "quarantine credit_notes.unknown_currency",
        "quarantine credit_notes.credit_currency_differs",
        **credit("credit-currency", {"currency": "US$"}),
        fate=OUT,
    ),
    contract(
        "credit-in-euro",
        "a credit note in another currency than its contract",
        "quarantine credit_notes.credit_currency_differs",
        **credit("credit-in-euro", {"currency": "EUR"}),
        fate=OUT,
    ),
    case(
        "credit-of-whom",
        "of no contract, no invoice and no legal entity, and there are several",
        {
            "credit_notes": [
                {
                    "credit_note_id": "credit-of-whom-1",
                    "customer_id": "A",
                    "issue_date": "2026-03-01",
                    "currency": "USD",
                }
            ],
            "credit_note_lines": [
                {
                    "credit_note_line_id": "credit-of-whom-1",
                    "credit_note_id": "credit-of-whom-1",
                    "amount": "5",
                    "reason": "billing_error",
                }
            ],
        },
        "quarantine credit_notes.entity_missing",
        "warn credit_note_lines.unlinked_billing",
        fates={"credit_notes credit-of-whom-1": OUT},
    ),
    contract(
        "credit-total",
        "nothing: the total of a credit note with tax",
        **credit("credit-total", {"total_amount": "59.5"}, tax_amount="9.5"),
    ),
    contract(
        "credit-differs",
        "the credit note's total is a cent above its lines",
        "quarantine credit_notes.credit_total_differs",
        **credit("credit-differs", {"total_amount": "50.01"}),
        fate=OUT,
    ),
    contract(
        "credits-nothing",
        "it credits an invoice nobody knows",
        "warn credit_notes.unknown_invoice",
        **credit("credits-nothing", {"invoice_id": "X"}),
    ),
    contract(
        "credit-contract",
        "it names a contract nobody knows",
        "warn credit_notes.unknown_contract",
        **credit("credit-contract", {"contract_id": "X"}),
    ),
    contract(
        "credit-above",
        "more is credited than invoiced, without totals",
        "warn credit_notes.credit_above_invoice",
        **credit("credit-above", amount="100.01"),
    ),
    contract(
        "credit-whole", "nothing: all of an invoice is credited", **credit("credit-whole", amount="100")
    ),
    case(
        "credit-line",
        "a line of a credit note nobody knows",
        {
            "credit_note_lines": [
                {
                    "credit_note_line_id": "credit-line-1",
                    "credit_note_id": "X",
                    "amount": "5",
                    "reason": "billing_error",
                }
            ]
        },
        "quarantine credit_note_lines.unknown_credit_note",
        fates={"credit_note_lines credit-line-1": OUT},
    ),
    contract(
        "negative-credit",
        "a credit below 0",
        "quarantine credit_note_lines.negative_amount",
        **credit("negative-credit", amount="-0.01"),
        fate=OUT,
    ),
    contract("credit-0", "nothing: a credit of 0", **credit("credit-0", amount="0")),
    contract(
        "credit-reason",
        "a reason nobody knows",
        "quarantine credit_note_lines.unknown_reason",
        **credit("credit-reason", reason="goodwill"),
        fate=OUT,
    ),
    contract(
        "credit-scope",
        "it applies to something nobody knows",
        "quarantine credit_note_lines.unknown_scope",
        **credit("credit-scope", applies_to="some"),
        fate=OUT,
    ),
    contract(
        "credit-of-line",
        "a contract line nobody knows; its invoice line has one",
        "warn credit_note_lines.unknown_line",
        **credit("credit-of-line", contract_line_id="X"),
    ),
    contract(
        "credit-of-invoice-line",
        "an invoice line nobody knows; it names a contract line",
        "warn credit_note_lines.unknown_invoice_line",
        **credit("credit-of-invoice-line", invoice_line_id="X", contract_line_id="credit-of-invoice-line-1"),
    ),
    contract(
        "concession",
        "nothing: a price concession",
        **credit("concession", reason="price_concession"),
    ),
    contract(
        "return-of-amended",
        "a return credit of goods before an amendment of its contract is not supported yet",
        "quarantine credit_note_lines.not_yet_supported",
        line={"recognition_method": "point_in_time", "quantity": "1"},
        **credit("return-of-amended", reason="return"),
        amendments=[amendment("return-of-amended", "change", amount_delta="1", effective_date="2026-03-02")],
        fate=OUT,
    ),
    contract(
        "return-of-service-amended",
        "nothing: a return credit of what is no goods, before an amendment",
        **credit("return-of-service-amended", reason="return"),
        amendments=[
            amendment("return-of-service-amended", "change", amount_delta="1", effective_date="2026-03-02")
        ],
    ),
    contract(
        "return-after-amendment",
        "nothing: a return credit after the amendments of its contract",
        **credit("return-after-amendment", reason="return"),
        amendments=[amendment("return-after-amendment", "change", amount_delta="1")],
    ),
    contract(
        "concession-as-invoiced",
        "nothing: a price concession on what is recognized as invoiced",
        line={"recognition_method": "as_invoiced"},
        **credit("concession-as-invoiced", reason="price_concession"),
    ),
    contract(
        "bad-debt-as-invoiced",
        "nothing: a credit for bad debt on what is recognized as invoiced",
        line={"recognition_method": "as_invoiced"},
        **credit("bad-debt-as-invoiced", reason="bad_debt"),
    ),
    case(
        "unlinked-credit",
        "it credits an invoice of no contract in another currency",
        merged(
            invoice("unlinked-credit", {"entity_id": "main"}, {"contract_line_id": ""}),
            {
                key: rows
                for key, rows in credit("unlinked-credit", {"currency": "EUR"}).items()
                if key.startswith("credit")
            },
        ),
        "warn invoice_lines.unlinked_billing",
        "warn credit_note_lines.unlinked_billing",
        "quarantine credit_notes.credit_currency_differs",
        fates={"credit_notes unlinked-credit-1": OUT, "invoices unlinked-credit-1": "used"},
    ),
]

PAYMENTS: list[Case] = [
    contract("paid", "nothing: paid", **payment("paid")),
    contract(
        "paid-later",
        "paid the day after as-of",
        "later payments.paid_after_as_of",
        fates={"payments paid-later-1": "later"},
        **payment("paid-later", payment_date="2026-07-01"),
    ),
    contract(
        "paid-by",
        "paid by a customer nobody knows",
        "quarantine payments.unknown_customer",
        **payment("paid-by", customer_id="X"),
        fate=OUT,
    ),
    contract(
        "paid-in-euro",
        "paid in another currency",
        "quarantine payments.payment_currency_differs",
        **payment("paid-in-euro", currency="EUR"),
        fate=OUT,
    ),
    contract(
        "paid-in",
        "paid in no currency of ISO 4217",
        "quarantine payments.unknown_currency",
        "quarantine payments.payment_currency_differs",
        **payment("paid-in", currency="US$"),
        fate=OUT,
    ),
    contract(
        "paid-how",
        "a kind of payment nobody knows",
        "quarantine payments.unknown_kind",
        **payment("paid-how", kind="cash"),
        fate=OUT,
    ),
    contract(
        "paid-back",
        "a payment below 0",
        "quarantine payments.negative_amount",
        **payment("paid-back", amount="-0.01"),
        fate=OUT,
    ),
    contract("paid-nothing", "nothing: a payment of 0", **payment("paid-nothing", amount="0")),
    contract(
        "paid-for-what",
        "paid for an invoice nobody knows",
        "warn payments.unknown_invoice",
        **payment("paid-for-what", invoice_id="X"),
    ),
    contract(
        "paid-for-contract",
        "paid for a contract nobody knows",
        "warn payments.unknown_contract",
        **payment("paid-for-contract", contract_id="X"),
    ),
    contract(
        "paid-above",
        "paid a cent more than invoiced",
        "warn payments.paid_above_billed",
        **payment("paid-above", amount="100.01"),
    ),
    contract(
        "paid-above-lines",
        "paid a cent more than the lines of an invoice without a total",
        "warn payments.paid_above_billed",
        **merged(
            {"invoices": [invoice("paid-above-lines")["invoices"][0] | {"total_amount": ""}]},
            {
                key: rows
                for key, rows in payment("paid-above-lines", amount="100.01").items()
                if key != "invoices"
            },
        ),
    ),
    contract(
        "paid-twice-later",
        "nothing that counts by as-of: the second payment is later",
        "later payments.paid_after_as_of paid-twice-later-2",
        **merged(
            payment("paid-twice-later"),
            {
                "payments": [
                    payment("paid-twice-later", payment_id="paid-twice-later-2", payment_date="2026-07-01")[
                        "payments"
                    ][0]
                ]
            },
        ),
    ),
    contract(
        "refund",
        "nothing: a refund",
        **payment("refund", kind="refund"),
    ),
    contract(
        "applied",
        "nothing: a credit that is applied to an invoice",
        **payment("applied", kind="credit_applied"),
    ),
]

SPREAD: list[Case] = [
    case(
        "refund-of-two",
        "a refund of an invoice over two contracts",
        merged(
            {"contracts": [header("refund-of-two-a"), header("refund-of-two-b")]},
            {"contract_lines": [line_of("refund-of-two-a"), line_of("refund-of-two-b")]},
            invoice("refund-of-two", {"total_amount": "300"}, {"contract_line_id": "refund-of-two-a-1"}),
            {
                "invoice_lines": [
                    {
                        "invoice_line_id": "refund-of-two-2",
                        "invoice_id": "refund-of-two-1",
                        "contract_line_id": "refund-of-two-b-1",
                        "amount": "200",
                    }
                ]
            },
            {"payments": payment("refund-of-two", kind="refund")["payments"]},
        ),
        "quarantine payments.not_yet_supported refund-of-two-1",
        fates={"payments refund-of-two-1": OUT},
    ),
    case(
        "shared",
        "an invoice over two contracts, one of which is faulty",
        merged(
            {"contracts": [header("shared-a"), header("shared-b", customer_id="X")]},
            {"contract_lines": [line_of("shared-a"), line_of("shared-b")]},
            invoice("shared", {"total_amount": "300"}, {"contract_line_id": "shared-a-1"}),
            {
                "invoice_lines": [
                    {
                        "invoice_line_id": "shared-2",
                        "invoice_id": "shared-1",
                        "contract_line_id": "shared-b-1",
                        "amount": "200",
                    }
                ]
            },
        ),
        "quarantine contracts.unknown_customer shared-b",
        fates={
            "contracts shared-a": "used",
            "contracts shared-b": OUT,
            "invoices shared-1": "used",
            "invoice_lines shared-1": "used",
            "invoice_lines shared-2": OUT,
        },
    ),
    case(
        "shared-fault",
        "a faulty invoice over two contracts",
        merged(
            {"contracts": [header("shared-fault-a"), header("shared-fault-b")]},
            {"contract_lines": [line_of("shared-fault-a"), line_of("shared-fault-b")]},
            invoice("shared-fault", {"total_amount": "300.01"}, {"contract_line_id": "shared-fault-a-1"}),
            {
                "invoice_lines": [
                    {
                        "invoice_line_id": "shared-fault-2",
                        "invoice_id": "shared-fault-1",
                        "contract_line_id": "shared-fault-b-1",
                        "amount": "200",
                    }
                ]
            },
        ),
        "quarantine invoices.invoice_total_differs",
        fates={
            "contracts shared-fault-a": OUT,
            "contracts shared-fault-b": OUT,
            "invoices shared-fault-1": OUT,
        },
    ),
]

CASES: list[Case] = [*INVOICES, *CREDITS, *PAYMENTS, *SPREAD]

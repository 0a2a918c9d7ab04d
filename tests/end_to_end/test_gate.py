# ruff: noqa: E501
"""One dirty delivery through exchange, gate and accepted: every record fails what it should, and nothing else.

Each case is a contract of its own with one thing wrong (or just right: the other side of a boundary), so that the
set of all failures is the sum of the cases. What the rules are for stands in expectations/suites.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.harness import Company
from warehouse import engine

AS_OF = "2026-06-30"
Row = dict[str, str]
Failure = tuple[str, str, str, str]

CONTRACT = {
    "customer_id": "A",
    "status": "active",
    "signed_date": "2026-01-01",
    "start_date": "2026-01-01",
    "end_date": "2026-12-31",
    "currency": "USD",
    "total_amount": "1200",
}
LINE = {"line_number": "1", "product_id": "SERVICE", "amount": "1200"}
FULL = 10**11


@dataclass
class Case:
    """Rows to deliver, failures to expect, and the fate of the contract."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    failures: set[Failure] = field(default_factory=set)
    fates: dict[str, str] = field(default_factory=dict)


def contract(
    name: str,
    *failures: str,
    fate: str = "",
    header: Mapping[str, str] | None = None,
    line: Mapping[str, str] | None = None,
    **more: list[Row],
) -> Case:
    """A contract `name` with one line `name-1`; failures are written `severity entity rule [key]`."""
    rows = {
        "contracts": [{"contract_id": name, **CONTRACT, **(header or {})}],
        "contract_lines": [
            {"contract_line_id": f"{name}-1", "contract_id": name, "description": "", **LINE, **(line or {})}
        ],
    }
    for entity, extra in more.items():
        rows[entity] = [*rows.get(entity, []), *extra]
    expected = set()
    for failure in failures:
        severity, entity, rule, *key = failure.split(" ", 3)
        own_key = {"contracts": name, "contract_lines": f"{name}-1"}.get(entity, f"{name}-1")
        expected.add((severity, entity, rule, key[0] if key else own_key))
    return Case(rows, expected, {name: fate} if fate else {})


def invoice(
    name: str, header: Mapping[str, str] | None = None, line: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """An invoice `name-1` over 100 of the contract `name`, with one line of the same key."""
    head = {
        "customer_id": "A",
        "issue_date": "2026-02-01",
        "currency": "USD",
        "status": "open",
        "total_amount": "100",
    }
    body = {"invoice_id": f"{name}-1", "contract_line_id": f"{name}-1", "amount": "100"}
    return {
        "invoices": [{"invoice_id": f"{name}-1", **head, **(header or {})}],
        "invoice_lines": [{"invoice_line_id": f"{name}-1", **body, **(line or {})}],
    }


def goods(name: str, *events: tuple[str, str, str], quantity: str = "10") -> dict[str, Any]:
    """A line of goods with its deliveries: date, kind, quantity."""
    return {
        "line": {"product_id": "GOODS", "quantity": quantity},
        "fulfillments": [
            {
                "fulfillment_id": f"{name}-{number}",
                "contract_line_id": f"{name}-1",
                "event_date": day,
                "kind": kind,
                "quantity": units,
            }
            for number, (day, kind, units) in enumerate(events, start=1)
        ],
    }


def amendment(name: str, key: str, action: str, **changes: str) -> Row:
    row = {
        "amendment_id": key,
        "contract_id": name,
        "contract_line_id": f"{name}-1",
        "effective_date": "2026-03-01",
        "signed_date": "2026-02-01",
        "action": action,
    }
    return {**row, **changes}


def credit(name: str, **line: str) -> dict[str, Any]:
    """An invoice with a credit note over 50."""
    rows = invoice(name)
    rows["credit_notes"] = [
        {"credit_note_id": f"{name}-1", "customer_id": "A", "issue_date": "2026-03-01", "currency": "USD"}
    ]
    rows["credit_note_lines"] = [
        {"credit_note_line_id": f"{name}-1", "credit_note_id": f"{name}-1", "invoice_line_id": f"{name}-1"}
        | {"amount": "50", "reason": "billing_error"}
        | line
    ]
    return rows


def payment(name: str, **changes: str) -> dict[str, Any]:
    row = {
        "payment_id": f"{name}-1",
        "invoice_id": f"{name}-1",
        "customer_id": "A",
        "payment_date": "2026-03-01",
    }
    return {
        **invoice(name),
        "payments": [{**row, "amount": "100", "currency": "USD", "kind": "payment", **changes}],
    }


def line_of(name: str, number: int, **changes: str) -> Row:
    key = {"contract_line_id": f"{name}-{number}", "contract_id": name, "description": ""}
    return {**key, **LINE, "line_number": str(number), **changes}


LONG = "K" * 256
OUT = "quarantined"

CASES = [
    contract("clean"),
    contract("signed-on-as-of", header={"signed_date": AS_OF}),
    contract("largest", header={"total_amount": str(FULL)}, line={"amount": str(FULL)}),
    contract("earliest", header={"start_date": "1990-01-01"}),
    contract("yen", header={"currency": "JPY"}),
    contract("dinar", header={"currency": "KWD", "total_amount": "1.234"}, line={"amount": "1.234"}),
    contract("one-day", header={"end_date": "2026-01-01"}),
    contract("key-of-255", header={"contract_number": "K" * 255}),
    contract("line-break-in-text", line={"description": "first\nsecond"}),
    # outcomes that are no fault
    contract("draft", "excluded contracts contract_not_signed", header={"status": "draft"}, fate="excluded"),
    contract(
        "never-signed",
        "excluded contracts cancelled_before_signing",
        header={"status": "expired", "signed_date": ""},
        fate="excluded",
    ),
    contract(
        "later", "later contracts signed_after_as_of", header={"signed_date": "2026-07-01"}, fate="later"
    ),
    # headers
    contract(
        "no-signed-date",
        "quarantine contracts contract_without_signed_date",
        header={"signed_date": ""},
        fate=OUT,
    ),
    contract("odd-status", "quarantine contracts unknown_status", header={"status": "live"}, fate=OUT),
    contract("odd-type", "quarantine contracts unknown_contract_type", header={"contract_type": "x"}, fate=OUT),
    contract("no-customer", "quarantine contracts required_value_missing", header={"customer_id": ""}, fate=OUT),
    contract("odd-customer", "quarantine contracts unknown_customer", header={"customer_id": "X"}, fate=OUT),
    contract("odd-currency", "quarantine contracts unknown_currency", header={"currency": "USDX"}, fate=OUT),
    contract("odd-entity", "quarantine contracts unknown_entity", header={"entity_id": "X"}, fate=OUT),
    contract(
        "ends-early",
        "quarantine contracts end_before_start",
        "quarantine contract_lines end_before_start",
        header={"end_date": "2025-12-31"},
        fate=OUT,
    ),
    contract(
        "cancelled-when",
        "quarantine contracts cancelled_without_date",
        header={"status": "cancelled"},
        fate=OUT,
    ),
    contract("total", "quarantine contracts control_total_differs", header={"total_amount": "1200.01"}, fate=OUT),
    Case(
        {"contracts": [{"contract_id": "no-lines", **CONTRACT}]},
        {("quarantine", "contracts", "contract_without_lines", "no-lines")},
        {"no-lines": OUT},
    ),
    contract(
        "odd-date", "quarantine contracts unparseable_value", header={"start_date": "31/02/2026"}, fate=OUT
    ),
    contract("too-early", "quarantine contracts date_out_of_range", header={"start_date": "1989-12-31"}, fate=OUT),
    contract(
        "too-large",
        "quarantine contracts amount_out_of_range",
        "quarantine contract_lines amount_out_of_range",
        "quarantine contract_lines ssp_not_computable",
        header={"total_amount": f"{FULL}.01"},
        line={"amount": f"{FULL}.01"},
        fate=OUT,
    ),
    contract(
        "too-fine",
        "quarantine contracts amount_finer_than_minor_unit",
        "quarantine contract_lines amount_finer_than_minor_unit",
        header={"total_amount": "1.234"},
        line={"amount": "1.234"},
        fate=OUT,
    ),
    contract(
        "yen-and-sen",
        "quarantine contracts amount_finer_than_minor_unit",
        "quarantine contract_lines amount_finer_than_minor_unit",
        header={"currency": "JPY", "total_amount": "1.5"},
        line={"amount": "1.5"},
        fate=OUT,
    ),
    contract(
        LONG,
        "quarantine contracts key_too_long",
        "quarantine contract_lines key_too_long",
        fate=OUT,
    ),
    contract("bell", "quarantine contract_lines control_characters", line={"description": "\x07"}, fate=OUT),
    contract(
        "conflict",
        "quarantine contracts duplicate_key_conflict",
        contracts=[{"contract_id": "conflict", **CONTRACT, "sales_rep": "another"}],
        fate=OUT,
    ),
    contract("twice", "warn contract_lines identical_rows", contract_lines=[line_of("twice", 1)]),
    contract(
        "combined-a",
        "quarantine contracts combined_currencies_differ",
        header={"combined_with": "group-1"},
        fate=OUT,
    ),
    contract(
        "combined-b",
        "quarantine contracts combined_currencies_differ",
        header={"combined_with": "group-1", "currency": "EUR"},
        fate=OUT,
    ),
    # all of a combined contract is held with one of its parts
    contract("whole-a", header={"combined_with": "group-2"}, fate=OUT),
    contract(
        "whole-b",
        "quarantine contracts unknown_customer",
        header={"combined_with": "group-2", "customer_id": "X"},
        fate=OUT,
    ),
    # what stands on a faulty customer or product
    contract("bad-customer", header={"customer_id": "ORPHAN"}, fate=OUT),
    contract("bad-product", line={"product_id": "BROKEN"}, fate=OUT),
    # lines
    contract("odd-amount", "quarantine contract_lines unparseable_value", line={"amount": "1.200,00"}, fate=OUT),
    contract("odd-product", "quarantine contract_lines unknown_product", line={"product_id": "X"}, fate=OUT),
    contract(
        "no-dates",
        "quarantine contract_lines ratable_without_dates",
        header={"start_date": "", "end_date": ""},
        fate=OUT,
    ),
    contract("odd-method", "quarantine contract_lines unknown_method", line={"recognition_method": "x"}, fate=OUT),
    contract(
        "no-method", "quarantine contract_lines recognition_method_missing", line={"product_id": "PLAIN"}, fate=OUT
    ),
    contract(
        "no-quantity",
        "quarantine contract_lines quantity_missing_where_delivery_drives_revenue",
        line={"product_id": "GOODS"},
        fate=OUT,
    ),
    contract(
        "beyond-term", "warn contract_lines outside_contract_term", line={"end_date": "2027-01-31"}
    ),
    contract(
        "lone-discount",
        "quarantine contract_lines lone_discount lone-discount-2",
        header={"total_amount": "1100"},
        contract_lines=[line_of("lone-discount", 2, amount="-100", product_id="PLAIN", allocation_group="D")],
        fate=OUT,
    ),
    contract(
        "discount",
        header={"total_amount": "1100"},
        contract_lines=[line_of("discount", 2, amount="-100", product_id="PLAIN")],
    ),
    contract(
        "two-residuals",
        "quarantine contract_lines several_residual_lines two-residuals-1",
        "quarantine contract_lines several_residual_lines two-residuals-2",
        header={"total_amount": "2400"},
        line={"ssp_method": "residual"},
        contract_lines=[line_of("two-residuals", 2, ssp_method="residual")],
        fate=OUT,
    ),
    contract(
        "residual-range",
        "quarantine contract_lines residual_ssp_out_of_range residual-range-1",
        header={"total_amount": "2400"},
        line={"ssp_method": "residual", "product_id": "RANGED", "quantity": "1"},
        contract_lines=[line_of("residual-range", 2)],
        fate=OUT,
    ),
    contract(
        "no-basis",
        "quarantine contract_lines pool_without_basis no-basis-1",
        "quarantine contract_lines pool_without_basis no-basis-2",
        header={"total_amount": "-100"},
        line={"amount": "0"},
        contract_lines=[line_of("no-basis", 2, amount="-100", product_id="PLAIN")],
        fate=OUT,
    ),
    contract("usage", "quarantine contract_lines not_yet_supported", line={"recognition_method": "usage"}, fate=OUT),
    contract("variable", "quarantine contract_lines not_yet_supported", line={"variable_amount": "5"}, fate=OUT),
    contract("variable-0", line={"variable_amount": "0"}),
    # amendments
    contract("cancel", amendments=[amendment("cancel", "M1", "cancel")]),
    contract(
        "change",
        "quarantine amendments not_yet_supported M2|change-1",
        amendments=[amendment("change", "M2", "change")],
        fate=OUT,
    ),
    contract(
        "change-later",
        "later amendments signed_after_as_of M3|change-later-1",
        "quarantine amendments not_yet_supported M3|change-later-1",
        amendments=[amendment("change-later", "M3", "change", signed_date="2026-07-01")],
    ),
    contract(
        "cancel-twice",
        "quarantine amendments cancelled_twice M4|cancel-twice-1",
        "quarantine amendments cancelled_twice M5|cancel-twice-1",
        amendments=[amendment("cancel-twice", "M4", "cancel"), amendment("cancel-twice", "M5", "cancel")],
        fate=OUT,
    ),
    contract(
        "header-and-line",
        "quarantine contracts cancellation_dates_differ",
        header={"cancelled_date": "2026-04-01"},
        amendments=[amendment("header-and-line", "M6", "cancel")],
        fate=OUT,
    ),
    # deliveries
    contract("delivered", **goods("delivered", ("2026-02-01", "delivery", "10"), ("2026-02-01", "return", "3"))),
    contract(
        "returned",
        "quarantine fulfillments returned_above_delivered returned-1",
        **goods("returned", ("2026-02-01", "return", "1"), ("2026-02-02", "delivery", "5")),
        fate=OUT,
    ),
    contract(
        "over-delivered",
        "warn fulfillments delivered_above_ordered over-delivered-1",
        **goods("over-delivered", ("2026-02-01", "delivery", "11")),
    ),
    contract(
        "early-delivery",
        "warn fulfillments delivery_before_signature early-delivery-1",
        **goods("early-delivery", ("2025-12-31", "delivery", "1")),
    ),
    contract(
        "later-delivery",
        "later fulfillments delivered_after_as_of later-delivery-1",
        **goods("later-delivery", ("2026-07-01", "delivery", "1")),
    ),
    contract(
        "progress",
        "quarantine fulfillments not_yet_supported progress-1",
        **goods("progress", ("2026-02-01", "progress", "1")),
        fate=OUT,
    ),
    # documents
    contract("invoiced", **invoice("invoiced")),
    contract("taxed", **invoice("taxed", {"total_amount": "119", "tax_amount": "19"})),
    contract("void-once", **invoice("void-once", {"status": "void", "status_date": "2026-03-01"})),
    contract("void", "excluded invoices invoice_void", **invoice("void", {"status": "void"})),
    contract("invoice-draft", "excluded invoices invoice_draft", **invoice("invoice-draft", {"status": "draft"})),
    contract(
        "invoice-later", "later invoices issued_after_as_of", **invoice("invoice-later", {"issue_date": "2026-07-01"})
    ),
    contract(
        "invoice-total",
        "quarantine invoices invoice_total_differs",
        **invoice("invoice-total", {"total_amount": "100.01"}),
        fate=OUT,
    ),
    contract(
        "invoice-currency",
        "quarantine invoices invoice_currency_differs",
        **invoice("invoice-currency", {"currency": "EUR"}),
        fate=OUT,
    ),
    contract(
        "invoice-service",
        "quarantine invoice_lines service_end_before_start",
        **invoice("invoice-service", line={"service_start": "2026-02-02", "service_end": "2026-02-01"}),
        fate=OUT,
    ),
    contract(
        "over-billed",
        "warn contracts billed_above_contracted",
        **invoice("over-billed", {"total_amount": "1201"}, {"amount": "1201"}),
    ),
    contract(
        "unlinked",
        "warn invoice_lines unlinked_billing",
        **invoice("unlinked", line={"contract_line_id": ""}),
    ),
    contract("credited", **credit("credited")),
    contract(
        "concession",
        "quarantine credit_note_lines not_yet_supported",
        **credit("concession", reason="price_concession"),
        fate=OUT,
    ),
    contract(
        "negative-credit", "quarantine credit_note_lines negative_amount", **credit("negative-credit", amount="-1"), fate=OUT
    ),
    contract("paid", **payment("paid")),
    contract("refund", "quarantine payments not_yet_supported", **payment("refund", kind="refund"), fate=OUT),
    contract(
        "paid-in-euro", "quarantine payments payment_currency_differs", **payment("paid-in-euro", currency="EUR"), fate=OUT
    ),
    contract("paid-later", "later payments paid_after_as_of", **payment("paid-later", payment_date="2026-07-01")),
    contract("paid-for-what", "warn payments unknown_invoice", **payment("paid-for-what", invoice_id="X")),
    # records without a contract
    Case(
        {"contract_lines": [line_of("nowhere", 1)]},
        {("quarantine", "contract_lines", "unknown_contract", "nowhere-1")},
    ),
    Case(
        {"gl_accounts": [{"account_id": "1", "account_name": "Cash", "account_type": "asset"}]}
        | {
            "gl_journal_lines": [
                {"journal_line_id": key, "journal_id": key[0], "posting_date": "2026-01-31", "account_id": account}
                | {"debit": debit, "credit": credit_amount, "currency": "USD"}
                for key, account, debit, credit_amount in [
                    ("a1", "1", "5", "0"),
                    ("a2", "1", "0", "5"),
                    ("b1", "1", "5", "0"),
                    ("c1", "9", "0", "0"),
                ]
            ]
        },
        {
            ("quarantine", "gl_journal_lines", "journal_not_balanced", "b1"),
            ("quarantine", "gl_journal_lines", "unknown_account", "c1"),
        },
    ),
    Case(
        {"fx_rates": [{"rate_date": "2026-01-31", "from_currency": "USD", "to_currency": "EUR", "rate": "0"}]},
        {("quarantine", "fx_rates", "rate_not_positive", "2026-01-31|USD|EUR")},
    ),
]  # fmt: skip

MASTER: dict[str, list[Row]] = {
    "customers": [
        {"customer_id": "A", "customer_name": "A"},
        {"customer_id": "ORPHAN", "customer_name": "O", "parent_customer_id": "X"},
    ],
    "products": [
        {"product_id": "SERVICE", "recognition_method": "ratable"},
        {"product_id": "GOODS", "recognition_method": "point_in_time"},
        {"product_id": "PLAIN"},
        {"product_id": "BROKEN", "recognition_method": "whenever"},
        {
            "product_id": "RANGED",
            "recognition_method": "ratable",
            "ssp_low": "1",
            "ssp_high": "5",
            "ssp_currency": "USD",
        },
    ],
}
MASTER_FAILURES: set[Failure] = {
    ("quarantine", "customers", "orphan_parent", "ORPHAN"),
    ("quarantine", "products", "unknown_method", "BROKEN"),
    # the method is the product's, so its line says so too
    ("quarantine", "contract_lines", "unknown_method", "bad-product-1"),
}


def delivery() -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {entity: [dict(row) for row in given] for entity, given in MASTER.items()}
    for row in rows["products"]:
        row |= {"product_name": row["product_id"], "revenue_category": "subscription"}
    for case in CASES:
        for entity, extra in case.rows.items():
            rows.setdefault(entity, []).extend(extra)
    return rows


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[engine.Connection]:
    """The working warehouse after a run over all cases."""
    company = Company(tmp_path_factory.mktemp("gate") / "workspace")
    company.deliver(delivery())
    company.run(AS_OF)
    connection = engine.connect(company.workspace.warehouse_db, read_only=True)
    yield connection
    connection.close()


def test_every_record_fails_what_it_should_and_nothing_else(gated: engine.Connection) -> None:
    found = set(
        gated.execute(
            "select severity, entity, rule, record_key from gate.failures where entity != 'files'"
        ).fetchall()
    )
    expected = MASTER_FAILURES.union(*(case.failures for case in CASES))
    assert found == expected


def test_a_fault_takes_its_whole_contract_out(gated: engine.Connection) -> None:
    found = dict(gated.execute("select contract_id, fate from accepted.contracts_out").fetchall())
    expected = {name: fate for case in CASES for name, fate in case.fates.items()}
    assert found == expected


def test_what_belongs_to_a_contract_shares_its_fate(gated: engine.Connection) -> None:
    used = gated.execute(
        "select count(*) from accepted.contract_lines as lines"
        " inner join accepted.contracts_out as out on lines.contract_id = out.contract_id"
    ).fetchone()
    assert used == (0,)
    held = dict(
        gated.execute(
            "select entity, min(fate) from accepted.records_out where record_key = 'invoice-total-1' group by entity"
        ).fetchall()
    )
    assert held == {"contract_lines": OUT, "invoices": OUT, "invoice_lines": OUT}


def test_every_used_line_of_an_invoice_has_an_invoice(gated: engine.Connection) -> None:
    for lines, documents, key in (
        ("invoice_lines", "invoices", "invoice_id"),
        ("credit_note_lines", "credit_notes", "credit_note_id"),
    ):
        orphans = gated.execute(
            f"select count(*) from accepted.{lines} where {key} not in (select {key} from accepted.{documents})"
        ).fetchone()
        assert orphans == (0,)


def test_nothing_is_lost_in_rows_or_money(gated: engine.Connection) -> None:
    rows = gated.execute(
        "select source_object, rows_extracted, rows_used + rows_excluded + rows_quarantined + rows_held + rows_later"
        " + rows_unmapped, amount_extracted, amount_used + amount_excluded + amount_quarantined + amount_held"
        " + amount_later + amount_unmapped + amount_rounding, rows_unmapped, amount_rounding from audit.completeness"
    ).fetchall()
    delivered = {entity: len(given) for entity, given in delivery().items()}
    found: dict[str, int] = {}
    for name, extracted, accounted, amount, amount_accounted, unmapped, rounding in rows:
        assert (extracted, amount, unmapped, rounding) == (accounted, amount_accounted, 0, 0), name
        found[name] = found.get(name, 0) + extracted
    assert found == delivered


def test_what_is_held_says_why_and_where(gated: engine.Connection) -> None:
    rows = gated.execute(
        "select entity, rule, fate, detail, amount, currency, source_file, source_row from audit.quarantine"
        " where contract_id = 'total' order by entity"
    ).fetchall()
    (line, header) = rows
    number = [row["contract_id"] for row in delivery()["contracts"]].index("total") + 2
    assert header == (
        "contracts",
        "control_total_differs",
        OUT,
        "total_amount 1200.010 is not the sum of the lines as first signed, 1200.000",
        header[4],
        "USD",
        "exports/files/contracts.csv",
        number,
    )
    assert str(header[4]) == "1200.010"
    assert line[:5] == ("contract_lines", "control_total_differs", OUT, "held with contract total", None)


def test_what_is_no_fault_is_listed_apart(gated: engine.Connection) -> None:
    quarantined = gated.execute(
        "select count(*) from audit.quarantine where contract_id in ('draft', 'later', 'never-signed')"
    ).fetchone()
    assert quarantined == (0,)
    listed = gated.execute(
        "select entity, fate, detail from audit.excluded where contract_id = 'draft' order by entity"
    ).fetchall()
    assert listed == [
        ("contract_lines", "excluded", "left out with contract draft"),
        ("contracts", "excluded", "status draft: not a signed contract"),
    ]

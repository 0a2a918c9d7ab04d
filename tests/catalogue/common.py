"""The rules of every entity, tried on each: one record of it that is right, and what can be wrong with any record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.catalogue.books import posted
from tests.catalogue.cases import (
    OUT,
    Case,
    Row,
    Rows,
    amendment,
    case,
    contract,
    credit,
    event,
    header,
    invoice,
    line_of,
    merged,
    payment,
    plain,
    product,
)
from tests.catalogue.changes import adjustment, balance, estimate
from tests.catalogue.parties import price

LONGEST = 255
BELL, NEXT_LINE = "\x07", "\x85"
FULL, YEN, DINAR = "100000000000", "10000000000000", "10000000000"


@dataclass(frozen=True)
class Sample:
    """A record of an entity under a name, with all it stands on, and columns to spoil."""

    rows: Callable[[str], Rows]
    key: Callable[[str], str] = lambda name: f"{name}-1"
    required: str | None = None
    date: str | None = None
    number: str | None = None
    amount: str | None = None
    text: str | None = None


def own(name: str) -> str:
    return name


def _with(name: str, **rows: list[Row]) -> Rows:
    return merged(plain(name), rows)


SAMPLES: dict[str, Sample] = {
    "entities": Sample(
        lambda n: {"entities": [{"entity_id": n, "functional_currency": "USD"}]},
        own,
        required="functional_currency",
        text="entity_name",
    ),
    "customers": Sample(
        lambda n: {"customers": [{"customer_id": n, "customer_name": n}]},
        own,
        required="customer_name",
        text="segment",
    ),
    "products": Sample(
        lambda n: {"products": [product(n, recognition_method="ratable", ssp_unit="1", ssp_currency="USD")]},
        own,
        required="revenue_category",
        number="ssp_unit",
        text="product_family",
    ),
    "ssp_prices": Sample(
        lambda n: {"products": [product(n, recognition_method="ratable")], "ssp_prices": [price(n)]},
        lambda n: f"{n}|USD|2025-01-01",
        required="ssp_unit",
        number="ssp_low",
        text="ssp_per",
    ),
    "contracts": Sample(
        plain,
        own,
        required="customer_id",
        date="opportunity_created_date",
        number="notice_days",
        amount="termination_penalty",
        text="contract_number",
    ),
    "contract_lines": Sample(
        plain,
        required="line_number",
        date="promised_date",
        number="expected_cost",
        amount="expected_cost",
        text="description",
    ),
    "amendments": Sample(
        lambda n: _with(n, amendments=[amendment(n, "cancel")]),
        lambda n: f"M1-{n}|{n}-1",
        required="signed_date",
        date="new_end_date",
        number="quantity_delta",
        amount="amount_delta",
        text="reason",
    ),
    "estimates": Sample(
        lambda n: _with(n, estimates=[estimate(n)]),
        required="estimate_date",
        date="estimate_date",
        number="variable_amount",
        amount="variable_amount",
        text="reason",
    ),
    "fulfillments": Sample(
        lambda n: merged(
            {"contracts": [header(n)], "contract_lines": [line_of(n, product_id="GOODS", quantity="10")]},
            {
                "fulfillments": [
                    {
                        "fulfillment_id": f"{n}-1",
                        "contract_line_id": f"{n}-1",
                        **event("2026-02-01", "delivery", "1"),
                    }
                ]
            },
        ),
        required="kind",
        date="event_date",
        number="amount",
        amount="amount",
        text="reason",
    ),
    "invoices": Sample(
        lambda n: merged(plain(n), invoice(n)),
        required="status",
        date="due_date",
        number="tax_amount",
        text="invoice_number",
    ),
    "invoice_lines": Sample(
        lambda n: merged(plain(n), invoice(n, {"total_amount": ""})),
        date="service_start",
        number="quantity",
        amount="amount",
        required="amount",
        text="description",
    ),
    "credit_notes": Sample(
        lambda n: merged(plain(n), credit(n)),
        required="customer_id",
        date="status_date",
        number="total_amount",
    ),
    "credit_note_lines": Sample(
        lambda n: merged(plain(n), credit(n)),
        required="amount",
        number="tax_amount",
        amount="tax_amount",
    ),
    "payments": Sample(
        lambda n: merged(plain(n), payment(n)),
        required="payment_date",
        date="payment_date",
        number="amount",
        amount="amount",
    ),
    "billing_schedule": Sample(
        lambda n: _with(
            n, billing_schedule=[{"contract_line_id": f"{n}-1", "planned_date": "2026-07-01", "amount": "1"}]
        ),
        lambda n: f"{n}-1|2026-07-01",
        required="amount",
        number="amount",
        amount="amount",
    ),
    "opening_balances": Sample(
        lambda n: _with(n, opening_balances=[balance(n)]),
        lambda n: f"{n}-1|2026-05-31",
        required="billed",
        number="billed",
        amount="billed",
    ),
    "adjustments": Sample(
        lambda n: _with(n, adjustments=[adjustment(n)]),
        required="approver",
        date="valid_until",
        number="amount",
        amount="amount",
        text="reason",
    ),
    "gl_accounts": Sample(
        lambda n: {"gl_accounts": [{"account_id": n, "account_name": n, "account_type": "asset"}]},
        own,
        required="account_name",
        text="account_category",
    ),
    "gl_journal_lines": Sample(
        lambda n: {"gl_journal_lines": posted(n, ("0", "0"))},
        required="posting_date",
        date="posting_date",
        text="memo",
    ),
    "account_mapping": Sample(
        lambda n: {"account_mapping": [{"role": n, "account_id": "1000", "entity_id": "main"}]},
        lambda n: f"|main|{n}|",
        required="account_id",
    ),
    "key_map": Sample(
        lambda n: {"key_map": [{"entity": "customers", "system": "files", "source_key": n, "key": "A"}]},
        lambda n: f"customers|files|{n}",
        required="key",
    ),
}


def spoilt(entity: str, name: str, wrong: str, rule: str, column: str, value: str, *more: str) -> Case:
    """The entity's sample with a column set to a value; the record itself then fails the rule."""
    sample = SAMPLES[entity]
    rows = sample.rows(name)
    rows[entity] = [{**rows[entity][0], column: value}, *rows[entity][1:]]
    key = sample.key(name)
    failures = {
        *([f"quarantine {entity}.{rule}"] if rule else []),
        *more,
    }
    is_out = any(one.startswith("quarantine") for one in failures)
    return case(
        name,
        f"{entity}: {wrong}",
        rows,
        *(f"{one} {key}" for one in failures),
        fates={f"{entity} {key}": OUT if is_out else "used"},
    )


def _spoilt_cases() -> Iterator[Case]:
    for entity, sample in SAMPLES.items():
        if sample.required:
            yield spoilt(
                entity,
                f"{entity}-empty",
                f"{sample.required} is empty",
                "required_value_missing",
                sample.required,
                "",
            )
        if sample.date:
            yield spoilt(
                entity,
                f"{entity}-date",
                f"{sample.date} is 31/02/2026",
                "unparseable_value",
                sample.date,
                "31/02/2026",
            )
            yield spoilt(
                entity,
                f"{entity}-early",
                f"{sample.date} is of 1989",
                "date_out_of_range",
                sample.date,
                "1989-12-31",
                *_told_early(entity),
            )
        if sample.number:
            yield spoilt(
                entity,
                f"{entity}-number",
                f"{sample.number} is 1.234,56",
                "unparseable_value",
                sample.number,
                "1.234,56",
            )
        if sample.amount:
            yield spoilt(
                entity,
                f"{entity}-fine",
                f"{sample.amount} is a tenth of a cent",
                "amount_finer_than_minor_unit",
                sample.amount,
                "0.001",
            )
        if sample.text:
            yield spoilt(
                entity,
                f"{entity}-bell",
                f"{sample.text} rings",
                "control_characters",
                sample.text,
                f"a{BELL}b",
                *_told_text(entity),
            )


def _told_early(entity: str) -> tuple[str, ...]:
    """What such a day breaks besides."""
    return {"fulfillments": ("warn fulfillments.delivery_before_signature",)}.get(entity, ())


def _told_text(entity: str) -> tuple[str, ...]:
    return {"ssp_prices": ("quarantine ssp_prices.unknown_ssp_per",)}.get(entity, ())


def _keyless(entity: str) -> Case:
    """A record whose key is empty is told by its file and row."""
    name = f"{entity}-keyless"
    rows = SAMPLES[entity].rows(name)
    key_column = f"{entity.removesuffix('s')}_id"
    rows[entity] = [{**rows[entity][0], key_column: ""}]
    return case(
        name,
        f"{entity}: without a key",
        rows,
        f"quarantine {entity}.required_value_missing (no key)",
    )


def _twice(entity: str, column: str) -> Iterator[Case]:
    """Two rows of a key: identical, and differing."""
    sample = SAMPLES[entity]
    for name, change, rule in (
        (f"{entity}-same", {}, "warn {}.identical_rows"),
        (f"{entity}-other", {column: "2"}, "quarantine {}.duplicate_key_conflict"),
    ):
        rows = sample.rows(name)
        rows[entity] = [rows[entity][0], {**rows[entity][0], **change}]
        key = sample.key(name)
        failures = (rule.format(entity),)
        is_out = any(one.startswith("quarantine") for one in failures)
        yield case(
            name,
            f"{entity}: two rows of a key, {'that differ' if change else 'identical'}",
            rows,
            *(f"{one} {key}" for one in failures),
            fates={f"{entity} {key}": OUT if is_out else "used"},
        )


def _long(entity: str, length: int) -> Case:
    """A record under a key of that many characters."""
    sample = SAMPLES[entity]
    name = f"{entity}-of-{length}"
    short = sample.key(name)
    long = name + "K" * (length - len(name))
    rows = {
        one: [{column: long if value == short else value for column, value in row.items()} for row in given]
        for one, given in sample.rows(name).items()
    }
    failures = [f"quarantine {entity}.key_too_long {long}"] if length > LONGEST else []
    return case(
        name,
        f"{entity}: a key of {length} characters",
        rows,
        *failures,
        fates={f"{entity} {long}": OUT if failures else "used"},
    )


def _value(name: str, wrong: str, rule: str, *, line: Row | None = None, header: Row | None = None) -> Case:
    """A contract with a value in its header or line that is right or wrong."""
    entity = "contracts" if header else "contract_lines"
    failures = [f"quarantine {entity}.{rule}"] if rule else []
    return contract(name, wrong, *failures, header=header, line=line, fate=OUT if rule else "used")


def _money(name: str, wrong: str, currency: str, amount: str, rule: str) -> Case:
    """A contract over an amount, in header and line."""
    failures = [f"quarantine {entity}.{rule}" for entity in ("contracts", "contract_lines")] if rule else []
    if rule == "amount_out_of_range":
        failures.append("quarantine contract_lines.ssp_not_computable")
    return contract(
        name,
        wrong,
        *failures,
        header={"currency": currency, "total_amount": amount},
        line={"amount": amount},
        fate=OUT if rule else "used",
    )


UNPARSEABLE = "unparseable_value"

VALUES: list[Case] = [
    _value(
        "first-day", "nothing: the first day there is", "", header={"opportunity_created_date": "1990-01-01"}
    ),
    _value(
        "last-day", "nothing: the last day there is", "", header={"opportunity_created_date": "2100-12-31"}
    ),
    _value(
        "day-before",
        "the day before the first there is",
        "date_out_of_range",
        header={"opportunity_created_date": "1989-12-31"},
    ),
    _value(
        "day-after",
        "the day after the last there is",
        "date_out_of_range",
        header={"opportunity_created_date": "2101-01-01"},
    ),
    _value(
        "leap-day",
        "nothing: 29 February of a leap year",
        "",
        header={"opportunity_created_date": "2024-02-29"},
    ),
    _value(
        "no-leap-day",
        "29 February of no leap year",
        UNPARSEABLE,
        header={"opportunity_created_date": "2026-02-29"},
    ),
    _value(
        "american-day", "a day as 02/28/2026", UNPARSEABLE, header={"opportunity_created_date": "02/28/2026"}
    ),
    _value("no-day", "infinity as a day", UNPARSEABLE, header={"opportunity_created_date": "infinity"}),
    _value(
        "moment",
        "nothing: a timestamp without a zone",
        "",
        header={"opportunity_created_date": "2026-02-28 23:59:59.9"},
    ),
    _value(
        "moment-with-zone",
        "a timestamp with a zone",
        UNPARSEABLE,
        header={"opportunity_created_date": "2026-02-28T23:59:59Z"},
    ),
    _value("not-a-number", "NaN", UNPARSEABLE, line={"expected_cost": "NaN"}),
    _value("exponent", "1e400", UNPARSEABLE, line={"expected_cost": "1e400"}),
    _value("small-exponent", "1e5", UNPARSEABLE, line={"expected_cost": "1e5"}),
    _value("thousands", "1,234.56", UNPARSEABLE, line={"expected_cost": "1,234.56"}),
    _value("underscored", "1_000", UNPARSEABLE, line={"expected_cost": "1_000"}),
    _value("in-words", "twelve", UNPARSEABLE, line={"expected_cost": "twelve"}),
    _value("with-a-sign", "$ 12", UNPARSEABLE, line={"expected_cost": "$ 12"}),
    _value(
        "four-decimals", "12.3456: more digits than there are", UNPARSEABLE, line={"expected_cost": "12.3456"}
    ),
    _value("trailing-zeros", "nothing: zeros beyond the minor unit", "", line={"expected_cost": "12.340000"}),
    _value("signed-number", "nothing: +12 and spaces around it", "", line={"expected_cost": " +12 "}),
    _value(
        "maybe", "a boolean that is neither", UNPARSEABLE, header={"termination_for_convenience": "maybe"}
    ),
    _value("yes", "nothing: yes is true", "", header={"termination_for_convenience": "Yes"}),
    _value("half-a-day", "a whole number with a half", UNPARSEABLE, header={"notice_days": "30.5"}),
    _value("float-days", "nothing: a whole number as 30.0", "", header={"notice_days": "30.0"}),
    _value("line-break", "nothing: a line break in a text", "", line={"description": "first\nsecond\tthird"}),
    case(
        "line-break-in-key",
        "customers: a line break in a key",
        {"customers": [{"customer_id": "line\nbreak", "customer_name": "L"}]},
        "quarantine customers.control_characters line\nbreak",
        fates={"customers line\nbreak": OUT},
    ),
    _value(
        "c1-control",
        "a control character of Latin 1",
        "control_characters",
        line={"description": f"a{NEXT_LINE}b"},
    ),
    _value("deleted", "a delete character", "control_characters", line={"description": "a\x7fb"}),
    _value(
        "accents",
        "nothing: letters of other languages, emoji and a soft hyphen",
        "",
        line={"description": "Zoë £ 東京 😀 so\u00adft"},
    ),
    _money("largest", "nothing: the largest amount in cents", "USD", FULL, ""),
    contract(
        "smallest",
        "nothing: the smallest amount in cents",
        header={"total_amount": f"-{FULL}"},
        line={"amount": f"-{FULL}", "recognition_method": "ratable"},
    ),
    _money("too-large", "a cent above the largest", "USD", f"{FULL}.01", "amount_out_of_range"),
    contract(
        "too-small",
        "a cent below the smallest",
        "quarantine contracts.amount_out_of_range",
        "quarantine contract_lines.amount_out_of_range",
        "quarantine contract_lines.ssp_not_computable",
        header={"total_amount": f"-{FULL}.01"},
        line={"amount": f"-{FULL}.01", "recognition_method": "ratable"},
        fate=OUT,
    ),
    _money("largest-yen", "nothing: the largest amount in yen", "JPY", YEN, ""),
    _money("too-many-yen", "a yen above the largest", "JPY", "10000000000001", "amount_out_of_range"),
    _money("largest-dinar", "nothing: the largest amount in fils", "KWD", DINAR, ""),
    _money("too-many-dinar", "a fils above the largest", "KWD", f"{DINAR}.001", "amount_out_of_range"),
    _money("cent", "nothing: a cent", "USD", "0.01", ""),
    _money("too-fine", "a tenth of a cent", "USD", "0.001", "amount_finer_than_minor_unit"),
    _money("yen", "nothing: whole yen", "JPY", "1", ""),
    _money("sen", "a tenth of a yen", "JPY", "0.1", "amount_finer_than_minor_unit"),
    _money("fils", "nothing: a fils", "KWD", "0.001", ""),
    _value(
        "price-too-high",
        "a unit price a trillionth above the largest amount",
        "amount_out_of_range",
        line={"unit_price": f"{FULL}.000000001"},
    ),
    _value(
        "price-highest",
        "nothing: the largest unit price, finer than a cent",
        "",
        line={"unit_price": "99999999999.999999999"},
    ),
]

CASES: list[Case] = [
    *_spoilt_cases(),
    *(_keyless(entity) for entity in ("customers", "products", "fulfillments", "estimates", "payments")),
    *(
        one
        for entity, column in (
            ("customers", "segment"),
            ("products", "product_family"),
            ("contracts", "sales_rep"),
            ("contract_lines", "description"),
            ("fulfillments", "reason"),
            ("invoices", "invoice_number"),
            ("invoice_lines", "description"),
            ("estimates", "reason"),
            ("amendments", "reason"),
            ("payments", "amount"),
        )
        for one in _twice(entity, column)
    ),
    *(
        _long(entity, length)
        for entity in ("customers", "products", "gl_accounts", "entities")
        for length in (LONGEST, LONGEST + 1)
    ),
    *VALUES,
]

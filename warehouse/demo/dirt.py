"""Faults planted in the exports, each remembered with the rule it must fail; and whether these and no others were found.

A kind says which rows it may befall, what is written into them, and what the gate has to say. A dirty contract gets one
fault. What is not a contract's (a price, a rate, an account) gets one of each kind, journals get their share. Some
faults of the first two waves are mended in the third.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from warehouse import engine
from warehouse.demo import company
from warehouse.demo.company import WAVES, Size

MENDED_IN = WAVES[-1]


@dataclass(frozen=True)
class Object:
    """An export object as an exchange entity: what keys its record, and the contract or journal it is of."""

    entity: str
    record_key: str
    subject: str = "null"


_LINE = "regexp_replace(\"{}\", '/.*', '')"
OBJECTS = {
    "atlas__orders": Object("contracts", '"OrderNo"', '"OrderNo"'),
    "atlas__order_lines": Object("contract_lines", '"LineNo"', '"OrderNo"'),
    "atlas__changes": Object("amendments", "\"ChangeNo\" || '|' || \"LineNo\"", '"OrderNo"'),
    "atlas__forecasts": Object("estimates", '"ForecastNo"', '"OrderNo"'),
    "atlas__service_log": Object("fulfillments", '"EntryNo"', _LINE.format("LineNo")),
    "fakturo__invoices": Object("invoices", '"InvoiceNo"', '"OrderRef"'),
    "fakturo__invoice_positions": Object("invoice_lines", '"PositionNo"', _LINE.format("LineRef")),
    "fakturo__credits": Object("credit_notes", '"CreditNo"', '"OrderRef"'),
    "fakturo__credit_positions": Object("credit_note_lines", '"PositionNo"', _LINE.format("LineRef")),
    "fakturo__cash": Object("payments", '"EntryNo"', '"OrderRef"'),
    "fakturo__billing_plan": Object(
        "billing_schedule",
        "\"LineRef\" || '|' || strftime(strptime(\"PlannedOn\", '%d.%m.%Y'), '%Y-%m-%d')",
        _LINE.format("LineRef"),
    ),
    "fakturo__metering": Object("fulfillments", '"reading"', _LINE.format("line")),
    "atlas__companies": Object("entities", '"Code"'),
    "atlas__accounts": Object("customers", '"AccountNo"'),
    "atlas__items": Object("products", '"SKU"'),
    "atlas__price_book": Object(
        "ssp_prices",
        "\"SKU\" || '|' || \"Currency\" || '|' || strftime(strptime(\"ValidFrom\", '%m/%d/%Y'), '%Y-%m-%d')",
    ),
    "saldo__accounts": Object("gl_accounts", '"account"'),
    "saldo__mapping": Object("account_mapping", "'||' || \"role\" || '|'"),
    "saldo__rates": Object("fx_rates", "\"day\" || '|' || \"from\" || '|' || \"to\""),
    "saldo__journal": Object("gl_journal_lines", '"line"', '"journal"'),
}


@dataclass(frozen=True)
class Kind:
    """One kind of dirt."""

    name: str
    object: str
    rule: str
    put: Mapping[str, str]
    """Column -> SQL over the row for what is written there."""
    where: str = "true"
    """Which rows it may befall: SQL over the row and its contract (story, offer, entity_id, end_date)."""
    adds: bool = False
    """The row stays as it is, and a copy with the fault stands beside it."""
    also: str = ""
    """SQL over `this`, the faults of the kind, for what else fails with it: subject, entity, record key, rule, wave."""
    severity: str = "quarantine"
    record_key: str = ""
    """Where it is not the object's own."""
    is_stray: bool = False
    """The row is nobody's: no contract is held for it."""


_TOTAL_DIFFERS = "select subject, 'contracts', subject, 'control_total_differs', wave from this"
_OF_COMMON_KIND = "story = 'plain' and offer = 'platform'"
# Without a term a price a month is no price.
_NO_TERM = """
    select this.subject, 'contract_lines', lines.contract_line_id, 'ssp_not_computable', lines.wave
    from this inner join lines on this.subject = lines.contract_id"""
_COUNTS = "\"State\" in ('Open', 'Paid') and story = 'plain' and offer in ('platform', 'fleet', 'rental')"
_NOBODY = "'K-XXXXX'"


def _more(column: str) -> str:
    return f"cast(cast(\"{column}\" as decimal(18, 3)) + 100 as varchar)"


def _more_with_comma(column: str) -> str:
    return f"replace(cast(cast(replace(\"{column}\", ',', '.') as decimal(18, 3)) + 100 as varchar), '.', ',')"


KINDS = (
    # --- orders
    Kind("end date that does not exist", "atlas__orders", "unparseable_value", {"TermEnd": "'02/30/2027'"}, _OF_COMMON_KIND, also=_NO_TERM),
    Kind("end date in another century", "atlas__orders", "date_out_of_range", {"TermEnd": "'12/31/2206'"}, _OF_COMMON_KIND),
    Kind("account nobody knows", "atlas__orders", "unknown_customer", {"AccountNo": "'C-XXXXX'"}, "story = 'plain'"),
    Kind("account missing", "atlas__orders", "required_value_missing", {"AccountNo": "''"}, "story = 'plain'"),
    Kind("stage nobody knows", "atlas__orders", "unknown_status", {"Stage": "'Won'"}, "story = 'plain'"),
    Kind("order type nobody knows", "atlas__orders", "unknown_contract_type", {"OrderType": "'Upsell'"}, "story = 'plain'"),
    Kind(
        "signed without a date", "atlas__orders", "contract_without_signed_date", {"SignedOn": "''"},
        "story = 'plain' and end_date > getvariable('third_close') + 10",
    ),
    Kind("company nobody knows", "atlas__orders", "unknown_entity", {"Company": "'BW-XX'"}, "story = 'plain'"),
    Kind("company missing", "atlas__orders", "entity_missing", {"Company": "''"}, "story = 'plain'"),
    Kind("currency nobody knows", "atlas__orders", "unknown_currency", {"Currency": "'XBT'"}, _OF_COMMON_KIND, also="""
        select this.subject, 'invoices', invoices.invoice_id, 'invoice_currency_differs', invoices.wave
        from this inner join invoices on this.subject = invoices.contract_id where not invoices.is_draft"""),
    Kind("total that is not that of its lines", "atlas__orders", "control_total_differs", {"OrderTotal": _more("OrderTotal")}, "story = 'plain'"),
    Kind(
        "total finer than a cent", "atlas__orders", "amount_finer_than_minor_unit", {"OrderTotal": "\"OrderTotal\" || '5'"},
        "story = 'plain' and entity_id in ('BW-US', 'BW-EU')", also=_TOTAL_DIFFERS,
    ),
    Kind(
        "end before start", "atlas__orders", "end_before_start", {"TermEnd": "american(start_date - 10)"}, _OF_COMMON_KIND,
        also="""
        select this.subject, 'contract_lines', lines.contract_line_id, 'end_before_start', lines.wave
        from this inner join lines on this.subject = lines.contract_id
        union """ + _NO_TERM,
    ),
    Kind("terminated without a date", "atlas__orders", "cancelled_without_date", {"Stage": "'Terminated'"}, "story = 'plain'"),
    Kind(
        "order without lines", "atlas__orders", "contract_without_lines",
        {"OrderNo": "'X' || \"OrderNo\"", "OpportunityNo": "''", "RenewsOrder": "''"}, "story = 'plain'", adds=True,
    ),
    Kind("two versions of an order", "atlas__orders", "duplicate_key_conflict", {"Owner": "'T. Vance'"}, "story = 'plain'", adds=True),
    Kind("bell in a name", "atlas__orders", "control_characters", {"Owner": "'T.' || chr(7) || ' Vance'"}, "story = 'plain'"),
    Kind(
        "renews an order nobody knows", "atlas__orders", "unknown_renewed_contract", {"RenewsOrder": _NOBODY},
        "story = 'plain'", severity="warn",
    ),
    # --- order lines
    Kind("item nobody knows", "atlas__order_lines", "unknown_product", {"SKU": "'COLDLIN'"}, _OF_COMMON_KIND),
    Kind("amount missing", "atlas__order_lines", "required_value_missing", {"LineTotal": "''"}, _OF_COMMON_KIND, also=_TOTAL_DIFFERS),
    Kind("letter O in an amount", "atlas__order_lines", "unparseable_value", {"LineTotal": "'12O.00'"}, "story = 'plain'"),
    Kind("negative number of sites", "atlas__order_lines", "negative_quantity", {"Quantity": "'-5'"}, _OF_COMMON_KIND),
    Kind(
        "quantity to deliver missing", "atlas__order_lines", "quantity_missing_where_delivery_drives_revenue", {"Quantity": "''"},
        "story = 'plain' and offer = 'calibration'",
    ),
    Kind(
        "line ends before it starts", "atlas__order_lines", "end_before_start",
        {"From": "american(start_date + 60)", "Until": "american(start_date + 30)"}, _OF_COMMON_KIND, also=_NO_TERM,
    ),
    Kind(
        "line of an order nobody knows", "atlas__order_lines", "unknown_contract",
        {"LineNo": "'X' || \"LineNo\"", "OrderNo": _NOBODY}, "story = 'plain'", adds=True, is_stray=True,
    ),
    Kind(
        "residual price out of its range", "atlas__order_lines", "residual_ssp_out_of_range",
        {"LineTotal": "cast(cast(\"LineTotal\" as decimal(18, 3)) * 9 as varchar)"}, "\"SKU\" = 'FIRMWARE'", also=_TOTAL_DIFFERS,
    ),
    Kind(
        "added by a change nobody knows", "atlas__order_lines", "unknown_amendment", {"AddedBy": "'A-XXXXX'"}, _OF_COMMON_KIND,
        also=_TOTAL_DIFFERS,
    ),
    Kind(
        "expects more back than it ships", "atlas__order_lines", "return_pct_out_of_range", {"ReturnsPercent": "'250'"},
        "story = 'plain' and offer = 'hardware'",
    ),
    Kind(
        "discount of nothing", "atlas__order_lines", "lone_discount",
        {
            "LineNo": "\"LineNo\" || '9'", "Position": "'99'", "SKU": "'BUNDLE'", "Quantity": "''", "ListPrice": "''",
            "LineTotal": "'-100'", "PricedWith": "'ALONE'", "PlannedCost": "''",
        },
        _OF_COMMON_KIND, adds=True, also=_TOTAL_DIFFERS,
    ),
    Kind(
        "key of 300 letters", "atlas__order_lines", "key_too_long",
        {"LineNo": "repeat('9', 300)", "Position": "'99'", "LineTotal": "'0'"}, _OF_COMMON_KIND, adds=True,
    ),
    # --- changes
    Kind("change of a line nobody knows", "atlas__changes", "unknown_line", {"LineNo": "\"LineNo\" || '9'"}, "\"ChangeType\" = 'Modify'"),
    Kind("kind of change nobody knows", "atlas__changes", "unknown_action", {"ChangeType": "'Upgrade'"}, "\"ChangeType\" = 'Modify' and story != 'series'"),
    Kind("handling nobody knows", "atlas__changes", "unknown_treatment", {"Handling": "'Ask finance'"}, "\"ChangeType\" = 'Modify' and story != 'series'"),
    Kind(
        "change after the end", "atlas__changes", "effective_after_end", {"EffectiveOn": "american(end_date + 40)"},
        "\"ChangeType\" = 'Modify' and story in ('price_cut', 'seats_up', 'signed_late')",
    ),
    Kind("pause without an end", "atlas__changes", "suspension_without_return", {"ResumesOn": "''"}, "\"ChangeType\" = 'Pause'"),
    Kind("change without a signature", "atlas__changes", "required_value_missing", {"SignedOn": "''"}, "\"ChangeType\" = 'Prolong' and story != 'series'"),
    Kind("deal of its own on an old line", "atlas__changes", "separate_on_existing_line", {"Handling": "'Own deal'"}, "story in ('price_cut', 'seats_up', 'late_amendment')"),
    Kind(
        "terminated twice", "atlas__changes", "cancelled_twice", {"ChangeNo": "\"ChangeNo\" || 'X'"}, "\"ChangeType\" = 'Terminate'",
        adds=True, also="""
        select this.subject, 'amendments', amendment_id || '|' || contract_line_id, 'cancelled_twice', this.wave
        from this inner join amendments on this.row_key = amendments.amendment_id""",
    ),
    # --- forecasts
    Kind("forecast in a thirteenth month", "atlas__forecasts", "unparseable_value", {"ForecastOn": "'13/01/2026'"}),
    Kind("forecast of a line nobody knows", "atlas__forecasts", "unknown_line", {"LineNo": "\"LineNo\" || '9'"}, '"LineNo" is not null'),
    Kind("more than everything comes back", "atlas__forecasts", "return_pct_out_of_range", {"ReturnsPercent": "'130'"}, '"ReturnsPercent" is not null'),
    # --- service log
    Kind(
        "shipment of a line nobody knows", "atlas__service_log", "unknown_line",
        {"EntryNo": "'X' || \"EntryNo\"", "LineNo": "'K-XXXXX/1'"}, "\"EntryType\" = 'Shipped'", adds=True, is_stray=True,
    ),
    Kind("kind of entry nobody knows", "atlas__service_log", "unknown_kind", {"EntryType": "'Lost'"}, "\"EntryType\" = 'Shipped' and story = 'plain'"),
    Kind("shipment without a quantity", "atlas__service_log", "quantity_missing", {"Quantity": "''"}, "\"EntryType\" = 'Shipped' and story = 'plain'"),
    Kind(
        "negative shipment", "atlas__service_log", "negative_quantity", {"Quantity": "'-3'"},
        "\"EntryNo\" like '%/1/S1' and story = 'plain'", also="select subject, 'fulfillments', row_key, 'returned_above_delivered', wave from this",
    ),
    Kind("shipped on no day", "atlas__service_log", "unparseable_value", {"EntryDate": "'00/00/2026'"}, "\"EntryType\" = 'Shipped' and story = 'plain'"),
    Kind(
        "more back than was shipped", "atlas__service_log", "returned_above_delivered", {"Quantity": "'5000'"},
        "\"EntryType\" = 'Returned' and story in ('replaced', 'returned')",
        also="""
        select this.subject, 'fulfillments', later.fulfillment_id, 'returned_above_delivered', later.wave
        from this inner join fulfillments as returned on this.row_key = returned.fulfillment_id
        inner join fulfillments as later
            on returned.contract_line_id = later.contract_line_id and returned.event_date <= later.event_date""",
    ),
    Kind("130 percent done", "atlas__service_log", "percentage_out_of_range", {"PercentDone": "'130'"}, "\"PercentDone\" = '100'"),
    Kind("progress of nothing", "atlas__service_log", "progress_without_measure", {"PercentDone": "''"}, "\"EntryType\" = 'Progress' and story = 'plain'"),
    Kind("milestone without an amount", "atlas__service_log", "milestone_without_amount", {"Value": "''"}, "\"EntryType\" = 'Milestone'"),
    Kind(
        "more shipped than ordered", "atlas__service_log", "delivered_above_ordered", {"Quantity": "'900'"},
        "offer = 'calibration' and \"EntryNo\" like '%/S4' and story = 'plain'", severity="warn",
    ),
    Kind("reading without a value", "fakturo__metering", "usage_without_amount", {"value": "null"}),
    Kind(
        "reading of a line nobody knows", "fakturo__metering", "unknown_line",
        {"reading": "'X' || \"reading\"", "line": "'K-XXXXX/2'"}, adds=True, is_stray=True,
    ),
    # --- invoices
    Kind("debtor nobody knows", "fakturo__invoices", "unknown_customer", {"DebtorNo": "'999999'"}, _COUNTS),
    Kind("gross that is not net and tax", "fakturo__invoices", "invoice_total_differs", {"Gross": _more_with_comma("Gross")}, _COUNTS),
    Kind("tax that is not that of its lines", "fakturo__invoices", "invoice_tax_differs", {"Tax": _more_with_comma("Tax")}, _COUNTS),
    Kind("invoiced on 31 February", "fakturo__invoices", "unparseable_value", {"InvoiceDate": "'31.02.2026'"}, _COUNTS),
    Kind("state nobody knows", "fakturo__invoices", "unknown_status", {"State": "'Pending'"}, _COUNTS),
    Kind("branch nobody knows", "fakturo__invoices", "unknown_entity", {"Branch": "'BW-XX'"}, _COUNTS),
    Kind("due in another century", "fakturo__invoices", "date_out_of_range", {"DueDate": "'01.06.2206'"}, _COUNTS),
    Kind("two versions of an invoice", "fakturo__invoices", "duplicate_key_conflict", {"DueDate": "'01.09.2026'"}, _COUNTS, adds=True),
    Kind(
        "invoice in another currency", "fakturo__invoices", "invoice_currency_differs",
        {"Currency": "case \"Currency\" when 'USD' then 'EUR' else 'USD' end"},
        f"{_COUNTS} and entity_id in ('BW-US', 'BW-EU')", also="""
        select this.subject, 'payments', payments.payment_id, 'payment_currency_differs', payments.wave
        from this inner join payments on this.row_key = payments.invoice_id""",
    ),
    Kind(
        "position of an invoice nobody knows", "fakturo__invoice_positions", "unknown_invoice",
        {"PositionNo": "'X' || \"PositionNo\"", "InvoiceNo": "'R-XXXXX'", "LineRef": "''"}, adds=True, is_stray=True,
    ),
    Kind(
        "service ends before it starts", "fakturo__invoice_positions", "service_end_before_start", {"ServiceTo": "'01.01.2020'"},
        '"ServiceTo" is not null',
    ),
    Kind(
        "net that is no number", "fakturo__invoice_positions", "unparseable_value", {"Net": "'1.2.3,4'"}, _OF_COMMON_KIND,
        also="""
        select this.subject, 'invoices', invoice_lines.invoice_id, 'invoice_total_differs', this.wave
        from this inner join invoice_lines on this.row_key = invoice_lines.invoice_line_id""",
    ),
    # --- credit notes
    Kind("credit of another sum", "fakturo__credits", "credit_total_differs", {"Gross": _more_with_comma("Gross")}, "\"State\" = 'Open' and story != 'credit_void'"),
    Kind("credit for a debtor nobody knows", "fakturo__credits", "unknown_customer", {"DebtorNo": "'999999'"}, "\"State\" = 'Open' and story != 'credit_void'"),
    Kind("cause nobody knows", "fakturo__credit_positions", "unknown_reason", {"Cause": "'Goodwill'"}, "story not in ('credit_void', 'bad_debt', 'returned')"),
    Kind("concerns nobody knows what", "fakturo__credit_positions", "unknown_scope", {"Concerns": "'Half'"}, "story like 'concession%'"),
    Kind(
        "negative credit", "fakturo__credit_positions", "negative_amount", {"Net": "'-' || \"Net\""},
        "story in ('concession', 'price_cut', 'paid_to_customer')",
        also="""
        select subject, 'credit_notes', left(row_key, -2), 'credit_total_differs', wave from this""",
    ),
    Kind(
        "position of a credit note nobody knows", "fakturo__credit_positions", "unknown_credit_note",
        {"PositionNo": "'X' || \"PositionNo\"", "CreditNo": "'G-XXXXX-1'", "InvoicePosition": "''", "LineRef": "''"}, adds=True, is_stray=True,
    ),
    # --- cash
    Kind(
        "receipt in another currency", "fakturo__cash", "payment_currency_differs",
        {"Currency": "case \"Currency\" when 'USD' then 'EUR' else 'USD' end"}, "story = 'plain' and entity_id in ('BW-US', 'BW-EU')",
    ),
    Kind("negative receipt", "fakturo__cash", "negative_amount", {"Amount": "'-' || \"Amount\""}, "story = 'plain'"),
    Kind("receipt without an amount", "fakturo__cash", "required_value_missing", {"Amount": "''"}, "story = 'plain'"),
    Kind("kind of receipt nobody knows", "fakturo__cash", "unknown_kind", {"EntryType": "'Barter'"}, "story = 'plain'"),
    Kind(
        "receipt for an invoice nobody knows", "fakturo__cash", "unknown_invoice",
        {"EntryNo": "'X' || \"EntryNo\"", "InvoiceNo": "'R-XXXXX'"}, "story = 'plain'", adds=True, severity="warn",
    ),
    Kind(
        "paid twice", "fakturo__cash", "paid_above_billed", {"EntryNo": "'X' || \"EntryNo\""}, "story = 'plain'", adds=True,
        also="select subject, 'payments', row_key, 'paid_above_billed', wave from this", severity="warn",
    ),
    Kind(
        "plan of a line nobody knows", "fakturo__billing_plan", "unknown_line",
        {"PlanNo": "'X' || \"PlanNo\"", "LineRef": "'X' || \"LineRef\""}, adds=True, is_stray=True,
    ),
    # --- journals: every line of a journal fails with it
    Kind(
        "journal off by a hundred", "saldo__journal", "journal_not_balanced", {"debit": _more("debit")}, "\"line\" like '%/1'",
        also="""
        select this.subject, 'gl_journal_lines', journal_lines.journal_line_id, 'journal_not_balanced', journal_lines.wave
        from this inner join journal_lines on this.subject = journal_lines.journal_id""",
    ),
    Kind("ledger account nobody knows", "saldo__journal", "unknown_account", {"account": "'0000'"}, "\"line\" like '%/2'"),
    Kind("posted outside all periods", "saldo__journal", "posting_outside_periods", {"posted": "'2095-01-01'"}, "\"line\" like '%/1'"),
)  # fmt: skip

# One of each: a copy of a row of reference data, with the fault. None of them is used by a contract.
REFERENCES = (
    Kind("company with a currency nobody knows", "atlas__companies", "unknown_currency", {"Code": "'BW-OLD'", "BookCurrency": "'XBT'"}),
    Kind("account of a parent nobody knows", "atlas__accounts", "orphan_parent", {"AccountNo": "'X-00001'", "ParentNo": "'C-XXXXX'", "DebtorNo": "''"}),
    Kind("account without a name", "atlas__accounts", "required_value_missing", {"AccountNo": "'X-00002'", "AccountName": "''", "ParentNo": "''", "DebtorNo": "''"}),
    Kind("earned nobody knows how", "atlas__items", "unknown_method", {"SKU": "'OLD-1'", "EarnedBy": "'Sometimes'"}),
    Kind("proration nobody knows", "atlas__items", "unknown_convention", {"SKU": "'OLD-2'", "Proration": "'weekly'"}),
    Kind("price of an item nobody knows", "atlas__price_book", "unknown_product", {"EntryNo": "'X1'", "SKU": "'OLD-3'"}),
    Kind("negative price", "atlas__price_book", "negative_ssp", {"EntryNo": "'X2'", "Currency": "'SEK'", "ListPrice": "'-5'"}),
    Kind("class of account nobody knows", "saldo__accounts", "unknown_account_type", {"account": "'9999'", "class": "'suspense'"}),
    Kind("mapped to an account nobody knows", "saldo__mapping", "unknown_account", {"role": "'suspense'", "account": "'0000'"}),
    Kind("mapped for a company nobody knows", "saldo__mapping", "unknown_entity", {"role": "'other'", "company": "'BW-XX'"}, record_key="'|BW-XX|other|'"),
    Kind("rate of a currency nobody knows", "saldo__rates", "unknown_currency", {"entry": "'X1'", "from": "'XBT'"}),
    Kind("rate of nothing", "saldo__rates", "rate_not_positive", {"entry": "'X2'", "from": "'SEK'", "rate": "'0'"}),
)  # fmt: skip
ALL_KINDS = (*KINDS, *(replace(kind, adds=True) for kind in REFERENCES))


def plant(connection: engine.Connection, size: Size) -> None:
    """Decides which rows are faulty, from which wave on, and what must be found: tables `faults` and `expected`."""
    _list_kinds(connection)
    connection.execute(_SUBJECTS, {"share": size.dirt})
    for name, one in OBJECTS.items():
        _keep_rows(connection, name, one)
    connection.execute(
        "create table candidates (kind integer, subject varchar, row_key varchar, record_key varchar, wave integer)"
    )
    for number, kind in enumerate(ALL_KINDS):
        one = OBJECTS[kind.object]
        connection.execute(
            f"""insert into candidates
            select {number}, subject, row_key, {kind.record_key or one.record_key}, min(wave)
            from {_faulty_rows(kind)}
            group by all"""
        )
    connection.execute(_FAULTS)
    connection.execute(
        "create table expected (kind integer, subject varchar, entity varchar, record_key varchar, rule varchar, wave integer)"
    )
    for number, kind in enumerate(ALL_KINDS):
        also = f"union select {number}, * from ({kind.also})" if kind.also else ""
        connection.execute(
            f"""insert into expected
            with this as (select * from faults where kind = {number})
            select {number}, subject, {engine.literal(OBJECTS[kind.object].entity)}, record_key,
                {engine.literal(kind.rule)}, wave
            from this {also}"""
        )
    connection.execute(_TOLD)


def _list_kinds(connection: engine.Connection) -> None:
    connection.execute(
        "create table kinds (number integer, name varchar, object varchar, severity varchar, holds boolean)"
    )
    connection.executemany(
        "insert into kinds values (?, ?, ?, ?, ?)",
        [
            (number, kind.name, kind.object, kind.severity, _holds_its_contract(kind))
            for number, kind in enumerate(ALL_KINDS)
        ],
    )


# Contracts that count, as many as the share says, and as many journals; a reference row of each object stands for itself.
_SUBJECTS = """
create table subjects as
select contract_id as subject, story, offer, entity_id, start_date, end_date
from (
    select * from contracts
    where story not in ('draft', 'proposal', 'never_signed', 'combined') and wave <= 3
    order by roll(n, 'dirty', 1000000000), n
    limit (select cast(ceil($share * count(*)) as bigint) from contracts)
)
union all
select journal_id, null, null, null, null, null
from (
    select distinct journal_id from journal_lines
    order by roll(journal_id, 'dirty', 1000000000), journal_id
    limit (select cast(ceil($share * count(distinct journal_id)) as bigint) from journal_lines)
)
union all
select '(reference)', null, null, null, null, null
where $share > 0
"""

# One fault a subject, one of each kind of reference data; a fourth of the early ones is mended.
_FAULTS = """
create table faults as
with rows as (
    -- what can befall few is likelier for those few, and what holds a contract back than what does not
    select *, count(distinct subject) over (partition by kind) * case when kinds.holds then 1 else 4 end as weight
    from candidates
    inner join kinds on candidates.kind = kinds.number
    qualify row_number() over (partition by kind, subject order by wave, roll(row_key, 'row', 1000000000), row_key) = 1
)

select
    kind, subject, row_key, record_key, wave,
    case when wave < 3 and subject != '(reference)' and roll(subject, 'mended', 100) < 25 then 3 end as mended
from rows
qualify subject = '(reference)'
    or row_number() over (partition by subject order by roll(subject || '|' || kind, 'kind', 1000000) * weight, kind) = 1
"""


def _keep_rows(connection: engine.Connection, name: str, one: Object) -> None:
    """The rows of dirty subjects as they stand in each wave: all that is looked at again."""
    first = connection.execute(f"select * from {name} limit 0").description[0][0]
    rows = []
    for number in WAVES:
        company.stand_on(connection, company.wave(number))
        source = f"select {number} as wave, {one.subject} as subject, \"{first}\" as row_key, * from {name}"
        if one.subject == "null":
            source = source.replace("null as subject", "'(reference)' as subject") + f" order by \"{first}\" limit 1"
        connection.execute(f"create or replace temp table rows_of_{number} as {source}")
        rows.append(f"select * from rows_of_{number}")
    connection.execute(
        f"create table rows__{name} as select * from ({' union all '.join(rows)}) inner join subjects using (subject)"
    )


def _faulty_rows(kind: Kind) -> str:
    put = ", ".join(f'{value} as "{column}"' for column, value in kind.put.items())
    return f"(select * replace ({put}) from rows__{kind.object} where {kind.where})"


def dirty(connection: engine.Connection, name: str, wave: int) -> str:
    """The query of an object's rows in a wave, with its faults."""
    if name not in OBJECTS:
        return f"from {name}"
    in_force = f"select row_key from faults where wave <= {wave} and coalesce(mended, 9) > {wave} and kind"
    kinds = [(number, kind) for number, kind in enumerate(ALL_KINDS) if kind.object == name]
    [(first, *_), *others] = connection.execute(f"select * from {name} limit 0").description
    changed = ", ".join(str(number) for number, kind in kinds if not kind.adds)
    columns = ", ".join(f'"{column}"' for column in (first, *(column for column, *_ in others)))
    parts = [f'select * from {name} where "{first}" not in ({in_force} in ({changed or -1}))']
    parts += [
        f"select {columns} from {_faulty_rows(kind)} where wave = {wave} and row_key in ({in_force} = {number})"
        for number, kind in kinds
    ]
    return " union all ".join(parts)


# Journals hold no contract; an order that is added is one of its own.
_TOLD = """
create table told as
select
    kinds.name as kind,
    kinds.object,
    faults.row_key,
    expected.entity,
    expected.record_key,
    expected.rule,
    kinds.severity,
    case
        when expected.entity = 'contracts' and kinds.severity = 'quarantine' then expected.record_key
        when kinds.holds then expected.subject
    end as contract_id,
    greatest(faults.wave, expected.wave) as wave,
    faults.mended
from expected
inner join faults using (kind, subject)
inner join kinds on expected.kind = kinds.number
where greatest(faults.wave, expected.wave) <= 3
"""


def _holds_its_contract(kind: Kind) -> bool:
    is_of_a_contract = kind not in ALL_KINDS[len(KINDS) :] and kind.object != "saldo__journal"
    return is_of_a_contract and kind.severity == "quarantine" and not kind.is_stray


def write_manifest(connection: engine.Connection, path: Path) -> None:
    """What is planted, a row a record and rule: in which waves it is there, and what it has to be found as."""
    connection.execute(
        f"copy (from told order by all) to {engine.literal(str(path))} (format csv, header)"
    )


# --- found or not -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Score:
    """Of one kind, or of what was not planted (kind is empty): faults planted, found, and found as something else."""

    kind: str
    planted: int
    found: int
    unplanted: int


@dataclass(frozen=True)
class Comparison:
    """What was planted against what the gate says, by record and rule, and by contract."""

    records: tuple[Score, ...]
    contracts: Score

    @property
    def is_exact(self) -> bool:
        """All of it, and nothing else."""
        return all(one.planted == one.found and not one.unplanted for one in (*self.records, self.contracts))

    @property
    def total(self) -> Score:
        """All kinds together."""
        return Score(
            "",
            sum(one.planted for one in self.records),
            sum(one.found for one in self.records),
            sum(one.unplanted for one in self.records),
        )


# What is listed beside faults: a correction of what was published says that no amendment explains it.
_NO_DIRT = ("unexplained_change",)

_RECORDS = """
with planted as (
    select entity, record_key, rule, severity, min(kind) as kind
    from manifest
    where wave <= $wave and coalesce(mended, 9) > $wave
    group by all
),

found as (
    select distinct entity, record_key, rule, severity
    from audit.quarantine
    where severity in ('quarantine', 'warn') and entity != 'files' and rule not in (select unnest($no_dirt))
        -- a record that fails nothing itself, or is only warned of, with a contract that is held
        and detail not like 'held with %'
        and (severity = 'quarantine' or contract_id is null or contract_id not in (
            select contract_id from audit.quarantine
            where entity = 'contracts' and severity = 'quarantine' and contract_id is not null
        ))
)

select
    coalesce(planted.kind, ''),
    count(planted.entity),
    count(*) filter (where planted.entity is not null and found.entity is not null),
    count(*) filter (where planted.entity is null)
from planted
full join found using (entity, record_key, rule, severity)
group by all
order by all
"""

_CONTRACTS = """
with planted as (
    select distinct contract_id
    from manifest
    where contract_id is not null and wave <= $wave and coalesce(mended, 9) > $wave
),

found as (
    select distinct contract_id from audit.quarantine where entity = 'contracts' and severity = 'quarantine'
)

select
    count(planted.contract_id),
    count(*) filter (where planted.contract_id is not null and found.contract_id is not null),
    count(*) filter (where planted.contract_id is null)
from planted
full join found on planted.contract_id = found.contract_id
"""


def compared(database: Path, manifest: Path, wave: int) -> Comparison:
    """What is planted in the exports of a wave against the quarantine that readers of the database see."""
    connection = engine.connect(database, read_only=True)
    try:
        connection.execute(
            f"create temporary table manifest as select * replace (wave::integer as wave, mended::integer as mended)"
            f" from {_read(manifest)}"
        )
        rows = connection.execute(_RECORDS, {"wave": wave, "no_dirt": list(_NO_DIRT)}).fetchall()
        [contracts] = connection.execute(_CONTRACTS, {"wave": wave}).fetchall()
    finally:
        connection.close()
    return Comparison(tuple(Score(*row) for row in rows), Score("contracts", *contracts))


@dataclass(frozen=True)
class Planted:
    """A fault as the manifest has it."""

    kind: str
    object: str
    row_key: str
    contract_id: str


def easily_mended(manifest: Path, wave: int) -> Planted | None:
    """A fault in one field of an order that holds its contract: a first thing to mend."""
    in_one_field = [kind.name for kind in KINDS if kind.object == "atlas__orders" and not kind.adds]
    connection = engine.connect()
    try:
        rows = connection.execute(
            f"select kind, object, row_key, contract_id from {_read(manifest)}"
            " where list_contains($kinds, kind) and contract_id is not null and wave::integer <= $wave"
            " and coalesce(mended::integer, 9) > $wave order by all limit 1",
            {"wave": wave, "kinds": in_one_field},
        ).fetchall()
    finally:
        connection.close()
    return Planted(*rows[0]) if rows else None


def _read(manifest: Path) -> str:
    return f"read_csv({engine.literal(str(manifest))}, header = true, all_varchar = true)"


def rules_to_waive(manifest: Path, wave: int) -> list[str]:
    """The rules by which what is planted holds something back in a wave; a close answers for no other."""
    connection = engine.connect()
    try:
        rows = connection.execute(
            f"select distinct rule from {_read(manifest)}"
            " where severity = 'quarantine' and wave::integer <= $wave and coalesce(mended::integer, 9) > $wave"
            " order by rule",
            {"wave": wave},
        ).fetchall()
    finally:
        connection.close()
    return [rule for (rule,) in rows]

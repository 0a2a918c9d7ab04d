"""What stops a run: the company's calendar and exchange rates. Nothing is computed, so nothing has a fate."""

from tests.catalogue.books import posted
from tests.catalogue.cases import AS_OF, Case, Row, Rows, case, contract, credit, invoice


def period(name: str, start: str, end: str) -> Row:
    return {"period": name, "start_date": start, "end_date": end}


def calendar(name: str, wrong: str, *rows: Row, failures: tuple[str, ...] = ()) -> Case:
    return case(
        f"period {name}", wrong, {"accounting_periods": [*rows]}, *(f"{one} {name}" for one in failures)
    )


def rate(day: str, source: str, target: str, value: str = "2") -> Row:
    return {"rate_date": day, "from_currency": source, "to_currency": target, "rate": value}


def rates(name: str, wrong: str, row: Row, *failures: str) -> Case:
    key = f"{row['rate_date']}|{row['from_currency']}|{row['to_currency']}"
    return case(name, wrong, {"fx_rates": [row]}, *(f"{one} {key}" for one in failures))


def signed(name: str, wrong: str, currency: str, *failures: str, **changes: str) -> Case:
    """A contract signed on 15 January in a currency, which is over before the last day counted."""
    header = {"currency": currency, "signed_date": "2026-01-15", "end_date": "2026-06-29", **changes}
    return contract(name, wrong, *failures, header=header)


def in_euro(rows: Rows) -> Rows:
    """The same documents in euro."""
    return {
        entity: [row | ({"currency": "EUR"} if "currency" in row else {}) for row in given]
        for entity, given in rows.items()
    }


ENDED = {"currency": "EUR", "signed_date": "2026-01-15", "end_date": "2026-06-29"}
GAP = "block accounting_periods.periods_with_gap_or_overlap"
MISSING = "block contracts.missing_rate"

CALENDAR: list[Case] = [
    calendar("2026-01", "nothing: the first period", period("2026-01", "2026-01-01", "2026-01-31")),
    calendar("2026-02", "nothing: it follows the one before", period("2026-02", "2026-02-01", "2026-02-28")),
    calendar(
        "2026-04",
        "a day is missing before it",
        period("2026-04", "2026-03-02", "2026-04-30"),
        failures=(GAP,),
    ),
    calendar(
        "2026-05",
        "it shares a day with the one before",
        period("2026-05", "2026-04-30", "2026-05-31"),
        failures=(GAP,),
    ),
    calendar("2026-P06", "nothing: a name with a letter", period("2026-P06", "2026-06-01", AS_OF)),
    calendar(
        "2026/07",
        "no name of a period",
        period("2026/07", "2026-07-01", "2026-07-31"),
        failures=("block accounting_periods.period_name",),
    ),
    calendar("2026-08", "a period of one day is one", period("2026-08", "2026-08-01", "2026-08-01")),
    calendar(
        "2026-09",
        "it ends the day before it starts",
        period("2026-09", "2026-08-02", "2026-08-01"),
        failures=("block accounting_periods.period_end_before_start",),
    ),
    calendar(
        "2026-11",
        "a period of 372 days",
        period("2026-11", "2026-08-02", "2027-08-08"),
        failures=("block accounting_periods.period_too_long",),
    ),
    calendar(
        "2026-10",
        "a period without its days",
        period("2026-10", "", ""),
        failures=(
            "block accounting_periods.period_incomplete",
            "quarantine accounting_periods.required_value_missing",
        ),
    ),
]

BOOKS: list[Case] = [
    case(
        "on-its-day",
        "nothing: posted in a period",
        {"gl_journal_lines": posted("on-its-day", ("0", "0"), posting_date=AS_OF)},
    ),
    case(
        "outside",
        "posted the day before the first period",
        {"gl_journal_lines": posted("outside", ("0", "0"), posting_date="2025-12-31")},
        "quarantine gl_journal_lines.posting_outside_periods",
    ),
    case(
        "in-the-gap",
        "posted on the day that no period has",
        {"gl_journal_lines": posted("in-the-gap", ("0", "0"), posting_date="2026-03-01")},
        "quarantine gl_journal_lines.posting_outside_periods",
    ),
]

RATES: list[Case] = [
    rates("rate", "nothing: a rate", rate("2026-01-08", "EUR", "USD")),
    rates("inverse", "nothing: the other way round", rate("2026-01-08", "USD", "GBP")),
    rates("across", "nothing: over a common currency", rate("2026-01-15", "CHF", "EUR")),
    rates("across-on", "nothing: from there on", rate("2026-01-15", "EUR", "USD")),
    rates("of-february", "nothing: a later rate", rate("2026-02-01", "EUR", "USD")),
    rates("old", "nothing by itself: an old rate", rate("2026-01-07", "SEK", "USD")),
    rates("after", "nothing by itself: a rate of the day after", rate("2026-01-16", "NOK", "USD")),
    rates(
        "rate-0",
        "a rate of 0",
        rate("2026-01-15", "DKK", "USD", "0"),
        "quarantine fx_rates.rate_not_positive",
    ),
    rates(
        "rate-below-0",
        "a rate below 0",
        rate("2026-01-14", "DKK", "USD", "-1"),
        "quarantine fx_rates.rate_not_positive",
    ),
    rates("rate-least", "nothing: the smallest rate", rate("2026-01-15", "PLN", "USD", "0.000000000001")),
    rates(
        "rate-in-shells",
        "a rate of no currency",
        rate("2026-01-15", "XXX", "USD"),
        "quarantine fx_rates.unknown_currency",
    ),
    signed("in-dollars", "nothing: it is in the reporting currency", "USD"),
    signed("in-euro", "nothing: a rate of the day before", "EUR", signed_date="2026-01-09"),
    signed("in-pounds", "nothing: an inverse rate of 7 days before", "GBP"),
    signed("in-francs", "nothing: a rate over a common currency", "CHF"),
    signed("in-kronor", "the last rate is 8 days old", "SEK", MISSING),
    signed("in-kroner", "the only rate is of the day after", "NOK", MISSING),
    signed("in-yen", "no rate at all", "JPY", MISSING),
    signed("in-danish", "its rates are 0 or below", "DKK", MISSING),
    signed(
        "drafted", "a draft needs no rate", "JPY", "excluded contracts.contract_not_signed", status="draft"
    ),
    signed(
        "in-shells",
        "a currency nobody knows stops no run for want of its rate",
        "XXX",
        "quarantine contracts.unknown_currency",
    ),
    signed(
        "signed-in-1925",
        "a mistyped year stops no run for want of its rate",
        "EUR",
        "quarantine contracts.date_out_of_range",
        signed_date="1925-01-15",
    ),
    contract(
        "billed-late",
        "an invoice of a day without a rate",
        "block invoices.missing_rate",
        header=ENDED,
        **invoice("billed-late", {"currency": "EUR", "issue_date": "2026-01-23"}),
    ),
    contract(
        "credited-late",
        "a credit note of a day without a rate",
        "block credit_notes.missing_rate",
        header=ENDED,
        **in_euro(credit("credited-late")),
    ),
    contract(
        "paid-late",
        "a payment of a day without a rate",
        "block payments.missing_rate",
        header=ENDED,
        **in_euro(invoice("paid-late", {"issue_date": "2026-01-22"})),
        payments=[
            {
                "payment_id": "paid-late-1",
                "invoice_id": "paid-late-1",
                "customer_id": "A",
                "kind": "payment",
                "payment_date": "2026-01-23",
                "amount": "100",
                "currency": "EUR",
            }
        ],
    ),
    signed(
        "open-without-a-rate",
        "on the last day counted it goes on, and no rate does",
        "EUR",
        "block contracts.missing_closing_rate",
        end_date=AS_OF,
    ),
]

CASES: list[Case] = [*CALENDAR, *BOOKS, *RATES]

"""A second delivery after a month was published: what is published stays, held where its new version is faulty."""

from tests.catalogue.cases import (
    Case,
    Row,
    Rows,
    amendment,
    case,
    contract,
    header,
    invoice,
    line_of,
    merged,
    plain,
)

HELD = "held"


def again(
    name: str, wrong: str, *failures: str, now: Rows, fate: str = HELD, fates: dict[str, str] | None = None
) -> Case:
    """A contract that was clean and published, and how it is delivered next."""
    given = {f"contracts {name}": fate, **(fates or {})}
    return case(name, wrong, now, *failures, fates=given, before=plain(name))


def changed(name: str, *amendments: Row, **line: str) -> Rows:
    return {
        "contracts": [header(name, total_amount="")],
        "contract_lines": [line_of(name, 1, **line)],
        "amendments": [*amendments],
    }


CASES: list[Case] = [
    again("as-it-was", "nothing: delivered again as it was", now=plain("as-it-was"), fate="used"),
    case(
        "other-books",
        "a legal entity keeps its books in another currency than it was published in",
        merged(
            {"entities": [{"entity_id": "other-books", "functional_currency": "EUR"}]},
            plain("of-other-books", entity_id="other-books"),
        ),
        "quarantine entities.functional_currency_changed other-books",
        fates={"entities other-books": "quarantined", "contracts of-other-books": HELD},
        before=merged(
            {"entities": [{"entity_id": "other-books", "functional_currency": "USD"}]},
            plain("of-other-books", entity_id="other-books"),
        ),
    ),
    again(
        "lost-customer",
        "its customer is unknown now",
        "quarantine contracts.unknown_customer",
        now=plain("lost-customer", customer_id="X"),
        fates={"contract_lines lost-customer-1": HELD},
    ),
    again(
        "lost-line",
        "its line is gone",
        "quarantine contracts.contract_without_lines",
        "quarantine known_records.vanished contract_lines:lost-line-1",
        now={"contracts": [header("lost-line")]},
    ),
    case(
        "lost-whole",
        "it is delivered no more",
        {},
        "quarantine known_records.vanished contracts:lost-whole",
        "quarantine known_records.vanished contract_lines:lost-whole-1",
        before=plain("lost-whole"),
    ),
    again(
        "became-draft",
        "a published contract is a draft now",
        "excluded contracts.contract_not_signed",
        now=plain("became-draft", status="draft"),
        fate="excluded",
    ),
    again(
        "invoice-of-held",
        "an invoice of a held contract is held with it",
        "quarantine contracts.unknown_customer",
        now=merged(plain("invoice-of-held", customer_id="X"), invoice("invoice-of-held")),
        fates={"invoices invoice-of-held-1": HELD, "invoice_lines invoice-of-held-1": HELD},
    ),
    again(
        "bad-invoice",
        "a faulty invoice holds its published contract",
        "quarantine invoices.invoice_total_differs",
        now=merged(plain("bad-invoice"), invoice("bad-invoice", {"total_amount": "1"})),
        fates={"invoices bad-invoice-1": HELD},
    ),
    again(
        "corrected",
        "it differs, and no amendment says why",
        "warn contract_lines.unexplained_change",
        now=changed("corrected", amount="1100"),
        fate="used",
    ),
    again(
        "explained",
        "nothing: an amendment says why it differs",
        now=changed("explained", amendment("explained", "change", amount_delta="-100"), amount="1100"),
        fate="used",
    ),
    again(
        "cut-too-far",
        "contracted falls a cent below what is published as revenue",
        "warn amendments.contracted_below_recognized M1-cut-too-far|cut-too-far-1",
        now=changed("cut-too-far", amendment("cut-too-far", "change", amount_delta="-1100.01")),
        fate="used",
    ),
    again(
        "cut-to-revenue",
        "nothing: contracted falls to what is published as revenue",
        now=changed("cut-to-revenue", amendment("cut-to-revenue", "change", amount_delta="-1100")),
        fate="used",
    ),
    again(
        "cut-later",
        "an amendment signed after as-of cuts nothing yet",
        "later amendments.signed_after_as_of M1-cut-later|cut-later-1",
        now=changed(
            "cut-later", amendment("cut-later", "change", amount_delta="-1200", signed_date="2026-07-01")
        ),
        fate="used",
    ),
    case(
        "combined-held",
        "one of two published contracts of a combination is faulty: both are held",
        merged(
            plain("combined-held-1", combined_with="held-group", customer_id="X"),
            plain("combined-held-2", combined_with="held-group"),
        ),
        "quarantine contracts.unknown_customer combined-held-1",
        fates={
            "contracts combined-held-1": HELD,
            "contracts combined-held-2": HELD,
            "contract_lines combined-held-2-1": HELD,
        },
        before=merged(
            plain("combined-held-1", combined_with="held-group"),
            plain("combined-held-2", combined_with="held-group"),
        ),
    ),
    contract(
        "new-and-faulty",
        "one that was never published is quarantined, not held",
        "quarantine contracts.unknown_customer",
        header={"customer_id": "X"},
        fate="quarantined",
    ),
]

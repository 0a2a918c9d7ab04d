"""The general ledger's accounts and journals, and the mapping of accounts."""

from tests.catalogue.cases import OUT, Case, Row, case


def posted(name: str, *lines: tuple[str, str], **changes: str) -> list[Row]:
    """A journal `name` whose lines are `name-1` …: debit, credit."""
    row = {
        "journal_id": name,
        "posting_date": "2026-01-31",
        "account_id": "1000",
        "entity_id": "main",
        "currency": "USD",
    }
    return [
        {"journal_line_id": f"{name}-{n}", **row, "debit": debit, "credit": credit, **changes}
        for n, (debit, credit) in enumerate(lines, 1)
    ]


def journal(name: str, wrong: str, rules: tuple[str, ...], *lines: tuple[str, str], **changes: str) -> Case:
    """A journal of which every line fails the rules."""
    rows = posted(name, *lines, **changes)
    keys = [row["journal_line_id"] for row in rows]
    return case(
        name,
        wrong,
        {"gl_journal_lines": rows},
        *(f"quarantine gl_journal_lines.{rule} {key}" for rule in rules for key in keys),
        fates={f"gl_journal_lines {key}": OUT if rules else "used" for key in keys},
    )


BALANCED = (("5", "0"), ("0", "5"))

CASES: list[Case] = [
    journal("balanced", "nothing: a journal", (), *BALANCED),
    journal("by-default", "nothing: a journal in its entity's currency", (), *BALANCED, currency=""),
    journal(
        "off-a-cent", "debits are a cent above credits", ("journal_not_balanced",), ("5.01", "0"), ("0", "5")
    ),
    case(
        "mixed",
        "a journal that balances only over two currencies",
        {
            "gl_journal_lines": [
                *posted("mixed", ("5", "0")),
                {**posted("mixed", ("0", "5"))[0], "journal_line_id": "mixed-2", "currency": "EUR"},
            ]
        },
        "quarantine gl_journal_lines.journal_not_balanced mixed-1",
        "quarantine gl_journal_lines.journal_not_balanced mixed-2",
        fates={"gl_journal_lines mixed-1": OUT},
    ),
    journal("both-sides", "debit and credit in one line", ("debit_and_credit",), ("5", "5")),
    journal("odd-account", "an account nobody knows", ("unknown_account",), *BALANCED, account_id="X"),
    journal("in-shells", "a journal in shells", ("unknown_currency",), *BALANCED, currency="XXX"),
    case(
        "odd-account-type",
        "a type of account nobody knows",
        {
            "gl_accounts": [
                {"account_id": "odd-account-type", "account_name": "Odd", "account_type": "income"}
            ]
        },
        "quarantine gl_accounts.unknown_account_type odd-account-type",
        fates={"gl_accounts odd-account-type": OUT},
    ),
    case(
        "mapping",
        "nothing: an account by role",
        {"account_mapping": [{"role": "mapping", "account_id": "1000", "entity_id": "main"}]},
        fates={"account_mapping |main|mapping|": "used"},
    ),
    case(
        "mapped-where",
        "an account mapped that nobody knows",
        {"account_mapping": [{"role": "mapped-where", "account_id": "X", "entity_id": "main"}]},
        "quarantine account_mapping.unknown_account |main|mapped-where|",
        fates={"account_mapping |main|mapped-where|": OUT},
    ),
    case(
        "mapped-for-whom",
        "an account mapped for a legal entity nobody knows",
        {"account_mapping": [{"role": "mapped-for-whom", "account_id": "1000", "entity_id": "X"}]},
        "quarantine account_mapping.unknown_entity |X|mapped-for-whom|",
        fates={"account_mapping |X|mapped-for-whom|": OUT},
    ),
]

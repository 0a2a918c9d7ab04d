"""What the gate says it found, counted from `gate.failures` as they stand. Which records fail is tested on a build."""

from __future__ import annotations

from decimal import Decimal

from expectations import gate
from warehouse import engine

FAILURES = [
    ("contracts", "contract_not_signed", "excluded", "draft", "1200"),
    ("contracts", "contract_without_lines", "quarantine", "draft", "1200"),
    ("contracts", "unknown_customer", "warn", "draft", "1200"),
    ("contracts", "contract_without_lines", "quarantine", "signed", "300"),
    ("invoices", "issued_after_as_of", "later", "tomorrow", "10"),
    ("invoices", "unknown_customer", "quarantine", "tomorrow", "10"),
    ("accounting_periods", "period_name", "block", "2026", None),
]


def test_what_is_excluded_or_later_is_told_once_and_as_no_fault() -> None:
    connection = engine.connect()
    connection.execute("create schema run")
    connection.execute("create table run.source_files (file_id bigint, path varchar)")
    gate._begin(connection, [])
    for failure in FAILURES:
        connection.execute(
            "insert into gate.failures (entity, rule, severity, record_key, detail, amount, currency)"
            " values (?, ?, ?, ?, 'why', ?, 'USD')",
            failure,
        )
    found = gate._found(connection)
    assert {key: one.records for key, one in found.items()} == {
        ("contracts", "contract_not_signed"): 1,
        ("contracts", "contract_without_lines"): 1,
        ("invoices", "issued_after_as_of"): 1,
        ("accounting_periods", "period_name"): 1,
    }
    assert found["contracts", "contract_without_lines"].money == (("USD", Decimal(300)),)
    assert found["contracts", "contract_without_lines"].examples == ("signed: why",)

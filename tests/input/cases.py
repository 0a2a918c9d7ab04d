"""What mutated exports found, kept by name: the values of a record that once stopped a run with a traceback.

Readers' own faults are kept beside the other tests of readers (tests/unit/test_extract_*).
"""

from __future__ import annotations

CASES: dict[str, tuple[str, dict[str, str]]] = {
    "an_amount_of_15_digits_overflowed_where_its_decimals_were_counted": (
        "payments",
        {"amount": "999999999999999.99"},
    ),
    "a_quantity_above_a_million_overflowed_where_it_became_millionths": (
        "contract_lines",
        {"quantity": "2000000"},
    ),
    "a_delivery_above_a_million_overflowed_where_it_became_millionths": (
        "fulfillments",
        {"quantity": "99999999999.999"},
    ),
}
"""Entity, and the values that its first record of a slice has instead."""

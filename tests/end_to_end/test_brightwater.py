"""Brightwater by hand: a company small enough that every published figure can be checked by hand."""

from collections import defaultdict
from decimal import Decimal

import pytest

from tests.end_to_end.brightwater import company
from tests.harness import Company
from warehouse.explain import show

# Memo: what each contract adds, month by month. Contract · bookings · billings · revenue.
# Ratable: amount ÷ months of the term; a first month is cut by its days of service (17 of 31, 16 of 30).
# K-2025-003: sold at 90 % of its stand-alone prices, so every line earns 90 % of its stated amount:
#   platform 20,520 over 12 months, loggers 19,440 (80 of 120 shipped in September), gateways 3,456, onboarding 4,050.
# September 2026 runs until the 4th: 4 of 30 days, differences of rounded cumulative amounts.
MONTHS = [f"{2025 + (6 + n) // 12}-{(6 + n) % 12 + 1:02d}" for n in range(15)]


def monthly(first: str, last: str, amount: str) -> dict[str, str]:
    """The same amount in every month from first to last."""
    return {month: amount for month in MONTHS if first <= month <= last}


BOOKINGS = {
    "K-2025-001": {"2025-07": "45600"},
    "K-2025-002": {"2025-08": "85500"},
    "K-2025-003": {"2025-09": "47466"},
    "K-2025-005": {"2025-10": "12720"},
    "K-2025-008": {"2025-12": "11400", "2026-05": "-6650"},  # 7 of 12 months are cancelled in May
    "K-2026-006": {"2026-01": "17100"},
    "K-2026-007": {"2026-02": "91800"},
    "K-2026-008": {"2026-04": "18120"},
    "K-2026-011": {"2026-06": "25080"},
    "K-2026-014": {"2026-06": "50160"},
    "K-2026-012": {"2026-08": "20520"},  # signed in June, delivered after June was closed
    "K-2026-013": {"2026-08": "5400"},
    "K-2026-015": {"2026-09": "27360"},
}
BILLINGS = {
    "K-2025-001": {"2025-07": "45600"},
    "K-2025-002": {"2025-09": "28500", "2026-09": "28500"},
    "K-2025-003": {"2025-09": "20166", "2025-10": "27300"},
    "K-2025-005": {"2025-10": "12720"},
    "K-2025-008": monthly("2026-01", "2026-05", "950"),
    "K-2026-006": {"2026-01": "17100"},  # 18,050 less the credit note of 950
    "K-2026-007": {"2026-03": "45900", "2026-07": "6000"},
    "K-2026-008": {"2026-04": "18120"},  # INV-1018 is a duplicate and void in the same month
    "K-2026-011": {"2026-07": "25080"},
    "K-2026-014": {"2026-07": "50160"},
    "K-2026-012": {"2026-08": "20520"},  # invoiced in July, delivered after July was closed
    "K-2026-013": {"2026-08": "5400"},
}
REVENUE = {
    "K-2025-001": monthly("2025-07", "2026-06", "3800"),
    "K-2025-002": {**monthly("2025-09", "2026-08", "2375"), "2026-09": "316.67"},
    "K-2025-003": {
        "2025-09": "16416",  # 80 of 120 loggers 12,960, all gateways 3,456
        "2025-10": "12240",  # 40 loggers 6,480, onboarding 4,050, platform 1,710
        **monthly("2025-11", "2026-08", "1710"),
        "2026-09": "228",
    },
    "K-2025-005": {
        "2025-10": "12720",
        "2025-11": "-1800",
        "2025-12": "1800",
    },  # ten loggers back and replaced
    "K-2025-008": monthly("2026-01", "2026-05", "950"),
    "K-2026-006": {"2026-01": "781.45", **monthly("2026-02", "2026-08", "1425"), "2026-09": "190"},
    "K-2026-007": {
        "2026-03": "9325",  # platform 3,325, certificates 6,000
        **monthly("2026-04", "2026-06", "3325"),
        "2026-07": "9325",
        "2026-08": "2125",  # 3,325, less 20 certificates at 60 that were not handed over in July
        "2026-09": "443.33",
    },
    "K-2026-008": {"2026-04": "9405.33", **monthly("2026-05", "2026-08", "760"), "2026-09": "101.34"},
    "K-2026-011": {**monthly("2026-07", "2026-08", "2090"), "2026-09": "278.67"},
    "K-2026-014": {**monthly("2026-07", "2026-08", "4180"), "2026-09": "557.33"},
    "K-2026-012": {"2026-08": "3420", "2026-09": "228"},  # July and August
    "K-2026-013": {"2026-08": "5400"},
}
# K-2025-004, in euros: 30 sites at 90 a month for a year, billed by the quarter.
EURO_BOOKINGS = {"2025-11": "32400"}
EURO_BILLINGS = {"2025-12": "8100", "2026-03": "8100", "2026-06": "8100", "2026-09": "8100"}
EURO_REVENUE = {**monthly("2025-12", "2026-08", "2700"), "2026-09": "360"}


def by_month(amounts: dict[str, dict[str, str]]) -> dict[str, Decimal]:
    """The contracts' amounts added up by month."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for months in amounts.values():
        for month, amount in months.items():
            totals[month] += Decimal(amount)
    return totals


@pytest.fixture(scope="module")
def brightwater(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Its first delivery, closed through July; then the second, with what came late and was corrected."""
    built = Company(tmp_path_factory.mktemp("brightwater") / "workspace", company.CONFIGURATION)
    built.deliver(company.delivery(1).entities)
    built.commit(company.FIRST_CLOSE, company.FIRST_AS_OF, waive=["unparseable_value"])
    built.deliver(company.delivery(2).entities)
    built.run(company.SECOND_AS_OF)
    return built


@pytest.fixture(scope="module")
def bbb(brightwater: Company) -> dict[tuple[str, str], dict[str, Decimal]]:
    """rpt_bbb by currency and period."""
    with show.reader(brightwater.workspace) as connection:
        answer = show.bbb(connection)
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return {(str(row["currency"]), str(row["period"])): row for row in rows}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("currency", "measure", "expected"),
    [
        ("USD", "bookings", by_month(BOOKINGS)),
        ("USD", "billings", by_month(BILLINGS)),
        ("USD", "revenue", by_month(REVENUE)),
        ("EUR", "bookings", by_month({"K-2025-004": EURO_BOOKINGS})),
        ("EUR", "billings", by_month({"K-2025-004": EURO_BILLINGS})),
        ("EUR", "revenue", by_month({"K-2025-004": EURO_REVENUE})),
    ],
)
def test_flows_are_those_of_the_memo(
    bbb: dict[tuple[str, str], dict[str, Decimal]], currency: str, measure: str, expected: dict[str, Decimal]
) -> None:
    found = {month: row[measure] for (code, month), row in bbb.items() if code == currency and row[measure]}
    assert found == {month: amount for month, amount in expected.items() if amount}


@pytest.mark.parametrize(
    ("currency", "bookings", "revenue"),
    [
        ("USD", by_month(BOOKINGS), by_month(REVENUE)),
        ("EUR", by_month({"": EURO_BOOKINGS}), by_month({"": EURO_REVENUE})),
    ],
)
def test_backlog_is_booked_and_not_yet_earned(
    bbb: dict[tuple[str, str], dict[str, Decimal]],
    currency: str,
    bookings: dict[str, Decimal],
    revenue: dict[str, Decimal],
) -> None:
    backlog = Decimal(0)
    for month in MONTHS:
        backlog += bookings.get(month, Decimal(0)) - revenue.get(month, Decimal(0))
        if (currency, month) in bbb:
            assert bbb[currency, month]["backlog"] == backlog, month
        else:
            assert backlog == 0, month


def test_deferred_revenue_at_the_close_is_that_of_the_memo(
    bbb: dict[tuple[str, str], dict[str, Decimal]],
) -> None:
    billed_and_not_earned = [
        "2375",  # K-2025-002: 28,500 - 11 x 2,375
        "3420",  # K-2025-003: 47,466 - 44,046
        "7768.55",  # K-2026-006: 17,100 - 9,331.45
        "23275",  # K-2026-007: 51,900 - 28,625
        "6434.67",  # K-2026-008: 18,120 - 11,685.33
        "22990",  # K-2026-011: 25,080 - 2,090
        "45980",  # K-2026-014: 50,160 - 4,180
    ]
    assert bbb["USD", "2026-07"]["deferred_revenue"] == sum(map(Decimal, billed_and_not_earned))


def test_late_and_corrected_data_post_in_the_open_month_with_their_own_period(
    brightwater: Company,
) -> None:
    with show.reader(brightwater.workspace) as connection:
        found = show.posted_adjustments(connection)
    assert found == [
        ("revenue", "K-2026-007", "2026-08", "2026-07", "correction", "USD", Decimal(-1200)),
        ("billings", company.LATE_CONTRACT, "2026-08", "2026-07", "late", "USD", Decimal(20520)),
        ("bookings", company.LATE_CONTRACT, "2026-08", "2026-06", "late", "USD", Decimal(20520)),
        ("revenue", company.LATE_CONTRACT, "2026-08", "2026-07", "late", "USD", Decimal(1710)),
    ]


def test_only_the_mistyped_contract_is_quarantined_and_only_the_draft_excluded(
    brightwater: Company,
) -> None:
    with show.reader(brightwater.workspace) as connection:
        held = show.quarantine(connection)
        excluded = connection.execute("select distinct contract_id from audit.excluded").fetchall()
    contract = list(held.columns).index("contract_id")
    severity = list(held.columns).index("severity")
    assert {row[contract] for row in held.rows if row[severity] == "quarantine"} == {
        company.MISTYPED_CONTRACT
    }
    assert [row for row in excluded if row[0] is not None] == [("K-2026-009",)]

"""Brightwater Telemetry: contracts, shipments and invoices by hand, so that every figure can be checked by hand.

It sells temperature loggers and a monitoring platform to food, hospital and vaccine companies. Two deliveries:
what the systems held on 4 August 2026, and on 3 September with a contract that sales entered late and a
corrected service report. Nothing here knows how revenue is computed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

Record: TypeAlias = Mapping[str, str]

FIRST_EXPORT = date(2026, 8, 4)
FIRST_AS_OF = date(2026, 8, 5)
FIRST_CLOSE = "2026-07"
SECOND_EXPORT = date(2026, 9, 3)
SECOND_AS_OF = date(2026, 9, 4)

SITE_MONTH = Decimal(95)
LOGGER = Decimal(180)
GATEWAY = Decimal(640)
ONBOARDING = Decimal(4500)
CERTIFICATE = Decimal(60)

ENTITIES = """
entity_id | entity_name                        | functional_currency | time_zone
BW-US     | Brightwater Telemetry, Inc.        | USD                 | America/New_York
BW-EU     | Brightwater Telemetry Europe B.V.  | EUR                 | Europe/Amsterdam
"""

CUSTOMERS = """
customer_id | customer_name                   | segment    | industry      | region  | country
C-1001      | Northgate Foods Distribution    | enterprise | food          | Midwest | US
C-1002      | Aldersey Biologics              | enterprise | life sciences | East    | US
C-1003      | Pike & Marrow Markets           | mid-market | food          | West    | US
C-1004      | Veldhoven Pharma Logistics B.V. | mid-market | life sciences | Benelux | NL
C-1005      | Sierra Vista Hospital Group     | enterprise | health care   | West    | US
C-1006      | Kestrel Cold Storage            | mid-market | logistics     | South   | US
C-1007      | Ostrander Vaccines              | enterprise | life sciences | East    | US
C-1008      | Tidewater Seafood Co.           | small      | food          | East    | US
C-1009      | Redbank Dairy Cooperative       | small      | food          | Midwest | US
C-1010      | Mercer County Blood Center      | small      | health care   | East    | US
C-1011      | Harbor Point Clinics            | small      | health care   | West    | US
C-1012      | Meridian Reference Labs         | mid-market | life sciences | South   | US
"""

PRODUCTS = """
product_id | product_name                  | product_family | revenue_category | recognition_method | ssp_unit | ssp_currency | ssp_per
COLDLINE   | Coldline monitoring, per site | platform       | subscription     | ratable            | 95.00    | USD          | month
TL-40      | TL-40 wireless logger         | hardware       | hardware         | point_in_time      | 180.00   | USD          | unit
GW-2       | GW-2 gateway                  | hardware       | hardware         | point_in_time      | 640.00   | USD          | unit
ONBOARD    | Onboarding and validation     | services       | services         | point_in_time      | 4500.00  | USD          | unit
CALIB      | Calibration certificate       | services       | services         | point_in_time      | 60.00    | USD          | unit
BUNDLE     | Bundle discount               | discounts      | discount         |                    |          |              |
"""

SSP_PRICES = """
product_id | currency | valid_from | ssp_unit | ssp_per
COLDLINE   | EUR      | 2025-01-01 | 90.00    | month
"""

# The late contract (K-2026-012), the August order and the September renewal come with the second delivery.
# K-2026-010 has a day that does not exist: April ends on the 30th.
CONTRACTS = """
contract_id | wave | customer_id | entity_id | status    | contract_type | signed_date | start_date | end_date   | currency | total_amount | sales_rep | renewal_of | cancelled_date | cancellation_signed_date | cancellation_reason
K-2025-001  | 1    | C-1001      | BW-US     | active    | new           | 2025-07-01  | 2025-07-01 | 2026-06-30 | USD      | 45600.00     | D. Okafor |            |                |                          |
K-2025-002  | 1    | C-1002      | BW-US     | active    | new           | 2025-08-11  | 2025-09-01 | 2028-08-31 | USD      | 85500.00     | M. Lindt  |            |                |                          |
K-2025-003  | 1    | C-1003      | BW-US     | active    | new           | 2025-09-15  | 2025-09-15 | 2026-09-30 | USD      | 47466.00     | D. Okafor |            |                |                          |
K-2025-004  | 1    | C-1004      | BW-EU     | active    | new           | 2025-11-20  | 2025-12-01 | 2026-11-30 | EUR      | 32400.00     | J. Smits  |            |                |                          |
K-2025-005  | 1    | C-1005      | BW-US     | active    | new           | 2025-10-06  | 2025-10-06 | 2025-12-31 | USD      | 12720.00     | A. Reyes  |            |                |                          |
K-2025-008  | 1    | C-1008      | BW-US     | cancelled | new           | 2025-12-08  | 2026-01-01 | 2026-12-31 | USD      | 11400.00     | M. Lindt  |            | 2026-06-01     | 2026-05-20               | plant closed
K-2026-006  | 1    | C-1006      | BW-US     | active    | new           | 2026-01-12  | 2026-01-15 | 2027-01-14 | USD      | 17100.00     | D. Okafor |            |                |                          |
K-2026-007  | 1    | C-1007      | BW-US     | active    | new           | 2026-02-02  | 2026-03-01 | 2028-02-29 | USD      | 91800.00     | M. Lindt  |            |                |                          |
K-2026-008  | 1    | C-1009      | BW-US     | active    | new           | 2026-04-02  | 2026-04-02 | 2027-04-14 | USD      | 18120.00     | A. Reyes  |            |                |                          |
K-2026-009  | 1    | C-1010      | BW-US     | draft     | new           |             | 2026-09-01 | 2027-08-31 | USD      | 13680.00     | M. Lindt  |            |                |                          |
K-2026-010  | 1    | C-1011      | BW-US     | active    | new           | 2026-05-04  | 2026-05-01 | 31/04/2027 | USD      | 13680.00     | A. Reyes  |            |                |                          |
K-2026-011  | 1    | C-1005      | BW-US     | active    | new           | 2026-06-25  | 2026-07-01 | 2027-06-30 | USD      | 25080.00     | A. Reyes  |            |                |                          |
K-2026-012  | 2    | C-1012      | BW-US     | active    | new           | 2026-06-29  | 2026-07-01 | 2027-06-30 | USD      | 20520.00     | D. Okafor |            |                |                          |
K-2026-013  | 2    | C-1001      | BW-US     | active    | new           | 2026-08-05  | 2026-08-05 | 2026-12-31 | USD      | 5400.00      | D. Okafor |            |                |                          |
K-2026-014  | 1    | C-1001      | BW-US     | active    | renewal       | 2026-06-18  | 2026-07-01 | 2027-06-30 | USD      | 50160.00     | D. Okafor | K-2025-001 |                |                          |
K-2026-015  | 2    | C-1003      | BW-US     | signed    | renewal       | 2026-09-02  | 2026-10-01 | 2027-09-30 | USD      | 27360.00     | D. Okafor | K-2025-003 |                |                          |
"""

CONTRACT_LINES = """
contract_line_id | contract_id | line_number | product_id | quantity | unit_price | amount   | start_date | end_date   | promised_date
K-2025-001/1     | K-2025-001  | 1           | COLDLINE   | 40       | 1140.00    | 45600.00 | 2025-07-01 | 2026-06-30 |
K-2025-002/1     | K-2025-002  | 1           | COLDLINE   | 25       | 3420.00    | 85500.00 | 2025-09-01 | 2028-08-31 |
K-2025-003/1     | K-2025-003  | 1           | COLDLINE   | 20       | 1140.00    | 22800.00 | 2025-10-01 | 2026-09-30 |
K-2025-003/2     | K-2025-003  | 2           | TL-40      | 120      | 180.00     | 21600.00 |            |            | 2025-10-15
K-2025-003/3     | K-2025-003  | 3           | GW-2       | 6        | 640.00     | 3840.00  |            |            | 2025-10-15
K-2025-003/4     | K-2025-003  | 4           | ONBOARD    | 1        | 4500.00    | 4500.00  |            |            | 2025-10-31
K-2025-003/5     | K-2025-003  | 5           | BUNDLE     | 1        | -5274.00   | -5274.00 |            |            |
K-2025-004/1     | K-2025-004  | 1           | COLDLINE   | 30       | 1080.00    | 32400.00 | 2025-12-01 | 2026-11-30 |
K-2025-005/1     | K-2025-005  | 1           | TL-40      | 60       | 180.00     | 10800.00 |            |            | 2025-10-20
K-2025-005/2     | K-2025-005  | 2           | GW-2       | 3        | 640.00     | 1920.00  |            |            | 2025-10-20
K-2025-008/1     | K-2025-008  | 1           | COLDLINE   | 10       | 1140.00    | 11400.00 | 2026-01-01 | 2026-12-31 |
K-2026-006/1     | K-2026-006  | 1           | COLDLINE   | 15       | 1140.00    | 17100.00 | 2026-01-15 | 2027-01-14 |
K-2026-007/1     | K-2026-007  | 1           | COLDLINE   | 35       | 2280.00    | 79800.00 | 2026-03-01 | 2028-02-29 |
K-2026-007/2     | K-2026-007  | 2           | CALIB      | 200      | 60.00      | 12000.00 |            |            | 2026-12-31
K-2026-008/1     | K-2026-008  | 1           | TL-40      | 50       | 180.00     | 9000.00  |            |            | 2026-04-15
K-2026-008/2     | K-2026-008  | 2           | COLDLINE   | 8        | 1140.00    | 9120.00  | 2026-04-15 | 2027-04-14 |
K-2026-009/1     | K-2026-009  | 1           | COLDLINE   | 12       | 1140.00    | 13680.00 | 2026-09-01 | 2027-08-31 |
K-2026-010/1     | K-2026-010  | 1           | COLDLINE   | 12       | 1140.00    | 13680.00 | 2026-05-01 | 2027-04-30 |
K-2026-011/1     | K-2026-011  | 1           | COLDLINE   | 22       | 1140.00    | 25080.00 | 2026-07-01 | 2027-06-30 |
K-2026-012/1     | K-2026-012  | 1           | COLDLINE   | 18       | 1140.00    | 20520.00 | 2026-07-01 | 2027-06-30 |
K-2026-013/1     | K-2026-013  | 1           | TL-40      | 30       | 180.00     | 5400.00  |            |            | 2026-08-20
K-2026-014/1     | K-2026-014  | 1           | COLDLINE   | 44       | 1140.00    | 50160.00 | 2026-07-01 | 2027-06-30 |
K-2026-015/1     | K-2026-015  | 1           | COLDLINE   | 24       | 1140.00    | 27360.00 | 2026-10-01 | 2027-09-30 |
"""

# F-0009 is corrected by the second delivery: 80 certificates were handed over, not 100.
FULFILLMENTS = """
fulfillment_id | contract_line_id | event_date | kind     | quantity | reason
F-0001         | K-2025-003/2     | 2025-09-29 | delivery | 80       |
F-0002         | K-2025-003/3     | 2025-09-29 | delivery | 6        |
F-0003         | K-2025-003/2     | 2025-10-13 | delivery | 40       |
F-0004         | K-2025-005/1     | 2025-10-16 | delivery | 60       |
F-0005         | K-2025-005/2     | 2025-10-16 | delivery | 3        |
F-0006         | K-2025-003/4     | 2025-10-20 | delivery | 1        |
F-0007         | K-2025-005/1     | 2025-11-12 | return   | 10       | housing damaged in transit
F-0008         | K-2025-005/1     | 2025-12-03 | delivery | 10       | replacement of the returned loggers
F-0009         | K-2026-007/2     | 2026-07-14 | delivery | 100      |
F-0010         | K-2026-007/2     | 2026-03-23 | delivery | 100      |
F-0011         | K-2026-008/1     | 2026-04-09 | delivery | 50       |
F-0012         | K-2026-013/1     | 2026-08-12 | delivery | 30       |
"""

# number | issued | status | status_date | paid | then the lines: contract line = amount
INVOICES = """
INV-1001 | 2025-07-01 | paid | | 2025-07-30 | K-2025-001/1=45600.00
INV-1002 | 2025-09-01 | paid | | 2025-10-01 | K-2025-002/1=28500.00
INV-1003 | 2025-09-29 | paid | | 2025-10-28 | K-2025-003/2=21600.00, K-2025-003/3=3840.00, K-2025-003/5=-5274.00
INV-1004 | 2025-10-01 | paid | | 2025-10-28 | K-2025-003/1=22800.00
INV-1005 | 2025-10-16 | paid | | 2025-11-24 | K-2025-005/1=10800.00, K-2025-005/2=1920.00
INV-1006 | 2025-10-20 | paid | | 2025-11-18 | K-2025-003/4=4500.00
INV-1007 | 2025-12-01 | paid | | 2025-12-29 | K-2025-004/1=8100.00
INV-1008 | 2026-01-02 | paid | | 2026-01-20 | K-2025-008/1=950.00
INV-1009 | 2026-01-15 | paid | | 2026-02-12 | K-2026-006/1=18050.00
INV-1010 | 2026-02-02 | paid | | 2026-02-19 | K-2025-008/1=950.00
INV-1011 | 2026-03-01 | paid | | 2026-03-30 | K-2026-007/1=39900.00
INV-1012 | 2026-03-01 | paid | | 2026-03-31 | K-2025-004/1=8100.00
INV-1013 | 2026-03-02 | paid | | 2026-03-20 | K-2025-008/1=950.00
INV-1014 | 2026-03-23 | paid | | 2026-04-22 | K-2026-007/2=6000.00
INV-1015 | 2026-04-01 | paid | | 2026-04-21 | K-2025-008/1=950.00
INV-1016 | 2026-04-09 | paid | | 2026-05-07 | K-2026-008/1=9000.00
INV-1017 | 2026-04-15 | paid | | 2026-05-14 | K-2026-008/2=9120.00
INV-1018 | 2026-04-15 | void | 2026-04-17 | | K-2026-008/2=9120.00
INV-1019 | 2026-05-01 | paid | | 2026-05-20 | K-2025-008/1=950.00
INV-1020 | 2026-06-01 | paid | | 2026-06-29 | K-2025-004/1=8100.00
INV-1021 | 2026-07-01 | paid | | 2026-07-30 | K-2026-014/1=50160.00
INV-1022 | 2026-07-01 | open | | | K-2026-011/1=25080.00
INV-1023 | 2026-07-14 | open | | | K-2026-007/2=6000.00
INV-1024 | 2026-07-01 | open | | | K-2026-012/1=20520.00
INV-1025 | 2026-08-12 | open | | | K-2026-013/1=5400.00
INV-1026 | 2026-09-01 | open | | | K-2025-002/1=28500.00
INV-1027 | 2026-09-01 | open | | | K-2025-004/1=8100.00
"""

# Billed for 16 sites, sold for 15.
CREDIT_NOTES = """
credit_note_id | invoice_id | contract_id | customer_id | issue_date | currency | status | total_amount
CN-201         | INV-1009   | K-2026-006  | C-1006      | 2026-01-22 | USD      | issued | 950.00
"""
CREDIT_NOTE_LINES = """
credit_note_line_id | credit_note_id | invoice_line_id | contract_line_id | amount | reason
CN-201/1            | CN-201         | INV-1009/1      | K-2026-006/1     | 950.00 | billing_error
"""

LATE_CONTRACT = "K-2026-012"
MISTYPED_CONTRACT = "K-2026-010"
CORRECTED_FULFILLMENT = "F-0009"
CORRECTED_QUANTITY = "80"


@dataclass(frozen=True)
class Delivery:
    """What the systems held on one day: the records of each exchange entity."""

    exported: date
    entities: Mapping[str, list[Record]]


def _table(text: str) -> list[dict[str, str]]:
    head, *lines = [line for line in text.strip().splitlines()]
    names = [name.strip() for name in head.split("|")]
    return [dict(zip(names, (cell.strip() for cell in line.split("|")), strict=True)) for line in lines]


def _until(day: date, column: str) -> Callable[[Record], bool]:
    return lambda record: not record[column] or record[column] <= day.isoformat()


def _contract_of(line: str) -> str:
    return line.split("/")[0]


def _invoices(exported: date, contracts: Mapping[str, Record]) -> tuple[list[Record], list[Record], list[Record]]:
    """Invoices, their lines and their payments as the billing system held them on a day."""
    invoices: list[Record] = []
    lines: list[Record] = []
    payments: list[Record] = []
    for row in INVOICES.strip().splitlines():
        number, issued, status, status_date, paid, detail = (cell.strip() for cell in row.split("|"))
        parts = [part.strip().split("=") for part in detail.split(",")]
        contract = contracts.get(_contract_of(parts[0][0]))
        if contract is None or issued > exported.isoformat():
            continue
        total = sum((Decimal(amount) for _, amount in parts), Decimal(0))
        common = {"customer_id": contract["customer_id"], "currency": contract["currency"]}
        invoices.append(
            {
                "invoice_id": number,
                "contract_id": contract["contract_id"],
                "entity_id": contract["entity_id"],
                "issue_date": issued,
                "status": status,
                "status_date": status_date,
                "total_amount": f"{total:.2f}",
                "tax_amount": "0.00",
                **common,
            }
        )
        for position, (line, amount) in enumerate(parts, start=1):
            lines.append(
                {
                    "invoice_line_id": f"{number}/{position}",
                    "invoice_id": number,
                    "contract_line_id": line,
                    "amount": amount,
                    "tax_amount": "0.00",
                }
            )
        if paid and paid <= exported.isoformat():
            payments.append(
                {
                    "payment_id": f"PAY-{number[4:]}",
                    "invoice_id": number,
                    "contract_id": contract["contract_id"],
                    "payment_date": paid,
                    "amount": f"{total - _credited(number):.2f}",
                    "kind": "payment",
                    **common,
                }
            )
    return invoices, lines, payments


def _credited(invoice: str) -> Decimal:
    credits = [note for note in _table(CREDIT_NOTES) if note["invoice_id"] == invoice]
    return sum((Decimal(note["total_amount"]) for note in credits), Decimal(0))


def _as_delivered_first(fulfillments: list[dict[str, str]], wave: int) -> list[Record]:
    corrected: list[Record] = []
    for event in fulfillments:
        is_mended = wave > 1 and event["fulfillment_id"] == CORRECTED_FULFILLMENT
        corrected.append({**event, "quantity": CORRECTED_QUANTITY} if is_mended else event)
    return corrected


def delivery(wave: int) -> Delivery:
    """The full exports of one wave (1 or 2)."""
    exported = FIRST_EXPORT if wave == 1 else SECOND_EXPORT
    contracts = [
        {name: value for name, value in record.items() if name != "wave"}
        for record in _table(CONTRACTS)
        if int(record["wave"]) <= wave
    ]
    known = {record["contract_id"]: record for record in contracts}
    lines = [line for line in _table(CONTRACT_LINES) if line["contract_id"] in known]
    events = [
        event
        for event in _table(FULFILLMENTS)
        if _contract_of(event["contract_line_id"]) in known and _until(exported, "event_date")(event)
    ]
    used = {record["customer_id"] for record in contracts}
    invoices, invoice_lines, payments = _invoices(exported, known)
    return Delivery(
        exported,
        {
            "entities": list(_table(ENTITIES)),
            "customers": [c for c in _table(CUSTOMERS) if c["customer_id"] in used],
            "products": list(_table(PRODUCTS)),
            "ssp_prices": list(_table(SSP_PRICES)),
            "contracts": list(contracts),
            "contract_lines": list(lines),
            "fulfillments": _as_delivered_first(events, wave),
            "invoices": invoices,
            "invoice_lines": invoice_lines,
            "credit_notes": list(_table(CREDIT_NOTES)),
            "credit_note_lines": list(_table(CREDIT_NOTE_LINES)),
            "payments": payments,
        },
    )

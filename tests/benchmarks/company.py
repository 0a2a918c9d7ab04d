"""A large, plain company as exports: subscriptions, goods and fees over three years, without any dirt.

Written by the engine itself, in seconds; every value follows from a contract's number alone, so the same size always
gives the same bytes.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from warehouse import engine
from warehouse.engine import Connection, literal

FIRST_DAY = date(2023, 7, 1)
AS_OF = date(2026, 7, 3)
MONTH_BEFORE, LAST_MONTH = "2026-05", "2026-06"
LINES_A_CONTRACT = 2

_PRODUCTS = """
    select 'P-' || i as product_id, 'Product ' || i as product_name,
        case i % 4 when 3 then 'goods' else 'subscription' end as revenue_category,
        case i % 4 when 3 then 'point_in_time' else 'ratable' end as recognition_method,
        case i % 4 when 0 then 'monthly' when 1 then 'daily' when 2 then 'mid_month' end as recognition_convention,
        100 + i as ssp_unit, 'EUR' as ssp_currency, 'unit' as ssp_per
    from range(20) as t (i)
"""

# A third of the contracts run for 12, 24 and 36 months; a changed contract costs a tenth more.
_CONTRACTS = """
    create table contract as
    select
        i, 'C-' || i as contract_id, 'K-' || i % 1000 as customer_id,
        date '{first}' + cast(i * 7919 % {days} as integer) as signed_date,
        12 * (1 + i % 3) as months,
        cast((1200 + i * 104729 % 90000) * case when {changed} then 1.1 else 1 end as decimal(18, 2)) as net
    from range({contracts}) as t (i)
    where signed_date <= date '{as_of}' and {delivered};
    create table line as
    select
        contract.*, place, contract_id || '/' || place as contract_line_id,
        'P-' || case place when 1 then 4 * (i % 5) + i % 3 else 4 * (i % 5) + 3 * (i // 5 % 2) end as product_id,
        cast(case place when 1 then net * 0.75 else net - cast(net * 0.75 as decimal(18, 2)) end as decimal(18, 2))
            as amount,
        signed_date + interval (months) month - interval 1 day as end_date
    from contract cross join range(1, {lines} + 1) as t (place);
    create table bill as
    select
        contract.*, bill, contract_id || '-' || bill as invoice_id,
        cast(signed_date + interval ({every} * bill) month as date) as issue_date
    from contract cross join range(36 // {every}) as t (bill)
    where {every} * bill < months and signed_date + interval ({every} * bill) month <= date '{as_of}';
    create table bill_line as
    select bill.*, line.contract_line_id, line.place,
        cast(line.amount * {every} * (bill + 1) / line.months as decimal(18, 2))
            - cast(line.amount * {every} * bill / line.months as decimal(18, 2)) as billed
    from bill inner join line using (contract_id);
"""

ENTITIES = {
    "customers": "select 'K-' || i as customer_id, 'Customer ' || i as customer_name from range(1000) as t (i)",
    "products": _PRODUCTS,
    "contracts": """
        select contract_id, customer_id, 'active' as status, signed_date, signed_date as start_date,
            cast(signed_date + interval (months) month - interval 1 day as date) as end_date, 'EUR' as currency,
            cast(net as decimal(18, 2)) as total_amount
        from contract order by i
    """,
    "contract_lines": """
        select contract_line_id, contract_id, place as line_number, product_id, 10 as quantity, amount,
            signed_date as start_date, cast(end_date as date) as end_date
        from line order by i, place
    """,
    "fulfillments": """
        select 'F-' || contract_line_id as fulfillment_id, contract_line_id, signed_date + 10 as event_date,
            'delivery' as kind, 10 as quantity
        from line where cast(product_id[3:] as integer) % 4 = 3 and signed_date + 10 <= date '{as_of}'
        order by i, place
    """,
    "invoices": """
        select invoice_id, customer_id, contract_id, issue_date, 'EUR' as currency, 'open' as status,
            sum(billed) as total_amount, 0.00 as tax_amount
        from bill_line group by invoice_id, customer_id, contract_id, issue_date, i, bill order by i, bill
    """,
    "invoice_lines": """
        select invoice_id || '/' || place as invoice_line_id, invoice_id, contract_line_id, billed as amount,
            0.00 as tax_amount
        from bill_line order by i, bill, place
    """,
    "payments": """
        select 'Z-' || invoice_id as payment_id, invoice_id, contract_id, customer_id, issue_date + 30 as payment_date,
            sum(billed) as amount, 'EUR' as currency, 'payment' as kind
        from bill_line where issue_date + 30 <= date '{as_of}' and i % 9 > 0
        group by invoice_id, contract_id, customer_id, issue_date, i, bill order by i, bill
    """,
}


def write(
    exports: Path,
    contract_lines: int,
    *,
    changed_percent: int = 0,
    first_day: date = FIRST_DAY,
    as_of: date = AS_OF,
    bills_a_year: int = 1,
    delivery: date | None = None,
    only_changed: bool = False,
) -> dict[str, int]:
    """Write the exports of a day, a percent of the contracts dearer than before; returns the rows of each entity.

    contract_lines  how many there are by AS_OF; they are signed evenly from first_day on
    delivery        the date in the files' names, which else have none
    only_changed    an increment: the changed contracts with all that belongs to them
    """
    changed = f"i % 100 < {changed_percent}"
    entities = {name: sql for name, sql in ENTITIES.items() if not only_changed or "from range" not in sql}
    dated = f"-{delivery}" if delivery else ""
    with engine.connect() as connection:
        connection.execute(
            _CONTRACTS.format(
                first=first_day,
                days=(AS_OF - first_day).days,
                as_of=as_of,
                contracts=contract_lines // LINES_A_CONTRACT,
                lines=LINES_A_CONTRACT,
                changed=changed,
                delivered=changed if only_changed else "true",
                every=12 // bills_a_year,
            )
        )
        return {
            entity: _export(connection, sql.format(as_of=as_of), exports / f"{entity}{dated}.csv")
            for entity, sql in entities.items()
        }


def _export(connection: Connection, query: str, path: Path) -> int:
    row = connection.execute(f"copy ({query}) to {literal(str(path))} (header, delimiter ',')").fetchone()
    return int(row[0]) if row else 0

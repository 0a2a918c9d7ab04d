-- The documents behind the lines of invoice_lines.sql. None is dated two days or names two customers.
with lines as (

    select
        InvoiceNo, InvoiceDate, CustomerID, _row_id, _rank,
        try_cast(Quantity as decimal(18, 0)) * try_cast(UnitPrice as decimal(18, 5)) as amount
    from {{ source('lake', 'uci__daily') }}

)

select
    InvoiceNo as invoice_id,
    coalesce(replace(max(CustomerID), '.0', ''), '(unknown)') as customer_id,
    min(InvoiceDate) as issue_date,
    'GBP' as currency,
    'open' as status,
    sum(round(amount, 2)) as total_amount,
    list(_row_id order by _row_id) as source_rows,
    max(_rank) as source_rank
from lines
where InvoiceNo not like 'C%' and not (InvoiceNo like 'A%' and coalesce(amount < 0, false))
group by InvoiceNo, {{ file_of_row('_row_id') }}

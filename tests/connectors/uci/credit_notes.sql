-- The documents behind the lines of credit_note_lines.sql.
with lines as (

    select
        InvoiceNo, InvoiceDate, CustomerID, _row_id, _rank,
        try_cast(Quantity as decimal(18, 0)) * try_cast(UnitPrice as decimal(18, 5)) as amount
    from {{ source('lake', 'uci__daily') }}

)

select
    InvoiceNo as credit_note_id,
    coalesce(replace(max(CustomerID), '.0', ''), '(unknown)') as customer_id,
    min(InvoiceDate) as issue_date,
    'GBP' as currency,
    'open' as status,
    sum(-round(amount, 2)) as total_amount,
    list(_row_id order by _row_id) as source_rows,
    max(_rank) as source_rank
from lines
where InvoiceNo like 'C%' or (InvoiceNo like 'A%' and amount < 0)
group by InvoiceNo, {{ file_of_row('_row_id') }}

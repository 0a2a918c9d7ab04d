-- The source has neither keys nor amounts: a line is named by its place in its document, so that genuine repeated
-- lines are kept, and quantity × price is rounded once. Documents A… write bad debt off or back.
with lines as (

    select
        *, cast(Quantity as decimal(18, 0)) * cast(UnitPrice as decimal(18, 5)) as exact_amount,
        row_number() over (partition by InvoiceNo order by _row_id) as place
    from {{ source('lake', 'uci__daily') }}

)

select
    InvoiceNo || '-' || place as invoice_line_id,
    InvoiceNo as invoice_id,
    Description as description,
    Quantity as quantity,
    round(exact_amount, 2) as amount,
    [_row_id] as source_rows,
    _rank as source_rank
from lines
where InvoiceNo not like 'C%' and not (InvoiceNo like 'A%' and exact_amount < 0)

-- The source has neither keys nor amounts: a line is named by its place in its document, so that genuine repeated
-- lines are kept, and quantity × price is rounded once. C… cancels, A… with a negative amount writes off.
with lines as (

    select
        *, cast(Quantity as decimal(18, 0)) * cast(UnitPrice as decimal(18, 5)) as exact_amount,
        row_number() over (partition by InvoiceNo order by _row_id) as place
    from {{ source('lake', 'uci__daily') }}

)

select
    InvoiceNo || '-' || place as credit_note_line_id,
    InvoiceNo as credit_note_id,
    case when InvoiceNo like 'A%' then 'bad_debt' else 'return' end as reason,
    -round(exact_amount, 2) as amount,
    [_row_id] as source_rows,
    _rank as source_rank
from lines
where InvoiceNo like 'C%' or (InvoiceNo like 'A%' and exact_amount < 0)

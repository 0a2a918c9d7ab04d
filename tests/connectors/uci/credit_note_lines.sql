-- The source has neither keys nor amounts: a line is named by its place in its document, so that genuine repeated
-- lines are kept, and quantity × price is rounded once. C… cancels: goods (codes of digits) come back, D takes a discount
-- back, and what is no goods (postage, fees, manual entries) was billed in error. A… with a negative amount writes off.
with lines as (

    select
        *, try_cast(Quantity as decimal(18, 0)) * try_cast(UnitPrice as decimal(18, 5)) as exact_amount,
        row_number() over (partition by InvoiceNo, {{ file_of_row('_row_id') }} order by _row_id) as place
    from {{ source('lake', 'uci__daily') }}

)

select
    InvoiceNo || '-' || place as credit_note_line_id,
    InvoiceNo as credit_note_id,
    case
        when InvoiceNo like 'A%' then 'bad_debt'
        when regexp_matches(StockCode, '^[0-9]{5}') then 'return'
        when StockCode = 'D' then 'price_concession'
        else 'billing_error'
    end as reason,
    coalesce(cast(-round(exact_amount, 2) as varchar), Quantity || ' × ' || UnitPrice) as amount,
    [_row_id] as source_rows,
    _rank as source_rank
from lines
where InvoiceNo like 'C%' or (InvoiceNo like 'A%' and exact_amount < 0)

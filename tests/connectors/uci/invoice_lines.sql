-- The source has neither keys nor amounts: a line is named by its place in its document, so that genuine repeated
-- lines are kept, and quantity × price is rounded once. A document stands in one file; a file that brings it again
-- brings the same lines again. Documents A… write bad debt off (credit_note_lines.sql) or, with a positive amount, back.
-- A negative quantity without C has the price 0: damaged or missing stock, a document over nothing. Text that is no
-- number stays, so that the gate names it.
with lines as (

    select
        *, try_cast(Quantity as decimal(18, 0)) * try_cast(UnitPrice as decimal(18, 5)) as exact_amount,
        row_number() over (partition by InvoiceNo, {{ file_of_row('_row_id') }} order by _row_id) as place
    from {{ source('lake', 'uci__daily') }}

)

select
    InvoiceNo || '-' || place as invoice_line_id,
    InvoiceNo as invoice_id,
    Description as description,
    Quantity as quantity,
    coalesce(cast(round(exact_amount, 2) as varchar), Quantity || ' × ' || UnitPrice) as amount,
    [_row_id] as source_rows,
    _rank as source_rank
from lines
where InvoiceNo not like 'C%' and not (InvoiceNo like 'A%' and coalesce(exact_amount < 0, false))

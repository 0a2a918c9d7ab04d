-- A sale is a line, a bundle two, the parts of a document are one line together. `nudge` makes an amount wrong.
with sales as (

    select * from {{ source('lake', 'shop__sales') }}

)

select
    doc || '-' || row_number() over (partition by doc order by _row_id) as invoice_line_id,
    doc as invoice_id,
    case
        when try_cast(quantity as decimal(18, 3)) is null then quantity
        else cast(round(_amount, 2) + coalesce(cast(nudge as decimal(18, 2)), 0) as varchar)
    end as amount,
    [_row_id] as source_rows,
    _rank as source_rank
from sales
where kind = 'sale'

union all by name

select doc || half as invoice_line_id, doc as invoice_id, cast(_amount * 0.5 as decimal(18, 2)) as amount,
    [_row_id] as source_rows, _rank as source_rank
from sales
cross join (values ('a'), ('b')) as halves (half)
where kind = 'bundle'

union all by name

select doc as invoice_line_id, doc as invoice_id, round(sum(_amount), 2) as amount,
    list(_row_id order by _row_id) as source_rows, max(_rank) as source_rank
from sales
where kind = 'parts'
group by doc

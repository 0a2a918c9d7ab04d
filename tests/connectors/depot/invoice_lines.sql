-- A line an item; the rows of a `shared` bill are split in halves between the line before and the line after them.
with bills as (

    select *, row_number() over (partition by bill, object order by _row_id) as place
    from (
        select *, 'live' as object from {{ source('lake', 'depot__live') }}
        union all
        select *, 'archive' as object from {{ source('lake', 'depot__archive') }}
    ) as both_files

)

select
    bill || '-' || item as invoice_line_id,
    bill as invoice_id,
    sum(_amount) as amount,
    list(_row_id order by _row_id) as source_rows,
    max(_rank) as source_rank
from bills
where bill != 'shared'
group by bill, item, object

union all

select
    bill || '-' || line as invoice_line_id,
    bill as invoice_id,
    sum(cast(_amount / 2 as decimal(18, 2))) as amount,
    list(_row_id order by _row_id) as source_rows,
    max(_rank) as source_rank
from bills
cross join (values (0), (1)) as halves (half)
cross join lateral (select place + half as line) as lines
where bill = 'shared'
group by bill, line

select
    doc as invoice_id,
    min(customer) as customer_id,
    min(day) as issue_date,
    min(_currency) as currency,
    'open' as status,
    list(_row_id order by _row_id) as source_rows,
    max(_rank) as source_rank
from {{ source('lake', 'shop__sales') }}
where kind in ('sale', 'bundle', 'parts')
group by doc

select
    customer as customer_id,
    'Customer ' || customer as customer_name,
    list(_row_id order by _row_id) as source_rows,
    max(_rank) as source_rank
from {{ source('lake', 'shop__sales') }}
group by customer

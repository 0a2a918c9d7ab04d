select number as invoice_id, member as customer_id, day as issue_date, 'GBP' as currency, 'open' as status,
    [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'web__orders') }}

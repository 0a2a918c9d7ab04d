select member as customer_id, name as customer_name, [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'web__members') }}

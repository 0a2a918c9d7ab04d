select client as customer_id, 'Client ' || client as customer_name, [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'depot__clients') }}

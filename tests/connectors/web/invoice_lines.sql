select number as invoice_line_id, number as invoice_id, total as amount, [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'web__orders') }}

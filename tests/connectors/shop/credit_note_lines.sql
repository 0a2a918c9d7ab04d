select
    doc || '-1' as credit_note_line_id,
    doc as credit_note_id,
    -round(_amount, 2) as amount,
    'return' as reason,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'shop__sales') }}
where kind = 'credit'

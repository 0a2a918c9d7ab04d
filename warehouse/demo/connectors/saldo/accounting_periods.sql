select
    period,
    first as start_date,
    last as end_date,
    status,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'saldo__periods') }}

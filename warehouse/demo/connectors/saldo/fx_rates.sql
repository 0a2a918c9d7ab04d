select
    day as rate_date,
    "from" as from_currency,
    "to" as to_currency,
    rate,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'saldo__rates') }}

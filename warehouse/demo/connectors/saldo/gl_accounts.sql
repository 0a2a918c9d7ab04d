select
    account as account_id,
    name as account_name,
    class as account_type,
    category as account_category,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'saldo__accounts') }}

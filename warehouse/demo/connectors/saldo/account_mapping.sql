select
    role,
    account as account_id,
    company as entity_id,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'saldo__mapping') }}

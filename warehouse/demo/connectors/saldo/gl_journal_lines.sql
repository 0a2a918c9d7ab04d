select
    line as journal_line_id,
    journal as journal_id,
    posted as posting_date,
    account as account_id,
    company as entity_id,
    debit,
    credit,
    currency,
    reference,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'saldo__journal') }}

-- The chart of accounts. Its statement and type of account are #N/A throughout, so no category can be told.
select
    AccountingCode as account_id,
    AccountingName as account_name,
    lower(nullif(Type, '#N/A')) as account_type,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'salesforce_rlm__general_ledger_account') }}

-- Debtors that billing took over from an older system keep its numbers; the CRM knows both.
select
    'customers' as entity,
    'fakturo' as system,
    DebtorNo as source_key,
    AccountNo as key,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'atlas__accounts') }}
where nullif(DebtorNo, '') is not null

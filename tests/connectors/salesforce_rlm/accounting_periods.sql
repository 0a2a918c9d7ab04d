-- Its periods are calendar months with names of their own (2024-January1-January31), called by their month here.
-- Whether an entity has closed one is the ledger's matter.
select
    left(StartDate, 7) as period,
    StartDate as start_date,
    EndDate as end_date,
    lower(Status) as status,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'salesforce_rlm__accounting_period') }}

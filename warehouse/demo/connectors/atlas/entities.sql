select
    Code as entity_id,
    LegalName as entity_name,
    BookCurrency as functional_currency,
    TimeZone as time_zone,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'atlas__companies') }}

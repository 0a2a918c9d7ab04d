-- A legal entity is named by its name; it has no other key.
select
    Name as entity_id,
    Name as entity_name,
    nullif(CurrencyIsoCode, '#N/A') as functional_currency,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'salesforce_rlm__legal_entity') }}

-- Grain: balance_id.
-- Why: the names behind what contract positions are netted by.

select
    balance_id,
    accounting_contract_id,
    entity_id,
    currency,
    max(exponent) as exponent,
    min(contract_id) as contract_id
from {{ ref('dimension_sets') }}
where balance_id is not null
group by balance_id, accounting_contract_id, entity_id, currency

-- Grain: balance_id.
-- Why: the names behind what contract positions are netted by; a customer's deposits without a contract have no contract.

select
    balance_id,
    accounting_contract_id,
    entity_id,
    currency,
    max(exponent) as exponent,
    max(functional_currency) as functional_currency,
    max(functional_exponent) as functional_exponent,
    max(reporting_exponent) as reporting_exponent,
    max(currency_pair) as currency_pair,
    bool_or(is_foreign) as is_foreign,
    bool_or(is_translated) as is_translated,
    min(contract_id) as contract_id,
    min(case when contract_id = '(not linked)' then customer_id end) as customer_id
from {{ ref('dimension_sets') }}
group by balance_id, accounting_contract_id, entity_id, currency

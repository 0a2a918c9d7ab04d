-- Grain: entity × currency.
-- Why: what amounts of an entity in a currency are translated by, for what is no posted row of its own.

select
    entity_id,
    currency,
    max(exponent) as exponent,
    max(functional_currency) as functional_currency,
    max(functional_exponent) as functional_exponent,
    max(reporting_exponent) as reporting_exponent,
    bool_or(is_foreign) as is_foreign,
    bool_or(is_translated) as is_translated,
    max(currency_pair) as currency_pair
from {{ ref('balances') }}
group by entity_id, currency

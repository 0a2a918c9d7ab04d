-- Grain: currency × functional currency of the entities that sell in it, where one of the two is not the reporting currency.
-- Why: the few pairs by which everything is translated.

select distinct
    dimensions.currency_pair,
    dimensions.currency,
    dimensions.exponent,
    dimensions.functional_currency,
    dimensions.functional_exponent,
    context.reporting_currency,
    dimensions.reporting_exponent
from {{ ref('dimension_sets') }} as dimensions
cross join {{ source('run', 'context') }} as context
where dimensions.currency_pair is not null

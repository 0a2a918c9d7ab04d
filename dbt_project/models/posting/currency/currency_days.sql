-- Grain: currency pair × day.
-- Why: what an event of a day is translated by, currency → functional → reporting, as fractions of minor units.

with functional as (

    select
        pairs.currency_pair,
        pairs.functional_exponent,
        pairs.functional_currency,
        pairs.reporting_currency,
        pairs.reporting_exponent,
        days.rate_day,
        case
            when pairs.currency = pairs.functional_currency then {{ wide_literal('1000000000000') }}
            else rates.rate_trillionths
        end as rate_trillionths,
        pairs.exponent
    from {{ ref('currency_pairs') }} as pairs
    cross join (select distinct rate_day from {{ ref('daily_rates') }}) as days
    left join {{ ref('daily_rates') }} as rates
        on pairs.currency = rates.from_currency
        and pairs.functional_currency = rates.to_currency
        and days.rate_day = rates.rate_day

)

select
    functional.currency_pair,
    functional.rate_day,
    {{ rate_fraction('functional', 'functional.rate_trillionths', 'functional.exponent', 'functional.functional_exponent') }},
    {{ rate_fraction(
        'reporting',
        "(case when functional.functional_currency = functional.reporting_currency then "
        ~ wide_literal('1000000000000') ~ " else rates.rate_trillionths end)",
        'functional.functional_exponent', 'functional.reporting_exponent') }}
from functional
left join {{ ref('daily_rates') }} as rates
    on functional.functional_currency = rates.from_currency
    and functional.reporting_currency = rates.to_currency
    and functional.rate_day = rates.rate_day

-- Grain: currency pair × open period × kind of rate (average, closing).
-- Why: what revenue (average) and balances (closing) of a period are translated by, currency → functional → reporting, as
-- fractions of minor units.

with kinds as (

    {% for kind in ['average', 'closing'] -%}
    select from_currency, to_currency, period_index, '{{ kind }}' as rate_kind, {{ kind }}_trillionths as rate_trillionths
    from {{ ref('period_rates') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

functional as (

    select
        pairs.currency_pair,
        pairs.exponent,
        pairs.functional_currency,
        pairs.functional_exponent,
        pairs.reporting_currency,
        pairs.reporting_exponent,
        scopes.period_index,
        scopes.rate_kind,
        case
            when pairs.currency = pairs.functional_currency then {{ wide_literal('1000000000000') }}
            else inward.rate_trillionths
        end as rate_trillionths
    from {{ ref('currency_pairs') }} as pairs
    cross join (select distinct period_index, rate_kind from kinds) as scopes
    left join kinds as inward
        on pairs.currency = inward.from_currency
        and pairs.functional_currency = inward.to_currency
        and scopes.period_index = inward.period_index
        and scopes.rate_kind = inward.rate_kind

)

select
    functional.currency_pair,
    functional.period_index,
    functional.rate_kind,
    {{ rate_fraction('functional', 'functional.rate_trillionths', 'functional.exponent', 'functional.functional_exponent') }},
    {{ rate_fraction(
        'reporting',
        "(case when functional.functional_currency = functional.reporting_currency then "
        ~ wide_literal('1000000000000') ~ " else onward.rate_trillionths end)",
        'functional.functional_exponent', 'functional.reporting_exponent') }}
from functional
left join kinds as onward
    on functional.functional_currency = onward.from_currency
    and functional.reporting_currency = onward.to_currency
    and functional.period_index = onward.period_index
    and functional.rate_kind = onward.rate_kind

-- Grain: currency pair × open period × kind of rate (average, closing).
-- Why: what revenue (average) and balances (closing) of a period are translated by, currency → functional → reporting, as
-- fractions of minor units.

with legs as (

    {% for kind in ['average', 'closing'] -%}
    select from_currency, to_currency, period_index, '{{ kind }}' as rate_kind, {{ kind }}_trillionths as rate_trillionths
    from {{ ref('period_rates') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

{{ rates_of_pairs('legs', ['period_index', 'rate_kind']) }}

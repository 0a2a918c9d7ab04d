-- Grain: period × entity × currency.
-- Why: bookings, billings, revenue and backlog side by side, with the ratios read from them (accounting.md §10).
-- Amounts in the row's currency; a ratio is null where there is nothing to divide by or too little history.

{% set measures = ['bookings', 'billings', 'revenue', 'backlog', 'deferred_revenue', 'contract_asset'] %}

select
    period,
    entity_id,
    currency,
    {% for measure in measures -%}
    cast({{ measure }} * cast(0.001 as decimal(4, 3)) as decimal(18, 3)) as {{ measure }},
    cast({{ measure }}_reporting * cast(0.001 as decimal(4, 3)) as decimal(18, 3)) as {{ measure }}_reporting,
    {% endfor -%}
    {% for metric in ratios_of_periods() -%}
    {{ ratio(metric ~ '_numerator', metric ~ '_denominator') }} as {{ metric }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ ref('metrics__periods') }}

-- Grain: period × entity × currency.
-- Why: the disclosure of remaining performance obligations and when they are expected to be recognized (accounting.md §7). RPO
-- is what the customer cannot walk away from, the part of the backlog that is earned first. Amounts in the row's currency.

{% set amounts = ['backlog', 'rpo', 'rpo_12m', 'rpo_24m', 'rpo_36m', 'rpo_beyond', 'rpo_exempt'] %}
{% set steps = ['', '_reporting'] %}

with banded as (

    select
        period,
        entity_id,
        currency,
        {% for step in steps -%}
        backlog{{ step }},
        rpo{{ step }},
        rpo_exempt{{ step }},
        crpo{{ step }} as through_12{{ step }},
        {{ between_zero_and('backlog_12m' ~ step ~ ' + backlog_24m' ~ step, 'rpo' ~ step) }} as through_24{{ step }},
        {{ between_zero_and('backlog_12m' ~ step ~ ' + backlog_24m' ~ step ~ ' + backlog_36m' ~ step, 'rpo' ~ step) }}
            as through_36{{ step }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('fct_backlog') }}

),

summed as (

    select
        period,
        entity_id,
        currency,
        {% for step in steps -%}
        {{ sum_known('backlog' ~ step) }} as backlog{{ step }},
        {{ sum_known('rpo' ~ step) }} as rpo{{ step }},
        {{ sum_known('through_12' ~ step) }} as rpo_12m{{ step }},
        {{ sum_known('through_24' ~ step ~ ' - through_12' ~ step) }} as rpo_24m{{ step }},
        {{ sum_known('through_36' ~ step ~ ' - through_24' ~ step) }} as rpo_36m{{ step }},
        {{ sum_known('rpo' ~ step ~ ' - through_36' ~ step) }} as rpo_beyond{{ step }},
        {{ sum_known('rpo_exempt' ~ step) }} as rpo_exempt{{ step }}{{ ',' if not loop.last }}
        {% endfor %}
    from banded
    group by period, entity_id, currency

)

select
    summed.period,
    summed.entity_id,
    summed.currency,
    {% for amount in amounts -%}
    cast(summed.{{ amount }} as decimal(18, 3)) as {{ amount }},
    cast(summed.{{ amount }}_reporting as decimal(18, 3)) as {{ amount }}_reporting{{ ',' if not loop.last }}
    {% endfor %}
from summed

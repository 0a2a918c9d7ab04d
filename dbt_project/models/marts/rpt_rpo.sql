-- Grain: period × entity × currency.
-- Why: the disclosure of remaining performance obligations and when they are expected to be recognized (accounting.md §7). RPO
-- is what the customer cannot walk away from, the part of the backlog that is earned first. Amounts in the row's currency.

{% set amounts = ['backlog', 'rpo', 'rpo_12m', 'rpo_24m', 'rpo_36m', 'rpo_beyond', 'rpo_exempt'] %}

with banded as (

    select
        period,
        entity_id,
        currency,
        backlog,
        rpo,
        rpo_exempt,
        crpo as through_12,
        {{ between_zero_and('backlog_12m + backlog_24m', 'rpo') }} as through_24,
        {{ between_zero_and('backlog_12m + backlog_24m + backlog_36m', 'rpo') }} as through_36
    from {{ ref('fct_backlog') }}

),

summed as (

    select
        period,
        entity_id,
        currency,
        sum(backlog) as backlog,
        sum(rpo) as rpo,
        sum(through_12) as rpo_12m,
        sum(through_24 - through_12) as rpo_24m,
        sum(through_36 - through_24) as rpo_36m,
        sum(rpo - through_36) as rpo_beyond,
        sum(rpo_exempt) as rpo_exempt
    from banded
    group by period, entity_id, currency

)

select
    summed.period,
    summed.entity_id,
    summed.currency,
    {% for amount in amounts -%}
    cast(summed.{{ amount }} as decimal(18, 3)) as {{ amount }},
    {{ in_reporting_currency('summed.' ~ amount, 'summed.currency') }} as {{ amount }}_reporting{{ ',' if not loop.last }}
    {% endfor %}
from summed
cross join {{ source('run', 'context') }} as context

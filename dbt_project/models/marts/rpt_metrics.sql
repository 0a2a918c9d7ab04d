-- Grain: period × entity × currency × measure × breakdown.
-- Why: the measures people ask for (accounting.md §10), each with what it is made of, so that it can be computed again. Four are
-- those of rpt_bbb. A ratio is null where there is nothing to divide by, or so little that it
-- has no place in the column (10^12).

with measured as (

    select period, entity_id, currency, metric, breakdown, numerator, denominator from {{ ref('metrics__sales') }}
    union all
    select period, entity_id, currency, metric, breakdown, numerator, denominator from {{ ref('metrics__ledger') }}

)

select
    period,
    entity_id,
    currency,
    metric,
    breakdown,
    cast(case
        when denominator is null then {{ from_thousandths('numerator') }}
        else {{ ratio('numerator', 'denominator') }}
    end as decimal(24, 6)) as value,
    {{ from_thousandths('numerator') }} as numerator,
    {{ from_thousandths('denominator') }} as denominator
from measured

{% for metric in ['book_to_bill', 'revenue_recognition_rate', 'backlog_coverage_months', 'backlog_growth'] %}
union all
select
    period,
    entity_id,
    currency,
    '{{ metric }}' as metric,
    '' as breakdown,
    cast({{ metric }} as decimal(24, 6)) as value,
    cast(null as decimal(24, 6)) as numerator,
    cast(null as decimal(24, 6)) as denominator
from {{ ref('rpt_bbb') }}
{% endfor %}

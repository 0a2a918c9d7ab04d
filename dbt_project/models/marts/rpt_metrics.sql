-- Grain: period × entity × currency × measure × breakdown.
-- Why: the measures people ask for (accounting.md §10), each with what it is made of, so that it can be computed again. A ratio is
-- null where there is nothing to divide by, or so little that it has no place in the column (10^12).

with measured as (

    select period, entity_id, currency, metric, breakdown, numerator, denominator from {{ ref('metrics__sales') }}
    union all
    select period, entity_id, currency, metric, breakdown, numerator, denominator from {{ ref('metrics__ledger') }}
    {% for metric in ratios_of_periods() -%}
    union all
    select period, entity_id, currency, '{{ metric }}', '', {{ metric }}_numerator, {{ metric }}_denominator
    from {{ ref('metrics__periods') }}
    {% endfor %}

)

select
    measured.period,
    periods.end_date as period_end,
    measured.entity_id,
    measured.currency,
    measured.metric,
    measured.breakdown,
    cast(case
        when measured.denominator is null then {{ from_thousandths('measured.numerator') }}
        else {{ ratio('measured.numerator', 'measured.denominator') }}
    end as decimal(24, 6)) as value,
    {{ from_thousandths('measured.numerator') }} as numerator,
    {{ from_thousandths('measured.denominator') }} as denominator
from measured
inner join {{ ref('periods') }} as periods on measured.period = periods.period

-- Grain: posting key × posting period × original period of revenue that is translated.
-- Why: revenue carries the value of the advance it is released from; beyond that, and for what was earned ahead of billing, the
-- average rate of the period it posts in, which is that of the reporting currency as well (accounting.md §7). The rows of a
-- contract take from its advance one after the other, so that they add up to what it loses. Minor units.

with revenue as (

    select
        posted.posting_key,
        posted.period_index,
        posted.original_index,
        posted.amount_minor,
        dimensions.balance_id,
        dimensions.is_foreign,
        dimensions.is_translated,
        dimensions.currency_pair,
        cast(sum(posted.amount_minor) over (
            partition by dimensions.balance_id, posted.period_index
            order by posted.dimension_id, posted.original_index, posted.posting_key
            rows between unbounded preceding and current row
        ) as bigint) as through_minor
    from {{ ref('posted') }} as posted
    inner join {{ ref('dimension_sets') }} as dimensions on posted.dimension_id = dimensions.dimension_id
    where posted.measure = 'recognized' and dimensions.currency_pair is not null

),

placed as (

    select
        revenue.*,
        revenue.through_minor - revenue.amount_minor as before_minor,
        coalesce(advances.advance_minor, 0) as advance_minor,
        case when advances.balance_id is null then 0 else advances.advance_functional_minor end as advance_functional_minor,
        rates.functional_numerator,
        rates.functional_denominator,
        rates.reporting_numerator,
        rates.reporting_denominator
    from revenue
    left join {{ ref('advances') }} as advances
        on revenue.balance_id = advances.balance_id and revenue.period_index = advances.period_index
    left join {{ ref('currency_periods') }} as rates
        on revenue.currency_pair = rates.currency_pair
        and revenue.period_index = rates.period_index
        and rates.rate_kind = 'average'

),

valued as (

    select
        placed.*,
        {% for place in ['through', 'before'] -%}
        case
            when not is_foreign then {{ place }}_minor
            when advance_minor > 0 and {{ place }}_minor <= advance_minor
                then advance_functional_minor
                    - {{ prorate('advance_functional_minor', '(advance_minor - ' ~ place ~ '_minor)', 'advance_minor') }}
            else advance_functional_minor
                + {{ prorate('(' ~ place ~ '_minor - advance_minor)', 'functional_numerator', 'functional_denominator') }}
        end as {{ place }}_functional_minor{{ ',' if not loop.last }}
        {% endfor %}
    from placed

)

select
    valued.posting_key,
    valued.period_index,
    valued.original_index,
    valued.through_functional_minor - valued.before_functional_minor as functional_minor,
    {{ to_reporting('(valued.through_functional_minor - valued.before_functional_minor)', 'valued', 'valued') }}
        as reporting_minor
from valued

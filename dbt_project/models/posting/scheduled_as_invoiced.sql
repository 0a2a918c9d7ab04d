-- Grain: contract line that is recognized as invoiced × open period at whose end service it is invoiced for is still to come.
-- Why: such a line has no backlog, but is deferred where it is billed in advance; current is what is earned of it in the 12
-- calendar months after the period (accounting.md §4, §7), of the documents that count by then. Minor units.

with periods as (

    select period_index, cut_end, {{ months_after('end_date', '12') }} as until_12
    from {{ ref('periods') }}
    where is_open

),

served as (

    select
        amounts.*,
        dimensions.dimension_id,
        periods.period_index,
        periods.cut_end,
        least(periods.until_12, coalesce(lines.earned_until, periods.until_12)) as until_12
    from {{ ref('invoiced_amounts') }} as amounts
    inner join {{ ref('line_allocations') }} as lines on amounts.contract_line_id = lines.contract_line_id
    inner join {{ ref('dimension_sets') }} as dimensions
        on amounts.contract_line_id = dimensions.contract_line_id and dimensions.is_current_line
    inner join periods
        on amounts.counted_date <= periods.cut_end and amounts.spread_end > periods.cut_end
    left join {{ ref('cancellations') }} as cancellations on amounts.contract_line_id = cancellations.contract_line_id
    where coalesce(amounts.void_date > periods.cut_end, true)
        and coalesce(cancellations.effective_date > periods.cut_end, true)
        and coalesce(lines.earned_until > periods.cut_end, true)

),

sides as (

    select served.*, until_12 as at_date, 1 as side from served
    union all
    select served.*, cut_end as at_date, -1 as side from served

)

select dimension_id, period_index, cast(sum(side * recognized_minor) as bigint) as through_12_minor
from ( {{ recognized_at('sides') }} ) as recognized
group by dimension_id, period_index

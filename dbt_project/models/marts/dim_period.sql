-- Grain: period, from the first with a figure to the last with scheduled revenue.
-- Why: says how fresh each period is: closed, ended, running or future; `facts_through` is the last day counted.

with periods as (

    select * from {{ ref('periods') }}

),

used as (

    select min(period_index) as first_index, max(period_index) as last_index
    from (
        select closed.period_index
        from {{ ref('periods') }} as closed
        inner join {{ source('frozen', 'periods') }} as published on closed.period = published.period
        union all
        select period_index from {{ ref('posted') }}
        union all
        select original_index as period_index from {{ ref('posted') }}
        union all
        select days.period_index
        from {{ ref('marts__revenue_segments') }} as segments
        inner join {{ ref('period_days') }} as days on segments.spread_end = days.day
        where segments.spread_end <= segments.valid_to
        union all
        select days.period_index
        from {{ ref('dim_contract_line') }} as lines
        inner join {{ ref('period_days') }} as days on coalesce(lines.expected_date, lines.end_date) = days.day
        where lines.method in {{ undated_methods() }}
        union all
        -- steps that are known to come: a start, the end of a drawdown, a cancellation
        select days.period_index
        from {{ ref('marts__revenue_segments') }} as segments
        inner join {{ ref('period_days') }} as days on segments.valid_from = days.day
        cross join {{ source('run', 'context') }} as context
        where segments.valid_from > context.cut_date
        union all
        select period_index from {{ ref('periods') }} where is_open and status = 'running'
        union all
        select period_index from {{ ref('periods') }} where is_first_open
        union all
        -- goods without any day are scheduled on the next one
        select days.period_index
        from {{ source('run', 'context') }} as context
        inner join {{ ref('period_days') }} as days on days.day = {{ add_days('context.cut_date', 1) }}
    ) as figures

)

select
    periods.period,
    cast(periods.period_index - used.first_index + 1 as integer) as period_number,
    periods.start_date,
    periods.end_date,
    periods.status,
    case when periods.is_open or periods.is_closed then periods.cut_end end as facts_through
from periods
inner join used on periods.period_index between used.first_index and used.last_index

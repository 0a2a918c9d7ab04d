-- Grain: contract line × period in which its revenue changes.
-- Why: revenue of a period = cumulative at its end − cumulative at the end of the one before (accounting.md §2),
-- for the open periods of every line, and for the closed ones only where they must be compared again.

with keys as (

    select keys.contract_line_id, keys.posting_key, changed.posting_key is not null as has_changed
    from {{ ref('revenue_keys') }} as keys
    left join {{ ref('changed_keys') }} as changed on keys.posting_key = changed.posting_key

),

segments as (

    select
        segments.*,
        keys.has_changed,
        case
            when segments.spread_minor = 0 then segments.valid_from
            else least(segments.valid_to, greatest(segments.spread_end, segments.valid_from))
        end as active_until
    from {{ ref('revenue_segments') }} as segments
    inner join keys on segments.contract_line_id = keys.contract_line_id

),

periods as (

    select * from {{ ref('periods') }} where is_open or is_closed

),

days as (

    select * from {{ ref('period_days') }}

),

placed as (

    select
        segments.*,
        first_day.period_index as first_index,
        coalesce(last_day.period_index, 2147483647) as last_index
    from segments
    inner join days as first_day on segments.valid_from = first_day.day
    left join days as last_day on segments.active_until = last_day.day

),

ends as (

    -- the period ends at which a segment is in force and may have moved since the end before
    select
        placed.*,
        periods.cut_end as at_date,
        periods.period_index
    from placed
    inner join periods
        on periods.period_index between placed.first_index and placed.last_index
        and periods.cut_end >= placed.valid_from
        and periods.cut_end <= placed.valid_to
    left join {{ ref('lines_taken_over') }} as taken_over on placed.contract_line_id = taken_over.contract_line_id
    where (periods.is_open or placed.has_changed) and (taken_over.as_of_date is null or periods.cut_end >= taken_over.as_of_date)

),

at_ends as (

    select contract_line_id, layer, period_index, recognized_minor, true as is_activity
    from ( {{ recognized_at('ends') }} ) as evaluated

),

-- a line taken over has nothing before its as-of date, the end of a period: it begins with what was earned by then
before as (

    select
        earned.contract_line_id,
        earned.layer,
        days.period_index - 1 as period_index,
        earned.recognized_minor,
        false as is_activity
    from {{ ref('recognized_before') }} as earned
    inner join days on earned.as_of_date = days.day

),

openings as (

    select
        earned.contract_line_id,
        earned.layer,
        cast((select count(*) from {{ ref('periods') }} where is_closed) as integer) as period_index,
        earned.recognized_minor,
        false as is_activity
    from {{ ref('recognized_at_close') }} as earned
    inner join keys on earned.contract_line_id = keys.contract_line_id
    where not keys.has_changed

),

differences as (

    -- by layer: where none of a layer's segments may have moved, it is not evaluated
    select
        contract_line_id,
        layer,
        period_index,
        is_activity,
        recognized_minor - lag(recognized_minor, 1, 0) over (partition by contract_line_id, layer order by period_index)
            as amount_minor
    from (select * from at_ends union all select * from before union all select * from openings) as cumulative

),

-- few lines have a second layer, and adding up costs more than all the rest
layered as (

    select distinct contract_line_id from segments where layer != ''

),

by_line as (

    select differences.contract_line_id, differences.period_index, differences.amount_minor
    from differences
    left join layered on differences.contract_line_id = layered.contract_line_id
    where differences.is_activity and layered.contract_line_id is null

    union all

    select differences.contract_line_id, differences.period_index, cast(sum(differences.amount_minor) as bigint) as amount_minor
    from differences
    inner join layered on differences.contract_line_id = layered.contract_line_id
    where differences.is_activity
    group by differences.contract_line_id, differences.period_index

)

select
    by_line.contract_line_id,
    by_line.period_index,
    periods.is_closed,
    by_line.amount_minor
from by_line
inner join periods on by_line.period_index = periods.period_index
where by_line.amount_minor != 0

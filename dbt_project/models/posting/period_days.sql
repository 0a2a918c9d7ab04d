-- Grain: day.
-- Why: a date finds its period by an equality join; a range join of every event to the calendar is slower.

with digits as (

    select digit from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as t (digit)

),

offsets as (

    -- a period is at most 999 days long
    select ones.digit + 10 * tens.digit + 100 * hundreds.digit as day_offset
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds

)

select
    {{ add_days('periods.start_date', 'offsets.day_offset') }} as day,
    periods.period,
    periods.period_index,
    periods.is_closed,
    periods.is_open
from {{ ref('periods') }} as periods
inner join offsets on {{ days_between('periods.start_date', 'periods.end_date') }} >= offsets.day_offset

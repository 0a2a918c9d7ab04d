-- Grain: document line that is recognized as invoiced × period in which more of it is earned; and its cancellations.
-- Why: contracted = recognized (accounting.md §4 as_invoiced), so the line is contracted by days like its revenue, and
-- is booked as what each period adds. It stands behind the engine because bookings are dated events and only periods
-- cut what grows by days; no revenue is read, which closed periods post only where something changed.

with cancelled as (

    select contract_line_id, event_id, effective_date, contracted_date, max(reason) as reason,
        cast(sum(final_minor - before_minor) as bigint) as amount_minor
    from {{ ref('invoiced_cancellations') }}
    group by contract_line_id, event_id, effective_date, contracted_date

),

segments as (

    select
        segments.*,
        {{ add_days('cancelled.contracted_date', '-1') }} as last_date,
        case
            when segments.spread_minor = 0 then segments.valid_from
            else least(segments.valid_to, greatest(segments.spread_end, segments.valid_from))
        end as active_until
    from {{ ref('revenue_segments') }} as segments
    inner join {{ ref('line_allocations') }} as lines
        on segments.contract_line_id = lines.contract_line_id and lines.recognition_method = 'as_invoiced'
    left join cancelled on segments.contract_line_id = cancelled.contract_line_id

),

placed as (

    select
        segments.*,
        first_day.period_index as first_index,
        coalesce(last_day.period_index, 2147483647) as last_index
    from segments
    inner join {{ ref('period_days') }} as first_day on segments.valid_from = first_day.day
    left join {{ ref('period_days') }} as last_day on segments.active_until = last_day.day

),

ends as (

    -- what a cancellation changes is its own booking: from the day it is contracted on, nothing is added
    select
        placed.*,
        periods.period_index,
        least(periods.cut_end, coalesce(placed.last_date, periods.cut_end)) as at_date
    from placed
    inner join {{ ref('periods') }} as periods
        on periods.period_index between placed.first_index and placed.last_index
        and least(periods.cut_end, coalesce(placed.last_date, periods.cut_end)) between placed.valid_from and placed.valid_to
    where periods.is_open or periods.is_closed

),

grown as (

    select
        layer as event_id,
        contract_line_id,
        case when spread_minor = 0 then valid_from else least(at_date, active_until) end as booking_date,
        recognized_minor - lag(recognized_minor, 1, 0) over (
            partition by contract_line_id, layer order by period_index
        ) as amount_minor
    from ( {{ recognized_at('ends') }} ) as evaluated

),

final as (

    select
        event_id,
        contract_line_id,
        'usage' as booking_type,
        booking_date,
        amount_minor,
        cast(null as {{ dbt.type_string() }}) as reason
    from grown

    union all

    select
        event_id,
        contract_line_id,
        'cancellation' as booking_type,
        contracted_date as booking_date,
        amount_minor,
        reason
    from cancelled

)

select * from final where amount_minor != 0

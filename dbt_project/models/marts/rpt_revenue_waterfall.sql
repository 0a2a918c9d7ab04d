-- Grain: entity × currency × booking period × recognition period × is_scheduled.
-- Why: when revenue booked in a period is earned: posted so far, and scheduled for the future.

with lines as (

    select contract_line_id, booking_period from {{ ref('dim_contract_line') }}

),

posted as (

    select
        revenue.entity_id,
        revenue.currency,
        lines.booking_period,
        revenue.period as recognition_period,
        cast(sum(revenue.amount) as decimal(18, 3)) as amount,
        false as is_scheduled
    from {{ ref('fct_recognized_revenue') }} as revenue
    inner join lines on revenue.contract_line_id = lines.contract_line_id
    group by revenue.entity_id, revenue.currency, lines.booking_period, revenue.period

),

scheduled as (

    select
        schedule.entity_id,
        schedule.currency,
        lines.booking_period,
        schedule.period as recognition_period,
        cast(sum(schedule.scheduled) as decimal(18, 3)) as amount,
        true as is_scheduled
    from {{ ref('fct_revenue_schedule') }} as schedule
    inner join lines on schedule.contract_line_id = lines.contract_line_id
    group by schedule.entity_id, schedule.currency, lines.booking_period, schedule.period

),

final as (

    select * from posted
    union all
    select * from scheduled

)

select
    entity_id,
    currency,
    booking_period,
    recognition_period,
    amount,
    {{ in_reporting_currency('amount', 'currency') }} as amount_reporting,
    is_scheduled
from final
cross join {{ source('run', 'context') }} as context

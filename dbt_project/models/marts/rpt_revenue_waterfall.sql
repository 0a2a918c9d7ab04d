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
        cast({{ sum_known('revenue.amount_reporting') }} as decimal(18, 3)) as amount_reporting,
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

-- what is still to come stands at the rate of the last day counted, as the backlog does
translated as (

    select
        scheduled.*,
        currencies.is_translated,
        currencies.reporting_exponent,
        rates.reporting_numerator,
        rates.reporting_denominator,
        {{ to_functional(to_minor('scheduled.amount', 'currencies.exponent'), 'currencies', 'rates') }} as functional_minor
    from scheduled
    inner join {{ ref('currency_scopes') }} as currencies
        on scheduled.entity_id = currencies.entity_id and scheduled.currency = currencies.currency
    left join {{ ref('currency_periods') }} as rates
        on currencies.currency_pair = rates.currency_pair
        and rates.rate_kind = 'closing'
        and rates.period_index = (select max(period_index) from {{ ref('periods') }} where is_open)

)

select entity_id, currency, booking_period, recognition_period, amount, amount_reporting, is_scheduled
from posted
union all
select
    entity_id,
    currency,
    booking_period,
    recognition_period,
    amount,
    {{ to_amount(to_reporting('translated.functional_minor', 'translated', 'translated'), 'translated.reporting_exponent') }}
        as amount_reporting,
    is_scheduled
from translated

-- Grain: period × currency × currency it is converted to × kind of rate × day.
-- Why: every rate that figures of an open period were translated by, so that anybody can multiply again (accounting.md §7): of
-- each day (events, in the first open period also those of closed ones that are posted late), the average (revenue) and that
-- of the last day counted (balances).

with used_days as (

    select periods.period, days.day
    from {{ ref('period_days') }} as days
    inner join {{ ref('periods') }} as periods on days.period_index = periods.period_index
    where periods.is_open
    union
    select first_open.period, adjustments.event_date
    from {{ ref('adjustments') }} as adjustments
    cross join (select period from {{ ref('periods') }} where is_first_open) as first_open
    where adjustments.event_date is not null

),

rates as (

    select
        used_days.period,
        daily.from_currency,
        daily.to_currency,
        'daily' as rate_kind,
        daily.rate_day,
        daily.rate_trillionths
    from {{ ref('daily_rates') }} as daily
    inner join used_days on daily.rate_day = used_days.day

    union all

    select period, from_currency, to_currency, 'average' as rate_kind, rate_day, average_trillionths
    from {{ ref('period_rates') }}

    union all

    select period, from_currency, to_currency, 'closing' as rate_kind, rate_day, closing_trillionths
    from {{ ref('period_rates') }}

)

select
    period,
    from_currency,
    to_currency,
    rate_kind,
    rate_day,
    cast(cast(rate_trillionths as decimal(25, 0)) * cast(0.000000000001 as decimal(13, 12)) as decimal(28, 12)) as rate
from rates

-- Grain: currency × currency it is converted to × open period.
-- Why: revenue is translated at the average of the period, the mean of the rates published in it; balances at the rate of
-- the period's last day counted (accounting.md §7). Where none was published in a period yet, the closing rate is both.

with open_periods as (

    select period, period_index, start_date, cut_end from {{ ref('periods') }} where is_open

),

averages as (

    select
        rates.from_currency,
        rates.to_currency,
        open_periods.period_index,
        {{ mean('sum(rates.rate_trillionths)', 'count(*)') }} as average_trillionths
    from {{ ref('daily_rates') }} as rates
    inner join open_periods on rates.rate_day between open_periods.start_date and open_periods.cut_end
    where rates.is_published
    group by rates.from_currency, rates.to_currency, open_periods.period_index

)

select
    closings.from_currency,
    closings.to_currency,
    open_periods.period,
    open_periods.period_index,
    open_periods.cut_end as rate_day,
    coalesce(averages.average_trillionths, closings.rate_trillionths) as average_trillionths,
    closings.rate_trillionths as closing_trillionths
from {{ ref('daily_rates') }} as closings
inner join open_periods on closings.rate_day = open_periods.cut_end
left join averages
    on closings.from_currency = averages.from_currency
    and closings.to_currency = averages.to_currency
    and open_periods.period_index = averages.period_index

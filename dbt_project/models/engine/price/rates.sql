-- Grain: currency × currency it is converted to × rate of a day, as delivered and turned round.
-- Why: a rate holds from its day to the next one of its direction, and no longer than the policy lets it age (accounting.md
-- §7). It is a fraction of integers as short as its decimals allow, so that the product of two and a price fits. What the
-- gate refuses holds on no day; which of several is taken stands in macros/rates.sql.

with usable as (

    select
        rates.from_currency,
        rates.to_currency,
        rates.rate_date,
        {{ to_trillionths('rates.rate') }} as trillionths
    from {{ ref('exchange__fx_rates') }} as rates
    inner join {{ ref('exchange__currencies') }} as from_currencies on rates.from_currency = from_currencies.currency
    inner join {{ ref('exchange__currencies') }} as to_currencies on rates.to_currency = to_currencies.currency
    where rates.rate > 0 and not rates.has_conflict and rates.parse_errors is null

),

shortened as (

    select
        usable.*,
        case
            when trillionths % 100000000 = 0 then 100000000
            when trillionths % 1000000 = 0 then 1000000
            when trillionths % 1000 = 0 then 1000
            else 1
        end as zeros,
        {{ add_days('lead(rate_date) over (partition by from_currency, to_currency order by rate_date)', -1) }} as day_before_next
    from usable
    where trillionths is not null

),

dated as (

    select
        from_currency,
        to_currency,
        rate_date as valid_from,
        least(day_before_next, {{ add_days('rate_date', 'context.policy_max_rate_age_days') }}) as valid_to,
        {{ whole_quotient('trillionths', 'zeros') }} as numerator,
        {{ whole_quotient(wide_literal('1000000000000'), 'zeros') }} as denominator
    from shortened
    cross join {{ source('run', 'context') }} as context

)

select from_currency, to_currency, valid_from, valid_to, false as is_inverse, numerator, denominator
from dated

union all

-- the columns of the one above, turned round
select
    to_currency as from_currency,
    from_currency as to_currency,
    valid_from,
    valid_to,
    true as is_inverse,
    denominator as numerator,
    numerator as denominator
from dated

-- Grain: currency × currency it is converted to × day.
-- Why: the rate of every day through the last one counted, to 12 decimals, the precision in which rates are delivered: what
-- is multiplied is what is published (accounting.md §7). A weekend has the last rate before it.

with legs as (

    select currency as from_currency, functional_currency as to_currency
    from {{ ref('currency_pairs') }}
    where currency != functional_currency
    union
    select functional_currency, reporting_currency
    from {{ ref('currency_pairs') }}
    where functional_currency != reporting_currency

),

days as (

    select days.day
    from {{ ref('period_days') }} as days
    cross join {{ source('run', 'context') }} as context
    where days.day <= context.cut_date
        and days.day >= (select min(valid_from) from {{ ref('rates') }})

),

asked as (

    select legs.from_currency, legs.to_currency, days.day as rate_day
    from legs
    cross join days

)

select *
from (
    select
        from_currency,
        to_currency,
        rate_day,
        published_on = rate_day as is_published,
        {{ rate_in_trillionths('rate_numerator', 'rate_denominator') }} as rate_trillionths
    from ( {{ rates_on('asked') }} ) as rated
) as rounded
where rate_trillionths is not null

-- Grain: period × entity × currency × cause.
-- Why: how backlog got from the end of one period to the end of the next, by why: opening, what was booked by its booking
-- type, revenue, prior_period (adjustments of closed periods, of bookings and of revenue), fx, closing (accounting.md §5, §7). The
-- stocks and fx are those of rpt_rollforward, the movements sums of posted facts; E3 holds them together.

with flows as (

    select
        period, entity_id, currency, functional_currency,
        case when is_prior_period then 'prior_period' else booking_type end as cause,
        amount, amount_functional, amount_reporting
    from {{ ref('fct_bookings') }}

    union all

    select
        period, entity_id, currency, functional_currency,
        case when is_prior_period then 'prior_period' else 'revenue' end as cause,
        -amount as amount, -amount_functional as amount_functional, -amount_reporting as amount_reporting
    from {{ ref('fct_recognized_revenue') }}

),

summed as (

    select
        period, entity_id, currency, functional_currency, cause,
        cast(sum(amount) as decimal(18, 3)) as amount,
        cast({{ sum_known('amount_functional') }} as decimal(18, 3)) as amount_functional,
        cast({{ sum_known('amount_reporting') }} as decimal(18, 3)) as amount_reporting
    from flows
    group by period, entity_id, currency, functional_currency, cause

)

select period, entity_id, currency, cause, functional_currency, amount, amount_functional, amount_reporting
from summed
where amount != 0 or amount_functional != 0 or amount_reporting != 0
union all
select period, entity_id, currency, movement as cause, functional_currency, amount, amount_functional, amount_reporting
from {{ ref('rpt_rollforward') }}
where balance = 'backlog' and movement in ('opening', 'cut_over', 'fx', 'closing')

-- Grain: booking event × contract line × booking type × posting key × period × original period.
-- Why: every change of contracted value, as posted. Only open periods are built; closed ones are frozen.

select
    posted.posting_id,
    posted.period,
    posted.entity_id,
    posted.customer_id,
    posted.contract_id,
    posted.contract_line_id,
    posted.product_id,
    posted.event_id as booking_id,
    posted.event_date as booking_date,
    posted.event_type as booking_type,
    contracts.sales_rep,
    posted.reason,
    posted.currency,
    {{ to_amount('posted.amount_minor', 'currencies.exponent') }} as amount,
    {{ in_reporting_currency(to_amount('posted.amount_minor', 'currencies.exponent'), 'posted.currency') }}
        as amount_reporting,
    posted.is_prior_period,
    posted.original_period,
    causes.cause
from {{ ref('posted') }} as posted
inner join {{ ref('exchange__currencies') }} as currencies on posted.currency = currencies.currency
cross join {{ source('run', 'context') }} as context
left join {{ ref('causes') }} as causes on posted.posting_id = causes.posting_id
left join {{ ref('dim_contract') }} as contracts on posted.contract_id = contracts.contract_id
where posted.measure = 'contracted'

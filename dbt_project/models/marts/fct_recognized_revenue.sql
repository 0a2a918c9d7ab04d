-- Grain: contract line × posting key × period × original period.
-- Why: revenue earned by transferring goods or services, as posted.

select
    posted.posting_id,
    posted.period,
    posted.entity_id,
    posted.customer_id,
    posted.contract_id,
    posted.contract_line_id,
    posted.product_id,
    lines.method as recognition_method,
    posted.currency,
    {{ to_amount('posted.amount_minor', 'currencies.exponent') }} as amount,
    {{ in_reporting_currency(to_amount('posted.amount_minor', 'currencies.exponent'), 'posted.currency') }} as amount_reporting,
    posted.is_prior_period,
    posted.original_period,
    causes.cause
from {{ ref('posted') }} as posted
inner join {{ ref('exchange__currencies') }} as currencies on posted.currency = currencies.currency
cross join {{ source('run', 'context') }} as context
left join {{ ref('causes') }} as causes on posted.posting_id = causes.posting_id
left join {{ ref('dim_contract_line') }} as lines on posted.contract_line_id = lines.contract_line_id
where posted.measure = 'recognized'

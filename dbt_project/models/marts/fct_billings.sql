-- Grain: document line × event (issue, void) × posting key × period × original period.
-- Why: what was invoiced and credited, net of tax, always at the issue date; a void is a row of its own date.

select
    posted.posting_id,
    posted.period,
    posted.entity_id,
    posted.customer_id,
    posted.contract_id,
    posted.contract_line_id,
    posted.product_id,
    posted.event_id as billing_id,
    posted.event_type as document_type,
    posted.document_id,
    posted.event_date as billing_date,
    posted.currency,
    {{ to_amount('posted.amount_minor', 'currencies.exponent') }} as amount,
    {{ in_reporting_currency(to_amount('posted.amount_minor', 'currencies.exponent'), 'posted.currency') }} as amount_reporting,
    {{ to_amount('posted.tax_minor', 'currencies.exponent') }} as tax_amount,
    {{ in_reporting_currency(to_amount('posted.tax_minor', 'currencies.exponent'), 'posted.currency') }} as tax_amount_reporting,
    posted.service_start,
    posted.service_end,
    posted.is_prior_period,
    posted.original_period,
    causes.cause
from {{ ref('posted') }} as posted
inner join {{ ref('exchange__currencies') }} as currencies on posted.currency = currencies.currency
cross join {{ source('run', 'context') }} as context
left join {{ ref('causes') }} as causes on posted.posting_id = causes.posting_id
where posted.measure = 'billed'

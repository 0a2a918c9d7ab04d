-- Grain: document line × event (issue, void) × posting key × period × original period.
-- Why: what was invoiced and credited, net of tax, always at the issue date; a void is a row of its own date.

select
    md5(posted.posting_key || '|' || periods.period || '|' || original.period) as posting_id,
    periods.period,
    dimensions.entity_id,
    dimensions.customer_id,
    dimensions.contract_id,
    dimensions.contract_line_id,
    dimensions.product_id,
    posted.event_id as billing_id,
    replace(posted.event_type, '_void', '') as document_type,
    posted.document_id,
    posted.event_date as billing_date,
    dimensions.currency,
    dimensions.functional_currency,
    {{ posted_amount('amount') }},
    {{ posted_amount('tax_amount', 'tax_') }},
    posted.service_start,
    posted.service_end,
    posted.is_prior_period,
    original.period as original_period,
    case when posted.event_type in ('invoice_void', 'credit_note_void') then 'void' else causes.cause end as cause
from {{ ref('translated') }} as posted
inner join {{ ref('dimension_sets') }} as dimensions on posted.dimension_id = dimensions.dimension_id
inner join {{ ref('periods') }} as periods on posted.period_index = periods.period_index
inner join {{ ref('periods') }} as original on posted.original_index = original.period_index
left join {{ ref('causes') }} as causes
    on posted.is_prior_period
    and posted.posting_key = causes.posting_key
    and posted.original_index = causes.period_index
where posted.measure = 'billed' and posted.event_type != 'opening'

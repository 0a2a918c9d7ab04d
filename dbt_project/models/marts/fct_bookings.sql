-- Grain: booking event × contract line × booking type × posting key × period × original period.
-- Why: every change of contracted value, as posted. Only open periods are built; closed ones are frozen.

select
    md5(posted.posting_key || '|' || periods.period || '|' || original.period) as posting_id,
    periods.period,
    dimensions.entity_id,
    dimensions.customer_id,
    dimensions.contract_id,
    dimensions.contract_line_id,
    dimensions.product_id,
    posted.event_id as booking_id,
    posted.event_date as booking_date,
    posted.event_type as booking_type,
    contracts.sales_rep,
    posted.reason,
    dimensions.currency,
    dimensions.functional_currency,
    {{ posted_amount('amount') }},
    posted.is_prior_period,
    original.period as original_period,
    causes.cause as cause
from {{ ref('translated') }} as posted
inner join {{ ref('dimension_sets') }} as dimensions on posted.dimension_id = dimensions.dimension_id
inner join {{ ref('periods') }} as periods on posted.period_index = periods.period_index
inner join {{ ref('periods') }} as original on posted.original_index = original.period_index
left join {{ ref('causes') }} as causes
    on posted.is_prior_period
    and posted.posting_key = causes.posting_key
    and posted.original_index = causes.period_index
left join {{ ref('dim_contract') }} as contracts on dimensions.contract_id = contracts.contract_id
where posted.measure = 'contracted' and posted.event_type != 'opening'

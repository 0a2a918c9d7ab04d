-- Grain: contract line × posting key × period × original period.
-- Why: revenue earned by transferring goods or services, as posted.

select
    md5(posted.posting_key || '|' || periods.period || '|' || original.period) as posting_id,
    periods.period,
    dimensions.entity_id,
    dimensions.customer_id,
    dimensions.contract_id,
    dimensions.contract_line_id,
    dimensions.product_id,
    lines.method as recognition_method,
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
left join {{ ref('dim_contract_line') }} as lines on dimensions.contract_line_id = lines.contract_line_id
where posted.measure = 'recognized' and posted.event_type != 'opening'

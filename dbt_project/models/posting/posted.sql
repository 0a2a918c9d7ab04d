-- Grain: posting key × posting period × original period; the one mechanism, for every measure.
-- Why: posted = cumulative known now − cumulative frozen (accounting.md §2). Open periods post their own activity;
-- what differs in a closed one posts in the first open period, under its original period. A view: activity is
-- stored once, in events and recognized_activity.
{{ config(materialized='view') }}

select
    events.posting_key,
    events.dimension_id,
    events.measure,
    events.event_id,
    events.event_type,
    events.period_index,
    events.period_index as original_index,
    false as is_prior_period,
    events.amount_minor,
    events.tax_minor,
    events.amount_minor as cumulative_minor,
    events.tax_minor as cumulative_tax_minor,
    events.event_date,
    events.document_id,
    events.service_start,
    events.service_end,
    events.reason
from {{ ref('events') }} as events
where not events.is_closed

union all

select
    keys.posting_key,
    keys.dimension_id,
    'recognized' as measure,
    '' as event_id,
    '' as event_type,
    activity.period_index,
    activity.period_index as original_index,
    false as is_prior_period,
    activity.amount_minor,
    cast(0 as bigint) as tax_minor,
    activity.amount_minor as cumulative_minor,
    cast(0 as bigint) as cumulative_tax_minor,
    cast(null as date) as event_date,
    cast(null as {{ dbt.type_string() }}) as document_id,
    cast(null as date) as service_start,
    cast(null as date) as service_end,
    cast(null as {{ dbt.type_string() }}) as reason
from {{ ref('recognized_activity') }} as activity
inner join {{ ref('revenue_keys') }} as keys on activity.contract_line_id = keys.contract_line_id
where not activity.is_closed

union all

select
    adjustments.posting_key,
    adjustments.dimension_id,
    adjustments.measure,
    adjustments.event_id,
    adjustments.event_type,
    first_open.period_index,
    adjustments.period_index as original_index,
    true as is_prior_period,
    adjustments.amount_minor,
    adjustments.tax_minor,
    adjustments.cumulative_minor,
    adjustments.cumulative_tax_minor,
    adjustments.event_date,
    adjustments.document_id,
    adjustments.service_start,
    adjustments.service_end,
    adjustments.reason
from {{ ref('adjustments') }} as adjustments
cross join (select period_index from {{ ref('periods') }} where is_first_open) as first_open

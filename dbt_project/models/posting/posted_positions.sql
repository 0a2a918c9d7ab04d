-- Grain: posting period × posting key × original period, only what changed.
-- Why: what a published month freezes of the positions: the cumulative of a key and original period as of that
-- publication (architecture.md posting 2). Minor units of the currency; tax_minor only where a measure has tax.
{{ config(materialized='view') }}

select
    periods.period as posting_period,
    posted.posting_key,
    posted.measure,
    posted.event_id,
    posted.event_type,
    {% for column in dimension_columns() %}dimensions.{{ column }},
    {% endfor -%}
    original.period as original_period,
    posted.document_id,
    posted.event_date,
    posted.service_start,
    posted.service_end,
    posted.reason,
    posted.cumulative_minor as amount_minor,
    posted.cumulative_tax_minor as tax_minor,
    case when dimensions.currency = context.reporting_currency then posted.cumulative_minor end as reporting_minor
from {{ ref('posted') }} as posted
cross join {{ source('run', 'context') }} as context
inner join {{ ref('dimension_sets') }} as dimensions on posted.dimension_id = dimensions.dimension_id
inner join {{ ref('periods') }} as periods on posted.period_index = periods.period_index
inner join {{ ref('periods') }} as original on posted.original_index = original.period_index

-- Grain: posting period × posting key × original period, only what changed.
-- Why: what a published month freezes of the positions: the cumulative of a key and original period as of that
-- publication (architecture.md posting 2). Minor units of the currency; tax_minor only where a measure has tax.

select
    period as posting_period,
    posting_key,
    {% for column in posting_key_columns() %}{{ column }}, {% endfor %}
    original_period,
    document_id,
    event_date,
    service_start,
    service_end,
    reason,
    cumulative_minor as amount_minor,
    cumulative_tax_minor as tax_minor,
    case when currency = context.reporting_currency then cumulative_minor end as reporting_minor
from {{ ref('posted') }}
cross join {{ source('run', 'context') }} as context

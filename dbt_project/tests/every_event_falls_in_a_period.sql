-- Catches: accounting_periods that do not cover the day of a booking, billing, payment or first revenue: it would
-- stand in no period at all.
select measure, event_id, cast(dimension_id as {{ dbt.type_string() }}) as contract_line_id, event_date
from {{ ref('events') }}
where period_index is null

union all

select 'recognized' as measure, contract_line_id as event_id, contract_line_id, valid_from as event_date
from {{ ref('revenue_segments') }} as segments
cross join {{ source('run', 'context') }} as context
left join {{ ref('period_days') }} as days on segments.valid_from = days.day
where segments.valid_from <= context.cut_date and days.day is null

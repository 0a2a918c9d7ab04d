-- Grain: measure × event × set of dimensions × period.
-- Why: what is counted on a day of its own, under its posting key. Revenue is the one measure that also grows between events.
-- What is dated by the day of a cut-over has that day and the type `opening`: it is in no fact.

with days as (

    select * from {{ ref('period_days') }}

),

dimensions as (

    select * from {{ ref('dimension_sets') }} where is_current

),

-- what is dated before a cut-over stands in its opening balance
cut_overs as (

    select dimensions.dimension_id, contracts.as_of_date
    from (select distinct contract_id, as_of_date from {{ ref('lines_taken_over') }}) as contracts
    inner join dimensions on contracts.contract_id = dimensions.contract_id

),

-- all of an event by then is one event: a booking of all kinds, an invoice and its void
opened as (

    select
        dated.measure,
        case dated.measure when 'contracted' then 'opening' else dated.event_id end as event_id,
        'opening' as event_type,
        dated.dimension_id,
        dated.dimension_key,
        cut_overs.as_of_date as event_date,
        cast(sum(dated.amount_minor) as bigint) as amount_minor,
        cast(sum(dated.tax_minor) as bigint) as tax_minor,
        max(dated.document_id) as document_id,
        max(dated.service_start) as service_start,
        max(dated.service_end) as service_end,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('dated_events') }} as dated
    inner join cut_overs
        on dated.dimension_id = cut_overs.dimension_id and dated.event_date <= cut_overs.as_of_date
    group by
        dated.measure, case dated.measure when 'contracted' then 'opening' else dated.event_id end,
        dated.dimension_id, dated.dimension_key, cut_overs.as_of_date

),

combined as (

    select dated.*
    from {{ ref('dated_events') }} as dated
    left join cut_overs
        on dated.dimension_id = cut_overs.dimension_id and dated.event_date <= cut_overs.as_of_date
    where cut_overs.dimension_id is null

    union all

    select * from opened

)

select
    combined.measure,
    combined.event_id,
    combined.event_type,
    combined.dimension_id,
    {{ posting_key('combined.measure', 'combined.event_id', 'combined.event_type', 'combined.dimension_key') }} as posting_key,
    combined.event_date,
    days.period_index,
    coalesce(days.is_closed, false) as is_closed,
    combined.amount_minor,
    combined.tax_minor,
    combined.document_id,
    combined.service_start,
    combined.service_end,
    combined.reason
from combined
cross join {{ source('run', 'context') }} as context
left join days on combined.event_date = days.day
where combined.event_date <= context.cut_date
    and (combined.amount_minor != 0 or combined.tax_minor != 0)

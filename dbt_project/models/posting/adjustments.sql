-- Grain: changed posting key × closed period it belongs to (original period).
-- Why: what a closed period would have been as known now, less what was published of it (accounting.md §2 Closed
-- periods never change). It posts in the first open period; no published number moves.

with known_now as (

    select
        events.posting_key, events.dimension_id, events.measure, events.event_id, events.event_type, events.period_index,
        events.amount_minor, events.tax_minor, events.event_date, events.document_id, events.service_start,
        events.service_end, events.reason
    from {{ ref('events') }} as events
    inner join {{ ref('changed_keys') }} as changed on events.posting_key = changed.posting_key
    where events.is_closed

    union all

    select
        keys.posting_key, keys.dimension_id, 'recognized' as measure, '' as event_id, '' as event_type,
        activity.period_index, activity.amount_minor, cast(0 as bigint) as tax_minor, cast(null as date) as event_date,
        cast(null as {{ dbt.type_string() }}) as document_id, cast(null as date) as service_start,
        cast(null as date) as service_end, cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('recognized_activity') }} as activity
    inner join {{ ref('revenue_keys') }} as keys on activity.contract_line_id = keys.contract_line_id
    where activity.is_closed

),

both_sides as (

    select *, true as is_now from known_now
    union all
    select *, false as is_now from {{ ref('published_activity') }}

),

compared as (

    select
        posting_key,
        dimension_id,
        measure,
        event_id,
        event_type,
        period_index,
        cast(sum(case when is_now then amount_minor else -amount_minor end) as bigint) as amount_minor,
        cast(sum(case when is_now then tax_minor else -tax_minor end) as bigint) as tax_minor,
        cast(sum(case when is_now then amount_minor else 0 end) as bigint) as cumulative_minor,
        cast(sum(case when is_now then tax_minor else 0 end) as bigint) as cumulative_tax_minor,
        {% for column in ['event_date', 'document_id', 'service_start', 'service_end', 'reason'] -%}
        coalesce(max(case when is_now then {{ column }} end), max({{ column }})) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from both_sides
    group by posting_key, dimension_id, measure, event_id, event_type, period_index

)

select * from compared where amount_minor != 0 or tax_minor != 0

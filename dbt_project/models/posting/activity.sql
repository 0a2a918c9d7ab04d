-- Grain: posting key × period in which the amount arose (original period).
-- Why: what is known now, of all measures, for the open periods and for the closed months of changed keys.

with changed as (

    select posting_key from {{ ref('changed_keys') }}

),

events as (

    select events.*
    from {{ ref('events') }} as events
    left join changed on events.posting_key = changed.posting_key
    left join {{ ref('periods') }} as periods on events.period_index = periods.period_index
    where periods.is_open or changed.posting_key is not null

),

events_by_period as (

    select
        {% for column in posting_key_columns() %}{{ column }}, {% endfor %}
        posting_key,
        original_period,
        cast(sum(amount_minor) as bigint) as amount_minor,
        cast(sum(tax_minor) as bigint) as tax_minor,
        max(event_date) as event_date,
        max(document_id) as document_id,
        max(service_start) as service_start,
        max(service_end) as service_end,
        max(reason) as reason
    from events
    group by {% for column in posting_key_columns() %}{{ column }}, {% endfor %} posting_key, original_period

),

revenue_by_period as (

    select
        {% for column in posting_key_columns() %}keys.{{ column }}, {% endfor %}
        keys.posting_key,
        periods.period as original_period,
        activity.amount_minor,
        cast(0 as bigint) as tax_minor,
        cast(null as date) as event_date,
        cast(null as {{ dbt.type_string() }}) as document_id,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('recognized_activity') }} as activity
    inner join {{ ref('revenue_keys') }} as keys on activity.contract_line_id = keys.contract_line_id
    inner join {{ ref('periods') }} as periods on activity.period_index = periods.period_index

)

select * from events_by_period
union all
select * from revenue_by_period

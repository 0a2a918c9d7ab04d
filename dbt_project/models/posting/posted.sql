-- Grain: posting key × posting period × original period; the one mechanism, for every measure.
-- Why: posted = cumulative known now − cumulative frozen (accounting.md §2). Open periods post their own
-- activity; what differs in a closed one posts in the first open period, under its original period.

with activity as (

    select * from {{ ref('activity') }}

),

published as (

    select * from {{ ref('published_activity') }}

),

both_sides as (

    select *, amount_minor as now_minor, tax_minor as now_tax_minor, true as is_now from activity
    union all
    select *, cast(0 as bigint) as now_minor, cast(0 as bigint) as now_tax_minor, false as is_now from published

),

compared as (

    select
        {% for column in posting_key_columns() %}{{ column }}, {% endfor %}
        posting_key,
        original_period,
        cast(sum(case when is_now then amount_minor else -amount_minor end) as bigint) as amount_minor,
        cast(sum(case when is_now then tax_minor else -tax_minor end) as bigint) as tax_minor,
        cast(sum(now_minor) as bigint) as cumulative_minor,
        cast(sum(now_tax_minor) as bigint) as cumulative_tax_minor,
        coalesce(max(case when is_now then event_date end), max(event_date)) as event_date,
        coalesce(max(case when is_now then document_id end), max(document_id)) as document_id,
        coalesce(max(case when is_now then service_start end), max(service_start)) as service_start,
        coalesce(max(case when is_now then service_end end), max(service_end)) as service_end,
        coalesce(max(case when is_now then reason end), max(reason)) as reason
    from both_sides
    group by {% for column in posting_key_columns() %}{{ column }}, {% endfor %} posting_key, original_period

),

first_open as (

    select period, period_index from {{ ref('periods') }} where is_first_open

),

placed as (

    select
        compared.*,
        periods.is_closed as is_prior_period,
        periods.period_index as original_index,
        periods.end_date as original_end,
        periods.published_with as original_published_with,
        case when periods.is_closed then first_open.period else periods.period end as period,
        case when periods.is_closed then first_open.period_index else periods.period_index end as period_index
    from compared
    inner join {{ ref('periods') }} as periods on compared.original_period = periods.period
    left join first_open on true
    where compared.amount_minor != 0 or compared.tax_minor != 0

)

select
    placed.*,
    md5(posting_key || '|' || period || '|' || original_period) as posting_id
from placed

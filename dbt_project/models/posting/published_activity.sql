-- Grain: changed posting key × original period.
-- Why: what the closed months say of it so far: the latest published row of the key and original period.

with changed as (

    select posting_key from {{ ref('changed_keys') }}

),

published as (

    select
        posted.*,
        row_number() over (
            partition by posted.posting_key, posted.original_period order by periods.end_date desc
        ) as recency
    from {{ source('frozen', 'posted_positions') }} as posted
    inner join changed on posted.posting_key = changed.posting_key
    inner join {{ source('frozen', 'periods') }} as periods on posted.posting_period = periods.period

)

select
    {% for column in posting_key_columns() %}{{ column }}, {% endfor %}
    posting_key,
    original_period,
    amount_minor,
    tax_minor,
    event_date,
    document_id,
    service_start,
    service_end,
    reason
from published
where recency = 1

-- Grain: changed posting key × original period.
-- Why: what the closed months say of it so far: the latest published row of the key and original period.

with published as (

    select
        posted.*,
        row_number() over (
            partition by posted.posting_key, posted.original_period order by posting.period_index desc
        ) as recency
    from {{ source('frozen', 'posted_positions') }} as posted
    inner join {{ ref('changed_keys') }} as changed on posted.posting_key = changed.posting_key
    inner join {{ ref('periods') }} as posting on posted.posting_period = posting.period

)

select
    published.posting_key,
    dimensions.dimension_id,
    published.measure,
    published.event_id,
    published.event_type,
    periods.period_index,
    published.amount_minor,
    published.tax_minor,
    published.event_date,
    published.document_id,
    published.service_start,
    published.service_end,
    published.reason
from published
inner join {{ ref('periods') }} as periods on published.original_period = periods.period
inner join {{ ref('dimension_sets') }} as dimensions
    on published.contract_line_id = dimensions.contract_line_id
    {% for column in dimension_columns() if column != 'contract_line_id' -%}
    and published.{{ column }} = dimensions.{{ column }}
    {% endfor %}
where published.recency = 1

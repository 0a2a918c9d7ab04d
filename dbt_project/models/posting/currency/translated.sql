-- Grain: posting key × posting period × original period, as posted.
-- Why: what is posted, in functional and reporting currency too (accounting.md §7): events at the rate of their day, revenue as
-- translated_revenue says. A view: where nothing is translated, nothing is stored. Minor units.
{{ config(materialized='view') }}

with functional as (

    select
        posted.*,
        coalesce(dimensions.is_foreign, false) as is_foreign,
        coalesce(dimensions.is_translated, false) as is_translated,
        revenue.reporting_minor as revenue_reporting_minor,
        rates.reporting_numerator,
        rates.reporting_denominator,
        case
            when dimensions.dimension_id is null then posted.amount_minor
            when posted.measure = 'recognized' then revenue.functional_minor
            else {{ to_functional('posted.amount_minor', 'dimensions', 'rates') }}
        end as functional_minor,
        case
            when dimensions.dimension_id is null then posted.tax_minor
            else {{ to_functional('posted.tax_minor', 'dimensions', 'rates') }}
        end as tax_functional_minor
    from {{ ref('posted') }} as posted
    left join (
        select dimension_id, currency_pair, is_foreign, is_translated
        from {{ ref('dimension_sets') }}
        where currency_pair is not null
    ) as dimensions
        on posted.dimension_id = dimensions.dimension_id
    left join {{ ref('currency_days') }} as rates
        on dimensions.currency_pair = rates.currency_pair and posted.event_date = rates.rate_day
    left join {{ ref('translated_revenue') }} as revenue
        on dimensions.dimension_id is not null
        and posted.measure = 'recognized'
        and posted.posting_key = revenue.posting_key
        and posted.period_index = revenue.period_index
        and posted.original_index = revenue.original_index

)

select
    functional.*,
    coalesce(
        functional.revenue_reporting_minor, {{ to_reporting('functional.functional_minor', 'functional', 'functional') }}
    ) as reporting_minor,
    {{ to_reporting('functional.tax_functional_minor', 'functional', 'functional') }} as tax_reporting_minor
from functional
